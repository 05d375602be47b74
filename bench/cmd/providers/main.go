// Command providers prints what the providers cost over HTTP beside plain
// net/http and the vendors' SDKs, as a table in Markdown. The server is this
// binary in a second process.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/bench/providers"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == providers.ServeArgument {
		exit(providers.Serve(os.Args[2], os.Stdin, os.Stdout))
	}
	var plan providers.Plan
	flag.IntVar(&plan.Rounds, "rounds", 7, "how many `rounds`; their median counts")
	flag.DurationVar(&plan.For, "for", 300*time.Millisecond, "how `long` each way of sending is measured in a round")
	flag.DurationVar(&plan.Warm, "warm", 100*time.Millisecond, "how `long` it sends before, uncounted")
	flag.IntVar(&plan.Calls, "calls", 20_000, "how many `messages` at most")
	flag.Func("callers", "how many send at once, as a `list`: 1,16,64,256,1024", func(list string) (err error) {
		plan.Callers, err = numbers(list)
		return err
	})
	flag.Func("only", "measure these `ways` besides net/http: \"notify,the SDK\"", func(list string) error {
		plan.Only = strings.Split(list, ",")
		return nil
	})
	limit := flag.Duration("limit", 10*time.Minute, "after how `long` all of it ends")
	plan.Callers = []int{1, 16, 64, 256, 1024}
	flag.Parse()
	exit(run(plan, *limit))
}

func run(plan providers.Plan, limit time.Duration) error {
	if plan.Rounds < 1 || plan.Calls < 1 {
		return fmt.Errorf("%d rounds of %d messages: at least 1 of each", plan.Rounds, plan.Calls)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	server, err := providers.StartServer()
	if err != nil {
		return err
	}
	defer server.Close()
	var results []providers.Result
	err = providers.Measure(ctx, server, plan, func(r providers.Result) {
		fmt.Fprintf(os.Stderr, "%v, %d callers, %s by %s: %.0f/s\n", r.Latency, r.Callers, r.Vendor, r.Name, r.PerSecond)
		results = append(results, r)
	})
	if err != nil {
		return err
	}
	return providers.Print(os.Stdout, results)
}

func numbers(list string) (all []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of callers", text)
		}
		all = append(all, n)
	}
	return all, nil
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "providers:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
