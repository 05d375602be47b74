package deliverytest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/delivery/deliverytest"
)

func TestMemoryStore(t *testing.T) {
	deliverytest.Run(t, func(*testing.T) delivery.Store { return delivery.NewMemoryStore(1000) })
}

// A mutant is a memory store with one fault.
type mutant struct {
	delivery.Store
	merge   func(s delivery.Store, ctx context.Context, records []delivery.Record, announce bool) error
	find    func(all []delivery.Record, q delivery.Query, n int) []delivery.Record
	pending func(s delivery.Store, ctx context.Context, after, before time.Time, n int) ([]delivery.Record, error)
	trim    func(s delivery.Store, ctx context.Context, own, foreign time.Time, n int) (int, error)
	forget  func(s delivery.Store, ctx context.Context, numbers []delivery.Hash) (int, error)
	owner   string
	deaf    bool // Tell does nothing
}

func (m *mutant) Merge(ctx context.Context, records []delivery.Record, announce bool) error {
	if m.merge != nil {
		return m.merge(m.Store, ctx, records, announce)
	}
	return m.Store.Merge(ctx, records, announce)
}

func (m *mutant) Find(ctx context.Context, q delivery.Query, n int) ([]delivery.Record, error) {
	all, err := m.Store.Find(ctx, q, n)
	if m.find != nil {
		all = m.find(all, q, n)
	}
	return all, err
}

func (m *mutant) Pending(ctx context.Context, after, before time.Time, n int) ([]delivery.Record, error) {
	if m.pending != nil {
		return m.pending(m.Store, ctx, after, before, n)
	}
	return m.Store.Pending(ctx, after, before, n)
}

func (m *mutant) Trim(ctx context.Context, own, foreign time.Time, n int) (int, error) {
	if m.trim != nil {
		return m.trim(m.Store, ctx, own, foreign, n)
	}
	return m.Store.Trim(ctx, own, foreign, n)
}

func (m *mutant) Forget(ctx context.Context, numbers []delivery.Hash) (int, error) {
	if m.forget != nil {
		return m.forget(m.Store, ctx, numbers)
	}
	return m.Store.Forget(ctx, numbers)
}

func (m *mutant) Changes(ctx context.Context, owner string, lease time.Duration, after int64, n int) ([]delivery.Queued, error) {
	if m.owner != "" {
		owner = m.owner
	}
	return m.Store.Changes(ctx, owner, lease, after, n)
}

func (m *mutant) Tell(ctx context.Context, owner string, told []delivery.Queued) error {
	if m.deaf {
		return nil
	}
	if m.owner != "" {
		owner = m.owner
	}
	return m.Store.Tell(ctx, owner, told)
}

// Each mutant fails the check that is named.
func TestRun_mutants(t *testing.T) {
	changing := func(change func(r *delivery.Record)) func() delivery.Store {
		return func() delivery.Store {
			return &mutant{Store: delivery.NewMemoryStore(1000), merge: func(s delivery.Store, ctx context.Context, records []delivery.Record, announce bool) error {
				records = slices.Clone(records)
				for i := range records {
					change(&records[i])
				}
				return s.Merge(ctx, records, announce)
			}}
		}
	}
	of := func(m mutant) func() delivery.Store {
		return func() delivery.Store {
			m := m
			m.Store = delivery.NewMemoryStore(1000)
			return &m
		}
	}
	for name, test := range map[string]struct {
		caught string
		open   func() delivery.Store
	}{
		"the code is lost":     {"merge is Join", changing(func(r *delivery.Record) { r.Code = "" })},
		"the tries are lost":   {"every field", changing(func(r *delivery.Record) { r.Tries = nil })},
		"milliseconds only":    {"every field", changing(func(r *delivery.Record) { r.TriedAt = r.TriedAt.Truncate(time.Millisecond) })},
		"parts have 32 bits":   {"every field", changing(func(r *delivery.Record) { r.Done &= 1<<32 - 1 })},
		"every record is ours": {"pending", changing(func(r *delivery.Record) { r.Own = true })},
		"the first of a call": {"one call", of(mutant{merge: func(s delivery.Store, ctx context.Context, records []delivery.Record, announce bool) error {
			seen := map[delivery.ID]bool{}
			records = slices.DeleteFunc(slices.Clone(records), func(r delivery.Record) bool { had := seen[r.ID]; seen[r.ID] = true; return had })
			return s.Merge(ctx, records, announce)
		}})},
		"the context is ignored": {"a canceled context", of(mutant{merge: func(s delivery.Store, ctx context.Context, records []delivery.Record, announce bool) error {
			return s.Merge(context.WithoutCancel(ctx), records, announce)
		}})},
		"nothing is announced": {"changes", of(mutant{merge: func(s delivery.Store, ctx context.Context, records []delivery.Record, _ bool) error {
			return s.Merge(ctx, records, false)
		}})},
		"everything is announced": {"changes", of(mutant{merge: func(s delivery.Store, ctx context.Context, records []delivery.Record, _ bool) error {
			return s.Merge(ctx, records, true)
		}})},
		"the oldest first": {"find", of(mutant{find: func(all []delivery.Record, _ delivery.Query, _ int) []delivery.Record {
			slices.Reverse(all)
			return all
		}})},
		"the slice is kept": {"the caller's records", of(mutant{find: func(all []delivery.Record, q delivery.Query, _ int) []delivery.Record {
			for i := range all {
				if len(all[i].Tries) > 0 && q.VendorID == "SM1" {
					all[i].Tries[0].Provider = "changed"
				}
			}
			return all
		}})},
		"Pending has no limit": {"pending", of(mutant{pending: func(s delivery.Store, ctx context.Context, after, before time.Time, _ int) ([]delivery.Record, error) {
			return s.Pending(ctx, after, before, 1000)
		}})},
		"Pending has no time": {"pending", of(mutant{pending: func(s delivery.Store, ctx context.Context, after, before time.Time, n int) ([]delivery.Record, error) {
			return s.Pending(ctx, after, before.Add(time.Hour), n)
		}})},
		"Pending begins at the beginning": {"pending", of(mutant{pending: func(s delivery.Store, ctx context.Context, _, before time.Time, n int) ([]delivery.Record, error) {
			return s.Pending(ctx, time.Time{}, before, n)
		}})},
		"reports of others are kept": {"trim", of(mutant{trim: func(s delivery.Store, ctx context.Context, own, _ time.Time, n int) (int, error) {
			return s.Trim(ctx, own, own, n)
		}})},
		"Trim has no limit": {"trim", of(mutant{trim: func(s delivery.Store, ctx context.Context, own, foreign time.Time, _ int) (int, error) {
			return s.Trim(ctx, own, foreign, 1000)
		}})},
		"one key is forgotten": {"forget", of(mutant{forget: func(s delivery.Store, ctx context.Context, numbers []delivery.Hash) (int, error) {
			return s.Forget(ctx, numbers[:1])
		}})},
		"every teller is the owner": {"one teller", of(mutant{owner: "everyone"})},
		"what was told stays":       {"changes", of(mutant{deaf: true})},
	} {
		if faults := deliverytest.Faults(t.Context(), test.open); !slices.Contains(faults, test.caught) {
			t.Errorf("%q is not found by the check %q, but by %q", name, test.caught, faults)
		}
	}
}
