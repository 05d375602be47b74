package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// DefaultFindFor is how long [Confirm] asks by default: a vendor's listing is
// usually a second or two behind, and a caller who waits for an answer has little
// more to spare.
const DefaultFindFor = 3 * time.Second

const (
	firstFindGap   = 200 * time.Millisecond // between the first two questions; it doubles
	longestFindGap = 15 * time.Second
)

var (
	// errFoundLater is added to a try's error when its message was found afterwards.
	errFoundLater = errors.New("asked afterwards, the vendor had the message")
	// errAmongSeveral is why ErrNotFound settles nothing: it holds since the first of
	// several tries only, and the last may be too recent for the vendor to list.
	errAmongSeveral = errors.New("the vendor does not list it, but the last of several tries may be too recent")
)

// Confirm asks f whether the vendor behind next has a message whose outcome is
// Unknown: at once, and with growing gaps for up to findFor, as long as the caller
// waits and the message has not expired. Zero is [DefaultFindFor]. A negative
// findFor and a nil f never ask.
//
// If the vendor has the message it is accepted: Receipt.Attempts holds the try as
// it ended, and after it what was found. If the vendor certainly never took it,
// the try is Rejected, and its reason decides what may follow; a vendor needs
// [sms.FindAfter] to be certain, so that comes only with a findFor that is longer.
// Else the outcome stays Unknown, and the error matches [sms.ErrUndecided]. A
// Verification is not asked about: it may be sent again at once.
//
// Put it inside [Retry] and a pace, whose waiting is no time in which the message
// may have left, and outside [Breaker], which does not count a question.
func Confirm(f sms.Finder, findFor time.Duration) sms.Middleware {
	schedule := sms.Schedule{Gap: firstFindGap, MaxGap: longestFindGap, For: cmp.Or(findFor, DefaultFindFor)}
	return func(next sms.Sender) sms.Sender {
		if f == nil || findFor < 0 {
			return next
		}
		return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			began := time.Now()
			receipt, err := next.Send(ctx, m)
			if err == nil || !doubtful(ctx, m, err) {
				return receipt, err
			}
			return confirm(ctx, m, f, schedule, began, err)
		})
	}
}

// doubtful reports whether the vendor is to be asked about m, whose send ended in
// err.
func doubtful(ctx context.Context, m sms.Message, err error) bool {
	return sms.OutcomeOf(err) == sms.Unknown &&
		!cmp.Or(sms.KindOf(err), m.Kind).MayDouble() && // it may be sent again at once
		!errors.Is(err, sms.ErrUndecided) && // asked already, further in
		over(ctx, m) == nil
}

// confirm asks about a send that began at began and ended in failed just now.
func confirm(ctx context.Context, m sms.Message, f sms.Finder, s sms.Schedule, began time.Time, failed error) (sms.Receipt, error) {
	var history tries
	now := time.Now()
	history.failed(failed, now.Sub(began))
	e := sms.AsError(failed)
	m.Key = cmp.Or(m.Key, e.Key)
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(waitsOf(ctx), cancel)()
	if !m.Expires.IsZero() {
		asking, cancel = context.WithDeadline(asking, m.Expires)
		defer cancel()
	}
	receipt, err := s.Settle(asking, f, sms.Question{Message: m, Since: began, Until: now})
	if err == nil {
		receipt.Provider, receipt.Key = cmp.Or(receipt.Provider, e.Provider), cmp.Or(receipt.Key, m.Key)
		history.note(sms.Unknown, errFoundLater)
		return history.accepted(receipt, time.Since(now)), nil
	}
	switch never, left := err == sms.ErrNotFound, ended(ctx); {
	case never && len(history.list) == 1:
		history.note(sms.Rejected, sms.ErrNotFound)
	case never:
		history.note(sms.Unknown, fmt.Errorf("%w: %w", sms.ErrUndecided, errAmongSeveral))
	case left != nil:
		history.note(sms.Unknown, fmt.Errorf("%w; no longer waited for: %w", err, left))
	default:
		history.note(sms.Unknown, err)
	}
	return sms.Receipt{}, history.err(nil)
}

// note writes what was found out into the errors of the tries whose outcome was
// Unknown.
func (t *tries) note(o sms.Outcome, found error) {
	for i := range t.list {
		a := &t.list[i]
		if a.Err == nil || sms.OutcomeOf(a.Err) != sms.Unknown {
			continue
		}
		e := with(a.Err, found)
		e.Outcome, e.Provider = o, cmp.Or(e.Provider, a.Provider)
		a.Err = e
	}
	t.last = sms.SumAttempts(t.list)
}
