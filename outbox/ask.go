package outbox

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/notifykit/notify/sms"
)

const (
	// earlier is how much earlier than the hand-out a vendor's listing is read: its
	// clock may be behind.
	earlier = 5 * time.Minute
	// muchEarlier is the same after a crash: the store's clock may have been set back
	// while no process lived, and then the hand-out was longer ago than it says.
	muchEarlier = 24 * time.Hour
)

// neverNote is read again, and the same in every version.
const neverNote = "the vendor was asked: it never took the message"

// ask asks the vendor, and returns what it answered.
func (t *task) ask(ctx context.Context) event {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, t.b.o.SendTimeout)
	defer cancel()
	receipt, err := t.b.ask(ctx, t.question(began))
	took := time.Since(began)
	e := event{What: cannotTell, Left: t.left(), Draw: rand.Float64()}
	switch {
	case err == nil && t.rival(ctx, receipt):
		t.story.note(began, "the vendor was asked: what it has belongs to another message with this text")
	case err == nil:
		t.found = t.story.clone()
		t.story.accepted(began, took, receipt, "the vendor was asked: it has the message")
		e.What = found
	case !errors.Is(err, sms.ErrNotFound) || errors.Is(err, sms.ErrUndecided):
	case t.story.Mark != t.b.mark:
		t.story.note(began, "the vendor was asked: it does not have the message, but another configuration sent it")
	default:
		t.story.note(began, neverNote)
		e.What = never
	}
	return e
}

// question is what is asked. The call began at the hand-out, which is as long ago as
// the store says, and was over FindAfter ago, for so long the message was put off.
func (t *task) question(now time.Time) sms.Question {
	ago := max(0, t.lease.Last.Now.Sub(t.lease.Last.At)) + time.Since(t.got) + earlier
	if t.record.Lost {
		ago += muchEarlier
	}
	until := now.Add(-t.b.o.FindAfter)
	since := now.Add(-ago)
	if until.Before(since) {
		since = until
	}
	return sms.Question{Message: t.Message.Clone(), Since: since.Round(0), Until: until.Round(0), Mark: t.story.Mark, Owned: t.owned}
}

// rival reports whether another message has a receipt, or whether nothing is known
// of that. The end of the message is held against it once more, in the store.
func (t *task) rival(ctx context.Context, r sms.Receipt) bool {
	owned, err := t.b.engine.Owned(ctx, t.lease.Key, t.b.keys.receipts(r, t.Message.To))
	return err != nil || len(owned) > 0
}

// owned returns those of a vendor's message IDs that are the receipts of other
// messages.
func (t *task) owned(ctx context.Context, provider string, ids []string) (others []string, err error) {
	of := map[uint64]string{}
	var all []uint64
	for _, id := range ids {
		for _, r := range t.b.keys.receipts(sms.Receipt{Provider: provider, ID: id}, t.Message.To) {
			of[r] = id
			all = append(all, r)
		}
	}
	owned, err := t.b.engine.Owned(ctx, t.lease.Key, all)
	for _, r := range owned {
		others = append(others, of[r])
	}
	return others, err
}

// ask asks Options.Known, then the vendor.
func (b *Outbox) ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	if b.o.Known != nil {
		if r, err := b.known(ctx, q); err == nil {
			return r, nil
		}
	}
	return sms.Ask(ctx, b.finder, q)
}

// known calls Options.Known. One that panics knows nothing.
func (b *Outbox) known(ctx context.Context, q sms.Question) (r sms.Receipt, err error) {
	defer func() {
		if p := recover(); p != nil {
			b.log.Error("outbox: Options.Known panicked", "key", q.Key)
			err = sms.ErrUndecided
		}
	}()
	return b.o.Known(ctx, q)
}
