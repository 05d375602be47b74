package middleware_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// counted is a Limiter that keeps what it was asked, in front of another.
type counted struct {
	middleware.Limiter
	mu       sync.Mutex
	taken    []middleware.Token
	returned []middleware.Token
	fail     error // of Take
	lost     error // of Return
}

func (c *counted) Take(ctx context.Context, key string) (middleware.Token, error) {
	if c.fail != nil {
		return middleware.Token{}, c.fail
	}
	token, err := c.Limiter.Take(ctx, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = append(c.taken, token)
	return token, err
}

func (c *counted) Return(ctx context.Context, t middleware.Token) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	c.returned = append(c.returned, t)
	if c.lost != nil {
		return c.lost
	}
	return c.Limiter.Return(ctx, t)
}

func once() *counted {
	return &counted{Limiter: middleware.NewLimiter(middleware.Window{Count: 1, Per: time.Minute})}
}

func TestRateLimit_givesBack(t *testing.T) {
	inner := &sms.Error{Reason: sms.RecipientLimited, Outcome: sms.Rejected} // of a limit of ours: no provider
	perNumber := middleware.RateLimitOptions{Key: middleware.ByNumber}
	tests := []struct {
		name    string
		options middleware.RateLimitOptions
		answer  error
		back    bool
	}{
		{"accepted", perNumber, nil, false},
		{"rejected", perNumber, no("a", sms.InvalidNumber), true},
		{"unavailable, rejected", perNumber, no("a", sms.Unavailable), true},
		{"canceled before it left", perNumber, no("a", sms.Canceled), true},
		{"unknown", perNumber, maybe("a", sms.Unavailable), false},
		{"unclassified", perNumber, errors.New("what"), false},
		{"the vendor says the recipient has had enough", perNumber, no("a", sms.RecipientLimited), false},
		{"one vendor of two said so", perNumber, sms.SumAttempts([]sms.Attempt{{Err: no("a", sms.RecipientLimited)}, {Err: no("b", sms.Unavailable)}}), false},
		{"another limit of ours says so", perNumber, inner, true},
		{"one try of two is unknown", perNumber, sms.SumAttempts([]sms.Attempt{{Err: maybe("a", sms.Unavailable)}, {Err: no("b", sms.Unavailable)}}), false},
		{"a limit on calls", middleware.RateLimitOptions{}, no("a", sms.Unavailable), false},
		{"a limit on calls for each region", middleware.RateLimitOptions{Key: middleware.ByRegion, Reason: sms.Throttled}, no("a", sms.Unavailable), false},
		{"a limit for all, said to be the recipient's", middleware.RateLimitOptions{Reason: sms.RecipientLimited}, no("a", sms.Unavailable), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := once()
			s := sms.Chain(refusals("a", test.answer), middleware.RateLimit(l, test.options))
			_, err := s.Send(t.Context(), message)
			if err != test.answer {
				t.Errorf("got %v, want %v as it came", err, test.answer)
			}
			if got := len(l.returned) == 1; got != test.back {
				t.Fatalf("given back: %v, want %v", got, test.back)
			}
			if test.back && l.returned[0] != l.taken[0] {
				t.Errorf("another token came back: %v, taken was %v", l.returned[0], l.taken[0])
			}
			_, err = s.Send(t.Context(), message)
			if got := err == nil; got != test.back {
				t.Errorf("the next one passes: %v, want %v: %v", got, test.back, err)
			}
		})
	}
}

func TestRateLimit_refusal(t *testing.T) {
	tests := []struct {
		name     string
		options  middleware.RateLimitOptions
		reason   sms.Reason
		provider string
	}{
		{"for each number", middleware.RateLimitOptions{Name: "per number", Key: middleware.ByNumber}, sms.RecipientLimited, ""},
		{"for all", middleware.RateLimitOptions{Name: "aliyun"}, sms.Paced, "aliyun"},
		{"for all, with the reason of a vendor", middleware.RateLimitOptions{Name: "aliyun", Reason: sms.Throttled}, sms.Paced, "aliyun"},
		{"a reason of one's own", middleware.RateLimitOptions{Name: "budget", Key: middleware.ByTemplate, Reason: sms.Unsupported}, sms.Unsupported, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor("a")
				s := sms.Chain(v, middleware.RateLimit(once(), test.options))
				if _, err := s.Send(t.Context(), message); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Second)
				_, err := s.Send(t.Context(), message)
				wantReason(t, err, test.reason, sms.Rejected)
				e := sms.AsError(err)
				if e.RetryAfter != 40*time.Second || e.Provider != test.provider || e.Key != "k" {
					t.Errorf("RetryAfter %v, provider %q, key %q", e.RetryAfter, e.Provider, e.Key)
				}
				if !strings.Contains(err.Error(), test.options.Name) || strings.Contains(err.Error(), "13800000000") {
					t.Errorf("the text is %q", err)
				}
				if v.calls() != 1 {
					t.Errorf("%d calls", v.calls())
				}
			})
		})
	}
}

func TestRateLimit_waits(t *testing.T) {
	tests := []struct {
		name     string
		maxWait  time.Duration
		deadline time.Duration
		expires  time.Duration
		took     time.Duration
		reason   sms.Reason
	}{
		{"long enough", time.Minute, 0, 0, time.Minute, ""},
		{"not long enough", time.Minute - 1, 0, 0, 0, sms.Paced},
		{"not at all", 0, 0, 0, 0, sms.Paced},
		{"past the deadline", time.Hour, time.Minute, 0, 0, sms.Paced},
		{"up to just before the deadline", time.Hour, time.Minute + 1, 0, time.Minute, ""},
		{"past the message's expiry", time.Hour, 0, time.Minute, 0, sms.Paced},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, m := t.Context(), message
				if test.deadline > 0 {
					bounded, cancel := context.WithTimeout(ctx, test.deadline)
					defer cancel()
					ctx = bounded
				}
				if test.expires > 0 {
					m.Expires = time.Now().Add(test.expires)
				}
				s := sms.Chain(newVendor("a"), middleware.RateLimit(once(), middleware.RateLimitOptions{MaxWait: test.maxWait}))
				_, _ = s.Send(ctx, m)
				began := time.Now()
				_, err := s.Send(ctx, m)
				if got := sms.ReasonOf(err); got != test.reason {
					t.Errorf("got %v, want %q", err, test.reason)
				}
				if took := time.Since(began); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
			})
		})
	}
}

// Of many that wait together, only those pass whose turn comes within MaxWait.
func TestRateLimit_allWaitsTogetherAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a")
		s := sms.Chain(v, middleware.RateLimit(middleware.NewLimiter(middleware.Window{Count: 1, Per: time.Second}), middleware.RateLimitOptions{MaxWait: 3 * time.Second}))
		var wg sync.WaitGroup
		began := time.Now()
		for range 50 {
			wg.Go(func() { _, _ = s.Send(t.Context(), message) })
		}
		wg.Wait()
		if took := time.Since(began); took > 3*time.Second || v.calls() != 4 {
			t.Errorf("%d passed in %v, want 4 in at most 3s", v.calls(), took)
		}
	})
}

func TestRateLimit_callerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a")
		s := sms.Chain(v, middleware.RateLimit(once(), middleware.RateLimitOptions{MaxWait: time.Hour}))
		_, _ = s.Send(t.Context(), message)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := s.Send(ctx, message)
		wantReason(t, err, sms.Canceled, sms.Rejected)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the context's error is not found in %v", err)
		}
		_, err = s.Send(ctx, message) // has left before
		wantReason(t, err, sms.Canceled, sms.Rejected)
		if v.calls() != 1 {
			t.Errorf("%d calls, want 1", v.calls())
		}
	})
}

// A caller who has left by the time of the refusal gets the token back all the same.
func TestRateLimit_givesBackAfterTheCallerHasLeft(t *testing.T) {
	l := once()
	ctx, cancel := context.WithCancel(t.Context())
	leaving := sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
		cancel()
		return sms.Receipt{}, no("a", sms.Canceled)
	})
	_, _ = sms.Chain(leaving, middleware.RateLimit(l, middleware.RateLimitOptions{Key: middleware.ByNumber})).Send(ctx, message)
	if len(l.returned) != 1 {
		t.Error("the token was not given back")
	}
}

func TestRateLimit_faultsOfOurs(t *testing.T) {
	masked := func(m sms.Message) string { return m.To.String() }
	broken := once()
	broken.fail = errors.New("connection refused")
	tests := []struct {
		name    string
		limiter middleware.Limiter
		key     func(sms.Message) string
		want    string

		constructor bool // it is known before any message
	}{
		{"the store fails", broken, middleware.ByNumber, "connection refused", false},
		{"no limiter", nil, middleware.ByNumber, "there is no Limiter", true},
		{"a masked number as the key", once(), masked, "a masked number is no key", false},
		{"no window", middleware.NewLimiter(), nil, "there is no window", true},
		{"a window of nothing", middleware.NewLimiter(middleware.Window{Count: 0, Per: time.Hour}, middleware.Window{Count: 1}), nil, "window 1: count is 0", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := newVendor("a")
			if mw, err := middleware.NewRateLimit(test.limiter, middleware.RateLimitOptions{Key: test.key}); test.constructor && (mw != nil || err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("NewRateLimit returns %v, want %q", err, test.want)
			} else if !test.constructor && err != nil {
				t.Errorf("NewRateLimit returns %v", err)
			}
			_, err := sms.Chain(v, middleware.RateLimit(test.limiter, middleware.RateLimitOptions{Key: test.key})).Send(t.Context(), message)
			wantReason(t, err, sms.Internal, sms.Rejected)
			if e := sms.AsError(err); e.Provider != "" || !strings.Contains(err.Error(), test.want) {
				t.Errorf("provider %q, text %q; want none, and %q", e.Provider, err, test.want)
			}
			if v.calls() != 0 {
				t.Error("it went out uncounted")
			}
		})
	}
}

func TestRateLimit_tokenLost(t *testing.T) {
	l := once()
	l.lost = errors.New("connection reset")
	first := no("a", sms.InvalidNumber)
	_, err := sms.Chain(refusals("a", first), middleware.RateLimit(l, middleware.RateLimitOptions{Name: "n", Key: middleware.ByNumber})).Send(t.Context(), message)
	wantReason(t, err, sms.InvalidNumber, sms.Rejected)
	if !strings.Contains(err.Error(), "connection reset") || first.Err != nil {
		t.Errorf("the error %v does not tell of it, or the vendor's own was changed", err)
	}
}

func TestRateLimit_keys(t *testing.T) {
	m := sms.Message{To: "+8613800000000", Template: "login-code", Tags: map[string]string{"tenant": "acme"}}
	for want, got := range map[string]string{
		"+8613800000000": middleware.ByNumber(m), "login-code": middleware.ByTemplate(m),
		"+5491123456789": middleware.ByNumber(sms.Message{To: "+541123456789"}), "+5511961234567": middleware.ByNumber(sms.Message{To: "+551161234567"}),
		"CN": middleware.ByRegion(m), "acme": middleware.ByTag("tenant")(m), "": middleware.ByTag("other")(m),
	} {
		if got != want {
			t.Errorf("the key is %q, want %q", got, want)
		}
	}
}
