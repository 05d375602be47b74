package middleware_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// billing is a Sender that bills so many segments, or answers with err.
func billing(segments int, err error) sms.Sender {
	return sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
		if err != nil {
			return sms.Receipt{}, err
		}
		return sms.Receipt{Provider: "a", Segments: segments}, nil
	})
}

// spentOf tells what the first limit has spent.
func spentOf(t *testing.T, b *middleware.Budget) int {
	t.Helper()
	spent, err := b.Spent(t.Context())
	if err != nil || len(spent) == 0 {
		t.Fatal(spent, err)
	}
	return spent[0]
}

func TestBudget(t *testing.T) {
	china := time.FixedZone("UTC+8", 8*3600)
	hourly := middleware.BudgetLimit{Name: "hourly", Segments: 5, Per: time.Hour}
	tests := []struct {
		name   string
		limit  middleware.BudgetLimit
		sender sms.Sender
		m      sms.Message
		passed int // of ten
		spent  int
	}{
		{"a segment each", hourly, billing(1, nil), message, 5, 5},
		{"two segments each", hourly, billing(2, nil), message, 3, 6}, // the last one over it
		{"the vendor tells none", hourly, billing(0, nil), message, 5, 5},
		{"rejected costs nothing", hourly, billing(0, no("a", sms.InvalidNumber)), message, 10, 0},
		{"unknown may have been billed", hourly, billing(0, maybe("a", sms.Unavailable)), message, 5, 5},
		{"another region", middleware.BudgetLimit{Name: "us", Segments: 1, Per: 24 * time.Hour, Regions: []string{"US"}}, billing(1, nil), message, 10, 0},
		{"the region", middleware.BudgetLimit{Name: "cn", Segments: 1, Per: 24 * time.Hour, Zone: china, Regions: []string{"CN"}}, billing(1, nil), message, 1, 1},
		{"an unset kind is a notification", middleware.BudgetLimit{Name: "n", Segments: 1, Per: time.Hour, Kinds: []sms.Kind{sms.Notification}}, billing(1, nil), message, 1, 1},
		{"another kind", middleware.BudgetLimit{Name: "p", Segments: 1, Per: time.Hour, Kinds: []sms.Kind{sms.Promotion}}, billing(1, nil), message, 10, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // whose hour does not end meanwhile
				b, err := middleware.NewBudget(test.limit)
				if err != nil {
					t.Fatal(err)
				}
				calls := 0
				s := sms.Chain(sms.SenderFunc(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
					calls++
					return test.sender.Send(ctx, m)
				}), b.Middleware)
				for range 10 {
					_, _ = s.Send(t.Context(), test.m)
				}
				if got := spentOf(t, b); calls != test.passed || got != test.spent {
					t.Errorf("%d of 10 went out and %d segments were spent, want %d and %d", calls, got, test.passed, test.spent)
				}
			})
		})
	}
}

func TestBudget_refusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := middleware.NewBudget(middleware.BudgetLimit{Name: "hourly", Segments: 1, Per: time.Hour}, middleware.BudgetLimit{Name: "daily", Segments: 2, Per: 24 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		s := sms.Chain(billing(1, nil), b.Middleware)
		time.Sleep(20 * time.Minute) // the bubble begins at midnight UTC
		_, _ = s.Send(t.Context(), message)
		_, err = s.Send(t.Context(), message)
		wantReason(t, err, sms.OverBudget, sms.Rejected)
		if e := sms.AsError(err); e.RetryAfter != 40*time.Minute || e.Provider != "" || !strings.Contains(err.Error(), `"hourly" of 1 segments`) {
			t.Errorf("got %v, provider %q", err, e.Provider)
		}
		time.Sleep(40 * time.Minute)
		if _, err = s.Send(t.Context(), message); err != nil {
			t.Errorf("in the next hour: %v", err)
		}
		_, err = s.Send(t.Context(), message)
		if e := sms.AsError(err); e == nil || e.RetryAfter != 23*time.Hour {
			t.Errorf("both are spent: %v, want the longest wait", err)
		}
	})
}

func TestBudget_stop(t *testing.T) {
	b, err := middleware.NewBudget()
	if err != nil {
		t.Fatal(err)
	}
	v := newVendor("a")
	s := sms.Chain(v, b.Middleware)
	b.Stop("somebody is pumping")
	_, err = s.Send(t.Context(), message)
	wantReason(t, err, sms.OverBudget, sms.Rejected)
	if !strings.Contains(err.Error(), "somebody is pumping") || v.calls() != 0 {
		t.Errorf("%d calls, %v", v.calls(), err)
	}
	b.Resume()
	if _, err := s.Send(t.Context(), message); err != nil {
		t.Error(err)
	}
}

func TestBudget_inParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := middleware.NewBudget(middleware.BudgetLimit{Name: "d", Segments: 1000, Per: 24 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		s := sms.Chain(billing(2, nil), b.Middleware)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 25 {
					_, _ = s.Send(t.Context(), message)
				}
			})
		}
		wg.Wait()
		if got := spentOf(t, b); got != 400 {
			t.Errorf("%d segments of 200 messages, want 400", got)
		}
	})
}

func TestNewBudget_faults(t *testing.T) {
	_, err := middleware.NewBudget(middleware.BudgetLimit{Name: "a", Per: time.Hour}, middleware.BudgetLimit{Name: "b", Segments: 1, Per: time.Minute}, middleware.BudgetLimit{Name: "a", Segments: 1, Per: time.Hour})
	if err == nil || !strings.Contains(err.Error(), `"a": segments is 0`) || !strings.Contains(err.Error(), `"b": per is 1m0s`) || !strings.Contains(err.Error(), `"a": there are two`) {
		t.Errorf("got %v, want all three faults", err)
	}
}

// However many are on their way at once, no more go out than there are segments.
func TestBudget_hardInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := middleware.NewBudget(middleware.BudgetLimit{Name: "d", Segments: 10, Per: 24 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		var out atomic.Int64
		s := sms.Chain(sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
			out.Add(1)
			time.Sleep(time.Second) // all others have asked meanwhile
			return sms.Receipt{Segments: 1}, nil
		}), b.Middleware)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { _, _ = s.Send(t.Context(), message) })
		}
		wg.Wait()
		if out.Load() != 10 || spentOf(t, b) != 10 {
			t.Errorf("%d went out and %d segments were spent of 10", out.Load(), spentOf(t, b))
		}
	})
}

// failingBudget fails from its nth Spend on.
type failingBudget struct {
	middleware.BudgetStore
	n, calls int
}

func (f *failingBudget) Spend(ctx context.Context, s middleware.Spend) ([]int, error) {
	if f.calls++; f.calls >= f.n || ctx.Err() != nil {
		return nil, errors.New("the store is down")
	}
	return f.BudgetStore.Spend(ctx, s)
}

// A store that fails lets nothing through, and one that fails after the send does
// not hide what became of the message.
func TestBudget_storeFails(t *testing.T) {
	limit := middleware.BudgetLimit{Name: "d", Segments: 10, Per: 24 * time.Hour}
	store := &failingBudget{middleware.NewMemoryBudgetStore(), 2, 0}
	b, err := middleware.NewSharedBudget(store, limit)
	if err != nil {
		t.Fatal(err)
	}
	s := sms.Chain(billing(3, nil), b.Middleware)
	if receipt, err := s.Send(t.Context(), message); err != nil || receipt.Segments != 3 {
		t.Errorf("the settling failed: %+v, %v", receipt, err)
	}
	_, err = s.Send(t.Context(), message)
	wantReason(t, err, sms.Internal, sms.Rejected)
	if !strings.Contains(err.Error(), "the store is down") {
		t.Error(err)
	}
	if _, err := b.Spent(t.Context()); err == nil {
		t.Error("nobody could count, and Spent has told")
	}
}

// A caller that has left is charged for what went out all the same.
func TestBudget_callerLeaves(t *testing.T) {
	store := &failingBudget{middleware.NewMemoryBudgetStore(), 100, 0}
	b, err := middleware.NewSharedBudget(store, middleware.BudgetLimit{Name: "d", Segments: 10, Per: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	s := sms.Chain(sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
		leave()
		return sms.Receipt{Segments: 3}, nil
	}), b.Middleware)
	_, _ = s.Send(ctx, message)
	if got := spentOf(t, b); got != 3 {
		t.Errorf("%d segments, want 3", got)
	}
}
