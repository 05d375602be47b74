package middleware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// tries is the history of one message: every attempt that was not accepted, in order.
// Its zero value is empty. It allocates nothing before the first attempt has failed.
type tries struct {
	list  []sms.Attempt
	from  int // where those of the last call begin
	calls int
	last  error
}

// failed adds a call that took so long and ended in err.
func (t *tries) failed(err error, took time.Duration) {
	t.from = len(t.list)
	t.list = sms.AppendAttempts(t.list, sms.Receipt{}, err, took)
	t.calls++
	t.last = err
	if sms.OutcomeOf(err) == sms.Unknown && sms.OutcomeOf(sms.SumAttempts(t.list[t.from:])) != sms.Unknown {
		t.list = append(t.list, doubt(err, took))
	}
}

// doubt returns an attempt for an error that is Unknown although none of its attempts
// is, so that the outcome of the sum stays Unknown.
func doubt(err error, took time.Duration) sms.Attempt {
	e := *sms.AsError(err)
	e.Attempts, e.Outcome = nil, sms.Unknown
	return sms.Attempt{Provider: e.Provider, Err: &e, Took: took}
}

// accepted returns the receipt of the last attempt with the whole history.
func (t *tries) accepted(r sms.Receipt, took time.Duration) sms.Receipt {
	r.Attempts = sms.AppendAttempts(t.list, r, nil, took)
	return r
}

// allow reports whether every attempt so far allows that m is sent again. It uses the sum
// of all, which has the Kind if one of them has.
func (t *tries) allow(m sms.Message, row func(sms.Reason) bool) bool {
	return sms.MayRepeat(sms.SumAttempts(t.list), m, row)
}

// err returns the error of the message. If there was one call, it is that call's error,
// as an *sms.Error. Otherwise it is the sum of the attempts. errors.Is finds cause in it,
// such as the end of the caller's context. Reason and Outcome are those of the attempts.
func (t *tries) err(cause error) error {
	if cause == nil && t.calls == 1 {
		if e, ok := errors.AsType[*sms.Error](t.last); ok && e != nil {
			return t.last
		}
		return sms.AsError(t.last)
	}
	sum := sms.SumAttempts(t.list)
	if cause == nil {
		return sum
	}
	return with(sum, fmt.Errorf("no further try: %w", words{cause}))
}

// with returns a copy of the *sms.Error in err that has one more cause.
func with(err, cause error) *sms.Error {
	e := *sms.AsError(err)
	if e.Err != nil {
		cause = fmt.Errorf("%w; %w", e.Err, cause)
	}
	e.Err = cause
	return &e
}

// words prints a Reason in words within an error's text; %w would print its label.
type words struct{ error }

func (w words) Unwrap() error { return w.error }

// epoch is the time from which clock counts.
var epoch = time.Now()

// clock returns the monotonic time since epoch. It takes half the time of time.Now.
func clock() time.Duration { return time.Since(epoch) }

// over returns why m must not be sent any more: the caller's context has ended, or m has
// expired. It is called before every attempt.
func over(ctx context.Context, m sms.Message) error {
	if err := ended(ctx); err != nil {
		return err
	}
	if !m.Expires.IsZero() && m.Expired(time.Now()) {
		return sms.Expired
	}
	return nil
}

type waitsKey struct{}

// Waits is a context with a second one, End, for the waits of this package's middleware:
// for a turn, between two attempts, and between two questions. When End ends, such a
// wait ends with End's cause, and no further attempt begins. A call to a vendor ends
// with Context only. notify.Client uses it to shut down.
type Waits struct {
	context.Context
	End context.Context // not nil
}

// Value returns Context's values.
func (w *Waits) Value(key any) any {
	if key == (waitsKey{}) {
		return w.End
	}
	return w.Context.Value(key)
}

// waitsOf returns the second end of ctx.
func waitsOf(ctx context.Context) context.Context {
	if waits, ok := ctx.Value(waitsKey{}).(context.Context); ok {
		return waits
	}
	return context.Background()
}

// ended returns why no attempt may begin: the caller's context has ended, or that of
// waits.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.Cause(waitsOf(ctx))
}

// refuse returns the error of a message for which over has returned cause before its
// first attempt.
func refuse(m sms.Message, cause error) *sms.Error {
	e := sms.Refuse(m, sms.Canceled, cause)
	switch cause {
	case error(sms.Expired):
		e.Reason, e.Err = sms.Expired, nil
	case sms.ErrClosed:
		e.Reason = sms.Internal
	}
	return e
}

// wait waits for d. If ctx or its waits end before, it returns why.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-waitsOf(ctx).Done():
	}
	return ended(ctx)
}

// fits reports whether a wait of d from now ends before the caller's deadline and before
// m expires.
func fits(ctx context.Context, m sms.Message, d time.Duration) bool {
	then := time.Now().Add(d)
	if deadline, ok := ctx.Deadline(); ok && !then.Before(deadline) {
		return false
	}
	return !m.Expired(then)
}
