// Package compare puts the middleware stack beside failsafe-go's composition of
// the same policies, over the same Sender that does nothing, so that what is
// compared is the cost of the policies alone.
package compare

import (
	"context"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// What both sides are set to. Nothing waits, opens or times out.
const (
	attempts  = 3
	minDelay  = 200 * time.Millisecond
	maxDelay  = 5 * time.Second
	failures  = 5
	openFor   = 30 * time.Second
	perSecond = 1_000_000_000
	limit     = time.Hour        // of the time-out; longer than any run
	sooner    = 30 * time.Minute // the caller's deadline, sooner than that
)

// A Case is one set of policies, ours and theirs.
type Case struct {
	Name         string
	Ours, Theirs sms.Sender
	// Deadline tells that the caller has a deadline, sooner than the time-out.
	Deadline bool
	// Allocations is the most that ours may make for one message.
	Allocations float64
}

// message is what is sent.
var message = sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": "482913"}, Kind: sms.Verification, Key: "key"}

// Cases gives every comparison, each with state of its own.
func Cases() []Case {
	return []Case{
		{"retry + breaker + rate", ours(accept), theirs(accept), false, 0},
		{"retry + breaker + rate", ours(accept), theirs(accept), true, 0},
		{"retry + breaker + rate + timeout", ours(accept, middleware.Timeout(limit)), theirs(accept, timeout.New[sms.Receipt](limit)), false, 6},
		{"retry + breaker + rate + timeout", ours(accept, middleware.Timeout(limit)), theirs(accept, timeout.New[sms.Receipt](limit)), true, 0},
		{"the same, the Sender asks for ctx.Done", ours(listen, middleware.Timeout(limit)), theirs(listen, timeout.New[sms.Receipt](limit)), false, 6},
	}
}

// accept takes every message at once.
func accept(context.Context, sms.Message) (sms.Receipt, error) {
	return sms.Receipt{Provider: "noop", ID: "1"}, nil
}

// listen takes every message, after a look at whether the caller has left.
func listen(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	select {
	case <-ctx.Done():
		return sms.Receipt{}, sms.Refuse(sms.Message{}, sms.Canceled, ctx.Err())
	default:
		return accept(ctx, m)
	}
}

func ours(s sms.SenderFunc, inner ...sms.Middleware) sms.Sender {
	pace, err := middleware.NewPace(middleware.PaceOptions{Name: "noop", PerSecond: perSecond, Burst: perSecond})
	if err != nil {
		panic(err) // the figures above are right
	}
	return sms.Chain(sms.Chain(s, inner...),
		middleware.Retry(middleware.RetryOptions{Attempts: attempts, MinDelay: minDelay, MaxDelay: maxDelay}),
		pace.Middleware,
		middleware.Breaker(middleware.BreakerOptions{Name: "noop", Failures: failures, OpenFor: openFor}))
}

func theirs(s sms.SenderFunc, inner ...failsafe.Policy[sms.Receipt]) sms.Sender {
	policies := []failsafe.Policy[sms.Receipt]{
		retrypolicy.NewBuilder[sms.Receipt]().
			WithMaxAttempts(attempts).WithBackoff(minDelay, maxDelay).
			HandleIf(func(_ sms.Receipt, err error) bool { return sms.MayRepeat(err, message, sms.Reason.SameVendor) }).
			Build(),
		circuitbreaker.NewBuilder[sms.Receipt]().
			WithFailureThreshold(failures).WithDelay(openFor).
			HandleIf(func(_ sms.Receipt, err error) bool { return sms.CountsAgainstVendor(err) }).
			Build(),
		ratelimiter.NewBursty[sms.Receipt](perSecond, time.Second),
	}
	executor := failsafe.With(append(policies, inner...)...)
	return sms.SenderFunc(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		return executor.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[sms.Receipt]) (sms.Receipt, error) {
			return s(e.Context(), m)
		})
	})
}

// FailsafeGo returns failsafe-go's composition of retry, breaker, rate and time-out
// over s.
func FailsafeGo(s sms.SenderFunc) sms.Sender { return theirs(s, timeout.New[sms.Receipt](limit)) }

// Context gives the context of c's caller.
func (c Case) Context(parent context.Context) (context.Context, context.CancelFunc) {
	if c.Deadline {
		return context.WithTimeout(parent, sooner)
	}
	return parent, func() {}
}

// Title names c with its caller's context.
func (c Case) Title() string {
	if c.Deadline {
		return c.Name + ", caller's deadline sooner"
	}
	return c.Name + ", no deadline"
}
