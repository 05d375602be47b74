// Command client prints what a whole Client.Send costs beside failsafe-go with
// hand-made limits and deduplication, and beside nikoksr/notify, as a table in
// Markdown.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/notifykit/notify/bench/client"
)

func main() {
	plan := client.Plan{Numbers: []int{100, 10_000, 1_000_000}, Processors: []int{1, 2}}
	flag.IntVar(&plan.Rounds, "rounds", 7, "how many `rounds`; their median counts")
	flag.IntVar(&plan.Messages, "messages", 20_000, "how many `messages` in a round")
	flag.Parse()
	if err := run(plan); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(plan client.Plan) error {
	if plan.Rounds < 1 || plan.Messages < 1 {
		return fmt.Errorf("%d rounds of %d messages: at least 1 of each", plan.Rounds, plan.Messages)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var results []client.Result
	err := client.Measure(ctx, plan, func(setting []client.Result) { results = append(results, setting...) })
	if err != nil {
		return err
	}
	return client.Print(os.Stdout, results)
}
