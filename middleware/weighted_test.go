package middleware_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

const inland, abroad = sms.Number("+8613800000000"), sms.Number("+15005550006")

func weighted(t *testing.T, shares ...middleware.Share) *middleware.Weighted {
	t.Helper()
	w, err := middleware.NewWeighted(shares...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// turns sends n messages and tells who had them, in order.
func turns(t *testing.T, s sms.Sender, n int) string {
	t.Helper()
	var b strings.Builder
	for range n {
		r, err := s.Send(t.Context(), message)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(r.Provider)
	}
	return b.String()
}

func TestWeighted(t *testing.T) {
	w := weighted(t, middleware.Share{Name: "a", Weight: 5, Sender: newVendor("a")},
		middleware.Share{Name: "b", Weight: 1, Sender: newVendor("b")},
		middleware.Share{Name: "c", Weight: 1, Sender: newVendor("c")},
		middleware.Share{Name: "d", Sender: newVendor("d")})
	if got := turns(t, w, 14); got != "aabacaaaabacaa" {
		t.Errorf("5, 1, 1, 0: %s", got)
	}
	if !w.SetWeight("a", 0) || !w.SetWeight("c", 2) || w.SetWeight("nobody", 1) {
		t.Error("SetWeight does not tell which shares there are")
	}
	if got := turns(t, w, 6); got != "cbccbc" || w.Weight("c") != 2 || w.Weight("nobody") != 0 {
		t.Errorf("0, 1, 2, 0: %s", got)
	}
	w.SetWeight("b", 0)
	w.SetWeight("c", -1)
	_, err := w.Send(t.Context(), message)
	wantReason(t, err, sms.Unsupported, sms.Rejected)
}

func TestWeighted_exactSharesInParallel(t *testing.T) {
	a, b := newVendor("a"), newVendor("b")
	w := weighted(t, middleware.Share{Name: "a", Weight: 3, Sender: a}, middleware.Share{Name: "b", Weight: 1, Sender: b})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				_, _ = w.Send(t.Context(), message)
			}
		})
	}
	wg.Wait()
	if a.calls() != 300 || b.calls() != 100 {
		t.Errorf("a had %d and b %d of 400, want 300 and 100", a.calls(), b.calls())
	}
}

func TestWeighted_openBreakerIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newVendor("a"), newVendor("b")
		open := trip(t, a, middleware.BreakerOptions{})
		w := weighted(t, middleware.Share{Name: "a", Weight: 9, Sender: open, State: open.(middleware.Stater).State}, middleware.Share{Name: "b", Weight: 1, Sender: b})
		if got := turns(t, w, 5); got != "bbbbb" {
			t.Errorf("with a open: %s", got)
		}
		w.SetWeight("b", 0)
		_, err := w.Send(t.Context(), message)
		wantReason(t, err, sms.Unavailable, sms.Rejected) // a answers for itself
	})
}

func TestWeighted_failoverOfShares(t *testing.T) {
	a, b := newVendor("a", down), newVendor("b")
	w := weighted(t, middleware.Share{Name: "a", Weight: 1, Sender: middleware.Failover(a, b)},
		middleware.Share{Name: "b", Weight: 1, Sender: middleware.Failover(b, a)})
	if got := turns(t, w, 4); got != "bbab" {
		t.Errorf("a down for the first message: %s", got)
	}
}

func TestNewWeighted_faults(t *testing.T) {
	_, err := middleware.NewWeighted(middleware.Share{Name: "a"}, middleware.Share{Name: "a", Sender: newVendor("a")}, middleware.Share{Sender: newVendor("b")})
	for _, want := range []string{"share 1", "share 2", "share 3"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not found in %v", want, err)
		}
	}
}

func TestRetry_doesNotWaitForAnOpenBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a")
		open := trip(t, v, middleware.BreakerOptions{OpenFor: 2 * time.Second})
		began := time.Now()
		r, err := middleware.Failover(sms.Chain(open, middleware.Retry(middleware.RetryOptions{})), newVendor("b")).Send(t.Context(), message)
		if got := told(t, r, err); got != "a unavailable, b accepted" || time.Since(began) != 0 {
			t.Errorf("%q after %v, want b at once", got, time.Since(began))
		}
	})
}
