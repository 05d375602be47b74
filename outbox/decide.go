package outbox

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/notifykit/notify/sms"
)

// Cancel takes back a message that is Queued. ErrState: it is in a worker's hands,
// or of unknown outcome, or has ended; ErrNotFound: there is none.
func (b *Outbox) Cancel(ctx context.Context, key string) error {
	return b.decide(ctx, key, "cancel", Canceled, "canceled", Queued)
}

// Drop gives up a message that is Held or Dead. It becomes Canceled; of one that
// was Held nobody will ever know whether it was sent.
func (b *Outbox) Drop(ctx context.Context, key string) error {
	return b.decide(ctx, key, "drop", Canceled, "dropped by a person", Held, Dead)
}

// Retry sends a message that is Held or Dead again, and tries for as long as for a
// new one. Of one that is Held this says that it was not sent, or that twice does
// no harm.
func (b *Outbox) Retry(ctx context.Context, key string) error {
	return b.decide(ctx, key, "retry", Queued, "to be sent again, said a person", Held, Dead)
}

// MarkSent says of a message that is Held that it was sent, as the vendor's own
// records may show. It becomes Accepted.
func (b *Outbox) MarkSent(ctx context.Context, key string) error {
	return b.decide(ctx, key, "mark as sent", Accepted, "was sent, said a person", Held)
}

// decide moves a record, and writes down who did.
func (b *Outbox) decide(ctx context.Context, key, what string, to State, note string, from ...State) error {
	r, err := b.engine.Last(ctx, key)
	if err == nil {
		now := time.Now()
		s := readStory(r.Story)
		if m, failed := b.keys.decode(r.Data, key); failed == nil {
			s.about(m)
		}
		switch to {
		case Queued:
			s.Doubt, s.First, s.Again = false, now.Round(0), true
			s.note(now, note)
		case Accepted:
			s.accepted(now, 0, sms.Receipt{Key: key}, note)
		default:
			s.note(now, note)
		}
		err = b.engine.Change(ctx, key, from, Record{State: to, At: now, Tries: r.Tries, Story: s.write()})
	}
	if err != nil {
		return fmt.Errorf("outbox: %s %q: %w", what, key, err)
	}
	return nil
}

// Count counts all records of the store by state, and what each class has to do.
// Of millions it takes a while.
func (b *Outbox) Count(ctx context.Context) (Counts, error) { return b.engine.Count(ctx) }

// Watch tells the counts now and then every Options.WatchEvery, until ctx ends or
// the range is left. An error of the store is told too, and Watch goes on.
func (b *Outbox) Watch(ctx context.Context) iter.Seq2[Counts, error] {
	return func(yield func(Counts, error) bool) {
		t := time.NewTicker(b.o.WatchEvery)
		defer t.Stop()
		for {
			c, err := b.engine.Count(ctx)
			if ctx.Err() != nil || !yield(c, err) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
	}
}
