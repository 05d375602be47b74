package compare

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"

	"github.com/notifykit/notify/bench/cputime"
	"github.com/notifykit/notify/sms"
)

// A Cost is what one message costs: CPU time of the whole process, garbage
// collection included, and allocations.
type Cost struct {
	CPU         float64 // ns
	Bytes       float64
	Allocations float64
}

// A Result is one Case measured: medians over all rounds. Ratio is the median of
// the rounds' own ratios, so that a slow minute of the machine counts on both sides.
type Result struct {
	Case
	Ours, Theirs           Cost
	Ratio, Lowest, Highest float64
}

// Measure runs every case for so many rounds of so many messages, ours and
// theirs by turns within each round, on one processor.
func Measure(rounds, messages int) ([]Result, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	cases := Cases()
	ours, theirs := make([][]Cost, len(cases)), make([][]Cost, len(cases))
	for range rounds {
		for i, c := range cases {
			for _, side := range []struct {
				sender sms.Sender
				costs  *[]Cost
			}{{c.Ours, &ours[i]}, {c.Theirs, &theirs[i]}} {
				cost, err := measure(c, side.sender, messages)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", c.Title(), err)
				}
				*side.costs = append(*side.costs, cost)
			}
		}
	}
	results := make([]Result, len(cases))
	for i, c := range cases {
		ratios := make([]float64, rounds)
		for j := range ratios {
			ratios[j] = theirs[i][j].CPU / ours[i][j].CPU
		}
		results[i] = Result{Case: c, Ours: middle(ours[i]), Theirs: middle(theirs[i]),
			Ratio: median(ratios), Lowest: slices.Min(ratios), Highest: slices.Max(ratios)}
	}
	return results, nil
}

func measure(c Case, s sms.Sender, messages int) (Cost, error) {
	ctx, cancel := c.Context(context.Background())
	defer cancel()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := cputime.Used()
	for range messages {
		if _, err := s.Send(ctx, message); err != nil {
			return Cost{}, err
		}
	}
	took := cputime.Used() - began
	runtime.ReadMemStats(&after)
	n := float64(messages)
	return Cost{
		CPU:         float64(took) / n,
		Bytes:       float64(after.TotalAlloc-before.TotalAlloc) / n,
		Allocations: float64(after.Mallocs-before.Mallocs) / n,
	}, nil
}

func middle(costs []Cost) Cost {
	pick := func(of func(Cost) float64) float64 {
		values := make([]float64, len(costs))
		for i, c := range costs {
			values[i] = of(c)
		}
		return median(values)
	}
	return Cost{
		CPU:         pick(func(c Cost) float64 { return c.CPU }),
		Bytes:       pick(func(c Cost) float64 { return c.Bytes }),
		Allocations: pick(func(c Cost) float64 { return c.Allocations }),
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// Print writes results as a table in Markdown.
func Print(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| policies\t| ours: ns\t| B\t| allocs\t| failsafe-go: ns\t| B\t| allocs\t| times\t| of all rounds |")
	fmt.Fprintln(t, "| ---\t| ---:\t| ---:\t| ---:\t| ---:\t| ---:\t| ---:\t| ---:\t| ---: |")
	for _, r := range results {
		fmt.Fprintf(t, "| %s\t| %.0f\t| %.0f\t| %.0f\t| %.0f\t| %.0f\t| %.0f\t| %.1f\t| %.1f–%.1f |\n", r.Title(),
			r.Ours.CPU, r.Ours.Bytes, r.Ours.Allocations, r.Theirs.CPU, r.Theirs.Bytes, r.Theirs.Allocations, r.Ratio, r.Lowest, r.Highest)
	}
	return t.Flush()
}
