package middleware_test

import (
	"context"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// accepting accepts everything and asks its context for nothing.
var accepting = sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
	return sms.Receipt{Provider: "noop", ID: "1"}, nil
})

var message = sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": "482913"}, Key: "k"}

func TestAllocationsOnSuccess(t *testing.T) {
	registry := codes(t)
	pace := paced(t, middleware.PaceOptions{PerSecond: 1e9, Burst: 1e9, Overflow: always, Open: func() bool { return false }}).Middleware
	vendor := func(name string) sms.Sender {
		return sms.Chain(accepting,
			middleware.Retry(middleware.RetryOptions{}),
			pace,
			middleware.Breaker(middleware.BreakerOptions{Name: name, OnChange: func(middleware.BreakerChange) {}}),
			middleware.Timeout(time.Minute))
	}
	perNumber := middleware.RateLimit(
		middleware.NewLimiter(middleware.Window{Count: 1 << 30, Per: time.Minute}),
		middleware.RateLimitOptions{Key: middleware.ByNumber})
	tests := []struct {
		name           string
		sender         sms.Sender
		sooner, longer float64 // with the caller's deadline sooner than the time-out, and without one
	}{
		{"retry", sms.Chain(accepting, middleware.Retry(middleware.RetryOptions{})), 0, 0},
		{"breaker", sms.Chain(accepting, middleware.Breaker(middleware.BreakerOptions{})), 0, 0},
		{"pace", sms.Chain(accepting, pace), 0, 0},
		{"rate limit of each number", sms.Chain(accepting, perNumber), 0, 0},
		{"timeout", sms.Chain(accepting, middleware.Timeout(time.Minute)), 0, 4},
		{"validate", sms.Chain(accepting, middleware.Validate(registry)), 0, 0},
		{"failover", middleware.Failover(accepting, accepting), 0, 0},
		{"retry, pace, breaker and timeout", vendor("a"), 0, 4},
		{"the recommended stack", sms.Chain(middleware.Failover(vendor("a"), vendor("b")), middleware.Validate(registry), perNumber), 0, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sooner, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			for ctx, want := range map[context.Context]float64{sooner: test.sooner, t.Context(): test.longer} {
				got := testing.AllocsPerRun(200, func() {
					if _, err := test.sender.Send(ctx, message); err != nil {
						t.Fatal(err)
					}
				})
				if got > want {
					_, deadline := ctx.Deadline()
					t.Errorf("with the caller's deadline %v: %v allocations a message, want at most %v", deadline, got, want)
				}
			}
		})
	}
}
