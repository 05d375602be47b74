package outbox

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Queue is what a user would pick instead: it takes messages and hands each to
// do, once, where nothing fails. It keeps no record by key.
type Queue interface {
	Put(ctx context.Context, batch []sms.Message) error
	Start(ctx context.Context, do func(sms.Message)) error
	Close() error
}

// MeasureQueue measures what a Queue does, by the steps of Case.Measure. open gives
// an empty one.
func MeasureQueue(ctx context.Context, open func() (Queue, error), n, latencies int) (f Figures, err error) {
	for _, step := range []func(context.Context, Queue) error{
		func(ctx context.Context, q Queue) error { return puts(ctx, n, &f, q.Put) },
		func(ctx context.Context, q Queue) error { return queueBacklog(ctx, q, n, &f) },
		func(ctx context.Context, q Queue) error { return queueLatency(ctx, q, latencies, &f) },
	} {
		q, err := open()
		if err != nil {
			return f, err
		}
		if err := step(ctx, q); err != nil {
			return f, err
		}
		if err := q.Close(); err != nil {
			return f, err
		}
	}
	return f, nil
}

func messages(from, n int) []sms.Message {
	all := make([]sms.Message, n)
	for i := range all {
		all[i] = message(from + i)
	}
	return all
}

// puts measures how many a second put takes: by one goroutine, by 64, in batches.
func puts(ctx context.Context, n int, f *Figures, put func(context.Context, []sms.Message) error) (err error) {
	var next atomic.Int64
	measured := func(goroutines, each, size int) float64 {
		var failed atomic.Pointer[error]
		var all sync.WaitGroup
		began := time.Now()
		for range goroutines {
			all.Go(func() {
				for range each {
					if err := put(ctx, messages(int(next.Add(int64(size)))-size, size)); err != nil {
						failed.Store(&err)
					}
				}
			})
		}
		all.Wait()
		if p := failed.Load(); p != nil {
			err = *p
		}
		return float64(goroutines*each*size) / time.Since(began).Seconds()
	}
	f.One, f.Many, f.Batches = measured(1, n/50, 1), measured(64, n/200, 1), measured(1, max(n/1000, 1), 1000)
	return err
}

func queueBacklog(ctx context.Context, q Queue, n int, f *Figures) error {
	for i := 0; i < n; i += 1000 {
		if err := q.Put(ctx, messages(i, min(1000, n-i))); err != nil {
			return err
		}
	}
	var sent atomic.Int64
	done := make(chan struct{})
	began := time.Now()
	err := q.Start(ctx, func(sms.Message) {
		if int(sent.Add(1)) == n {
			close(done)
		}
	})
	if err != nil {
		return err
	}
	<-done
	f.Bare.Ours.PerSecond = float64(n) / time.Since(began).Seconds()
	return nil
}

func queueLatency(ctx context.Context, q Queue, n int, f *Figures) error {
	came := make(chan string, 1)
	if err := q.Start(ctx, func(m sms.Message) { came <- m.Key }); err != nil {
		return err
	}
	var alone []time.Duration
	for i := range n {
		began := time.Now()
		if err := q.Put(ctx, messages(i, 1)); err != nil {
			return err
		}
		if key := <-came; key != message(i).Key {
			return fmt.Errorf("message %d: %q came", i, key)
		}
		alone = append(alone, time.Since(began))
		time.Sleep(10 * time.Millisecond)
	}
	slices.Sort(alone)
	f.P50, f.P99 = alone[len(alone)/2], alone[len(alone)*99/100]
	return nil
}
