package delivery

import (
	"context"
	"errors"
	"sync"
)

// mostGrouped is how many records one call to Store.Merge may have.
const mostGrouped = 200

// errFull is the error of a report if too many records wait for the store.
var errFull = errors.New("delivery: too many records wait for the store")

// A group gathers the records that wait for the store, so that one statement stores
// many. It writes with at most two goroutines, which end when nothing waits.
type group struct {
	merge func(records []Record) error
	most  int                               // records that may wait
	lost  func(records []Record, err error) // of an answer that cannot be kept

	mu      sync.Mutex // guards what follows
	waiting []*waiter
	records int // of waiting
	writers int
	retries []Record // answers of Send whose write failed
	ended   sync.WaitGroup
}

// A waiter is one call that waits for its records.
type waiter struct {
	records []Record
	keep    bool // if the write fails, it is tried again later
	done    chan error
}

// add stores records with others. It returns when they are stored, or when ctx ends;
// they may be stored after that.
func (g *group) add(ctx context.Context, records []Record, keep bool) error {
	w := &waiter{records: records, keep: keep, done: make(chan error, 1)}
	g.mu.Lock()
	if g.records+len(records) > g.most {
		g.mu.Unlock()
		if keep {
			g.lost(records, errFull)
		}
		return errFull
	}
	g.waiting, g.records = append(g.waiting, w), g.records+len(records)
	g.start()
	g.mu.Unlock()
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start starts a writer if one is needed. The caller holds g.mu.
func (g *group) start() {
	if g.writers < 2 && len(g.waiting) > 0 && (g.writers == 0 || g.records >= mostGrouped) {
		g.writers++
		g.ended.Go(g.write)
	}
}

// write stores what waits until nothing does.
func (g *group) write() {
	for {
		batch := g.take()
		if batch == nil {
			return
		}
		var records []Record
		for _, w := range batch {
			records = append(records, w.records...)
		}
		err := g.merge(JoinAll(records))
		for _, w := range batch {
			if err != nil && w.keep {
				g.retry(w.records, err)
			}
			w.done <- err
		}
	}
}

// take takes what the next statement stores. It returns nil, and the writer ends, if
// nothing waits.
func (g *group) take() (batch []*waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for len(batch) < len(g.waiting) && (n == 0 || n+len(g.waiting[len(batch)].records) <= mostGrouped) {
		n += len(g.waiting[len(batch)].records)
		batch = append(batch, g.waiting[len(batch)])
	}
	g.waiting = g.waiting[len(batch):]
	if g.records -= n; batch == nil {
		g.writers--
		g.waiting = nil // so that its array is freed
	}
	return batch
}

// retry keeps the records of an answer for flush.
func (g *group) retry(records []Record, err error) {
	g.mu.Lock()
	full := len(g.retries)+len(records) > g.most
	if !full {
		g.retries = append(g.retries, records...)
	}
	g.mu.Unlock()
	if full {
		g.lost(records, err)
	}
}

// flush writes what failed before. It returns the error of the first write that fails
// again.
func (g *group) flush() error {
	for {
		g.mu.Lock()
		n := min(len(g.retries), mostGrouped)
		records := g.retries[:n:n]
		g.retries = g.retries[n:]
		g.mu.Unlock()
		if n == 0 {
			return nil
		}
		if err := g.merge(JoinAll(records)); err != nil {
			g.retry(records, err)
			return err
		}
	}
}

// buffered returns how many records wait for a write that failed before.
func (g *group) buffered() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.retries)
}
