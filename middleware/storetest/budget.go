package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
)

// A BudgetSubject is a BudgetStore to be checked.
type BudgetSubject struct {
	// New makes an empty BudgetStore, for one check.
	New func(tb testing.TB) middleware.BudgetStore
	// Local: the store is asked by calls of this process, and need not know IDs.
	Local bool
}

// RunBudget checks s, each rule in a subtest of its own.
func RunBudget(t *testing.T, s BudgetSubject) {
	for _, c := range BudgetChecks() {
		t.Run(c.Name, func(t *testing.T) {
			if c.Remote && s.Local {
				t.Skip("the BudgetSubject is Local")
			}
			if err := c.Run(t.Context(), s.New(t)); err != nil {
				t.Errorf("%s\n%v", c.Rule, err)
			}
		})
	}
}

// A BudgetCheck is one rule of a BudgetStore and how it is found broken.
type BudgetCheck struct {
	Name, Rule string
	Remote     bool // for stores that are asked over a network
	Run        func(ctx context.Context, s middleware.BudgetStore) error
}

// count is a limit of the present day.
func count(name string, limit int) middleware.BudgetCount {
	from := time.Now().UTC().Truncate(24 * time.Hour)
	return middleware.BudgetCount{Name: name, From: from, Until: from.Add(24 * time.Hour), Limit: limit}
}

// spent spends and compares what each count had before.
func spent(ctx context.Context, s middleware.BudgetStore, id byte, segments int, want []int, counts ...middleware.BudgetCount) error {
	got, err := s.Spend(ctx, middleware.Spend{ID: [16]byte{id}, Segments: segments, Counts: counts})
	if err != nil {
		return err
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("spend %d, of %d segments: there were %d before, want %d", id, segments, got, want)
	}
	return nil
}

// BudgetChecks gives every check, for use without RunBudget.
func BudgetChecks() []BudgetCheck {
	return []BudgetCheck{
		{"counts", "What is spent adds up, in each count of its own.", false,
			func(ctx context.Context, s middleware.BudgetStore) error {
				return first(
					spent(ctx, s, 1, 2, []int{0}, count("a", 0)),
					spent(ctx, s, 2, 3, []int{2, 0}, count("a", 0), count("b", 0)),
					spent(ctx, s, 3, 0, []int{3, 5}, count("b", 0), count("a", 0)))
			}},
		{"reached", "A limit that is reached adds nothing, and one below lets the last ones over it.", false,
			func(ctx context.Context, s middleware.BudgetStore) error {
				return first(
					spent(ctx, s, 1, 2, []int{0}, count("a", 3)),
					spent(ctx, s, 2, 2, []int{2}, count("a", 3)),
					spent(ctx, s, 3, 2, []int{4}, count("a", 3)),
					spent(ctx, s, 4, 0, []int{4}, count("a", 0)))
			}},
		{"all or none", "Where one limit is reached, nothing is added to the others.", false,
			func(ctx context.Context, s middleware.BudgetStore) error {
				return first(
					spent(ctx, s, 1, 1, []int{0}, count("small", 1)),
					spent(ctx, s, 2, 1, []int{0, 1}, count("large", 9), count("small", 1)),
					spent(ctx, s, 3, 0, []int{0, 1}, count("large", 0), count("small", 0)))
			}},
		{"given back", "Segments below zero are taken off, never below nothing.", false,
			func(ctx context.Context, s middleware.BudgetStore) error {
				return first(
					spent(ctx, s, 1, 2, []int{0}, count("a", 0)),
					spent(ctx, s, 2, -1, []int{2}, count("a", 0)),
					spent(ctx, s, 3, -5, []int{1}, count("a", 0)),
					spent(ctx, s, 4, 0, []int{0}, count("a", 0)))
			}},
		{"the next one", "An hour or day that begins elsewhen is another count.", false,
			func(ctx context.Context, s middleware.BudgetStore) error {
				next := count("a", 0)
				next.From, next.Until = next.Until, next.Until.Add(24*time.Hour)
				return first(
					spent(ctx, s, 1, 2, []int{0}, count("a", 0)),
					spent(ctx, s, 2, 1, []int{0}, next),
					spent(ctx, s, 3, 0, []int{2, 1}, count("a", 0), next))
			}},
		{"any name", "A name may hold any characters.", false,
			func(ctx context.Context, s middleware.BudgetStore) error {
				return first(
					spent(ctx, s, 1, 2, []int{0}, count("a b:{c}\n国", 0)),
					spent(ctx, s, 2, 1, []int{0, 2}, count("a b:{c}", 0), count("a b:{c}\n国", 0)))
			}},
		{"the same spend again", "A Spend made again with the same ID adds nothing and answers as the first: clients repeat a command whose answer was lost.", true,
			func(ctx context.Context, s middleware.BudgetStore) error {
				return first(
					spent(ctx, s, 1, 2, []int{0}, count("a", 2)),
					spent(ctx, s, 1, 2, []int{0}, count("a", 2)),
					spent(ctx, s, 2, 0, []int{2}, count("a", 0)))
			}},
		{"at once", "Of many at once just as many pass as the limit has segments.", false, spentAtOnce},
	}
}

func spentAtOnce(ctx context.Context, s middleware.BudgetStore) error {
	const callers, limit = 64, 20
	passed := make([]bool, callers)
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			before, err := s.Spend(ctx, middleware.Spend{ID: [16]byte{byte(i + 1)}, Segments: 1, Counts: []middleware.BudgetCount{count("a", limit)}})
			passed[i], errs[i] = err == nil && len(before) == 1 && before[0] < limit, err
		})
	}
	wg.Wait()
	n := 0
	for _, ok := range passed {
		if ok {
			n++
		}
	}
	if n != limit {
		return first(append(errs, fmt.Errorf("%d of %d passed a limit of %d", n, callers, limit))...)
	}
	return first(errs...)
}
