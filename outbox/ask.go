package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/notifykit/notify/sms"
)

// skew is how far the store's clock may be ahead of ours: the vendor is asked for
// what it took since a little earlier than the store says.
const skew = 30 * time.Second

// resolve deals with a message that was handed out before and has no recorded end.
// It tells whether that is all for now.
func (j *job) resolve(ctx context.Context) (verdict, bool) {
	now := time.Now()
	if j.story.Since.IsZero() { // a crash: nobody has noted more than the hand-out
		since := j.lease.Last.At
		j.story.crashed(since, since.Add(j.b.o.SendTimeout+j.b.o.FindAfter))
	}
	if j.b.repeats(j.Kind) {
		j.story.Since, j.story.AskAt = time.Time{}, time.Time{}
		return verdict{}, false
	}
	if j.b.finder == nil || now.Before(j.story.AskAt) {
		return j.ask(verdict{}, now), true
	}
	return j.find(ctx, now), true
}

// ask puts the question off until the vendor can answer it, or decides where it
// cannot be asked.
func (j *job) ask(v verdict, now time.Time) verdict {
	if j.b.finder == nil {
		v.state, v.at = j.undecided(now)
		return v
	}
	v.state, v.at = Sending, j.story.AskAt
	return v
}

// find asks the vendor.
func (j *job) find(ctx context.Context, now time.Time) verdict {
	ctx, cancel := context.WithTimeout(ctx, j.b.o.SendTimeout)
	defer cancel()
	j.story.Asked++
	receipt, err := j.b.ask(ctx, j.Message, j.story.Since.Add(-skew))
	took := time.Since(now)
	switch {
	case err == nil:
		j.story.accepted(now, took, receipt, "the vendor was asked: it has the message")
		return verdict{state: Accepted}
	case errors.Is(err, sms.ErrUndecided), !errors.Is(err, sms.ErrNotFound): // first: an error that says both has not decided
		return j.askAgain(time.Now())
	}
	j.story.note(now, "the vendor was asked: it never took the message")
	j.story.Doubt, j.story.Since, j.story.AskAt = false, time.Time{}, time.Time{}
	// Back to the queue first: the next hand-out has a mark of its own.
	return verdict{state: Queued, at: now}
}

// ask calls the Finder. One that panics has not decided.
func (b *Outbox) ask(ctx context.Context, m sms.Message, since time.Time) (r sms.Receipt, err error) {
	defer func() {
		if p := recover(); p != nil {
			b.log.Error("outbox: the finder panicked", "key", m.Key)
			err = sms.ErrUndecided
		}
	}()
	return b.finder.Ask(ctx, sms.Question{Message: m.Clone(), Since: since})
}

// askAgain puts the question off once more, or decides when it was asked for long
// enough.
func (j *job) askAgain(now time.Time) verdict {
	delay := min(15*time.Second<<min(j.story.Asked-1, 6), 5*time.Minute)
	if next := now.Add(delay); next.Before(j.story.Since.Add(j.b.o.AskFor + j.b.o.FindAfter)) {
		j.story.AskAt = next
		return verdict{state: Sending, at: next}
	}
	j.story.note(now, "the vendor was asked: it cannot tell")
	state, at := j.undecided(now)
	return verdict{state: state, at: at}
}

// undecided is what becomes of a message of which nobody can tell.
func (j *job) undecided(now time.Time) (State, time.Time) {
	j.story.Since, j.story.AskAt = time.Time{}, time.Time{}
	if j.b.o.OnUnknown[j.Kind] == SendAgain {
		j.story.note(now, "sent again, though it may have been sent: Options.OnUnknown")
		return Queued, j.bounded(now.Add(j.delay()))
	}
	return Held, time.Time{}
}
