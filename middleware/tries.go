package middleware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// tries is the story of one message so far: every try that was not accepted, in
// order and flat. The zero value is the beginning. Nothing of it is made before
// the first try has failed, so that success costs nothing.
type tries struct {
	list  []sms.Attempt
	from  int // where those of the last call begin
	calls int
	last  error
}

// failed adds what a call that took so long came to.
func (t *tries) failed(err error, took time.Duration) {
	t.from = len(t.list)
	t.list = sms.AppendAttempts(t.list, sms.Receipt{}, err, took)
	t.calls++
	t.last = err
	if sms.OutcomeOf(err) == sms.Unknown && sms.OutcomeOf(sms.SumAttempts(t.list[t.from:])) != sms.Unknown {
		t.list = append(t.list, doubt(err, took))
	}
}

// doubt is the try in whose place an error stands that is Unknown as a sum of
// tries none of which is: what it knows more than they do shall not be lost.
func doubt(err error, took time.Duration) sms.Attempt {
	e := *sms.AsError(err)
	e.Attempts, e.Outcome = nil, sms.Unknown
	return sms.Attempt{Provider: e.Provider, Err: &e, Took: took}
}

// accepted gives the receipt of the last try the whole story.
func (t *tries) accepted(r sms.Receipt, took time.Duration) sms.Receipt {
	r.Attempts = sms.AppendAttempts(t.list, r, nil, took)
	return r
}

// allow tells whether every try so far lets m go out again. The sum of all is
// asked, not the last one alone: it knows the Kind as soon as one of them told it.
func (t *tries) allow(m sms.Message, row func(sms.Reason) bool) bool {
	return sms.MayRepeat(sms.SumAttempts(t.list), m, row)
}

// err is the end of the story: the error of the one call there was as it came,
// made an *sms.Error where no layer had, else the sum. A cause that ended it, such as the end of the caller's context,
// is found in it by errors.Is; Reason and Outcome stay those of the tries,
// because they are what is known of the message.
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
	e := *sum
	if e.Err == nil {
		e.Err = fmt.Errorf("no further try: %w", words{cause})
	} else {
		e.Err = fmt.Errorf("%w; no further try: %w", e.Err, words{cause})
	}
	return &e
}

// words keeps a Reason in words within an error's text: %w would print its label.
type words struct{ error }

func (w words) Unwrap() error { return w.error }

// epoch is where clock counts from.
var epoch = time.Now()

// clock reads the monotonic clock alone, which is half of what time.Now costs;
// only the difference of two readings means something.
func clock() time.Duration { return time.Since(epoch) }

// over tells why m may not go out at all any more: the caller's context has
// ended, or m has expired. It is asked before every try.
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

// Waits is a context with a second end for what waits inside a middleware of this
// package: for a turn, between two tries, and between two questions. When End ends,
// such a wait ends with its cause, and no further try begins. A call that is under
// way ends with Context alone. notify.Client uses it to shut down.
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

// ended returns why nothing may begin any more: the caller's context has ended, or the
// context of waits.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.Cause(waitsOf(ctx))
}

// refuse makes the error of a message that over has stopped before its first try.
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

// wait waits for d, or until ctx or its waits end, and then returns why.
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

// fits tells whether a wait of d from now ends before the caller's deadline and
// before m expires. A wait that does not is not begun.
func fits(ctx context.Context, m sms.Message, d time.Duration) bool {
	then := time.Now().Add(d)
	if deadline, ok := ctx.Deadline(); ok && !then.Before(deadline) {
		return false
	}
	return !m.Expired(then)
}
