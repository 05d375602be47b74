package middleware

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"

	"github.com/notifykit/notify/sms"
)

// RetryOptions bound a [Retry]. A zero or negative field is its default.
type RetryOptions struct {
	// Attempts is how many tries there are at most, the first included. Defaults
	// to 3; 1 retries nothing.
	Attempts int
	// MinDelay is the longest wait before the second try; it doubles with every
	// try up to MaxDelay. The wait is random between zero and that (full jitter),
	// so that callers who failed together do not come back together. Defaults to
	// 200 ms.
	MinDelay time.Duration
	// MaxDelay bounds every wait, a RetryAfter that the vendor asks for included.
	// Defaults to 5 s, and is never less than MinDelay.
	MaxDelay time.Duration
	// MaxElapsed bounds the whole: no try begins later than this after the first
	// one began. Defaults to 30 s.
	MaxElapsed time.Duration
}

func (o RetryOptions) withDefaults() RetryOptions {
	o.Attempts = cmp.Or(max(o.Attempts, 0), 3)
	o.MinDelay = cmp.Or(max(o.MinDelay, 0), 200*time.Millisecond)
	o.MaxDelay = max(cmp.Or(max(o.MaxDelay, 0), 5*time.Second), o.MinDelay)
	o.MaxElapsed = cmp.Or(max(o.MaxElapsed, 0), 30*time.Second)
	return o
}

// Retry tries the same vendor again where the table allows it
// ([sms.Reason.SameVendor]: Throttled and Unavailable) and every try so far
// certainly was not sent. A try whose outcome is Unknown is repeated for a
// Verification only.
//
// It waits at least the RetryAfter of the last error where there is one. A wait
// that would be longer than MaxDelay, or end after the caller's deadline, after
// Message.Expires or after MaxElapsed, is not begun: the error is given on at
// once, so that a Failover around it goes on to a vendor that is free. For the
// same reason it does not wait for a [Breaker] further in that is open.
//
// Where the caller's context ends during a wait, the error is that of the tries
// so far, which is what is known of the message, and errors.Is finds the
// context's error in it.
//
// On success at the first try it allocates nothing. State is per call.
func Retry(o RetryOptions) sms.Middleware {
	o = o.withDefaults()
	return func(next sms.Sender) sms.Sender { return &retry{next: next, o: o} }
}

type retry struct {
	next sms.Sender
	o    RetryOptions
}

// Unwrap gives the Sender that is retried.
func (r *retry) Unwrap() sms.Sender { return r.next }

func (r *retry) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if cause := over(ctx, m); cause != nil {
		return sms.Receipt{}, refuse(m, cause)
	}
	began := clock()
	receipt, err := r.next.Send(ctx, m)
	if err == nil {
		return receipt, nil
	}
	return r.again(ctx, m, began, err)
}

// again repeats a message whose first try, begun at first, ended in err.
func (r *retry) again(ctx context.Context, m sms.Message, first time.Duration, err error) (sms.Receipt, error) {
	var story tries
	story.failed(err, clock()-first)
	for n := 1; n < r.o.Attempts && story.allow(m, sms.Reason.SameVendor); n++ {
		if cause := over(ctx, m); cause != nil {
			return sms.Receipt{}, story.err(cause)
		}
		delay, ok := r.delay(ctx, m, first, n, err)
		if !ok {
			break
		}
		if cause := wait(ctx, delay); cause != nil {
			return sms.Receipt{}, story.err(cause)
		}
		if cause := over(ctx, m); cause != nil { // the timer may have been late
			return sms.Receipt{}, story.err(cause)
		}
		began := clock()
		var receipt sms.Receipt
		if receipt, err = r.next.Send(ctx, m); err == nil {
			return story.accepted(receipt, clock()-began), nil
		}
		story.failed(err, clock()-began)
	}
	return sms.Receipt{}, story.err(nil)
}

// delay is how long to wait after the nth try, and whether that wait is worth
// beginning.
func (r *retry) delay(ctx context.Context, m sms.Message, first time.Duration, n int, err error) (time.Duration, bool) {
	longest := r.o.MinDelay
	for range n - 1 {
		if longest >= r.o.MaxDelay/2 {
			longest = r.o.MaxDelay
			break
		}
		longest *= 2
	}
	if StateOf(r.next) == StateOpen {
		return 0, false
	}
	delay := rand.N(longest) + 1
	if asked := sms.AsError(err).RetryAfter; asked > 0 {
		if asked > r.o.MaxDelay {
			return 0, false
		}
		delay = max(delay, asked)
	}
	if clock()+delay-first > r.o.MaxElapsed {
		return 0, false
	}
	return delay, fits(ctx, m, delay)
}
