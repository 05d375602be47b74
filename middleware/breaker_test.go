package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// trip makes an open breaker over v of two failures, 30 s, named "a".
func trip(t *testing.T, v *vendor, o middleware.BreakerOptions) sms.Sender {
	t.Helper()
	o.Name, o.Failures = "a", 2
	s := middleware.Breaker(o)(v)
	v.plan = append([]step{{err: no("a", sms.Unavailable)}, {err: no("a", sms.Unavailable)}}, v.plan...)
	for range 2 {
		_, _ = s.Send(t.Context(), message)
	}
	if got := stateOf(s); got != middleware.StateOpen {
		t.Fatalf("after two failures it is %v", got)
	}
	return s
}

func TestBreaker_whatCounts(t *testing.T) {
	tests := []struct {
		name   string
		answer error
		counts bool
	}{
		{"unavailable", no("a", sms.Unavailable), true},
		{"unauthorized", no("a", sms.Unauthorized), true},
		{"account blocked", no("a", sms.AccountBlocked), true},
		{"outcome unknown", maybe("a", sms.Unavailable), true},
		{"an unreadable answer", maybe("a", sms.Internal), true},
		{"unclassified", errors.New("what"), true},
		{"throttled", no("a", sms.Throttled), false},
		{"a bad number", no("a", sms.InvalidNumber), false},
		{"a bad message", no("a", sms.InvalidMessage), false},
		{"banned content", no("a", sms.ContentRejected), false},
		{"opted out", no("a", sms.RecipientBlocked), false},
		{"had enough", no("a", sms.RecipientLimited), false},
		{"expired", no("a", sms.Expired), false},
		{"template rejected", no("a", sms.TemplateRejected), false},
		{"unsupported", no("a", sms.Unsupported), false},
		{"the caller left before", no("a", sms.Canceled), false},
		{"the caller left in flight", maybe("a", sms.Canceled), false},
		{"a bare context error", context.Canceled, false},
		{"a defect of ours", no("a", sms.Internal), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := refusals("a", test.answer, test.answer, test.answer)
			s := middleware.Breaker(middleware.BreakerOptions{Failures: 3})(v)
			for range 3 {
				_, _ = s.Send(t.Context(), message)
			}
			want := middleware.StateClosed
			if test.counts {
				want = middleware.StateOpen
			}
			if got := stateOf(s); got != want {
				t.Errorf("after three it is %v, want %v", got, want)
			}
		})
	}
}

func TestBreaker_whatCountsNothingEndsNoRow(t *testing.T) {
	down, bad := no("a", sms.Unavailable), no("a", sms.InvalidNumber)
	send := func(answers ...error) middleware.State {
		v := refusals("a", answers...)
		s := middleware.Breaker(middleware.BreakerOptions{Failures: 2})(v)
		for range answers {
			_, _ = s.Send(t.Context(), message)
		}
		return stateOf(s)
	}
	if got := send(down, bad, bad, down); got != middleware.StateOpen {
		t.Errorf("two failures with bad numbers between them: %v, want open", got)
	}
	if got := send(down, nil, down); got != middleware.StateClosed {
		t.Errorf("two failures with an accepted message between them: %v, want closed", got)
	}
}

func TestBreaker_open(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a")
		s := trip(t, v, middleware.BreakerOptions{})
		time.Sleep(10 * time.Second)
		m := message
		m.Kind = sms.Verification
		_, err := s.Send(t.Context(), m)
		wantReason(t, err, sms.Unavailable, sms.Rejected)
		e := sms.AsError(err)
		if e.Provider != "a" || e.RetryAfter != 20*time.Second || e.Kind != sms.Verification || e.Key != "k" {
			t.Errorf("the refusal is %v, provider %q, kind %v, key %q", err, e.Provider, e.Kind, e.Key)
		}
		if v.calls() != 2 {
			t.Errorf("%d calls, want 2", v.calls())
		}
		time.Sleep(e.RetryAfter) // exactly then it lets one through
		if _, err := s.Send(t.Context(), message); err != nil {
			t.Errorf("after RetryAfter: %v", err)
		}
		if got := stateOf(s); got != middleware.StateClosed {
			t.Errorf("after an accepted message it is %v", got)
		}
	})
}

func TestBreaker_halfOpen(t *testing.T) {
	tests := []struct {
		name   string
		answer error
		want   middleware.State
	}{
		{"accepted closes", nil, middleware.StateClosed},
		{"another fault opens", no("a", sms.Unavailable), middleware.StateOpen},
		{"an unknown outcome opens", maybe("a", sms.Unavailable), middleware.StateOpen},
		{"a bad number gives its place back", no("a", sms.InvalidNumber), middleware.StateHalfOpen},
		{"a throttled one gives its place back", no("a", sms.Throttled), middleware.StateHalfOpen},
		{"a caller who left gives its place back", maybe("a", sms.Canceled), middleware.StateHalfOpen},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := refusals("a", test.answer, test.answer, test.answer)
				s := trip(t, v, middleware.BreakerOptions{})
				time.Sleep(30 * time.Second)
				_, _ = s.Send(t.Context(), message)
				if got := stateOf(s); got != test.want {
					t.Errorf("it is %v, want %v", got, test.want)
				}
				if test.want == middleware.StateHalfOpen {
					for range 2 {
						_, _ = s.Send(t.Context(), message)
					}
					if v.calls() != 5 {
						t.Errorf("%d calls, want all 5 let through", v.calls())
					}
					if _, err := s.Send(t.Context(), message); err != nil || stateOf(s) != middleware.StateClosed {
						t.Errorf("then an accepted one: %v, %v", err, stateOf(s))
					}
				}
			})
		})
	}
}

func TestBreaker_halfOpenLetsOneThroughAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a", step{takes: time.Second})
		s := trip(t, v, middleware.BreakerOptions{})
		time.Sleep(30 * time.Second)
		var wg sync.WaitGroup
		refused := make(chan error, 10)
		for range 10 {
			wg.Go(func() {
				if _, err := s.Send(t.Context(), message); err != nil {
					refused <- err
				}
			})
		}
		wg.Wait()
		close(refused)
		if len(refused) != 9 || v.calls() != 3 {
			t.Errorf("%d refused and %d calls, want 9 and 3", len(refused), v.calls())
		}
		for err := range refused {
			wantReason(t, err, sms.Unavailable, sms.Rejected)
			if sms.AsError(err).RetryAfter != time.Second {
				t.Errorf("no RetryAfter in %v", err)
			}
		}
	})
}

func TestBreaker_callersDeadline(t *testing.T) {
	tests := []struct {
		name     string
		deadline time.Duration
		left     bool
		opens    bool
	}{
		{"impatient, in flight", 100 * time.Millisecond, true, false},
		{"just as long as SlowAfter", time.Second, true, false},
		{"patient, in flight", 1001 * time.Millisecond, true, true},
		{"patient, never connected", 2 * time.Second, false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor("a")
				s := middleware.Breaker(middleware.BreakerOptions{Failures: 2})(v)
				for range 2 {
					v.plan = []step{{takes: time.Hour, left: test.left}}
					ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
					_, err := s.Send(ctx, message)
					cancel()
					if sms.ReasonOf(err) != sms.Canceled {
						t.Fatalf("got %v", err)
					}
				}
				if got := stateOf(s) == middleware.StateOpen; got != test.opens {
					t.Errorf("open: %v, want %v", got, test.opens)
				}
			})
		})
	}

	t.Run("a caller who cancels after a long time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a", step{takes: time.Hour, left: true})
			s := middleware.Breaker(middleware.BreakerOptions{Failures: 1})(v)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			time.AfterFunc(time.Minute, cancel)
			_, _ = s.Send(ctx, message)
			if got := stateOf(s); got != middleware.StateClosed {
				t.Errorf("it is %v, want closed", got)
			}
		})
	})
}

func TestBreaker_survivesPanicAndGoexit(t *testing.T) {
	for _, how := range []string{"panic", "runtime.Goexit"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var bad bool
				v := newVendor("a")
				s := sms.Chain(v, func(next sms.Sender) sms.Sender {
					return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
						if bad && how == "panic" {
							panic("sender: broken")
						}
						if bad {
							runtime.Goexit()
						}
						return next.Send(ctx, m)
					})
				})
				s = middleware.Breaker(middleware.BreakerOptions{Name: "a", Failures: 2})(s)
				v.plan = []step{{err: no("a", sms.Unavailable)}, {err: no("a", sms.Unavailable)}}
				for range 2 {
					_, _ = s.Send(t.Context(), message)
				}
				time.Sleep(30 * time.Second)
				bad = true
				for range 3 { // each takes the only place, and must give it back
					ended := make(chan any, 1)
					returned := false
					go func() {
						defer func() { ended <- recover() }()
						_, _ = s.Send(t.Context(), message)
						returned = true
					}()
					value := <-ended
					if returned {
						t.Error("Send returned")
					}
					if how == "panic" && value != "sender: broken" || how != "panic" && value != nil {
						t.Errorf("the goroutine ended with %v", value)
					}
				}
				if got := stateOf(s); got != middleware.StateHalfOpen {
					t.Errorf("it is %v, want half-open", got)
				}
				bad = false
				if _, err := s.Send(t.Context(), message); err != nil {
					t.Errorf("the place was not given back: %v", err)
				}
			})
		})
	}
}

func TestBreaker_onChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sms.Sender
		var told []string
		v := newVendor("a")
		o := middleware.BreakerOptions{OnChange: func(c middleware.BreakerChange) {
			told = append(told, fmt.Sprintf("%s %v to %v: %s", c.Name, c.From, c.To, string(sms.ReasonOf(c.Err))))
			_ = s.(middleware.Stater).State() // would deadlock under the lock
			if c.To == middleware.StateOpen {
				_, _ = s.Send(t.Context(), message)
			}
		}}
		o.Name, o.Failures = "a", 2
		s = middleware.Breaker(o)(v)
		v.plan = []step{{err: no("a", sms.Unavailable)}, {err: no("a", sms.Unauthorized)}}
		for range 2 {
			_, _ = s.Send(t.Context(), message)
		}
		time.Sleep(30 * time.Second)
		if _, err := s.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		want := "a closed to open: unauthorized\na open to half-open: \na half-open to closed: "
		if got := strings.Join(told, "\n"); got != want {
			t.Errorf("told:\n%s\nwant:\n%s", got, want)
		}
	})
}

func TestBreaker_onChangeThatPanicsIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		v := newVendor("a", step{err: no("a", sms.Unavailable)})
		s := middleware.Breaker(middleware.BreakerOptions{Failures: 1, OnChange: func(middleware.BreakerChange) {
			if calls++; calls == 1 {
				panic("callback")
			}
		}})(v)
		func() {
			defer func() { _ = recover() }()
			_, _ = s.Send(t.Context(), message)
		}()
		time.Sleep(30 * time.Second)
		if _, err := s.Send(t.Context(), message); err != nil || calls != 3 {
			t.Errorf("%v, told %d times, want 3", err, calls)
		}
	})
}

func TestBreaker_stateIsPerSender(t *testing.T) {
	mw := middleware.Breaker(middleware.BreakerOptions{Failures: 1})
	a, b := mw(refusals("a", no("a", sms.Unavailable))), mw(newVendor("b"))
	_, _ = a.Send(t.Context(), message)
	if stateOf(a) != middleware.StateOpen || stateOf(b) != middleware.StateClosed {
		t.Errorf("a is %v, b is %v", stateOf(a), stateOf(b))
	}
}

// The refusal of an open breaker matches ErrOpen; the error that opened it does not,
// because that call was made, but says for how long the next one would be refused.
func TestBreaker_ErrOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a", step{err: no("a", sms.Unavailable)}, step{err: maybe("a", sms.Unavailable)})
		s := middleware.Breaker(middleware.BreakerOptions{Name: "a", Failures: 2, OpenFor: 20 * time.Second})(v)
		_, first := s.Send(t.Context(), message)
		_, second := s.Send(t.Context(), message)
		time.Sleep(5 * time.Second)
		_, third := s.Send(t.Context(), message)
		for i, test := range []struct {
			err     error
			open    bool
			outcome sms.Outcome
			after   time.Duration
		}{{first, false, sms.Rejected, 0}, {second, false, sms.Unknown, 20 * time.Second}, {third, true, sms.Rejected, 15 * time.Second}} {
			if errors.Is(test.err, middleware.ErrOpen) != test.open || sms.OutcomeOf(test.err) != test.outcome || sms.AsError(test.err).RetryAfter != test.after {
				t.Errorf("%d: %v", i+1, test.err)
			}
		}
		if got := middleware.State(7).String(); got != "state(7)" {
			t.Errorf("an unknown state is %q", got)
		}
	})
}

// watched is mw, and notes the Stater that it makes.
func watched(mw sms.Middleware, s *middleware.Stater) sms.Middleware {
	return func(next sms.Sender) sms.Sender {
		made := mw(next)
		*s = made.(middleware.Stater)
		return made
	}
}

// stateOf returns the state of a breaker.
func stateOf(s sms.Sender) middleware.State { return s.(middleware.Stater).State() }
