package middleware_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

const inland, abroad = sms.Number("+8613800000000"), sms.Number("+15005550006")

func TestRoute(t *testing.T) {
	a, b, c, d := newVendor("a"), newVendor("b"), newVendor("c"), newVendor("d")
	s := middleware.Route(
		middleware.Rule{Templates: []string{"never"}}, // without a Sender: left out
		middleware.Rule{Tags: map[string]string{"tenant": "acme"}, To: d},
		middleware.Rule{Regions: []string{"CN"}, Kinds: []sms.Kind{sms.Verification}, To: a},
		middleware.Rule{Regions: []string{"CN"}, Kinds: []sms.Kind{sms.Notification}, To: b},
		middleware.Rule{Templates: []string{"order"}, To: c},
	)
	tests := []struct {
		name string
		m    sms.Message
		want string // the provider; empty: none
	}{
		{"region and kind", sms.Message{To: inland, Kind: sms.Verification}, "a"},
		{"an unset kind is a notification", sms.Message{To: inland}, "b"},
		{"template", sms.Message{To: abroad, Template: "order"}, "c"},
		{"a body is of no template", sms.Message{To: abroad, Body: "order"}, ""},
		{"the first match wins", sms.Message{To: inland, Template: "order", Kind: sms.Verification}, "a"},
		{"tag", sms.Message{To: inland, Kind: sms.Verification, Tags: map[string]string{"tenant": "acme"}}, "d"},
		{"a tag of another value", sms.Message{To: abroad, Template: "order", Tags: map[string]string{"tenant": "other"}}, "c"},
		{"another kind", sms.Message{To: inland, Kind: sms.Promotion}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := s.Send(t.Context(), test.m)
			if test.want == "" {
				wantReason(t, err, sms.Unsupported, sms.Rejected)
				if strings.Contains(err.Error(), string(test.m.To)) {
					t.Errorf("the number is in %q", err)
				}
				return
			}
			if err != nil || r.Provider != test.want {
				t.Errorf("got %q, %v; want %q", r.Provider, err, test.want)
			}
		})
	}
}

func TestRoute_openBreakerIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newVendor("a"), newVendor("b")
		open := trip(t, a, middleware.BreakerOptions{})
		s := middleware.Route(middleware.Rule{Regions: []string{"CN"}, To: open}, middleware.Rule{To: b})
		began := time.Now()
		if r, err := s.Send(t.Context(), message); err != nil || r.Provider != "b" || len(r.Attempts) != 0 {
			t.Errorf("got %v, %v; want b at once", r, err)
		}
		_, err := middleware.Route(middleware.Rule{Regions: []string{"CN"}, To: open}).Send(t.Context(), message)
		wantReason(t, err, sms.Unavailable, sms.Rejected)
		if time.Since(began) != 0 {
			t.Errorf("it waited %v", time.Since(began))
		}
		time.Sleep(30 * time.Second)
		if r, err := s.Send(t.Context(), message); err != nil || r.Provider != "a" {
			t.Errorf("half-open: got %v, %v; want a to be tried", r, err)
		}
	})
}

func TestRoute_CheckTemplate(t *testing.T) {
	refusing := func(name string) (sms.Sender, error) {
		err := no(name, sms.InvalidMessage)
		return checking{newVendor(name), err}, err
	}
	a, errA := refusing("a")
	b, errB := refusing("b")
	c, errC := refusing("c")
	s := middleware.Route(
		middleware.Rule{Regions: []string{"CN"}, To: a},
		middleware.Rule{Templates: []string{"login-code"}, To: b},
		middleware.Rule{To: c})
	checker, ok := sms.As[sms.Checker](s)
	if !ok {
		t.Fatal("a route is no Checker")
	}
	err := checker.CheckTemplate("login-code", nil)
	if !errors.Is(err, errA) || !errors.Is(err, errB) || errors.Is(err, errC) {
		t.Errorf("login-code may come to a and b only: %v", err)
	}
	err = checker.CheckTemplate("order", nil)
	if !errors.Is(err, errA) || errors.Is(err, errB) || !errors.Is(err, errC) {
		t.Errorf("order may come to a and c only: %v", err)
	}
}

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
		w := weighted(t, middleware.Share{Name: "a", Weight: 9, Sender: open}, middleware.Share{Name: "b", Weight: 1, Sender: b})
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
