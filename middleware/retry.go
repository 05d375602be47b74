package middleware

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/notifykit/notify/sms"
)

// jitter is random; the simulation draws it from its seed, so that a run can be
// played again.
var jitter = rand.N[time.Duration]

// RetryOptions bound a [Retry]. A zero field is its default, and a negative one
// too where nothing else is said.
type RetryOptions struct {
	// Attempts is how many tries there are at most, the first included. Defaults
	// to 3; 1 retries nothing.
	Attempts int `yaml:"attempts" default:"3" doc:"tries at one provider; '1': none is repeated"`
	// MinDelay is the longest wait before the second try; it doubles with every
	// try up to MaxDelay. The wait is random between zero and that (full jitter),
	// so that callers who failed together do not come back together. Defaults to
	// 200 ms.
	MinDelay time.Duration `yaml:"min_delay" default:"200ms" doc:"the wait before the second try is random up to this, and doubles"`
	// MaxDelay bounds every wait, a RetryAfter that the vendor asks for included.
	// Defaults to 5 s, and is never less than MinDelay.
	MaxDelay time.Duration `yaml:"max_delay" default:"5s" doc:"no wait exceeds it"`
	// MaxElapsed bounds the whole: no try begins later than this after the first
	// one began. Defaults to 30 s.
	MaxElapsed time.Duration
	// Budget bounds the retries of all messages together, so that a vendor's outage
	// does not multiply the calls to it: as a share of the first tries, both of the
	// last 10 s. Defaults to 0.2: of 5,000 messages in that time a vendor that is down
	// gets 6,000 calls and not 15,000. Negative: there is no such bound.
	Budget float64
	// BudgetFloor is how many retries in 10 s there may be whatever the share, so
	// that a program with little traffic retries at all: 25 a second do no vendor
	// harm. Defaults to 250; negative: none.
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

// Retry tries the same vendor again where the table allows it
// ([sms.Reason.SameVendor]: Throttled and Unavailable) and every try so far
// certainly was not sent. A try whose outcome is Unknown is repeated at once for a
// Verification only.
//
// To have the vendor asked about every other kind, put [Confirm] around next: if
// the vendor certainly never took the message, the try is Rejected, and the table
// decides.
//
// It waits at least the RetryAfter of the last error where there is one. A wait
// that would be longer than MaxDelay, or end after the caller's deadline, after
// Message.Expires or after MaxElapsed, is not begun: the error is given on at
// once, so that a Failover around it goes on to a vendor that is free. For the
// same reason an error that matches [ErrOpen] ends the tries, and so does a spent
// Budget. A wait for our own pace further in counts for none of these times.
//
// Where the caller's context ends during a wait, the error is that of the tries
// so far, which is what is known of the message, and errors.Is finds the
// context's error in it.
//
// On success at the first try it allocates nothing. The budget is of one Sender,
// all other state is per call.
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

// again repeats a message whose first try, begun at first, ended in err.
func (r *retry) again(ctx context.Context, m sms.Message, first time.Duration, err error) (sms.Receipt, error) {
	var story tries
	began := first
	for n := 1; ; n++ {
		var waited time.Duration // for a Pace further in: no time of the vendor's
		waited, err = withoutWait(err)
		first, began = first+waited, began+waited
		story.failed(err, clock()-began)
		if n >= r.o.Attempts || !story.allow(m, sms.Reason.SameVendor) {
			return sms.Receipt{}, story.err(nil)
		}
		if again, cause := r.pause(ctx, m, first, n, err); !again {
			return sms.Receipt{}, story.err(cause)
		}
		began = clock()
		var receipt sms.Receipt
		if receipt, err = r.next.Send(ctx, m); err == nil {
			return story.accepted(receipt, clock()-began), nil
		}
	}
}

// pause waits after the nth try, which ended in err, and tells whether there is
// to be another, else why not where that is not plain from the tries.
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
