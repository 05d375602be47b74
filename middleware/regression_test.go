package middleware_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// What went wrong in libraries like this one, each as a test.

// guarded is what the recommended order puts around one vendor.
func guarded(v *vendor) sms.Sender { return watchedBy(v, new(middleware.Stater)) }

func watchedBy(v *vendor, breaker *middleware.Stater) sms.Sender {
	return sms.Chain(v,
		middleware.Retry(middleware.RetryOptions{}),
		watched(middleware.Breaker(middleware.BreakerOptions{Name: v.name}), breaker),
		middleware.Timeout(5*time.Second))
}

func TestRegression_throttleAnswerIsRetriedAfterItsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a", step{err: throttled(3 * time.Second)})
		if _, err := guarded(v).Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		if got := v.at[1].Sub(v.at[0]); got < 3*time.Second {
			t.Errorf("the vendor asked for 3s and was called again after %v", got)
		}
	})
}

func TestRegression_serverErrorAfterTheBodyIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := refusals("a", maybe("a", sms.Unavailable)), newVendor("b")
		m := sms.Message{To: message.To, Body: "your order has left", Kind: sms.Notification}
		_, err := middleware.Failover(guarded(a), guarded(b)).Send(t.Context(), m)
		wantReason(t, err, sms.Unavailable, sms.Unknown)
		if a.calls() != 1 || b.calls() != 0 {
			t.Errorf("a was called %d times and b %d, want 1 and 0", a.calls(), b.calls())
		}
	})
}

func TestRegression_aThousandInvalidNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newVendor("a"), newVendor("b")
		for range 1000 {
			a.plan = append(a.plan, step{err: no("a", sms.InvalidNumber)})
		}
		var breaker middleware.Stater
		s := middleware.Failover(watchedBy(a, &breaker), guarded(b))
		for range 1000 {
			_, err := s.Send(t.Context(), message)
			wantReason(t, err, sms.InvalidNumber, sms.Rejected)
		}
		if got := breaker.State(); got != middleware.StateClosed || a.calls() != 1000 || b.calls() != 0 {
			t.Errorf("the breaker is %v, a was called %d times and b %d", got, a.calls(), b.calls())
		}
		if r, err := s.Send(t.Context(), message); err != nil || r.Provider != "a" {
			t.Errorf("then a good number: %v, %v; want a to take it", r, err)
		}
	})
}

func TestRegression_allDownThenOneBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newVendor("a"), newVendor("b")
		var ofA, ofB middleware.Stater
		s := middleware.Failover(watchedBy(a, &ofA), watchedBy(b, &ofB))
		a.plan, b.plan = repeat(down, 1000), repeat(step{err: no("b", sms.Unavailable)}, 1000)
		for range 20 {
			_, _ = s.Send(t.Context(), message)
		}
		if got := min(ofA.State(), ofB.State()); got != middleware.StateOpen {
			t.Fatalf("with both down the breakers are %v", got)
		}
		b.plan = nil
		time.Sleep(30 * time.Second)
		if r, err := s.Send(t.Context(), message); err != nil || r.Provider != "b" {
			t.Errorf("b is back, and the message tells %v, %v", r, err)
		}
		a.plan = nil
		time.Sleep(30 * time.Second)
		if r, err := s.Send(t.Context(), message); err != nil || r.Provider != "a" || len(r.Attempts) != 0 {
			t.Errorf("a is back and the first to be tried, and the message tells %v, %v", r, err)
		}
	})
}

func TestRegression_theFirstVendorIsReallyTriedFirst(t *testing.T) {
	a, b := newVendor("a"), newVendor("b")
	s := middleware.Failover(a, b)
	for range 100 {
		if r, err := s.Send(t.Context(), message); err != nil || r.Provider != "a" {
			t.Fatalf("got %v, %v", r, err)
		}
	}
	if b.calls() != 0 {
		t.Errorf("b was called %d times", b.calls())
	}
}

func TestRegression_concurrentSendsShareNoRetryState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		tries := map[string]int{}
		twice := sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
			mu.Lock()
			defer mu.Unlock()
			if tries[m.Key]++; tries[m.Key] <= 2 {
				return sms.Receipt{}, no("a", sms.Unavailable)
			}
			return sms.Receipt{Provider: "a", Key: m.Key}, nil
		})
		s := sms.Chain(twice, middleware.Retry(middleware.RetryOptions{}))
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				m := message
				m.Key = sms.NewKey()
				r, err := s.Send(t.Context(), m)
				if err != nil || r.Key != m.Key || len(r.Attempts) != 3 {
					t.Errorf("three tries each, and one message tells %v, %v", r, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestRegression_aFailingCallNeverLoopsWithoutBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		always := sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
			calls++
			return sms.Receipt{}, no("a", sms.Unavailable)
		})
		for _, o := range []middleware.RetryOptions{{}, {Attempts: -1}, {Attempts: 1 << 30, MinDelay: time.Nanosecond, MaxDelay: -1, MaxElapsed: time.Second}} {
			calls = 0
			began := time.Now()
			_, err := sms.Chain(always, middleware.Retry(o)).Send(t.Context(), message)
			wantReason(t, err, sms.Unavailable, sms.Rejected)
			if took := time.Since(began); took > 30*time.Second || calls < 2 {
				t.Errorf("%+v: %d calls in %v", o, calls, took)
			}
		}
	})
}

func TestRegression_parallelRequestsAtTheLimit(t *testing.T) {
	const limit, requests = 10, 100
	var sent atomic.Int64
	s := sms.Chain(sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
		sent.Add(1)
		return sms.Receipt{}, nil
	}), middleware.RateLimit(middleware.NewLimiter(middleware.Window{Count: limit, Per: time.Hour}), middleware.RateLimitOptions{Key: middleware.ByNumber}))
	var wg sync.WaitGroup
	for range requests {
		wg.Go(func() { _, _ = s.Send(t.Context(), message) })
	}
	wg.Wait()
	if sent.Load() != limit {
		t.Errorf("%d of %d passed, want %d", sent.Load(), requests, limit)
	}
}

func TestRegression_refusedSendReturnsItsToken(t *testing.T) {
	v := refusals("a", no("a", sms.Unavailable))
	s := sms.Chain(v, middleware.RateLimit(once(), middleware.RateLimitOptions{Key: middleware.ByNumber}))
	_, _ = s.Send(t.Context(), message)
	if _, err := s.Send(t.Context(), message); err != nil {
		t.Errorf("a user is locked out by a message that was never sent: %v", err)
	}
}

func TestRegression_testNumbersAreNotLimited(t *testing.T) {
	v := newVendor("a")
	s := sms.Chain(v, middleware.RateLimit(once(), middleware.RateLimitOptions{
		Key:    middleware.ByNumber,
		Exempt: func(m sms.Message) bool { return m.To == "+15005550006" },
	}))
	m := message
	m.To = "+15005550006"
	for range 20 {
		if _, err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRegression_partThatSucceededIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newVendor("a", down), newVendor("b")
		s := sms.Chain(middleware.Failover(a, b), middleware.Retry(middleware.RetryOptions{}))
		if _, err := s.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		if a.calls() != 1 || b.calls() != 1 {
			t.Errorf("a was called %d times and b %d, want 1 each", a.calls(), b.calls())
		}
	})
}

func TestRegression_firstSuccessStopsTheChain(t *testing.T) {
	a, b, c := newVendor("a", down), newVendor("b"), newVendor("c")
	r, err := middleware.Failover(a, b, c).Send(t.Context(), message)
	if err != nil || r.Provider != "b" || c.calls() != 0 {
		t.Errorf("got %v, %v, and c was called %d times", r, err, c.calls())
	}
}
