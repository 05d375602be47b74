package storetest_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/middleware/storetest"
)

func TestMemoryBudgetStore(t *testing.T) {
	storetest.RunBudget(t, storetest.BudgetSubject{Local: true, New: func(testing.TB) middleware.BudgetStore { return middleware.NewMemoryBudgetStore() }})
}

type store = middleware.BudgetStore

type spendFunc func(context.Context, middleware.Spend) ([]int, error)

func (f spendFunc) Spend(ctx context.Context, s middleware.Spend) ([]int, error) { return f(ctx, s) }

// Each store here breaks one rule, and just the check of that rule finds it.
func TestBudgetChecks_findWhatIsBroken(t *testing.T) {
	tests := []struct {
		breaks string
		store  func(good store) spendFunc
	}{
		{"counts", func(good store) spendFunc { // adds to the first one only
			return func(ctx context.Context, s middleware.Spend) ([]int, error) {
				before, err := good.Spend(ctx, middleware.Spend{Counts: s.Counts})
				if s.Segments > 0 && err == nil && len(s.Counts) > 1 && s.Counts[1].Limit == 0 {
					_, err = good.Spend(ctx, middleware.Spend{Segments: s.Segments, Counts: s.Counts[:1]})
					return before, err
				}
				return good.Spend(ctx, s)
			}
		}},
		{"reached", func(good store) spendFunc { // keeps a limit to the segment
			return func(ctx context.Context, s middleware.Spend) ([]int, error) {
				before, err := good.Spend(ctx, middleware.Spend{Counts: s.Counts})
				for i, c := range s.Counts {
					if err != nil || c.Limit > 0 && before[i]+s.Segments > c.Limit {
						return before, err
					}
				}
				return good.Spend(ctx, s)
			}
		}},
		{"all or none", func(good store) spendFunc { // counts each by itself
			return func(ctx context.Context, s middleware.Spend) ([]int, error) {
				var all []int
				for i := range s.Counts {
					before, err := good.Spend(ctx, middleware.Spend{ID: s.ID, Segments: s.Segments, Counts: s.Counts[i : i+1]})
					if err != nil {
						return nil, err
					}
					all = append(all, before...)
				}
				return all, nil
			}
		}},
		{"given back", func(good store) spendFunc { // gives nothing back
			return func(ctx context.Context, s middleware.Spend) ([]int, error) {
				s.Segments = max(0, s.Segments)
				return good.Spend(ctx, s)
			}
		}},
		{"the next one", func(good store) spendFunc { // counts by the name alone
			return func(ctx context.Context, s middleware.Spend) ([]int, error) {
				s.Counts = slices.Clone(s.Counts)
				for i := range s.Counts {
					s.Counts[i].From = time.Time{}
				}
				return good.Spend(ctx, s)
			}
		}},
		{"any name", func(good store) spendFunc { // cuts a name
			return func(ctx context.Context, s middleware.Spend) ([]int, error) {
				s.Counts = slices.Clone(s.Counts)
				for i, c := range s.Counts {
					s.Counts[i].Name = c.Name[:min(7, len(c.Name))]
				}
				return good.Spend(ctx, s)
			}
		}},
		{"the same spend again", func(good store) spendFunc { return good.Spend }},
		{"at once", func(good store) spendFunc { // looks first and writes later
			return func(ctx context.Context, s middleware.Spend) ([]int, error) {
				before, err := good.Spend(ctx, middleware.Spend{Counts: s.Counts})
				for i, c := range s.Counts {
					if err != nil || c.Limit > 0 && before[i] >= c.Limit {
						return before, err
					}
				}
				time.Sleep(time.Millisecond)
				unlimited := slices.Clone(s.Counts)
				for i := range unlimited {
					unlimited[i].Limit = 0
				}
				_, err = good.Spend(ctx, middleware.Spend{Segments: s.Segments, Counts: unlimited})
				return before, err
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.breaks, func(t *testing.T) {
			var failed []string
			for _, c := range storetest.BudgetChecks() {
				s := store(test.store(middleware.NewMemoryBudgetStore()))
				if test.breaks != "the same spend again" {
					s = knowing(s)
				}
				if err := c.Run(t.Context(), s); err != nil {
					failed = append(failed, c.Name)
				}
			}
			if !slices.Equal(failed, []string{test.breaks}) {
				t.Errorf("the checks that failed are %q", failed)
			}
		})
	}
}

// knowing makes a store in memory know the IDs of what was spent.
func knowing(s store) store {
	var known sync.Map
	return spendFunc(func(ctx context.Context, sp middleware.Spend) ([]int, error) {
		if before, ok := known.Load(sp.ID); ok {
			return before.([]int), nil
		}
		before, err := s.Spend(ctx, sp)
		known.Store(sp.ID, before)
		return before, err
	})
}
