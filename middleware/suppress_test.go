package middleware_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func TestSuppress(t *testing.T) {
	var list middleware.SuppressionList
	list.Add(inland, middleware.Suppression{Reason: "opted out", Since: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}, sms.Promotion, 0)
	list.Add(abroad, middleware.Suppression{Reason: "dead"})
	tests := []struct {
		name    string
		to      sms.Number
		kind    sms.Kind
		blocked bool
	}{
		{"of the kind that is suppressed", inland, sms.Promotion, true},
		{"of an unset kind, which is a notification", inland, 0, true},
		{"a notification", inland, sms.Notification, true},
		{"of another kind", inland, sms.Verification, false},
		{"of any kind where all are", abroad, sms.Verification, true},
		{"another number", "+8613900000000", sms.Promotion, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b := newVendor("a"), newVendor("b")
			s := middleware.Failover(sms.Chain(a, suppress(t, &list)), b)
			m := message
			m.To, m.Kind = test.to, test.kind
			_, err := s.Send(t.Context(), m)
			if !test.blocked {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantReason(t, err, sms.RecipientBlocked, sms.Rejected)
			if a.calls()+b.calls() != 0 {
				t.Error("a vendor was tried")
			}
			if strings.Contains(err.Error(), test.to.E164()) {
				t.Errorf("the number is in %q", err)
			}
		})
	}
	_, err := sms.Chain(newVendor("a"), suppress(t, &list)).Send(t.Context(), sms.Message{To: inland, Body: "b", Kind: sms.Promotion})
	if err == nil || !strings.Contains(err.Error(), "2026-03-01 (opted out)") {
		t.Errorf("%v does not tell since when and why", err)
	}
	list.Remove(abroad, sms.Verification)
	if _, ok, _ := list.Suppressed(t.Context(), abroad, sms.Verification); ok {
		t.Error("what was removed is there")
	}
	list.Remove(abroad)
	if _, ok, _ := list.Suppressed(t.Context(), abroad, sms.Promotion); ok {
		t.Error("what was removed whole is there")
	}
}

func suppress(tb testing.TB, list middleware.Suppressions) sms.Middleware {
	tb.Helper()
	mw, err := middleware.Suppress(list)
	if err != nil {
		tb.Fatal(err)
	}
	return mw
}

// failing is a list that cannot be read.
type failing struct{ err error }

func (f failing) Suppressed(context.Context, sms.Number, sms.Kind) (middleware.Suppression, bool, error) {
	return middleware.Suppression{}, false, f.err
}

func TestSuppress_faultsOfOurs(t *testing.T) {
	v := newVendor("a")
	_, err := sms.Chain(v, suppress(t, failing{errors.New("connection refused")})).Send(t.Context(), message)
	wantReason(t, err, sms.Internal, sms.Rejected)
	if v.calls() != 0 || sms.AsError(err).Provider != "" {
		t.Errorf("%d calls, provider %q", v.calls(), sms.AsError(err).Provider)
	}
	if mw, err := middleware.Suppress(nil); mw != nil || err == nil {
		t.Errorf("no list: %v", err)
	}
}

func TestSuppressionList_inParallel(t *testing.T) {
	var list middleware.SuppressionList
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			list.Add(inland, middleware.Suppression{Reason: "r"})
			_, _, _ = list.Suppressed(t.Context(), inland, sms.Promotion)
			list.Remove(inland)
		})
	}
	wg.Wait()
}
