package middleware

import (
	"context"
	"sync"
	"time"
)

// A BudgetStore counts segments for a [Budget]. Each call is atomic, also between
// processes that share the store. It may be called by any number of goroutines. An error
// means that the segments could not be counted. storetest.RunBudget tests a store.
type BudgetStore interface {
	// Spend adds s.Segments to each of s.Counts, or to none of them if one has reached
	// its Limit. It returns what each had before, so that the caller sees whether it was
	// refused, and by which count. No count falls below zero.
	//
	// A Spend that is repeated with the same ID within a minute adds nothing and returns
	// what the first returned: clients repeat a command whose answer was lost. A store
	// that is not reached over a network may ignore IDs.
	Spend(ctx context.Context, s Spend) (before []int, err error)
}

// A Spend is a number of segments to add to some counts.
type Spend struct {
	ID       [16]byte // random, of this Spend
	Segments int      // below zero: to subtract; zero: to read
	Counts   []BudgetCount
}

// A BudgetCount is what is spent of one limit in one hour or day.
type BudgetCount struct {
	Name string // of the limit
	// From and Until are when the hour or day begins and ends. Name and From identify the
	// count. A store may forget it an hour after Until.
	From, Until time.Time
	Limit       int // in segments; zero: no limit
}

// NewMemoryBudgetStore returns a BudgetStore in memory. Its counts are those of one
// process and end with it.
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

// forget deletes counts that have ended. It is called when an hour or day begins.
func (s *memoryBudget) forget(now time.Time) {
	for key, have := range s.spent {
		if now.Sub(have.until) > time.Hour {
			delete(s.spent, key)
		}
	}
}

var _ BudgetStore = (*memoryBudget)(nil)
