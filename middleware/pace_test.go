package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func paced(tb testing.TB, o middleware.PaceOptions) *middleware.Pace {
	tb.Helper()
	p, err := middleware.NewPace(o)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// always is an Overflow for all messages.
func always(context.Context, sms.Message) bool { return true }

// notice and otp return the nth message of their kinds.
func notice(n int) sms.Message {
	return sms.Message{To: "+8613800000000", Body: "x", Kind: sms.Notification, Key: fmt.Sprint("notice", n)}
}

func otp(n int) sms.Message {
	return sms.Message{To: "+8613800000000", Body: "x", Kind: sms.Verification, Key: fmt.Sprint("code", n)}
}

// busiest returns how many of times lie in the fullest second. They are in order.
func busiest(times []time.Time) (most int) {
	for i, from := 0, 0; i < len(times); i++ {
		for times[i].Sub(times[from]) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// sendAll sends each as soon as the one before waits or has left, and returns their errors.
func sendAll(ctx context.Context, s sms.Sender, messages ...sms.Message) []error {
	errs := make([]error, len(messages))
	var wg sync.WaitGroup
	for i, m := range messages {
		wg.Go(func() { _, errs[i] = s.Send(ctx, m) })
		synctest.Wait()
	}
	wg.Wait()
	return errs
}

func notices(n int) []sms.Message {
	all := make([]sms.Message, n)
	for i := range all {
		all[i] = notice(i)
	}
	return all
}

// Nothing is refused, nothing overtakes, and no second holds more than the pace and its burst.
func TestPace_waitsInOrder(t *testing.T) {
	for _, c := range []struct {
		perSecond    float64
		messages     int
		second       int
		atLeast, end time.Duration
	}{
		{60, 900, 66, 14 * time.Second, 16 * time.Second},
		{20, 1000, 22, 49 * time.Second, 51 * time.Second},
		{0.5, 5, 1, 8 * time.Second, 8 * time.Second},
		{1e6, 500, 500, 0, 0},
		{math.Inf(1), 500, 500, 0, 0},
	} {
		t.Run(fmt.Sprint(c.messages, " at ", c.perSecond), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor("a")
				began := time.Now()
				errs := sendAll(t.Context(), sms.Chain(v, paced(t, middleware.PaceOptions{PerSecond: c.perSecond}).Middleware), notices(c.messages)...)
				if err := errors.Join(errs...); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took < c.atLeast || took > c.end {
					t.Errorf("it took %v, want %v to %v", took, c.atLeast, c.end)
				}
				if most := busiest(v.at); most > c.second {
					t.Errorf("one second holds %d calls, want at most %d", most, c.second)
				}
				if len(v.got) != c.messages {
					t.Errorf("%d calls", len(v.got))
				}
				for i, m := range v.got {
					if m.Key != notice(i).Key {
						t.Fatalf("call %d is of %s: it has overtaken", i, m.Key)
					}
				}
			})
		})
	}
}

// Codes leave before all others, in their own order.
func TestPace_codesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a")
		s := sms.Chain(v, paced(t, middleware.PaceOptions{PerSecond: 20}).Middleware)
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for i := range 2000 {
			waiting.Go(func() { _, _ = s.Send(ctx, notice(i)) })
		}
		time.Sleep(time.Second)
		for i := range 3 {
			began := time.Now()
			if _, err := s.Send(ctx, otp(i)); err != nil || time.Since(began) > 200*time.Millisecond {
				t.Errorf("a code took %v behind 2,000 notices, want at most 200ms (%v)", time.Since(began), err)
			}
			time.Sleep(70 * time.Millisecond)
		}
		v.mu.Lock()
		v.got = nil
		v.mu.Unlock()
		if err := errors.Join(sendAll(ctx, s, otp(1), otp(2), otp(3), otp(4))...); err != nil {
			t.Fatal(err)
		}
		cancel()
		waiting.Wait()
		for i, m := range v.got[:4] {
			if m.Key != otp(i+1).Key {
				t.Errorf("call %d is of %s, want the codes in their order", i, m.Key)
			}
		}
	})
}

// A wait ends with the context or the message; one that certainly comes too late is not begun.
func TestPace_ends(t *testing.T) {
	for _, c := range []struct {
		name          string
		deadline      time.Duration
		expires       time.Duration
		cancel        time.Duration
		ahead         int
		after, retry  time.Duration
		reason        sms.Reason
		holds         error
		leavesTheRest bool
	}{
		{name: "its turn comes before the deadline", deadline: 3 * time.Second, ahead: 1, after: 2 * time.Second},
		{name: "its turn comes after the deadline", deadline: 3 * time.Second, ahead: 2, reason: sms.Canceled, holds: context.DeadlineExceeded, retry: 3 * time.Second},
		{name: "its turn comes before it expires", expires: 3 * time.Second, ahead: 1, after: 2 * time.Second},
		{name: "its turn comes after it expires", expires: 3 * time.Second, ahead: 2, reason: sms.Expired, retry: 3 * time.Second},
		{name: "the caller leaves", cancel: 1500 * time.Millisecond, ahead: 5, after: 1500 * time.Millisecond, reason: sms.Canceled, holds: context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor("a")
				s := sms.Chain(v, paced(t, middleware.PaceOptions{Name: "a", PerSecond: 1}).Middleware)
				var others sync.WaitGroup
				for i := range c.ahead + 1 { // the first leaves at once
					others.Go(func() { _, _ = s.Send(t.Context(), notice(i)) })
				}
				synctest.Wait()
				ctx, m := t.Context(), notice(99)
				if c.deadline > 0 {
					bounded, cancel := context.WithTimeout(ctx, c.deadline)
					defer cancel()
					ctx = bounded
				}
				if c.cancel > 0 {
					canceled, cancel := context.WithCancel(ctx)
					time.AfterFunc(c.cancel, cancel)
					ctx = canceled
				}
				if c.expires > 0 {
					m.Expires = time.Now().Add(c.expires)
				}
				began := time.Now()
				_, err := s.Send(ctx, m)
				if took := time.Since(began); took != c.after {
					t.Errorf("it took %v, want %v", took, c.after)
				}
				if c.reason == "" && err != nil || c.reason != "" && (sms.ReasonOf(err) != c.reason || sms.OutcomeOf(err) != sms.Rejected) {
					t.Errorf("%v, want the reason %v", err, c.reason)
				}
				if c.holds != nil && !errors.Is(err, c.holds) {
					t.Errorf("%v is not found in %v", c.holds, err)
				}
				if err != nil && c.retry != 0 && sms.AsError(err).RetryAfter != c.retry {
					t.Errorf("RetryAfter is %v, want %v", sms.AsError(err).RetryAfter, c.retry)
				}
				others.Wait()
				if want := c.ahead + 1; c.reason != "" && v.calls() != want {
					t.Errorf("%d of the others left, want %d", v.calls(), want)
				}
			})
		})
	}
}

// A message that expires while it waits, because codes overtook it, is not sent.
func TestPace_expiresWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a")
		s := sms.Chain(v, paced(t, middleware.PaceOptions{PerSecond: 1}).Middleware)
		_, _ = s.Send(t.Context(), notice(0))
		var codes sync.WaitGroup
		time.AfterFunc(500*time.Millisecond, func() {
			for i := range 3 {
				codes.Go(func() { _, _ = s.Send(t.Context(), otp(i)) })
			}
		})
		m := notice(1)
		m.Expires = time.Now().Add(2 * time.Second)
		began := time.Now()
		_, err := s.Send(t.Context(), m)
		wantReason(t, err, sms.Expired, sms.Rejected)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it waited for %v, want 2s", took)
		}
		time.Sleep(10 * time.Second)
		codes.Wait()
		if v.calls() != 4 {
			t.Errorf("%d calls, want 4", v.calls())
		}
	})
}

// When the breaker opens, nothing waits for the vendor any more.
func TestPace_openBreakerFreesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newVendor("a"), newVendor("b")
		for range 1000 {
			a.plan = append(a.plan, step{err: no("a", sms.Unavailable)})
		}
		breaker := middleware.Breaker(middleware.BreakerOptions{Name: "a", Failures: 3, OpenFor: time.Hour})(a)
		pace := paced(t, middleware.PaceOptions{Name: "a", PerSecond: 2, Open: func() bool {
			return breaker.(middleware.Stater).State() == middleware.StateOpen
		}})
		s := middleware.Failover(sms.Chain(breaker, pace.Middleware), b)
		began := time.Now()
		if err := errors.Join(sendAll(t.Context(), s, notices(203)...)...); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); a.calls() != 3 || b.calls() != 203 || took > 2*time.Second {
			t.Errorf("%d calls to a and %d to b in %v, want 3 and 203 within 2s", a.calls(), b.calls(), took)
		}
		if _, err := s.Send(t.Context(), notice(999)); err != nil || a.calls() != 3 {
			t.Errorf("one more: %v, %d calls to a", err, a.calls())
		}
	})
}

// With another vendor behind it a message waits for MaxWait, and only if Overflow says so.
func TestPace_overflow(t *testing.T) {
	codesOnly := func(_ context.Context, m sms.Message) bool { return m.Kind == sms.Verification }
	for _, c := range []struct {
		name     string
		overflow func(context.Context, sms.Message) bool
		send     func(int) sms.Message
		a, b     int
		took     time.Duration
	}{
		{"nothing overflows", nil, notice, 900, 0, 16 * time.Second},
		{"notices wait where only codes overflow", codesOnly, notice, 900, 0, 16 * time.Second},
		{"notices overflow", always, notice, 35, 865, 500 * time.Millisecond},
		{"codes overflow", codesOnly, otp, 35, 865, 500 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newVendor("a"), newVendor("b")
				pace := paced(t, middleware.PaceOptions{Name: "a", PerSecond: 60, Overflow: c.overflow})
				s := middleware.Failover(sms.Chain(a, pace.Middleware), b)
				began := time.Now()
				messages := make([]sms.Message, 900)
				for i := range messages {
					messages[i] = c.send(i)
				}
				if err := errors.Join(sendAll(t.Context(), s, messages...)...); err != nil {
					t.Fatal(err)
				}
				if a.calls() != c.a || b.calls() != c.b || time.Since(began) > c.took {
					t.Errorf("%d by a and %d by b in %v, want %d and %d in at most %v", a.calls(), b.calls(), time.Since(began), c.a, c.b, c.took)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := sms.Chain(newVendor("a"), paced(t, middleware.PaceOptions{Name: "a", PerSecond: 1, Overflow: always}).Middleware)
		_, _ = s.Send(t.Context(), notice(0))
		_, err := s.Send(t.Context(), notice(1))
		wantReason(t, err, sms.Paced, sms.Rejected)
		if e := sms.AsError(err); e.Provider != "a" || e.RetryAfter != time.Second || err.Error() != "a: over our own pace: 1 calls a second are used up; try again after 1s" {
			t.Errorf("%v", err)
		}
	})
}

// Waiting is no time of the vendor's: it neither counts as slowness nor uses up the time of
// Timeout and Retry.
func TestPace_waitingIsNoVendorTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttled := &sms.Error{Provider: "a", Reason: sms.Throttled, Outcome: sms.Rejected, RetryAfter: time.Second}
		v := newVendor("a", step{}, step{takes: 2 * time.Second, err: throttled})
		breaker := middleware.Breaker(middleware.BreakerOptions{Name: "a", Failures: 1})(sms.Chain(v, middleware.Timeout(3*time.Second)))
		s := sms.Chain(breaker,
			middleware.Retry(middleware.RetryOptions{MaxElapsed: 10 * time.Second}),
			paced(t, middleware.PaceOptions{Name: "a", PerSecond: 0.01}).Middleware)
		_, _ = s.Send(t.Context(), notice(0))
		receipt, err := s.Send(t.Context(), notice(1))
		if err != nil || told(t, receipt, err) != "a throttled, a accepted" {
			t.Fatalf("%s, %v", told(t, receipt, err), err)
		}
		if took := receipt.Attempts[0].Took; took != 2*time.Second {
			t.Errorf("the try is said to have lasted %v, want 2s", took)
		}
		if state := breaker.(middleware.Stater).State(); state != middleware.StateClosed {
			t.Errorf("the breaker is %v", state)
		}
		if len(v.at) != 3 || v.at[2].Sub(v.at[0]) != 200*time.Second {
			t.Errorf("calls at %v", v.at)
		}
		ctx, cancel := context.WithCancel(t.Context()) // a caller who leaves a wait says nothing of the vendor
		time.AfterFunc(50*time.Second, cancel)
		_, err = s.Send(ctx, notice(2))
		wantReason(t, err, sms.Canceled, sms.Rejected)
		if state := breaker.(middleware.Stater).State(); state != middleware.StateClosed {
			t.Errorf("the breaker is %v", state)
		}
	})
}

// Messages that wait elsewhere get turns, and keep them against messages that wait here.
func TestPace_turnsElsewhere(t *testing.T) {
	for _, here := range []int{0, 200} {
		t.Run(fmt.Sprint(here, " wait here"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor("a")
				s := sms.Chain(v, paced(t, middleware.PaceOptions{Name: "a", PerSecond: 20}).Middleware)
				var wg sync.WaitGroup
				began := time.Now()
				for i := range here {
					wg.Go(func() { _, _ = s.Send(t.Context(), notice(1000+i)) })
				}
				time.Sleep(time.Millisecond)
				tries := make([]int, 300)
				for i := range tries {
					wg.Go(func() {
						var turn time.Time
						for {
							tries[i]++
							began := time.Now()
							_, err := s.Send(sms.WithTurn(t.Context(), turn), notice(i))
							if time.Since(began) != 0 {
								t.Errorf("it was held for %v", time.Since(began))
							}
							if err == nil {
								return
							}
							if !errors.Is(err, sms.ErrTurn) || sms.ReasonOf(err) != sms.Canceled || sms.OutcomeOf(err) != sms.Rejected {
								t.Errorf("got %v", err)
								return
							}
							d := sms.AsError(err).RetryAfter
							turn = time.Now().Add(d)
							time.Sleep(d + rand.N(20*time.Millisecond)) // a queue looks a little later
						}
					})
				}
				time.Sleep(time.Second)
				asked := time.Now()
				if _, err := s.Send(t.Context(), otp(0)); err != nil || time.Since(asked) > 200*time.Millisecond {
					t.Errorf("a code took %v, %v", time.Since(asked), err)
				}
				wg.Wait()
				if took, ideal := time.Since(began), time.Duration(300+here)*50*time.Millisecond; took < ideal-time.Second || took > ideal*11/10 {
					t.Errorf("it took %v, want about %v", took, ideal)
				}
				if most := busiest(v.at); most > 22 {
					t.Errorf("one second holds %d calls", most)
				}
				total := 0
				for i, n := range tries {
					total += n
					if n > 20 {
						t.Errorf("message %d was sent back %d times", i, n-1)
					}
				}
				if total > 1200 {
					t.Errorf("%d sends of 300 messages", total)
				}
			})
		})
	}
}

// Whoever comes, goes, leaves and expires: nothing is stuck and no second holds too many.
func TestPace_randomTraffic(t *testing.T) {
	for range 20 {
		seed := rand.Uint64()
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				perSecond := []float64{0.3, 2, 20, 500}[random.IntN(4)]
				open := false
				v := newVendor("a")
				s := sms.Chain(v, paced(t, middleware.PaceOptions{PerSecond: perSecond, Burst: 3, Open: func() bool { return open }}).Middleware)
				var wg sync.WaitGroup
				for i := range 300 {
					m, ctx, cancel := notice(i), t.Context(), context.CancelFunc(func() {})
					if random.IntN(4) == 0 {
						m = otp(i)
					}
					switch random.IntN(5) {
					case 0:
						ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(3000))*time.Millisecond)
					case 1:
						m.Expires = time.Now().Add(time.Duration(random.IntN(3000)) * time.Millisecond)
					case 2:
						ctx, cancel = context.WithCancel(ctx)
						time.AfterFunc(time.Duration(random.IntN(3000))*time.Millisecond, cancel)
					case 3:
						ctx = sms.WithTurn(ctx, time.Now().Add(time.Duration(random.IntN(3)-1)*time.Second))
					}
					wg.Go(func() {
						defer cancel()
						_, err := s.Send(ctx, m)
						if err != nil && sms.OutcomeOf(err) != sms.Rejected {
							t.Errorf("%v", err)
						}
					})
					time.Sleep(time.Duration(random.IntN(50)) * time.Millisecond)
				}
				wg.Wait()
				if most := busiest(v.at); most > int(math.Ceil(perSecond))+3 {
					t.Errorf("one second holds %d calls at %v a second", most, perSecond)
				}
				_, _ = s.Send(t.Context(), notice(0))
				if n := v.calls(); n < 20 {
					t.Errorf("only %d were sent", n)
				}
			})
		})
	}
}

func TestPace_wait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := paced(t, middleware.PaceOptions{PerSecond: 2})
		s := sms.Chain(newVendor("a"), p.Middleware)
		if got := p.Wait(); got != 0 {
			t.Errorf("%v, want 0", got)
		}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() { _, _ = s.Send(t.Context(), notice(i)) })
		}
		synctest.Wait()
		if got := p.Wait(); got != 2*time.Second {
			t.Errorf("%v, want 2s", got)
		}
		wg.Wait()
	})
}

func TestNewPace_faults(t *testing.T) {
	for _, perSecond := range []float64{0, -1, math.NaN(), math.Inf(-1)} {
		if p, err := middleware.NewPace(middleware.PaceOptions{Name: "a", PerSecond: perSecond}); p != nil || err == nil {
			t.Errorf("%v: %v, %v", perSecond, p, err)
		}
	}
	paced(t, middleware.PaceOptions{PerSecond: 1e-300}) // overflows nothing
}
