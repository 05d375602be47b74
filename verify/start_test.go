package verify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

func TestStart_tellsWhatTheVendorTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ch, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login", IP: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		if ch.ExpiresIn != 5*time.Minute || ch.ResendAfter != time.Minute || ch.Receipt.ID == "" {
			t.Errorf("the challenge is %+v", ch)
		}
		m, _ := w.vendor.Last(alice)
		if !m.Expires.Equal(time.Now().Add(5 * time.Minute)) {
			t.Errorf("the message expires at %v, and the code in 5 minutes", m.Expires)
		}
		if code := m.Params["code"]; len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Errorf("the code is %q", code)
		}
	})
}

func TestStart_resend(t *testing.T) {
	for _, c := range []struct {
		name string
		wait time.Duration
		same bool
		left time.Duration
	}{
		{"at once after the cooldown carries the same code", time.Minute, true, 4 * time.Minute},
		{"with a third of the lifetime left carries the same code", 200 * time.Second, true, 100 * time.Second},
		{"with less than a third left is a new code", 201 * time.Second, false, 5 * time.Minute},
		{"after the lifetime is a new code", 6 * time.Minute, false, 5 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				first := w.start(alice)
				w.wrongs(alice, first, 2)
				time.Sleep(c.wait)
				ch, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login"})
				if err != nil {
					t.Fatal(err)
				}
				if m, _ := w.vendor.Last(alice); !m.Expires.Equal(time.Now().Add(c.left)) {
					t.Errorf("the message expires in %v, and its code in %v", time.Until(m.Expires), c.left)
				}
				second := w.vendor.Code(alice)
				if (first == second) != c.same || ch.ExpiresIn != c.left {
					t.Errorf("same code: %v, expires in %v; want %v, %v", first == second, ch.ExpiresIn, c.same, c.left)
				}
				wantCheck(t, w.check(alice, otherThan(second, 7)), verify.ErrWrong, 2, 0) // the third failure, whatever the code
				if err := w.check(alice, second); err != nil {
					t.Errorf("the code that was sent last is not taken: %v", err)
				}
			})
		})
	}
}

func TestStart_limits(t *testing.T) {
	hourly := func(n int) []middleware.Window { return []middleware.Window{{Count: n, Per: time.Hour}} }
	number := func(i int) sms.Number { return sms.Number(fmt.Sprintf("+86138%08d", i)) }
	for _, c := range []struct {
		name    string
		options func(*verify.Options)
		ask     func(i int) verify.Request
		pass    int
		scope   string
		after   time.Duration
	}{
		{"cooldown", nil,
			func(int) verify.Request { return verify.Request{To: alice, Purpose: "login"} }, 1, "cooldown", time.Minute},
		{"number, 5 an hour", func(o *verify.Options) { o.Cooldown = -1 },
			func(int) verify.Request { return verify.Request{To: alice} }, 5, "number", time.Hour},
		{"number, over all purposes", func(o *verify.Options) { o.Cooldown = -1 },
			func(i int) verify.Request { return verify.Request{To: alice, Purpose: fmt.Sprint("p", i)} }, 5, "number", time.Hour},
		{"IPv4 address, 30 an hour", nil,
			func(i int) verify.Request { return verify.Request{To: number(i), IP: "192.0.2.1"} }, 30, "ip", time.Hour},
		{"IPv4 address written as IPv6", nil,
			func(i int) verify.Request {
				return verify.Request{To: number(i), IP: []string{"192.0.2.1", "::ffff:192.0.2.1"}[i%2]}
			}, 30, "ip", time.Hour},
		{"IPv6 /64", nil,
			func(i int) verify.Request {
				return verify.Request{To: number(i), IP: fmt.Sprintf("2001:db8:1:2::%x", i)}
			}, 30, "ip", time.Hour},
		{"IPv6 zone", nil,
			func(i int) verify.Request { return verify.Request{To: number(i), IP: fmt.Sprintf("fe80::1%%e%d", i)} }, 30, "ip", time.Hour},
		{"IPv4 /24, 300 an hour", nil,
			func(i int) verify.Request { return verify.Request{To: number(i), IP: fmt.Sprintf("192.0.2.%d", i%100)} }, 300, "range", time.Hour},
		{"IPv6 /48", nil,
			func(i int) verify.Request {
				return verify.Request{To: number(i), IP: fmt.Sprintf("2001:db8:1:%x::1", i%100)}
			}, 300, "range", time.Hour},
		{"purpose", func(o *verify.Options) { o.Limits.Purpose = hourly(7) },
			func(i int) verify.Request { return verify.Request{To: number(i), Purpose: "login"} }, 7, "purpose", time.Hour},
		{"all", func(o *verify.Options) { o.Limits.All = hourly(7) },
			func(i int) verify.Request { return verify.Request{To: number(i), Purpose: fmt.Sprint("p", i%3)} }, 7, "all", time.Hour},
		{"of several the longest wait", func(o *verify.Options) { o.Limits.All = hourly(1) },
			func(i int) verify.Request { return verify.Request{To: alice, Purpose: "login"} }, 1, "all", time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(o *verify.Options) {
					if c.options != nil {
						c.options(o)
					}
				})
				for i := range c.pass {
					if _, err := w.Start(t.Context(), c.ask(i)); err != nil {
						t.Fatalf("request %d: %v", i+1, err)
					}
				}
				_, err := w.Start(t.Context(), c.ask(c.pass))
				wantLimit(t, err, c.scope, c.after)
				wantReason(t, err, sms.RecipientLimited, sms.Rejected)
				w.vendor.AssertCount(t, c.pass)
				time.Sleep(c.after)
				if _, err := w.Start(t.Context(), c.ask(c.pass)); err != nil {
					t.Errorf("after the wait that was told: %v", err)
				}
			})
		})
	}
}

func TestStart_limitsHoldAtOnce(t *testing.T) {
	w := newWorld(t, func(o *verify.Options) { o.Cooldown = -1 })
	answers := make(chan error)
	for range 50 {
		go func() {
			_, err := w.Start(context.Background(), verify.Request{To: alice})
			answers <- err
		}()
	}
	passed := 0
	for range 50 {
		if <-answers == nil {
			passed++
		}
	}
	if passed != 5 {
		t.Errorf("%d of 50 at once passed a limit of 5", passed)
	}
	w.vendor.AssertCount(t, 5)
}

// A limit of the Client's refuses codes that are never sent, and so they count for
// nothing: neither in the number's limit nor in the cooldown.
func TestStart_limitOfTheClient(t *testing.T) {
	limited := &sms.Error{Reason: sms.RecipientLimited, Outcome: sms.Rejected, RetryAfter: time.Minute}
	own := func(next sms.Sender) sms.Sender {
		limiter := middleware.NewLimiter(middleware.Window{Count: 1, Per: time.Minute}, middleware.Window{Count: 5, Per: time.Hour}, middleware.Window{Count: 10, Per: 24 * time.Hour})
		return sms.Chain(next, middleware.RateLimit(limiter, middleware.RateLimitOptions{Name: "per_number", Key: middleware.ByNumber}))
	}
	fails := func(err error) func(sms.Sender) sms.Sender {
		return func(next sms.Sender) sms.Sender {
			sent := 0
			return sms.SenderFunc(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
				if sent++; sent > 1 && sent < 6 {
					return sms.Receipt{}, err
				}
				return next.Send(ctx, m)
			})
		}
	}
	for name, sender := range map[string]func(sms.Sender) sms.Sender{
		"per_number":          own,
		"an error of ours":    fails(limited),
		"wrapped":             fails(fmt.Errorf("a layer: %w", limited)),
		"joined":              fails(errors.Join(limited, limited)),
		"a try of ours":       fails(&sms.Error{Reason: sms.RecipientLimited, Outcome: sms.Rejected, Attempts: []sms.Attempt{{Provider: "aliyun", Err: limited}, {Provider: "twilio", Err: limited}}}),
		"a list of ours":      fails(&sms.Error{Reason: sms.RecipientBlocked, Outcome: sms.Rejected}),
		"a vendor, and wraps": fails(fmt.Errorf("a layer: %w", &sms.Error{Provider: "aliyun", Reason: sms.InvalidNumber, Outcome: sms.Rejected})),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(o *verify.Options) { o.Sender = sender(newVendor(t, 0)) })
				ask := func(purpose string) error {
					_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: purpose})
					return err
				}
				if err := ask("login"); err != nil {
					t.Fatal(err)
				}
				for i := range 4 {
					time.Sleep(10 * time.Second)
					if err := ask(fmt.Sprint("p", i)); err == nil {
						t.Fatal("the code was sent")
					}
				}
				time.Sleep(20 * time.Second)
				if err := ask("p3"); err != nil {
					t.Errorf("a minute later: %v", err)
				}
			})
		})
	}
}

// What is given back when the vendor refuses: whether the same number may ask at
// once, and whether the address has its tokens back.
func TestStart_givesBackByOutcome(t *testing.T) {
	type back struct{ number, ip bool }
	for _, c := range []struct {
		name string
		err  error
		want back
	}{
		{"a bad number", sms.InvalidNumber, back{number: true}},
		{"a blocked number", sms.RecipientBlocked, back{number: true}},
		{"a country not served", sms.Unsupported, back{number: true}},
		{"refused content", sms.ContentRejected, back{number: true}},
		{"the vendor says enough", sms.RecipientLimited, back{}},
		{"the vendor is down", sms.Unavailable, back{true, true}},
		{"the account is blocked", sms.AccountBlocked, back{true, true}},
		{"wrong credentials", sms.Unauthorized, back{true, true}},
		{"no such template", sms.TemplateRejected, back{true, true}},
		{"too many calls", sms.Throttled, back{true, true}},
		{"our own pace", sms.Paced, back{true, true}},
		{"our own budget", sms.OverBudget, back{true, true}},
		{"the caller left", sms.Canceled, back{number: true}},
		{"a defect of ours", sms.Internal, back{true, true}},
		{"nobody knows", &sms.Error{Reason: sms.Unavailable}, back{}},
		{"not classified", errors.New("boom"), back{}},
		{"one of two vendors says enough", &sms.Error{Reason: sms.Unavailable, Outcome: sms.Rejected, Attempts: []sms.Attempt{
			{Err: &sms.Error{Provider: "aliyun", Reason: sms.RecipientLimited, Outcome: sms.Rejected}}, {Err: &sms.Error{Reason: sms.Unavailable, Outcome: sms.Rejected}}}}, back{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(o *verify.Options) {
					o.Limits.IP = []middleware.Window{{Count: 1, Per: time.Hour}}
					o.Limits.Number = []middleware.Window{{Count: 1, Per: time.Hour}}
				})
				w.vendor.FailNext(c.err)
				_, err := w.Start(t.Context(), verify.Request{To: alice, IP: "192.0.2.1"})
				if err == nil {
					t.Fatal("the vendor refused and Start did not tell")
				}
				_, err = w.Start(t.Context(), verify.Request{To: alice})
				if got := err == nil; got != c.want.number {
					t.Errorf("the number may ask again: %v, want %v (%v)", got, c.want.number, err)
				}
				_, err = w.Start(t.Context(), verify.Request{To: bob, IP: "192.0.2.1"})
				if got := err == nil; got != c.want.ip {
					t.Errorf("the address may ask again: %v, want %v (%v)", got, c.want.ip, err)
				}
			})
		})
	}
}

func TestStart_givesBackItsOwnTokensOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withoutLimits, func(o *verify.Options) {
			o.Limits.Number = []middleware.Window{{Count: 2, Per: time.Hour}}
			o.Sender = slowSender(time.Minute)
		})
		slow := make(chan error)
		go func() { // takes the first token, and is refused after a minute
			_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "slow"})
			slow <- err
		}()
		time.Sleep(30 * time.Second)
		if _, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "quick"}); err != nil {
			t.Fatal(err)
		}
		<-slow
		time.Sleep(time.Hour - 31*time.Second) // the second token is 59:59 old
		if _, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "quick"}); err != nil {
			t.Fatal(err)
		}
		_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "quick"})
		limit, ok := errors.AsType[*verify.LimitError](err)
		if !ok || limit.RetryAfter > time.Minute {
			t.Errorf("the later token was given back in place of the earlier one: %v", err)
		}
	})
}

// slowSender refuses its first message, after the delay.
func slowSender(delay time.Duration) sms.Sender {
	var asked atomic.Int32
	return sms.SenderFunc(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		if asked.Add(1) == 1 {
			time.Sleep(delay)
			return sms.Receipt{}, &sms.Error{Reason: sms.InvalidNumber, Outcome: sms.Rejected}
		}
		return sms.Receipt{ID: "x"}, nil
	})
}

func TestStart_givesBackAfterTheCallerHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		w := newWorld(t, func(o *verify.Options) {
			o.Sender = sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
				leave()
				return sms.Receipt{}, &sms.Error{Reason: sms.Unavailable, Outcome: sms.Rejected}
			})
		})
		if _, err := w.Start(ctx, verify.Request{To: alice}); err == nil {
			t.Fatal("no error")
		}
		_, err := w.Start(t.Context(), verify.Request{To: alice})
		wantReason(t, err, sms.Unavailable, sms.Rejected) // the vendor was asked again: the cooldown was given back
	})
}

func TestStart_unknownKeepsTheCode(t *testing.T) {
	w := newWorld(t)
	w.vendor.LoseNext()
	ch, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login"})
	wantReason(t, err, sms.Unavailable, sms.Unknown)
	if ch.ExpiresIn <= 0 || ch.ResendAfter != time.Minute {
		t.Errorf("the challenge is %+v", ch)
	}
	if err := w.check(alice, w.vendor.Code(alice)); err != nil {
		t.Errorf("the code that the user may well have is not taken: %v", err)
	}
}

// The code counts from before it is sent: whoever types it in at once is right.
func TestStart_storesBeforeItSends(t *testing.T) {
	var w *world
	checked := errors.New("never asked")
	w = newWorld(t, func(o *verify.Options) {
		o.Sender = sms.SenderFunc(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			checked = w.check(m.To, m.Params["code"])
			return sms.Receipt{}, errors.New("and then everything broke")
		})
	})
	if _, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login"}); err == nil {
		t.Error("Start told no error")
	}
	if checked != nil {
		t.Errorf("the code was not stored when it was sent: %v", checked)
	}
}

func TestStart_lockGivesBackAllButAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *verify.Options) {
			o.Limits.Number = []middleware.Window{{Count: 2, Per: time.Hour}}
			o.Limits.IP = []middleware.Window{{Count: 2, Per: 2 * time.Hour}}
		})
		code := w.start(alice)
		w.wrongs(alice, code, 5)
		time.Sleep(time.Minute)
		for range 2 { // the lock stands, and each asking gives the number's token back
			_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login", IP: "192.0.2.1"})
			wantLimit(t, err, "attempts", 14*time.Minute)
		}
		_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login", IP: "192.0.2.1"})
		wantLimit(t, err, "ip", 2*time.Hour)
		w.vendor.AssertCount(t, 1)
	})
}

func TestStart_refusesWhatCannotBe(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		r      verify.Request
		reason sms.Reason
	}{
		{"two numbers in one", verify.Request{To: "+8613800000000,+8613900000000"}, sms.InvalidNumber},
		{"no number", verify.Request{}, sms.InvalidNumber},
		{"a national number", verify.Request{To: "13800000000"}, sms.InvalidNumber},
		{"a purpose in capitals", verify.Request{To: alice, Purpose: "Login"}, sms.InvalidMessage},
		{"a long purpose", verify.Request{To: alice, Purpose: strings.Repeat("a", 33)}, sms.InvalidMessage},
		{"an address with a port", verify.Request{To: alice, IP: "192.0.2.1:80"}, sms.InvalidMessage},
		{"a name for an address", verify.Request{To: alice, IP: "localhost"}, sms.InvalidMessage},
		{"the code's own variable", verify.Request{To: alice, Params: sms.Params{"code": "1"}}, sms.InvalidMessage},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.Start(t.Context(), c.r)
			wantReason(t, err, c.reason, sms.Rejected)
		})
	}
	w.vendor.AssertCount(t, 0)
}

func TestStart_storeFaults(t *testing.T) {
	for _, step := range []string{"take", "begin"} {
		t.Run(step, func(t *testing.T) {
			broken := &brokenStore{Store: verify.NewMemoryStore(), fails: map[string]error{step: errors.New("connection reset")}}
			w := newWorld(t, func(o *verify.Options) { o.Store = broken })
			_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login", IP: "192.0.2.1"})
			wantReason(t, err, sms.Internal, sms.Rejected)
			w.vendor.AssertCount(t, 0)
			broken.fails = nil
			w.start(alice) // what was taken was given back
		})
	}
	t.Run("the caller has left", func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		leave()
		_, err := newWorld(t).Start(ctx, verify.Request{To: alice})
		wantReason(t, err, sms.Canceled, sms.Rejected)
	})
	t.Run("a store's own deadline is not the caller's", func(t *testing.T) {
		broken := &brokenStore{Store: verify.NewMemoryStore(), fails: map[string]error{"begin": context.DeadlineExceeded}}
		w := newWorld(t, func(o *verify.Options) { o.Store = broken })
		_, err := w.Start(t.Context(), verify.Request{To: alice})
		wantReason(t, err, sms.Internal, sms.Rejected)
		if errors.Is(err, context.DeadlineExceeded) {
			t.Error("the error answers to context.DeadlineExceeded, and the caller's context is alive")
		}
	})
}

func TestStart_otherValuesOfTheTemplate(t *testing.T) {
	r, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "${app}: ${code} for ${what}"})
	if err != nil {
		t.Fatal(err)
	}
	vendor, err := fake.New(fake.Options{Templates: r})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *verify.Options) {
		o.Sender = vendor
		o.Params = sms.Params{"app": "Acme", "what": "login"}
	})
	if _, err := w.Start(t.Context(), verify.Request{To: alice, Params: sms.Params{"what": "payment"}}); err != nil {
		t.Fatal(err)
	}
	m, _ := vendor.Last(alice)
	if m.Params["app"] != "Acme" || m.Params["what"] != "payment" || len(m.Params) != 3 {
		t.Errorf("the values are %v", map[string]string(m.Params))
	}
}
