package sms

import (
	"context"
	"errors"
	"math"
	"time"
)

// A Schedule says when a vendor is asked about a message whose outcome is
// Unknown. The zero value is one question at once.
type Schedule struct {
	// After is how long after Question.Until the first question is asked.
	After time.Duration
	// Gap is the time between the first two questions. It doubles up to MaxGap.
	// Zero or less: there is one question only, whatever For is.
	Gap time.Duration
	// MaxGap bounds the time between two questions. Less than Gap: it is Gap.
	MaxGap time.Duration
	// For is how long after the first question's time further ones are asked. Zero
	// or less: there is one question only.
	For time.Duration
}

// Next returns when the next question of q is due, and false if there is none:
// the last answer decided, there is nothing that can be asked, or the time is
// over. asked is how many were asked, and last is the last one's answer, as [Ask]
// returned it. A RetryAfter of the vendor's is waited for. Next keeps no state, so
// a queue can store its result.
func (s Schedule) Next(q Question, now time.Time, asked int, last error) (time.Time, bool) {
	first := q.Latest().Add(max(s.After, 0))
	if asked <= 0 {
		return later(now, first), true
	}
	if s.Gap <= 0 || last == nil || !errors.Is(last, ErrUndecided) || errors.Is(last, errors.ErrUnsupported) {
		return time.Time{}, false
	}
	gap := s.gap(asked)
	if u, ok := errors.AsType[*undecided](last); ok && u.answer() != nil {
		gap = max(gap, u.answer().RetryAfter)
	}
	next := now.Add(gap)
	return next, !next.After(first.Add(max(s.For, 0)))
}

func (s Schedule) gap(asked int) time.Duration {
	longest := max(s.MaxGap, s.Gap)
	gap := s.Gap
	for range asked - 1 {
		if gap >= longest/2 {
			return longest
		}
		gap *= 2
	}
	return min(gap, longest)
}

// Settle asks f by the schedule until there is an answer, and returns it as [Ask]
// does. It stops at once if the vendor refuses the question for good, and if the
// next question would come after ctx's deadline; the last answer is then
// returned. A question that is under way when the schedule ends is ended with it,
// if For is above zero. It does not look at Message.Expires.
func (s Schedule) Settle(ctx context.Context, f Finder, q Question) (Receipt, error) {
	last := error(&undecided{errors.New("it was not asked")})
	if s.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, later(time.Now(), q.Latest().Add(max(s.After, 0))).Add(s.For))
		defer cancel()
	}
	for asked := 0; ; asked++ {
		at, ok := s.Next(q, time.Now(), asked, last)
		if !ok || refusedForGood(last) && asked > 0 {
			return Receipt{}, last
		}
		if err := sleepUntil(ctx, at); err != nil {
			if asked == 0 {
				last = &undecided{err}
			}
			return Receipt{}, last
		}
		var receipt Receipt
		if receipt, last = Ask(ctx, f, q); last == nil {
			return receipt, nil
		}
	}
}

// refusedForGood reports whether the vendor would refuse the same question again.
func refusedForGood(last error) bool {
	u, ok := errors.AsType[*undecided](last)
	return ok && u.answer() != nil && !u.answer().Reason.SameVendor()
}

// sleepUntil waits until at, or returns why it does not: ctx has ended, or ends
// before.
func sleepUntil(ctx context.Context, at time.Time) error {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err()
	}
	if deadline, ok := ctx.Deadline(); ok && !at.Before(deadline) {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(min(wait, math.MaxInt64))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
