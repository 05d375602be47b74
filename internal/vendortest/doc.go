// Package vendortest tests packages of the root module together with the vendors'
// providers. Tests of a package that programs import must not import a vendor's SDK:
// go mod tidy downloads what the tests of imported packages need, also for a program
// that uses another vendor.
package vendortest
