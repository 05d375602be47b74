package middleware

import (
	"context"
	"sync"
	"time"
)

// A BudgetStore counts segments for a [Budget]. Each step is atomic, also between
// processes where the store is shared. storetest.RunBudget checks one. It may be
// used by any number of goroutines; an error means that nobody could count.
type BudgetStore interface {
	// Spend adds s.Segments to every one of s.Counts, or to none where one of them
	// has reached its Limit, and tells what each had before: so the caller sees
	// whether, and by which, it was refused. Nothing goes below zero. A Spend made
	// again with the same ID within a minute adds nothing and answers as the first:
	// clients repeat a command whose answer was lost. A store that is not asked over
	// a network need not know IDs.
	Spend(ctx context.Context, s Spend) (before []int, err error)
}

// A Spend is so many segments, to be added to some counts.
type Spend struct {
	ID       [16]byte // random, of this Spend
	Segments int      // below zero gives back; zero looks
	Counts   []BudgetCount
}

// A BudgetCount is what is spent of one limit in one hour or day.
type BudgetCount struct {
	Name string // of the limit
	// From and Until are when the hour or day begins and ends. Name and From tell
	// counts apart. An hour after Until a store may forget it.
	From, Until time.Time
	Limit       int // in segments; zero: none
}

// NewMemoryBudgetStore makes a BudgetStore in memory: per process, and forgotten
// with it.
func NewMemoryBudgetStore() BudgetStore { return &memoryBudget{spent: map[counted]*spent{}} }

type memoryBudget struct {
	mu    sync.Mutex
	spent map[counted]*spent
}

type counted struct {
	name string
	from int64
}

type spent struct {
	segments int
	until    time.Time
}

func (s *memoryBudget) Spend(_ context.Context, sp Spend) ([]int, error) {
	before := make([]int, len(sp.Counts))
	s.mu.Lock()
	defer s.mu.Unlock()
	reached := false
	for i, c := range sp.Counts {
		if have := s.spent[counted{c.Name, c.From.UnixNano()}]; have != nil {
			before[i] = have.segments
		}
		reached = reached || c.Limit > 0 && before[i] >= c.Limit
	}
	if reached || sp.Segments == 0 {
		return before, nil
	}
	for i, c := range sp.Counts {
		key := counted{c.Name, c.From.UnixNano()}
		have := s.spent[key]
		if have == nil {
			s.forget(time.Now())
			have = &spent{until: c.Until}
			s.spent[key] = have
		}
		have.segments = max(0, before[i]+sp.Segments)
	}
	return before, nil
}

// forget drops what is over, each time an hour or day begins.
func (s *memoryBudget) forget(now time.Time) {
	for key, have := range s.spent {
		if now.Sub(have.until) > time.Hour {
			delete(s.spent, key)
		}
	}
}

var _ BudgetStore = (*memoryBudget)(nil)
