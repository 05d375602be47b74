package middleware_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func TestObserve(t *testing.T) {
	tests := []struct {
		name string
		a, b []step
		mw   []sms.Middleware
		want []string
	}{
		{"accepted at once", nil, nil, nil,
			[]string{"attempt 1 at a: accepted", "message of 1 at a: accepted"}},
		{"the second vendor accepts", []step{{takes: time.Second, err: no("a", sms.Unavailable)}}, nil, nil,
			[]string{"attempt 1 at a: rejected unavailable 1s", "attempt 2 at b: accepted", "message of 2 at b: accepted 1s"}},
		{"nobody does", []step{down}, []step{{err: no("b", sms.Unauthorized)}}, nil,
			[]string{"attempt 1 at a: rejected unavailable", "attempt 2 at b: rejected unauthorized", "message of 2 at b: rejected unauthorized"}},
		{"unknown", []step{{err: maybe("a", sms.Unavailable)}}, nil, nil,
			[]string{"attempt 1 at a: unknown unavailable", "message of 1 at a: unknown unavailable"}},
		{"refused before any vendor", nil, nil, []sms.Middleware{middleware.Validate(nil)},
			[]string{"message of 0 at : rejected invalid_message"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []string
				observe := middleware.Observe(func(_ context.Context, e middleware.Event) {
					what := "attempt"
					of := fmt.Sprint(e.Attempt)
					if e.Message {
						what, of = "message", "of "+of
					}
					line := fmt.Sprintf("%s %s at %s: %v", what, of, e.Provider, e.Outcome)
					if e.Reason != "" {
						line += " " + string(e.Reason)
					}
					if e.Took > 0 {
						line += " " + e.Took.String()
					}
					got = append(got, line)
					if e.Template != "login-code" || e.Region != "CN" {
						t.Errorf("template %q, region %q", e.Template, e.Region)
					}
					if text := fmt.Sprintf("%+v", e); strings.Contains(text, "13800000000") || strings.Contains(text, "482913") {
						t.Errorf("the event holds personal data: %s", text)
					}
				})
				s := sms.Chain(middleware.Failover(newVendor("a", test.a...), newVendor("b", test.b...)), append([]sms.Middleware{observe}, test.mw...)...)
				_, _ = s.Send(t.Context(), message)
				if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
					t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
				}
			})
		})
	}
	if _, err := sms.Chain(newVendor("a"), middleware.Observe(nil)).Send(t.Context(), message); err != nil {
		t.Errorf("with nobody to tell: %v", err)
	}
}

// logged sends message through a LogWith around s and gives what was written.
func logged(t *testing.T, s sms.Sender, m sms.Message, o middleware.LogOptions) string {
	t.Helper()
	var b bytes.Buffer
	o.Logger = slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	_, _ = sms.Chain(s, middleware.LogWith(o)).Send(t.Context(), m)
	return b.String()
}

func TestLog(t *testing.T) {
	leaky := fmt.Errorf("POST to 13800000000 with 482913: %w", errors.New("reset"))
	tests := []struct {
		name   string
		sender func() sms.Sender
		want   string
	}{
		{"accepted", func() sms.Sender { return newVendor("a") },
			`level=INFO msg="sms accepted" key=k to=+86138****0000 region=CN template=login-code kind=unset outcome=accepted took=0s provider=a id=id` + "\n"},
		{"accepted by the second", func() sms.Sender { return middleware.Failover(newVendor("a", down), newVendor("b")) },
			`level=INFO msg="sms accepted" key=k to=+86138****0000 region=CN template=login-code kind=unset outcome=accepted took=0s provider=b id=id attempts=2` + "\n"},
		{"rejected", func() sms.Sender {
			return refusals("a", &sms.Error{Provider: "a", Reason: sms.InvalidNumber, Outcome: sms.Rejected, Code: "21211", RequestID: "r", Kind: sms.Verification})
		},
			`level=WARN msg="sms rejected" key=k to=+86138****0000 region=CN template=login-code kind=verification outcome=rejected took=0s provider=a request_id=r reason=invalid_number code=21211 error="a: invalid number (21211); request r"` + "\n"},
		{"unknown, in words that are not masked", func() sms.Sender { return refusals("a", leaky) },
			`level=ERROR msg="sms outcome unknown" key=k to=+86138****0000 region=CN template=login-code kind=unset outcome=unknown took=0s reason=internal error="POST to **** with ****: reset"` + "\n"},
		{"an account that Failover hides", func() sms.Sender {
			return middleware.Failover(refusals("a", no("a", sms.AccountBlocked)), newVendor("b"))
		},
			`level=INFO msg="sms accepted" key=k to=+86138****0000 region=CN template=login-code kind=unset outcome=accepted took=0s provider=b id=id attempts=2` + "\n" +
				`level=ERROR msg="sms account fault" provider=a reason=account_blocked error="a: account blocked"` + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := logged(t, test.sender(), message, middleware.LogOptions{})
				if got != test.want {
					t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
				}
				if strings.Contains(got, "13800000000") || strings.Contains(got, "482913") {
					t.Errorf("personal data in %s", got)
				}
			})
		})
	}
	if _, err := sms.Chain(newVendor("a"), middleware.Log(nil)).Send(t.Context(), message); err != nil {
		t.Errorf("without a logger: %v", err)
	}
}

func TestLog_accountFaultsOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		a, b := newVendor("a", repeat(step{err: no("a", sms.Unauthorized)}, 99)...), newVendor("b", repeat(step{err: no("b", sms.AccountBlocked)}, 99)...)
		s := sms.Chain(middleware.Failover(a, b), middleware.LogWith(middleware.LogOptions{
			OnAccount: func(_ context.Context, f middleware.AccountFault) {
				told = append(told, f.Provider+" "+string(f.Reason))
			}}))
		for range 12 { // ten minutes apart: two hours
			_, _ = s.Send(t.Context(), message)
			time.Sleep(10 * time.Minute)
		}
		if got, want := strings.Join(told, ", "), "a unauthorized, b account_blocked, a unauthorized, b account_blocked"; got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	})
}
