package verify_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// An attacker asks for 400 numbers that have an account and 400 that have none,
// three times each, and looks for the status or time of one answer that tells them
// apart. The best single threshold may be right for 480 of the 800.
func TestAttack_whoHasAnAccount(t *testing.T) {
	took := func(ctx context.Context, from, to time.Duration) {
		wait := time.NewTimer(from + rand.N(to-from))
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
		}
	}
	accepts := func(ctx context.Context) (sms.Receipt, error) {
		took(ctx, 200*time.Millisecond, 400*time.Millisecond)
		return sms.Receipt{}, nil
	}
	refuses := func(r sms.Reason, provider string) error {
		return &sms.Error{Reason: r, Outcome: sms.Rejected, Provider: provider}
	}
	// landline is the numbers that the attacker signs up first; the vendor refuses them.
	landline := func(m sms.Message) bool { return strings.HasPrefix(string(m.To), "+8610") }
	for _, c := range []struct {
		name  string
		send  func(ctx context.Context, m sms.Message) (sms.Receipt, error)
		limit []middleware.Window // the Client's own limit for each number
		dials []string            // prefixes of the numbers
	}{
		{name: "refusals of other people's numbers", send: func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if landline(m) {
				took(ctx, 50*time.Millisecond, 60*time.Millisecond)
				return sms.Receipt{}, refuses(sms.InvalidNumber, "aliyun")
			}
			return accepts(ctx)
		}},
		{name: "one vendor for each region", dials: []string{"+861380", "+8529", "+6590"}, send: func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			switch {
			case strings.HasPrefix(string(m.To), "+852"):
				took(ctx, 600*time.Millisecond, 900*time.Millisecond)
				return sms.Receipt{}, nil
			case strings.HasPrefix(string(m.To), "+65"):
				took(ctx, 20*time.Millisecond, 30*time.Millisecond)
				return sms.Receipt{}, refuses(sms.Unavailable, "twilio")
			}
			return accepts(ctx)
		}},
		{name: "the Client's own limit", limit: []middleware.Window{{Count: 1, Per: 24 * time.Hour}}},
		{name: "refusals of these very numbers, at once", send: func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if strings.HasPrefix(string(m.To), "+8613800") {
				return sms.Receipt{}, refuses(sms.RecipientBlocked, "") // a list of ours
			}
			return accepts(ctx)
		}, dials: []string{"+8613800"}},
		{name: "a code of the vendor's that is not in its table", send: func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if landline(m) {
				return sms.Receipt{}, refuses(sms.Internal, "aliyun")
			}
			return accepts(ctx)
		}},
		{name: "a region that no vendor serves", send: func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if strings.HasPrefix(string(m.To), "+852") {
				return sms.Receipt{}, refuses(sms.Unsupported, "aliyun")
			}
			return accepts(ctx)
		}, dials: []string{"+8529", "+861380"}},
		{name: "a vendor that is down for a quarter of the time", send: func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if rand.IntN(4) == 0 {
				took(ctx, 10*time.Millisecond, 20*time.Millisecond)
				return sms.Receipt{}, refuses(sms.Unavailable, "aliyun")
			}
			return accepts(ctx)
		}},
		{name: "a vendor that does not answer in time", send: func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			<-ctx.Done()
			return sms.Receipt{}, &sms.Error{Reason: sms.Canceled, Provider: "aliyun", Err: ctx.Err()}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				send := c.send
				if send == nil {
					send = func(ctx context.Context, _ sms.Message) (sms.Receipt, error) { return accepts(ctx) }
				}
				var sender sms.Sender = sms.SenderFunc(send)
				if c.limit != nil {
					limiter := middleware.NewLimiter(c.limit...)
					sender = sms.Chain(sender, middleware.RateLimit(limiter, middleware.RateLimitOptions{Name: "per_number", Key: middleware.ByNumber}))
				}
				dials := c.dials
				if dials == nil {
					dials = []string{"+861380"}
				}
				unknown := func(n sms.Number) bool { return strings.HasSuffix(string(n), "7") }
				s := newSite(t, verify.HTTPOptions{Timeout: 2 * time.Second, Allow: func(_ context.Context, n sms.Number) bool { return !unknown(n) }},
					func(o *verify.Options) { o.Sender = sender })
				asked := 0
				ask := func(to string) (status int, took time.Duration) {
					asked++
					began := time.Now()
					r := httptest.NewRequest("POST", "/codes", strings.NewReader(`{"mobile":"`+to+`"}`))
					r.RemoteAddr = fmt.Sprintf("[2001:db8:%x:%x::1]:1", asked>>8, asked)
					r.Header.Set("Content-Type", jsonMedia)
					answer := httptest.NewRecorder()
					s.handler.ServeHTTP(answer, r)
					return answer.Code, time.Since(began)
				}
				number := func(dial string, i, last int) string { // as many digits as its country has
					digits := map[string]int{"+86": 11, "+85": 11, "+65": 8}[dial[:3]]
					return fmt.Sprintf("%s%0*d%d", dial, digits+3-len(dial)-1, i, last)
				}
				for i := range 64 * len(dials) { // other people
					ask(number(strings.Replace(dials[i%len(dials)], "13800", "13900", 1), 5000+i, 1))
				}
				if c.limit != nil {
					for i := range 400 { // who has an account has had another message
						if _, err := sender.Send(t.Context(), sms.Message{To: sms.Number(number(dials[0], i, 1)), Template: "news"}); err != nil {
							t.Fatal(err)
						}
					}
				}
				signedUp := 0
				for _, dial := range dials {
					var known, others [][]float64 // what was seen of each number
					for _, i := range rand.Perm(800) {
						for range 4 { // the attacker's own, which fill what is remembered of the past
							signedUp++
							ask(number("+8610", signedUp, 1))
						}
						last := 1
						if i >= 400 {
							last = 7
						}
						to, seen := number(dial, i%400, last), []float64{}
						for _, pause := range []time.Duration{30 * time.Second, 31 * time.Second, 0} {
							status, took := ask(to)
							seen = append(seen, float64(status), took.Seconds(), float64(status)*1000+took.Seconds())
							time.Sleep(pause)
						}
						if last == 1 {
							known = append(known, seen)
						} else {
							others = append(others, seen)
						}
					}
					for i := range known[0] {
						if right := bestThreshold(column(known, i), column(others, i)); right > 480 {
							t.Errorf("numbers under %s, answer %d, by %s: the best threshold is right for %d of 800", dial, i/3+1, []string{"status", "time", "both"}[i%3], right)
						}
					}
				}
			})
		})
	}
}

func column(rows [][]float64, i int) (all []float64) {
	for _, row := range rows {
		all = append(all, row[i])
	}
	return all
}

// bestThreshold returns for how many values the best single threshold, in either
// direction, is right about whose they are.
func bestThreshold(a, b []float64) (right int) {
	for _, at := range slices.Concat(a, b) {
		above := 0
		for _, v := range a {
			if v >= at {
				above++
			}
		}
		for _, v := range b {
			if v < at {
				above++
			}
		}
		right = max(right, above, len(a)+len(b)-above)
	}
	return right
}

// Without Allow a refusal is answered as what it is.
func TestHandler_refusalsWithoutAllow(t *testing.T) {
	s := newSite(t, verify.HTTPOptions{})
	s.vendor.FailNext(sms.InvalidNumber)
	if status, _ := s.post("/codes", `{"mobile":"+8613800000001"}`); status != http.StatusBadRequest {
		t.Errorf("the answer is %d", status)
	}
}
