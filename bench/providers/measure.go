package providers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/notifykit/notify/bench/cputime"
)

// A Plan bounds a measurement.
type Plan struct {
	Rounds int           // of all variants by turns; their median counts
	For    time.Duration // of one variant in one round
	Calls  int           // at most, of one variant in one round
	Warm   time.Duration // before it, uncounted
	// Callers are how many send at once.
	Callers []int
	// Only, if not empty, are the names of the variants that are measured.
	Only []string
}

// A Result is one variant at one latency and one number of callers.
type Result struct {
	Vendor, Name  string
	Latency       time.Duration
	Callers       int
	PerSecond     float64 // median of the rounds
	Opened        float64 // connections for each 1,000 messages; median
	CPU           float64 // µs a message, of this process; median
	Ratio         float64 // to net/http: the median of the rounds' own ratios
	Least, Most   float64 // of the rounds' ratios
	Errors, Calls int     // of all rounds
}

// Measure runs all variants at all latencies by turns.
func Measure(ctx context.Context, s *Server, plan Plan, each func(Result)) error {
	for _, latency := range latencies {
		for _, n := range plan.Callers {
			if err := measureAt(ctx, s.endpoints[latency], latency, n, plan, each); err != nil {
				return err
			}
		}
	}
	return nil
}

// A sample is one variant in one round.
type sample struct{ perSecond, cpu, opened float64 }

func measureAt(ctx context.Context, endpoint string, latency time.Duration, callers int, plan Plan, each func(Result)) (err error) {
	all, err := variants(endpoint)
	if err != nil {
		return err
	}
	if len(plan.Only) > 0 {
		all = slices.DeleteFunc(all, func(v Variant) bool { return v.Name != Plain && !slices.Contains(plan.Only, v.Name) })
	}
	defer func() {
		for _, v := range all {
			err = errors.Join(err, v.close())
		}
	}()
	samples := make([][]sample, len(all))
	results := make([]Result, len(all))
	for round := range plan.Rounds {
		for turn := range all {
			i := (turn + round) % len(all) // nobody is always first
			warm := run(ctx, all[i], callers, plan.Warm, plan.Calls)
			before, failed := opened(endpoint)
			measured := run(ctx, all[i], callers, plan.For, plan.Calls)
			after, failed2 := opened(endpoint)
			if err := cmpErr(failed, failed2); err != nil {
				return err
			}
			if err := cmpErr(warm.err, measured.err, ctx.Err()); err != nil && (all[i].Name != SDK || ctx.Err() != nil) {
				return fmt.Errorf("%s by %s: %w", all[i].Vendor, all[i].Name, err)
			}
			results[i].Errors += measured.errors
			results[i].Calls += measured.calls
			samples[i] = append(samples[i], sample{measured.perSecond, measured.cpu, 1000 * max(0, after-before-1) / max(1, float64(measured.calls))})
		}
	}
	limit := 0 // the plain variant of the same vendor
	for i, v := range all {
		if v.Name == Plain {
			limit = i
		}
		r := results[i]
		r.Vendor, r.Name, r.Latency, r.Callers = v.Vendor, v.Name, latency, callers
		each(r.of(samples[i], samples[limit]))
	}
	return nil
}

func (r Result) of(own, limit []sample) Result {
	var speed, cpu, opened, ratios []float64
	for i := range own {
		speed, cpu, opened = append(speed, own[i].perSecond), append(cpu, own[i].cpu), append(opened, own[i].opened)
		ratios = append(ratios, own[i].perSecond/limit[i].perSecond)
	}
	r.PerSecond, r.CPU, r.Opened, r.Ratio = median(speed), median(cpu), median(opened), median(ratios)
	r.Least, r.Most = slices.Min(ratios), slices.Max(ratios)
	return r
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A finished is what one run has shown.
type finished struct {
	perSecond, cpu float64
	calls, errors  int
	err            error // the first one
}

// run lets so many callers send, one message after the other, until the time is
// over or there were enough.
func run(ctx context.Context, v Variant, callers int, long time.Duration, most int) finished {
	var calls, failed atomic.Int64
	var first atomic.Pointer[error]
	var all sync.WaitGroup
	began, cpu := time.Now(), cputime.Used()
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil && time.Since(began) < long && int(calls.Load()) < most {
				if err := v.Send(ctx, int(serial.Add(1)%100_000_000)); err != nil {
					failed.Add(1)
					first.CompareAndSwap(nil, &err)
					continue
				}
				calls.Add(1)
			}
		})
	}
	all.Wait()
	f := finished{calls: int(calls.Load()), errors: int(failed.Load())}
	if err := first.Load(); err != nil {
		f.err = *err
	}
	f.perSecond = float64(f.calls) / time.Since(began).Seconds()
	f.cpu = float64((cputime.Used() - cpu).Microseconds()) / max(1, float64(f.calls))
	return f
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// Print writes results as a table in Markdown.
func Print(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| latency\t| callers\t| vendor\t| by\t| messages/s\t| of net/http\t| of all rounds\t| CPU µs\t| connections\t| errors |")
	fmt.Fprintln(t, "| ---:\t| ---:\t| ---\t| ---\t| ---:\t| ---:\t| ---:\t| ---:\t| ---:\t| ---: |")
	for _, r := range results {
		fmt.Fprintf(t, "| %v\t| %d\t| %s\t| %s\t| %.0f\t| %.2f\t| %.2f–%.2f\t| %.0f\t| %.1f\t| %d of %d |\n", r.Latency, r.Callers, r.Vendor, r.Name,
			r.PerSecond, r.Ratio, r.Least, r.Most, r.CPU, r.Opened, r.Errors, r.Errors+r.Calls)
	}
	return t.Flush()
}
