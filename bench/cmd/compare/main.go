// Command compare prints what the middleware stack costs beside failsafe-go's
// composition of the same policies, as a table in Markdown.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/notifykit/notify/bench/compare"
)

func main() {
	rounds := flag.Int("rounds", 41, "how many `rounds`; their median counts")
	messages := flag.Int("messages", 20_000, "how many `messages` in a round")
	flag.Parse()
	if err := run(*rounds, *messages); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(rounds, messages int) error {
	if rounds < 1 || messages < 1 {
		return fmt.Errorf("%d rounds of %d messages: at least 1 of each", rounds, messages)
	}
	results, err := compare.Measure(rounds, messages)
	if err != nil {
		return err
	}
	return compare.Print(os.Stdout, results)
}
