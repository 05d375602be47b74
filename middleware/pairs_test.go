package middleware_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

var (
	down    = step{err: no("a", sms.Unavailable)}
	badNo   = step{err: no("a", sms.InvalidNumber)}
	hanging = step{takes: time.Hour, left: true}
)

func repeat(s step, n int) []step {
	var all []step
	for range n {
		all = append(all, s)
	}
	return all
}

// Each pair of middleware, in both orders, over one vendor: how often the vendor
// is called for so many messages, and what the last of them tells.
func TestPairs_overOneVendor(t *testing.T) {
	retry := middleware.Retry(middleware.RetryOptions{})
	var state middleware.Stater // of the last breaker that was made
	breaker := watched(middleware.Breaker(middleware.BreakerOptions{Name: "a", Failures: 4}), &state)
	timeout := middleware.Timeout(time.Second)
	validate := middleware.Validate(codes(t))
	perNumber := func(count int) sms.Middleware {
		return func(next sms.Sender) sms.Sender {
			l := middleware.NewLimiter(middleware.Window{Count: count, Per: 24 * time.Hour})
			return middleware.RateLimit(l, middleware.RateLimitOptions{Key: middleware.ByNumber})(next)
		}
	}
	pace := func(o middleware.PaceOptions) sms.Middleware {
		o.Name, o.PerSecond, o.Burst = "a", 1, 2
		return func(next sms.Sender) sms.Sender { return paced(t, o).Middleware(next) }
	}
	waits := pace(middleware.PaceOptions{})
	refuses := pace(middleware.PaceOptions{Overflow: always, MaxWait: 1})
	once := func(next sms.Sender) sms.Sender {
		return middleware.Deduplicate(middleware.NewMemoryStore(0), time.Hour)(next)
	}
	var optedOut middleware.SuppressionList
	optedOut.Add(message.To, middleware.Suppression{Reason: "opted out"})
	suppressed := suppress(t, &optedOut)
	bad := message
	bad.Params = sms.Params{"code": "四"}
	notice := sms.Message{To: message.To, Template: "order", Params: sms.Params{"name": "王"}}
	body := sms.Message{To: message.To, Body: "hello", Kind: sms.Notification}
	body1 := body
	body1.Key = "k"
	hangUp := step{err: maybe("a", sms.Unavailable)}

	tests := []struct {
		name     string
		chain    []sms.Middleware // the first is the outermost
		plan     []step
		m        sms.Message
		messages int
		calls    int
		want     string
		state    middleware.State
	}{
		// Each message of a vendor that is down is three tries; the breaker inside counts each,
		// and is not waited for once it is open.
		{"retry around breaker", []sms.Middleware{retry, breaker}, repeat(down, 99), message, 2, 4,
			"a unavailable", middleware.StateOpen},
		// The breaker outside counts messages, each of three tries.
		{"breaker around retry", []sms.Middleware{breaker, retry}, repeat(down, 99), message, 5, 12,
			"a unavailable", middleware.StateOpen},
		{"retry around breaker, bad numbers", []sms.Middleware{retry, breaker}, repeat(badNo, 99), message, 10, 10, "a invalid_number", middleware.StateClosed},
		{"breaker around retry, bad numbers", []sms.Middleware{breaker, retry}, repeat(badNo, 99), message, 10, 10, "a invalid_number", middleware.StateClosed},

		// Each try takes a turn of the pace inside. A vendor whose pace is used up is not tried again.
		{"retry around a pace that refuses", []sms.Middleware{retry, refuses}, repeat(down, 2), message, 1, 2, "a unavailable, a unavailable, a paced", 0},
		{"retry around a pace that refuses, refused by it", []sms.Middleware{retry, refuses}, nil, message, 3, 2, "a paced", 0},
		{"retry around a pace that waits", []sms.Middleware{retry, waits}, repeat(down, 2), message, 2, 4, "a accepted", 0},
		{"a pace that waits around retry", []sms.Middleware{waits, retry}, repeat(down, 2), message, 9, 11, "a accepted", 0},
		{"breaker around a pace that waits", []sms.Middleware{breaker, waits}, repeat(down, 99), message, 9, 4, "a unavailable", middleware.StateOpen},
		{"a pace that waits around breaker", []sms.Middleware{waits, breaker}, repeat(down, 99), message, 9, 4, "a unavailable", middleware.StateOpen},
		// One token for a message and all its tries.
		{"a pace that refuses around retry", []sms.Middleware{refuses, retry}, repeat(down, 2), message, 2, 4, "a accepted", 0},
		{"a pace that refuses around retry, refused by it", []sms.Middleware{refuses, retry}, nil, message, 3, 2, "a paced", 0},
		// A Rejected try gives its token back, so each try finds room.
		{"retry around a number's limit", []sms.Middleware{retry, perNumber(1)}, repeat(down, 2), message, 1, 3, "a unavailable, a unavailable, a accepted", 0},
		{"a number's limit around retry", []sms.Middleware{perNumber(1), retry}, repeat(down, 2), message, 1, 3, "a unavailable, a unavailable, a accepted", 0},
		{"retry around a number's limit, refused by it", []sms.Middleware{retry, perNumber(1)}, nil, message, 2, 1, " recipient_limited", 0},
		{"a number's limit around retry, refused by it", []sms.Middleware{perNumber(1), retry}, nil, message, 2, 1, " recipient_limited", 0},

		// Each try has the time to itself; a code goes out again although nobody knows.
		{"retry around timeout, a code", []sms.Middleware{validate, retry, timeout}, repeat(hanging, 2), message, 1, 3, "a unavailable?, a unavailable?, a accepted", 0},
		{"retry around timeout, a notice", []sms.Middleware{validate, retry, timeout}, repeat(hanging, 2), notice, 1, 1, "a unavailable?", 0},
		// All tries share the time; the second does not begin.
		{"timeout around retry", []sms.Middleware{validate, timeout, retry}, repeat(hanging, 2), message, 1, 1, "a unavailable?", 0},

		{"breaker around timeout", []sms.Middleware{breaker, timeout}, repeat(hanging, 99), body, 6, 4, "a unavailable", middleware.StateOpen},
		// The time of the Timeout outside is the breaker's caller's; it counts when it ran for longer than SlowAfter only.
		{"timeout around breaker", []sms.Middleware{timeout, breaker}, repeat(hanging, 99), body, 6, 6, "a unavailable?", middleware.StateClosed},

		// What the pace refuses counts nothing.
		{"breaker around a pace that refuses", []sms.Middleware{breaker, refuses}, nil, message, 9, 2, "a paced", middleware.StateClosed},
		{"a pace that refuses around breaker", []sms.Middleware{refuses, breaker}, repeat(down, 99), message, 9, 2, "a paced", middleware.StateClosed},
		{"breaker around a number's limit", []sms.Middleware{breaker, perNumber(2)}, nil, message, 9, 2, " recipient_limited", middleware.StateClosed},
		{"a number's limit around breaker", []sms.Middleware{perNumber(2), breaker}, repeat(down, 99), message, 9, 4, "a unavailable", middleware.StateOpen},

		{"a pace that refuses around timeout", []sms.Middleware{refuses, timeout}, repeat(hanging, 99), body, 1, 1, "a unavailable?", 0},
		{"timeout around a pace that refuses", []sms.Middleware{timeout, refuses}, repeat(hanging, 99), body, 1, 1, "a unavailable?", 0},

		// A message that came twice is sent once, and costs one token only where Deduplicate is outside.
		{"deduplicate around a number's limit", []sms.Middleware{once, perNumber(1)}, nil, message, 3, 1, "a accepted", 0},
		{"a number's limit around deduplicate", []sms.Middleware{perNumber(1), once}, nil, message, 3, 1, " recipient_limited", 0},
		{"deduplicate around retry", []sms.Middleware{once, retry}, repeat(down, 2), message, 3, 3, "a accepted", 0},
		{"retry around deduplicate", []sms.Middleware{retry, once}, repeat(down, 2), message, 3, 3, "a accepted", 0},
		{"deduplicate around retry, unknown", []sms.Middleware{once, retry}, []step{hangUp}, body1, 3, 1, "a unavailable?", 0},
		{"retry around deduplicate, unknown", []sms.Middleware{retry, once}, []step{hangUp}, body1, 3, 1, "a unavailable?", 0},
		{"deduplicate around breaker", []sms.Middleware{once, breaker}, repeat(down, 99), message, 9, 4, "a unavailable", middleware.StateOpen},
		// What the store answers again is no new failure of the vendor's, but the breaker outside cannot know.
		{"breaker around deduplicate", []sms.Middleware{breaker, once}, []step{hangUp}, body1, 9, 1, "a unavailable", middleware.StateOpen},
		{"deduplicate around breaker, unknown", []sms.Middleware{once, breaker}, []step{hangUp}, body1, 9, 1, "a unavailable?", middleware.StateClosed},

		// Who has opted out is sent nothing, and costs nothing.
		{"suppress around a number's limit", []sms.Middleware{suppressed, perNumber(1)}, nil, message, 3, 0, " recipient_blocked", 0},
		{"a number's limit around suppress", []sms.Middleware{perNumber(1), suppressed}, nil, message, 3, 0, " recipient_blocked", 0},
		{"suppress around retry", []sms.Middleware{suppressed, retry}, nil, message, 1, 0, " recipient_blocked", 0},
		{"retry around suppress", []sms.Middleware{retry, suppressed}, nil, message, 1, 0, " recipient_blocked", 0},
		{"breaker around suppress", []sms.Middleware{breaker, suppressed}, nil, message, 9, 0, " recipient_blocked", middleware.StateClosed},

		// What is wrong costs no try, no token and no failure, wherever it is found.
		{"validate around retry", []sms.Middleware{validate, retry}, nil, bad, 1, 0, " invalid_message", 0},
		{"retry around validate", []sms.Middleware{retry, validate}, nil, bad, 1, 0, " invalid_message", 0},
		{"validate around breaker", []sms.Middleware{validate, breaker}, nil, bad, 9, 0, " invalid_message", middleware.StateClosed},
		{"breaker around validate", []sms.Middleware{breaker, validate}, nil, bad, 9, 0, " invalid_message", middleware.StateClosed},
		{"validate around a number's limit", []sms.Middleware{validate, perNumber(1)}, nil, bad, 3, 0, " invalid_message", 0},
		{"a number's limit around validate", []sms.Middleware{perNumber(1), validate}, nil, bad, 3, 0, " invalid_message", 0},
		{"validate around timeout", []sms.Middleware{validate, timeout}, nil, bad, 1, 0, " invalid_message", 0},
		{"timeout around validate", []sms.Middleware{timeout, validate}, nil, bad, 1, 0, " invalid_message", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor("a", test.plan...)
				state = closed{}
				s := sms.Chain(v, test.chain...)
				var r sms.Receipt
				var err error
				for range test.messages {
					r, err = s.Send(t.Context(), test.m)
				}
				if v.calls() != test.calls {
					t.Errorf("the vendor was called %d times, want %d", v.calls(), test.calls)
				}
				if got := told(t, r, err); got != test.want {
					t.Errorf("the last message tells %q, want %q", got, test.want)
				}
				if got := state.State(); got != test.state {
					t.Errorf("the breaker is %v, want %v", got, test.state)
				}
			})
		})
	}
}

// Failover with another middleware inside, around each of its two vendors, and
// outside, around both.
func TestPairs_withFailover(t *testing.T) {
	retry := middleware.Retry(middleware.RetryOptions{})
	breaker := func(name string) sms.Middleware {
		return middleware.Breaker(middleware.BreakerOptions{Name: name, Failures: 2})
	}
	validate := middleware.Validate(codes(t))
	longThrottle := step{err: &sms.Error{Provider: "a", Reason: sms.Throttled, Outcome: sms.Rejected, RetryAfter: time.Minute}}
	tests := []struct {
		name            string
		inside, outside func(name string) sms.Middleware
		a, b            []step
		messages        int
		callsA, callsB  int
		want            string
	}{
		{"breaker inside: an open vendor is not called", breaker, nil, repeat(down, 99), nil, 10, 2, 10, "a unavailable, b accepted"},
		{"breaker inside: bad numbers open nothing and go nowhere", breaker, nil, repeat(badNo, 99), nil, 10, 10, 0, "a invalid_number"},
		{"breaker outside: one that accepts in the end stays closed", nil, breaker, repeat(down, 99), nil, 10, 10, 10, "a unavailable, b accepted"},
		{"breaker outside: opens when both are down", nil, breaker, repeat(down, 99), repeat(step{err: no("b", sms.Unavailable)}, 99), 10, 2, 2, "both unavailable"},

		{"retry inside: three tries, then the next vendor", func(string) sms.Middleware { return retry }, nil, repeat(down, 3), nil, 1, 3, 1, "a unavailable, a unavailable, a unavailable, b accepted"},
		{"retry inside: no minute's wait while another is free", func(string) sms.Middleware { return retry }, nil, []step{longThrottle}, nil, 1, 1, 1, "a throttled, b accepted"},
		{"retry outside: both vendors again", nil, func(string) sms.Middleware { return retry }, []step{down}, []step{{err: no("b", sms.Unavailable)}}, 1, 2, 1, "a unavailable, b unavailable, a accepted"},
		{"retry outside: a vendor that refuses the credentials has a veto", nil, func(string) sms.Middleware { return retry }, []step{{err: no("a", sms.Unauthorized)}}, []step{{err: no("b", sms.Unavailable)}}, 1, 1, 1, "a unauthorized, b unavailable"},

		{"timeout inside: a code goes on to the next vendor", func(string) sms.Middleware { return middleware.Timeout(time.Second) }, nil, []step{hanging}, nil, 1, 1, 1, "a unavailable?, b accepted"},
		{"timeout outside: the time is over for both", nil, func(string) sms.Middleware { return middleware.Timeout(time.Second) }, []step{hanging}, nil, 1, 1, 0, "a unavailable?"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newVendor("a", test.a...), newVendor("b", test.b...)
				senders := []sms.Sender{a, b}
				if test.inside != nil {
					senders = []sms.Sender{sms.Chain(a, test.inside("a")), sms.Chain(b, test.inside("b"))}
				}
				s := middleware.Failover(senders...)
				if test.outside != nil {
					s = sms.Chain(s, test.outside("both"))
				}
				s = sms.Chain(s, validate)
				var r sms.Receipt
				var err error
				for range test.messages {
					r, err = s.Send(t.Context(), message)
				}
				if a.calls() != test.callsA || b.calls() != test.callsB {
					t.Errorf("a was called %d times and b %d, want %d and %d", a.calls(), b.calls(), test.callsA, test.callsB)
				}
				if got := told(t, r, err); got != test.want {
					t.Errorf("the last message tells %q, want %q", got, test.want)
				}
			})
		})
	}
}

// Our time-out is the vendor's fault: it goes on to the next vendor where that
// does no harm, the breaker counts it, and no context's error is in the story.
func TestPairs_timeoutThroughFailoverAndBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newVendor("a", repeat(hanging, 99)...), newVendor("b")
		guarded := sms.Chain(a, middleware.Breaker(middleware.BreakerOptions{Name: "a", Failures: 2}), middleware.Timeout(time.Second))
		s := sms.Chain(middleware.Failover(guarded, b), middleware.Validate(codes(t)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		for i := range 3 {
			r, err := s.Send(ctx, message)
			want := "a unavailable?, b accepted"
			if i == 2 {
				want = "a unavailable, b accepted" // open: certainly not sent
			}
			if got := told(t, r, err); got != want {
				t.Errorf("message %d tells %q, want %q", i+1, got, want)
			}
			for _, try := range r.Attempts {
				if isContextError(try.Err) {
					t.Errorf("a context's error in %v", try.Err)
				}
			}
		}
		if a.calls() != 2 || b.calls() != 3 {
			t.Errorf("a was called %d times and b %d, want 2 and 3", a.calls(), b.calls())
		}
		_, err := s.Send(ctx, sms.Message{To: message.To, Template: "order", Params: sms.Params{"name": "x"}})
		if err != nil {
			t.Errorf("a notice, the breaker of a being open: %v", err)
		}
	})
}

// The error's text tells each try once, in order.
func TestPairs_textOfTheWholeStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newVendor("a", repeat(down, 3)...)
		b := newVendor("b", step{err: no("b", sms.AccountBlocked)})
		_, err := middleware.Failover(sms.Chain(a, middleware.Retry(middleware.RetryOptions{})), b).Send(t.Context(), message)
		if got := strings.Count(err.Error(), "a: unavailable"); got != 3 {
			t.Errorf("a's three tries are told %d times: %v", got, err)
		}
		if !errors.Is(err, sms.AccountBlocked) || !strings.Contains(err.Error(), "4 attempts") {
			t.Errorf("the text is %q", err)
		}
	})
}

// closed is the state of a chain without a breaker.
type closed struct{}

func (closed) State() middleware.State { return middleware.StateClosed }
