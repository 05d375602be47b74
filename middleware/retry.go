package middleware

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/notifykit/notify/sms"
)

// jitter is random. The simulation draws it from its seed, so that a run can be
// repeated.
var jitter = rand.N[time.Duration]

// RetryOptions are the options of [Retry]. A zero or negative field is its default,
// unless its comment says otherwise.
type RetryOptions struct {
	// Attempts is the most attempts, including the first. Defaults to 3. With 1 nothing
	// is repeated.
	Attempts int `yaml:"attempts" default:"3" doc:"tries at one provider; '1': none is repeated"`
	// MinDelay is the longest wait before the second attempt. It doubles with every
	// attempt up to MaxDelay. The wait is random between zero and that (full jitter), so
	// that callers that failed at the same time do not retry at the same time. Defaults
	// to 200 ms.
	MinDelay time.Duration `yaml:"min_delay" default:"200ms" doc:"the wait before the second try is random up to this, and doubles"`
	// MaxDelay is the longest wait, including a RetryAfter of the vendor. Defaults to 5 s.
	// It is at least MinDelay.
	MaxDelay time.Duration `yaml:"max_delay" default:"5s" doc:"no wait exceeds it"`
	// MaxElapsed is how long after the first attempt began another one may begin.
	// Defaults to 30 s.
	MaxElapsed time.Duration
	// Budget limits the retries of all messages together, so that a vendor's outage does
	// not multiply the calls to it. It is a share of the first attempts, counted over
	// the last 10 s. Defaults to 0.2: if 5,000 messages in that time meet a vendor that
	// is down, it receives 6,000 calls and not 15,000. If it is negative, there is no
	// such limit.
	Budget float64
	// BudgetFloor is how many retries in 10 s are allowed whatever the share, so that a
	// program with little traffic retries too. Defaults to 250. If it is negative, there
	// are none.
	BudgetFloor int
}

func (o RetryOptions) withDefaults() RetryOptions {
	o.Attempts = cmp.Or(max(o.Attempts, 0), 3)
	o.MinDelay = cmp.Or(max(o.MinDelay, 0), 200*time.Millisecond)
	o.MaxDelay = max(cmp.Or(max(o.MaxDelay, 0), 5*time.Second), o.MinDelay)
	o.MaxElapsed = cmp.Or(max(o.MaxElapsed, 0), 30*time.Second)
	o.Budget = cmp.Or(o.Budget, 0.2)
	o.BudgetFloor = max(cmp.Or(o.BudgetFloor, 250), 0)
	return o
}

// Retry sends a message to the same vendor again if the table of reasons allows it
// ([sms.Reason.SameVendor]: Throttled and Unavailable) and every attempt so far was
// certainly not sent. After an attempt whose outcome is Unknown it repeats a
// Verification only.
//
// To ask the vendor about every other kind, put [Confirm] inside Retry. If the vendor
// certainly never took the message, the attempt is Rejected, and the table decides.
//
// Retry waits at least the RetryAfter of the last error. If a wait would be longer than
// MaxDelay, or would end after the caller's deadline, Message.Expires or MaxElapsed,
// Retry returns the error at once, so that a Failover around it tries the next vendor.
// It also returns at once if an error matches [ErrOpen] or the Budget is spent. The
// wait for a [Pace] inside it does not count for any of these times.
//
// If the caller's context ends during a wait, the error is that of the attempts so far,
// and errors.Is also finds the context's error in it.
//
// If the first attempt succeeds, Retry allocates nothing. The Budget belongs to one
// Sender. All other state belongs to one call.
func Retry(o RetryOptions) sms.Middleware {
	o = o.withDefaults()
	return func(next sms.Sender) sms.Sender {
		return &retry{next: next, o: o, budget: retryBudget{share: o.Budget, floor: o.BudgetFloor}}
	}
}

type retry struct {
	next   sms.Sender
	o      RetryOptions
	budget retryBudget
}

func (r *retry) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if cause := over(ctx, m); cause != nil {
		return sms.Receipt{}, refuse(m, cause)
	}
	began := clock()
	r.budget.first(began)
	receipt, err := r.next.Send(ctx, m)
	if err == nil {
		return receipt, nil
	}
	return r.again(ctx, m, began, err)
}

// again repeats a message whose first attempt, begun at first, ended in err.
func (r *retry) again(ctx context.Context, m sms.Message, first time.Duration, err error) (sms.Receipt, error) {
	var history tries
	began := first
	for n := 1; ; n++ {
		var waited time.Duration // for a Pace inside: not the vendor's time
		waited, err = withoutWait(err)
		first, began = first+waited, began+waited
		history.failed(err, clock()-began)
		if n >= r.o.Attempts || !history.allow(m, sms.Reason.SameVendor) {
			return sms.Receipt{}, history.err(nil)
		}
		if again, cause := r.pause(ctx, m, first, n, err); !again {
			return sms.Receipt{}, history.err(cause)
		}
		began = clock()
		var receipt sms.Receipt
		if receipt, err = r.next.Send(ctx, m); err == nil {
			return history.accepted(receipt, clock()-began), nil
		}
	}
}

// pause waits after the nth attempt, which ended in err, and reports whether there may be
// another. If not, it may return why.
func (r *retry) pause(ctx context.Context, m sms.Message, first time.Duration, n int, err error) (bool, error) {
	if cause := over(ctx, m); cause != nil {
		return false, cause
	}
	delay, ok := r.delay(ctx, m, first, n, err)
	if !ok {
		return false, nil
	}
	if !r.budget.another(clock()) {
		return false, errBudgetSpent
	}
	if cause := wait(ctx, delay); cause != nil {
		return false, cause
	}
	cause := over(ctx, m) // the timer may have been late
	return cause == nil, cause
}

// delay returns how long to wait after the nth attempt, and whether to wait at all.
func (r *retry) delay(ctx context.Context, m sms.Message, first time.Duration, n int, err error) (time.Duration, bool) {
	longest := r.o.MinDelay
	for range n - 1 {
		if longest >= r.o.MaxDelay/2 {
			longest = r.o.MaxDelay
			break
		}
		longest *= 2
	}
	if errors.Is(err, ErrOpen) {
		return 0, false
	}
	delay := jitter(longest) + 1
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
