package middleware_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func throttled(after time.Duration) *sms.Error {
	return &sms.Error{Provider: "a", Reason: sms.Throttled, Outcome: sms.Rejected, RetryAfter: after}
}

func TestRetry(t *testing.T) {
	tests := []struct {
		name    string
		kind    sms.Kind
		options middleware.RetryOptions
		answers []error
		want    string
		waits   []time.Duration // exact ones; negative: between 0 and this
	}{
		{"accepted at once", 0, middleware.RetryOptions{}, nil, "a accepted", nil},
		{"down once", 0, middleware.RetryOptions{}, []error{no("a", sms.Unavailable)}, "a unavailable, a accepted", []time.Duration{-200 * time.Millisecond}},
		{"down for good", 0, middleware.RetryOptions{}, []error{no("a", sms.Unavailable), no("a", sms.Unavailable), no("a", sms.Unavailable)},
			"a unavailable, a unavailable, a unavailable", []time.Duration{-200 * time.Millisecond, -400 * time.Millisecond}},
		{"one attempt", 0, middleware.RetryOptions{Attempts: 1}, []error{no("a", sms.Unavailable)}, "a unavailable", nil},
		{"a bad number", 0, middleware.RetryOptions{}, []error{no("a", sms.InvalidNumber)}, "a invalid_number", nil},
		{"bad credentials", 0, middleware.RetryOptions{}, []error{no("a", sms.Unauthorized)}, "a unauthorized", nil},
		{"down, then a bad number", 0, middleware.RetryOptions{}, []error{no("a", sms.Unavailable), no("a", sms.InvalidNumber)}, "a unavailable, a invalid_number", []time.Duration{-200 * time.Millisecond}},
		{"unknown, a notification", sms.Notification, middleware.RetryOptions{}, []error{maybe("a", sms.Unavailable)}, "a unavailable?", nil},
		{"unknown, a code", sms.Verification, middleware.RetryOptions{}, []error{maybe("a", sms.Unavailable)}, "a unavailable?, a accepted", []time.Duration{-200 * time.Millisecond}},
		{"down, then unknown", 0, middleware.RetryOptions{}, []error{no("a", sms.Unavailable), maybe("a", sms.Unavailable)}, "a unavailable, a unavailable?", []time.Duration{-200 * time.Millisecond}},
		{"the vendor asks for two seconds", 0, middleware.RetryOptions{}, []error{throttled(2 * time.Second)}, "a throttled, a accepted", []time.Duration{2 * time.Second}},
		{"the vendor asks for just the longest wait", 0, middleware.RetryOptions{}, []error{throttled(5 * time.Second)}, "a throttled, a accepted", []time.Duration{5 * time.Second}},
		{"the vendor asks for more than the longest wait", 0, middleware.RetryOptions{}, []error{throttled(5*time.Second + 1)}, "a throttled", nil},
		{"the wait would outlast the whole", 0, middleware.RetryOptions{MaxElapsed: 3 * time.Second}, []error{throttled(2 * time.Second), throttled(2 * time.Second)}, "a throttled, a throttled", []time.Duration{2 * time.Second}},
		{"the back-off stops growing", 0, middleware.RetryOptions{Attempts: 5, MinDelay: time.Second, MaxDelay: 3 * time.Second},
			[]error{no("a", sms.Unavailable), no("a", sms.Unavailable), no("a", sms.Unavailable), no("a", sms.Unavailable)},
			"a unavailable, a unavailable, a unavailable, a unavailable, a accepted",
			[]time.Duration{-time.Second, -2 * time.Second, -3 * time.Second, -3 * time.Second}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := refusals("a", test.answers...)
				m := message
				m.Kind = test.kind
				began := time.Now()
				r, err := sms.Chain(v, middleware.Retry(test.options)).Send(t.Context(), m)
				ended := time.Now()
				if got := told(t, r, err); got != test.want {
					t.Errorf("the story is %q, want %q", got, test.want)
				}
				if len(v.at) != len(test.waits)+1 {
					t.Fatalf("%d calls, want %d", len(v.at), len(test.waits)+1)
				}
				for i, want := range test.waits {
					got := v.at[i+1].Sub(v.at[i])
					if want >= 0 && got != want || want < 0 && (got <= 0 || got > -want) {
						t.Errorf("wait %d was %v, want %v (negative: at most that)", i+1, got, want)
					}
				}
				if last := v.at[len(v.at)-1]; ended != last || v.at[0] != began {
					t.Errorf("it waited before the first call or after the last one")
				}
			})
		})
	}
}

func TestRetry_jitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := map[time.Duration]bool{}
		short, long := 0, 0
		for range 200 {
			v := refusals("a", no("a", sms.Unavailable))
			if _, err := sms.Chain(v, middleware.Retry(middleware.RetryOptions{MinDelay: time.Second})).Send(t.Context(), message); err != nil {
				t.Fatal(err)
			}
			wait := v.at[1].Sub(v.at[0])
			waits[wait] = true
			if wait < time.Second/4 {
				short++
			}
			if wait > time.Second*3/4 {
				long++
			}
		}
		if len(waits) < 190 || short == 0 || long == 0 {
			t.Errorf("200 waits were %d different ones, %d short and %d long", len(waits), short, long)
		}
	})
}

func TestRetry_deadline(t *testing.T) {
	tests := []struct {
		name     string
		after    time.Duration
		deadline time.Duration
		expires  time.Duration
		calls    int
	}{
		{"the wait ends before the deadline", time.Second, 1001 * time.Millisecond, 0, 2},
		{"the wait ends at the deadline", time.Second, time.Second, 0, 1},
		{"the wait ends before the message expires", time.Second, 0, 1001 * time.Millisecond, 2},
		{"the wait ends when the message expires", time.Second, 0, time.Second, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, m, began := t.Context(), message, time.Now()
				if test.deadline > 0 {
					bounded, cancel := context.WithTimeout(ctx, test.deadline)
					defer cancel()
					ctx = bounded
				}
				if test.expires > 0 {
					m.Expires = began.Add(test.expires)
				}
				v := refusals("a", throttled(test.after))
				_, err := sms.Chain(v, middleware.Retry(middleware.RetryOptions{})).Send(ctx, m)
				if v.calls() != test.calls {
					t.Errorf("%d calls, want %d: %v", v.calls(), test.calls, err)
				}
				if test.calls == 1 {
					wantReason(t, err, sms.Throttled, sms.Rejected)
					if time.Since(began) != 0 {
						t.Errorf("it waited %v for nothing", time.Since(began))
					}
				}
			})
		})
	}
}

func TestRetry_callerLeavesDuringTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		cause := errors.New("no route to host")
		first := &sms.Error{Provider: "a", Reason: sms.Unavailable, Outcome: sms.Rejected, RetryAfter: 4 * time.Second, Err: cause}
		v := refusals("a", first)
		_, err := sms.Chain(v, middleware.Retry(middleware.RetryOptions{})).Send(ctx, message)
		wantReason(t, err, sms.Unavailable, sms.Rejected)
		for _, want := range []error{context.Canceled, sms.Unavailable, cause} {
			if !errors.Is(err, want) {
				t.Errorf("%v is not found in %v", want, err)
			}
		}
		if first.Err != cause {
			t.Error("the vendor's own error was changed")
		}
		if took := time.Since(began); took != time.Second || v.calls() != 1 {
			t.Errorf("it took %v and %d calls, want 1s and 1", took, v.calls())
		}
	})
}

func TestRetry_firstTry(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	v := newVendor("a")
	s := sms.Chain(v, middleware.Retry(middleware.RetryOptions{}))
	_, err := s.Send(ended, message)
	wantReason(t, err, sms.Canceled, sms.Rejected)
	late := message
	late.Expires = time.Now().Add(-time.Second)
	_, err = s.Send(t.Context(), late)
	wantReason(t, err, sms.Expired, sms.Rejected)
	if v.calls() != 0 {
		t.Errorf("%d calls, want none", v.calls())
	}
}

func TestRetry_nilErrorOfOurType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		broken := sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
			calls++
			var e *sms.Error
			return sms.Receipt{}, e
		})
		m := message
		m.Kind = sms.Verification
		_, err := sms.Chain(broken, middleware.Retry(middleware.RetryOptions{})).Send(t.Context(), m)
		if err == nil || sms.OutcomeOf(err) != sms.Unknown || err.Error() == "" {
			t.Errorf("got %v, want an Unknown outcome", err)
		}
	})
}

func TestRetry_callerLeavesAfterSeveralTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		v := newVendor("a", step{err: throttled(time.Second)}, step{err: throttled(time.Second)})
		time.AfterFunc(1500*time.Millisecond, cancel)
		r, err := sms.Chain(v, middleware.Retry(middleware.RetryOptions{})).Send(ctx, message)
		if got := told(t, r, err); got != "a throttled, a throttled" || !errors.Is(err, context.Canceled) {
			t.Errorf("the story is %q, the error %v", got, err)
		}
	})
}
