// Package recipes measures what a recipe costs beside a provider written by hand: the
// same message to the same vendor, Vonage's SMS API, over a transport without a network.
//
//	go test ./bench/recipes -run - -bench .
//
// BenchmarkRatio sends by both in turns and reports the median of the ratios of their
// CPU time.
package recipes
