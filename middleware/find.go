package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// DefaultFindFor is how long a vendor is asked after a try whose outcome is
// Unknown, where no time was given: a vendor's listing is usually a second or two
// behind, and a caller who waits for an answer has little more to spare.
const DefaultFindFor = 3 * time.Second

const (
	firstFindGap   = 200 * time.Millisecond // between the first two questions; it doubles
	longestFindGap = 15 * time.Second
)

var (
	// errFoundLater tells in a try's error what was found out after it.
	errFoundLater = errors.New("asked afterwards, the vendor had the message")
	// errAmongSeveral is why ErrNotFound settles nothing: it is known since the first
	// of several tries only, and the last may be too recent for the vendor to list.
	errAmongSeveral = errors.New("the vendor does not list it, but the last of several tries may be too recent")
)

// settle finds out what became of the last call, which began at began and whose
// outcome may be Unknown, by asking the vendor behind s for up to findFor. Where
// the vendor has the message, the receipt is the end of the story. Where it
// certainly never took it, the try is Rejected from now on; its reason stays.
// Else nothing changes, but that the error holds sms.ErrUndecided, by which a
// layer further out knows that somebody has asked.
func (t *tries) settle(ctx context.Context, m sms.Message, s sms.Sender, findFor, began time.Duration) (sms.Receipt, bool) {
	finder, ok := t.finder(ctx, m, s, findFor)
	if !ok {
		return sms.Receipt{}, false
	}
	e := sms.AsError(t.last)
	m.Key = cmp.Or(m.Key, e.Key)
	asked := clock()
	receipt, err := ask(ctx, finder, m, time.Now().Add(began-asked), findFor)
	if err == nil {
		receipt.Provider, receipt.Key = cmp.Or(receipt.Provider, e.Provider), cmp.Or(receipt.Key, m.Key)
		t.note(sms.Unknown, errFoundLater)
		return t.accepted(receipt, clock()-asked), true
	}
	switch never, left := err == sms.ErrNotFound, ctx.Err(); {
	case never && len(t.list)-t.from == 1:
		t.note(sms.Rejected, sms.ErrNotFound)
	case never:
		t.note(sms.Unknown, undecided(errAmongSeveral))
	case left != nil:
		t.note(sms.Unknown, fmt.Errorf("%w; the caller has left: %w", err, left))
	default:
		t.note(sms.Unknown, err)
	}
	return sms.Receipt{}, false
}

// finder gives whom to ask about the last call; none where there is nothing to
// ask, nobody to ask, or somebody has asked already.
func (t *tries) finder(ctx context.Context, m sms.Message, s sms.Sender, findFor time.Duration) (sms.Finder, bool) {
	switch {
	case findFor < 0, sms.OutcomeOf(t.last) != sms.Unknown,
		cmp.Or(sms.KindOf(t.last), m.Kind).MayDouble(), // it goes on at once
		errors.Is(t.last, sms.ErrUndecided), over(ctx, m) != nil:
		return nil, false
	}
	return sms.FinderOf(s)
}

// note writes what was found out into the errors of the last call's tries whose
// outcome was Unknown.
func (t *tries) note(o sms.Outcome, found error) {
	for i := range t.list[t.from:] {
		a := &t.list[t.from+i]
		if a.Err == nil || sms.OutcomeOf(a.Err) != sms.Unknown {
			continue
		}
		e := *sms.AsError(a.Err)
		e.Outcome, e.Provider = o, cmp.Or(e.Provider, a.Provider)
		if e.Err == nil {
			e.Err = found
		} else {
			e.Err = fmt.Errorf("%w; %w", e.Err, found)
		}
		a.Err = &e
	}
	t.last = sms.SumAttempts(t.list[t.from:])
}

// ask asks f about m at once, and again with growing gaps, until there is an
// answer, findFor has passed, m has expired or the caller has left. Its error is
// sms.ErrNotFound itself, or sms.ErrUndecided with the reason in words only: a
// refusal of the question is none of the message.
func ask(ctx context.Context, f sms.Finder, m sms.Message, since time.Time, findFor time.Duration) (sms.Receipt, error) {
	until := time.Now().Add(findFor)
	if !m.Expires.IsZero() && m.Expires.Before(until) {
		until = m.Expires
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for gap := firstFindGap; ; gap = min(2*gap, longestFindGap) {
		receipt, err := find(ctx, f, m, since)
		if err == nil {
			return receipt, nil
		}
		decided := !errors.Is(err, sms.ErrUndecided) // first: an error that says both has not decided
		if decided && errors.Is(err, sms.ErrNotFound) {
			return sms.Receipt{}, sms.ErrNotFound
		}
		pause, again := pauseAfter(err, gap)
		if !again || !fits(ctx, m, pause) || wait(ctx, pause) != nil {
			return sms.Receipt{}, undecided(err)
		}
	}
}

// pauseAfter is how long to wait before the vendor is asked again, and whether
// that is worth while: a vendor that refuses the question for good will do so again.
func pauseAfter(err error, gap time.Duration) (time.Duration, bool) {
	e, ok := errors.AsType[*sms.Error](err)
	if !ok || e == nil {
		return gap, true
	}
	return max(gap, e.RetryAfter), e.Reason.SameVendor()
}

// find asks once. A Finder that panics has not decided: what is known of the
// message shall not be lost by asking.
func find(ctx context.Context, f sms.Finder, m sms.Message, since time.Time) (r sms.Receipt, err error) {
	defer func() {
		if v := recover(); v != nil { // its value may hold anything, a number too
			err = &sms.Error{Reason: sms.Internal, Err: fmt.Errorf("the Finder panicked with a %T", v)}
		}
	}()
	return f.Ask(ctx, sms.Question{Message: m, Since: since})
}

// undecided keeps the words of err and nothing that errors.Is would find in it.
func undecided(err error) error {
	words := strings.TrimPrefix(err.Error(), sms.ErrUndecided.Error())
	if words = strings.TrimPrefix(words, ": "); words == "" {
		return sms.ErrUndecided
	}
	return fmt.Errorf("%w: %s", sms.ErrUndecided, words)
}
