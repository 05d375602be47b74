package middleware_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

// codes is a registry of one Verification template and one Notification.
func codes(tb testing.TB) *sms.Registry {
	tb.Helper()
	r, err := sms.NewRegistry(
		sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."},
		sms.Template{Name: "order", Kind: sms.Notification, Text: "${name}, your order has left."})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// A vendor answers from a script, in order, and accepts when it is at its end.
// It is the whole world beyond the middleware: what it was called with is kept.
type vendor struct {
	name string
	mu   sync.Mutex
	plan []step
	got  []sms.Message
	at   []time.Time
}

// A step is one answer: after takes, or when the context ends if that is sooner.
type step struct {
	takes time.Duration
	err   error
	left  bool // the request has left when the context ends: Unknown, else Rejected
}

func newVendor(name string, plan ...step) *vendor { return &vendor{name: name, plan: plan} }

// refusals answers with each of errs in turn.
func refusals(name string, errs ...error) *vendor {
	v := newVendor(name)
	for _, err := range errs {
		v.plan = append(v.plan, step{err: err})
	}
	return v
}

func (v *vendor) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	v.mu.Lock()
	var now step
	if len(v.plan) > 0 {
		now, v.plan = v.plan[0], v.plan[1:]
	}
	v.got = append(v.got, m)
	v.at = append(v.at, time.Now())
	v.mu.Unlock()
	if now.takes > 0 {
		timer := time.NewTimer(now.takes)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			e := &sms.Error{Provider: v.name, Reason: sms.Canceled, Outcome: sms.Rejected, Kind: m.Kind, Err: ctx.Err()}
			if now.left {
				e.Outcome = sms.Unknown
			}
			return sms.Receipt{}, e
		}
	}
	if now.err != nil {
		return sms.Receipt{}, now.err
	}
	return sms.Receipt{Provider: v.name, Key: m.Key, ID: "id"}, nil
}

func (v *vendor) calls() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.got)
}

// no makes the error of a vendor called name that certainly did not send.
func no(name string, r sms.Reason) *sms.Error {
	return &sms.Error{Provider: name, Reason: r, Outcome: sms.Rejected}
}

// maybe makes the error of a vendor called name that may have sent.
func maybe(name string, r sms.Reason) *sms.Error {
	return &sms.Error{Provider: name, Reason: r, Outcome: sms.Unknown}
}

// story writes tries as "a unavailable, b accepted"; an unknown outcome has a
// question mark.
func story(attempts []sms.Attempt) string {
	parts := make([]string, len(attempts))
	for i, a := range attempts {
		word := "accepted"
		if a.Err != nil {
			word = string(sms.ReasonOf(a.Err))
			if sms.OutcomeOf(a.Err) == sms.Unknown {
				word += "?"
			}
		}
		parts[i] = a.Provider + " " + word
	}
	return strings.Join(parts, ", ")
}

// told is the story that a call's receipt or error tells.
func told(tb testing.TB, r sms.Receipt, err error) string {
	tb.Helper()
	if err == nil {
		if len(r.Attempts) == 0 {
			return r.Provider + " accepted"
		}
		return story(r.Attempts)
	}
	e, ok := errors.AsType[*sms.Error](err)
	if !ok {
		tb.Fatalf("the error %v holds no *sms.Error", err)
	}
	if len(e.Attempts) == 0 {
		return story([]sms.Attempt{{Provider: e.Provider, Err: err}})
	}
	for _, a := range e.Attempts {
		if inner, ok := errors.AsType[*sms.Error](a.Err); ok && len(inner.Attempts) > 0 {
			tb.Errorf("the attempts are not flat: %v", err)
		}
	}
	return story(e.Attempts)
}

func wantReason(tb testing.TB, err error, reason sms.Reason, outcome sms.Outcome) {
	tb.Helper()
	if got := sms.ReasonOf(err); got != reason {
		tb.Errorf("the reason is %q, want %q: %v", got, reason, err)
	}
	if got := sms.OutcomeOf(err); got != outcome {
		tb.Errorf("the outcome is %v, want %v: %v", got, outcome, err)
	}
}
