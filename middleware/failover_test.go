package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func TestFailover(t *testing.T) {
	tests := []struct {
		name    string
		kind    sms.Kind
		options middleware.FailoverOptions
		answers []error // one for each vendor: a, b, c
		want    string
	}{
		{"the first accepts", 0, middleware.FailoverOptions{}, []error{nil, nil}, "a accepted"},
		{"the vendor is down", 0, middleware.FailoverOptions{}, []error{no("a", sms.Unavailable), nil, nil}, "a unavailable, b accepted"},
		{"the account is blocked", 0, middleware.FailoverOptions{}, []error{no("a", sms.AccountBlocked), no("b", sms.Unauthorized), nil}, "a account_blocked, b unauthorized, c accepted"},
		{"the vendor is throttled", 0, middleware.FailoverOptions{}, []error{no("a", sms.Throttled), nil}, "a throttled, b accepted"},
		{"the vendor cannot do it", 0, middleware.FailoverOptions{}, []error{no("a", sms.Unsupported), no("b", sms.TemplateRejected), nil}, "a unsupported, b template_rejected, c accepted"},
		{"the number is bad", 0, middleware.FailoverOptions{}, []error{no("a", sms.InvalidNumber), nil}, "a invalid_number"},
		{"the recipient has opted out", 0, middleware.FailoverOptions{}, []error{no("a", sms.RecipientBlocked), nil}, "a recipient_blocked"},
		{"the recipient has had enough", 0, middleware.FailoverOptions{}, []error{no("a", sms.RecipientLimited), nil}, "a recipient_limited"},
		{"a defect of ours", 0, middleware.FailoverOptions{}, []error{no("a", sms.Internal), nil}, "a internal"},
		{"all are down", 0, middleware.FailoverOptions{}, []error{no("a", sms.Unavailable), no("b", sms.Unavailable)}, "a unavailable, b unavailable"},
		{"the second says no to all", 0, middleware.FailoverOptions{}, []error{no("a", sms.Unavailable), no("b", sms.ContentRejected), nil}, "a unavailable, b content_rejected"},

		{"unknown, of unset kind", 0, middleware.FailoverOptions{}, []error{maybe("a", sms.Unavailable), nil}, "a unavailable?"},
		{"unknown, a notification", sms.Notification, middleware.FailoverOptions{}, []error{maybe("a", sms.Unavailable), nil}, "a unavailable?"},
		{"unknown, a promotion", sms.Promotion, middleware.FailoverOptions{}, []error{maybe("a", sms.Unavailable), nil}, "a unavailable?"},
		{"unknown, a code", sms.Verification, middleware.FailoverOptions{}, []error{maybe("a", sms.Unavailable), nil}, "a unavailable?, b accepted"},
		{"unknown and internal, a code", sms.Verification, middleware.FailoverOptions{}, []error{maybe("a", sms.Internal), nil}, "a internal?, b accepted"},
		{"unknown, the provider tells the kind", 0, middleware.FailoverOptions{}, []error{&sms.Error{Provider: "a", Reason: sms.Unavailable, Kind: sms.Verification}, nil}, "a unavailable?, b accepted"},
		{"an earlier try told the kind", 0, middleware.FailoverOptions{}, []error{&sms.Error{Provider: "a", Reason: sms.Unavailable, Kind: sms.Verification}, maybe("b", sms.Unavailable), nil}, "a unavailable?, b unavailable?, c accepted"},
		{"unclassified, a notification", sms.Notification, middleware.FailoverOptions{}, []error{errors.New("what"), nil}, " internal?"},

		{"also: a reason added", 0, middleware.FailoverOptions{Also: []sms.Reason{sms.InvalidNumber}}, []error{no("a", sms.InvalidNumber), nil}, "a invalid_number, b accepted"},
		{"also: not for who has opted out", 0, middleware.FailoverOptions{Also: []sms.Reason{sms.RecipientBlocked}}, []error{no("a", sms.RecipientBlocked), nil}, "a recipient_blocked"},
		{"also: not for an unknown outcome", sms.Notification, middleware.FailoverOptions{Also: []sms.Reason{sms.Unavailable, sms.Internal}}, []error{maybe("a", sms.Unavailable), nil}, "a unavailable?"},
		{"never: a reason taken away", 0, middleware.FailoverOptions{Never: []sms.Reason{sms.Unavailable}}, []error{no("a", sms.Unavailable), nil}, "a unavailable"},
		{"never wins over also", 0, middleware.FailoverOptions{Also: []sms.Reason{sms.Throttled}, Never: []sms.Reason{sms.Throttled}}, []error{no("a", sms.Throttled), nil}, "a throttled"},
		{"never: not against a code's second copy", sms.Verification, middleware.FailoverOptions{Never: []sms.Reason{sms.Unavailable}}, []error{maybe("a", sms.Unavailable), nil}, "a unavailable?, b accepted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var vendors []*vendor
			var senders []sms.Sender
			for i, err := range test.answers {
				v := refusals(string(rune('a'+i)), err)
				vendors, senders = append(vendors, v), append(senders, v)
			}
			m := message
			m.Kind = test.kind
			r, err := middleware.FailoverWith(test.options, senders...).Send(t.Context(), m)
			if got := told(t, r, err); got != test.want {
				t.Errorf("the story is %q, want %q", got, test.want)
			}
			calls := 0
			for _, v := range vendors {
				calls += v.calls()
			}
			if want := strings.Count(test.want, ",") + 1; calls != want {
				t.Errorf("the vendors were called %d times, want %d", calls, want)
			}
		})
	}
}

func TestFailover_noSenders(t *testing.T) {
	for _, s := range []sms.Sender{middleware.Failover(), middleware.Failover(nil, nil)} {
		_, err := s.Send(t.Context(), message)
		wantReason(t, err, sms.Unsupported, sms.Rejected)
	}
	v := newVendor("a")
	for want, build := range map[string]func() (sms.Sender, error){
		"no sender":       func() (sms.Sender, error) { return middleware.NewFailover(middleware.FailoverOptions{}) },
		"sender 2 is nil": func() (sms.Sender, error) { return middleware.NewFailover(middleware.FailoverOptions{}, v, nil) },
		`no reason "throtled"`: func() (sms.Sender, error) {
			return middleware.NewFailover(middleware.FailoverOptions{Also: []sms.Reason{"throtled"}}, v)
		},
	} {
		if s, err := build(); s != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if s, err := middleware.NewFailover(middleware.FailoverOptions{Also: []sms.Reason{sms.InvalidNumber}}, v); s == nil || err != nil {
		t.Error(err)
	}
	if r, err := middleware.Failover(nil, v).Send(t.Context(), message); err != nil || r.Provider != "a" {
		t.Errorf("a nil sender before it: %v, %v", r, err)
	}
}

func TestFailover_singleErrorIsGivenOnAsItCame(t *testing.T) {
	want := fmt.Errorf("on the way: %w", no("a", sms.InvalidNumber))
	_, err := middleware.Failover(refusals("a", want), newVendor("b")).Send(t.Context(), message)
	if err != want {
		t.Errorf("got %v, want the very error %v", err, want)
	}
}

func TestFailover_callerHasLeft(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	a := newVendor("a")
	_, err := middleware.Failover(a).Send(ended, message)
	wantReason(t, err, sms.Canceled, sms.Rejected)
	if !errors.Is(err, context.Canceled) || a.calls() != 0 {
		t.Errorf("%d calls, %v; want none, and the context's error", a.calls(), err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	b := newVendor("b")
	leaving := sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
		cancel()
		return sms.Receipt{}, no("a", sms.Unavailable)
	})
	_, err = middleware.Failover(leaving, b).Send(ctx, message)
	wantReason(t, err, sms.Unavailable, sms.Rejected)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not tell that the caller has left", err)
	}
	if b.calls() != 0 {
		t.Errorf("b was called %d times after the caller had left", b.calls())
	}
}

func TestFailover_expires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newVendor("a", step{takes: 3 * time.Second, err: no("a", sms.Unavailable)}), newVendor("b")
		m := message
		m.Expires = time.Now().Add(3 * time.Second)
		_, err := middleware.Failover(a, b).Send(t.Context(), m)
		wantReason(t, err, sms.Unavailable, sms.Rejected)
		if !errors.Is(err, sms.Expired) || b.calls() != 0 {
			t.Errorf("%d calls of b, %v; want none, and Expired to be found", b.calls(), err)
		}
		_, err = middleware.Failover(a, b).Send(t.Context(), m)
		wantReason(t, err, sms.Expired, sms.Rejected)
		if a.calls() != 1 {
			t.Errorf("an expired message was sent")
		}
	})
}

func TestFailover_sum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newVendor("a", step{takes: time.Second, err: &sms.Error{Provider: "a", Reason: sms.Throttled, Outcome: sms.Rejected, RetryAfter: 2 * time.Second}})
		b := newVendor("b", step{takes: 2 * time.Second, err: &sms.Error{Provider: "b", Reason: sms.Unauthorized, Outcome: sms.Rejected, Code: "20003", Message: "Authenticate"}})
		_, err := middleware.Failover(a, b).Send(t.Context(), message)
		e, ok := errors.AsType[*sms.Error](err)
		if !ok {
			t.Fatalf("no *sms.Error: %v", err)
		}
		if e.Provider != "b" || e.Code != "20003" || e.RetryAfter != 2*time.Second || e.Reason != sms.Unauthorized {
			t.Errorf("the sum is %+v", e)
		}
		if !errors.Is(err, sms.Throttled) || !errors.Is(err, sms.Unauthorized) || errors.Is(err, sms.Unavailable) {
			t.Errorf("errors.Is finds other reasons than those of the tries in %v", err)
		}
		if e.Attempts[0].Took != time.Second || e.Attempts[1].Took != 2*time.Second {
			t.Errorf("the tries took %v and %v", e.Attempts[0].Took, e.Attempts[1].Took)
		}
	})
}
