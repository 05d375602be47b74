package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"text/tabwriter"

	"github.com/notifykit/notify/bench/cputime"
	"github.com/notifykit/notify/sms"
)

// A Plan bounds a measurement.
type Plan struct {
	Rounds     int   // of all contenders by turns; their median counts
	Messages   int   // of one contender in one round
	Numbers    []int // how many numbers they go to, all of which were sent to before
	Processors []int // GOMAXPROCS, and how many goroutines send
}

// A Result is one contender in one setting: medians of the rounds.
type Result struct {
	Name                string
	Numbers, Processors int
	Deduplicate         bool
	CPU                 float64 // ns a message, of the whole process
	Bytes, Allocations  float64
	Times               float64 // the CPU time of notify's: the median of the rounds' own ratios
}

// Measure runs everything, and gives each setting's results to each.
func Measure(ctx context.Context, plan Plan, each func([]Result)) error {
	for _, processors := range plan.Processors {
		for _, numbers := range plan.Numbers {
			for _, deduplicate := range []bool{false, true} {
				results, err := measure(ctx, plan, numbers, processors, deduplicate)
				if err != nil {
					return err
				}
				each(results)
			}
		}
	}
	return nil
}

type cost struct{ cpu, bytes, allocations float64 }

func measure(ctx context.Context, plan Plan, numbers, processors int, deduplicate bool) (results []Result, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	all, err := Contenders(deduplicate)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, c := range all {
			err = errors.Join(err, c.close())
		}
	}()
	people := make([]sms.Number, numbers)
	for i := range people {
		people[i] = sms.Number("+86138" + fmt.Sprintf("%08d", i))
	}
	for _, c := range all {
		for _, to := range people {
			if err := c.Send(ctx, to, ""); err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
		}
	}
	costs := make([][]cost, len(all))
	for round := range plan.Rounds {
		for turn := range all {
			i := (turn + round) % len(all) // none is always first
			one, err := all[i].run(ctx, people, plan.Messages, processors)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", all[i].Name, err)
			}
			costs[i] = append(costs[i], one)
		}
	}
	for i, c := range all {
		median := func(of func(cost) float64) float64 {
			values := make([]float64, plan.Rounds)
			for round := range values {
				values[round] = of(costs[i][round])
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		ratios := make([]float64, plan.Rounds)
		for round := range ratios {
			ratios[round] = costs[i][round].cpu / costs[0][round].cpu
		}
		slices.Sort(ratios)
		results = append(results, Result{c.Name, numbers, processors, deduplicate,
			median(func(c cost) float64 { return c.cpu }), median(func(c cost) float64 { return c.bytes }),
			median(func(c cost) float64 { return c.allocations }), ratios[len(ratios)/2]})
	}
	return results, nil
}

// serial makes keys, which are never the same.
var serial atomic.Int64

// run sends messages to numbers in a scattered order, by as many goroutines as there
// are processors.
func (c Contender) run(ctx context.Context, people []sms.Number, messages, goroutines int) (cost, error) {
	keys := make([]string, messages)
	for i := range keys {
		keys[i] = "order-" + strconv.FormatInt(serial.Add(1), 10)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := cputime.Used()
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for i := g; i < messages; i += goroutines {
				if err := c.Send(ctx, people[i*7919%len(people)], keys[i]); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	all.Wait()
	took := cputime.Used() - began
	runtime.ReadMemStats(&after)
	if err := failed.Load(); err != nil {
		return cost{}, *err
	}
	n := float64(messages)
	return cost{float64(took) / n, float64(after.TotalAlloc-before.TotalAlloc) / n, float64(after.Mallocs-before.Mallocs) / n}, nil
}

// Print writes results as a table in Markdown.
func Print(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| processors\t| numbers\t| deduplicate\t| by\t| CPU ns\t| times notify's\t| B\t| allocs |")
	fmt.Fprintln(t, "| ---:\t| ---:\t| ---\t| ---\t| ---:\t| ---:\t| ---:\t| ---: |")
	for _, r := range results {
		on := map[bool]string{false: "off", true: "on"}[r.Deduplicate]
		fmt.Fprintf(t, "| %d\t| %d\t| %s\t| %s\t| %.0f\t| %.2f\t| %.0f\t| %.0f |\n", r.Processors, r.Numbers, on, r.Name, r.CPU, r.Times, r.Bytes, r.Allocations)
	}
	return t.Flush()
}
