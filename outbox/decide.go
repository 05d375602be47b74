package outbox

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/notifykit/notify/sms"
)

// Cancel takes back a message that is Queued. ErrState: a worker has it, its
// outcome is unknown, or it has ended; ErrNotFound: there is none.
func (b *Outbox) Cancel(ctx context.Context, key string) error {
	return b.decide(ctx, key, "cancel", event{What: cancel}, nil)
}

// Drop gives up a message that is Held or Dead. It becomes Canceled; of one that
// was Held it stays unknown whether it was sent.
func (b *Outbox) Drop(ctx context.Context, key string) error {
	return b.decide(ctx, key, "drop", event{What: drop}, nil)
}

// Retry sends a message that is Held or Dead again, and tries for as long as for a
// new one. Of one that is Held this says that it was not sent, or that twice does
// no harm.
func (b *Outbox) Retry(ctx context.Context, key string) error {
	return b.decide(ctx, key, "retry", event{What: retry}, nil)
}

// MarkSent says of a message that is Held that it was sent, as the vendor's own
// records may show. It becomes Accepted.
func (b *Outbox) MarkSent(ctx context.Context, key string) error {
	return b.decide(ctx, key, "mark as sent", event{What: markSent}, &sms.Receipt{Key: key})
}

// Resolve says that a vendor has a message of unknown outcome, as a delivery report
// shows: one that is Held, or that waits to be asked about. It becomes Accepted with
// this receipt. ErrState: its outcome is known, or a worker has it.
func (b *Outbox) Resolve(ctx context.Context, key string, receipt sms.Receipt) error {
	return b.decide(ctx, key, "resolve", event{What: reported}, &receipt)
}

// mostDecisions bounds how often a decision is taken anew because the record has
// changed meanwhile.
const mostDecisions = 10

// decide lets the machine say what a decision changes, and writes it down. The
// record may change in between: then it is read again.
func (b *Outbox) decide(ctx context.Context, key, what string, e event, receipt *sms.Receipt) (err error) {
	for range mostDecisions {
		var was Record
		if was, err = b.engine.Last(ctx, key); err != nil {
			break
		}
		s := readStory(was.Story)
		m, failed := b.keys.decode(was.Data, key)
		if failed == nil {
			s.about(m)
		}
		l := Lease{Last: was}
		code := b.policy(m.Kind).Code
		s.relate(l, m, code)
		r := s.record(l, code)
		r.State = was.State
		r, a := next(r, e, b.policy(m.Kind))
		if a.Do == nothing {
			err = ErrState
			break
		}
		to := Change{State: r.State, Wait: a.Wait, Tries: r.Tries}
		if receipt != nil {
			s.accepted(time.Now(), 0, *receipt, a.Note)
			to.Receipt = b.keys.receipt(*receipt, m.Message.To)
		} else {
			s.did(a)
		}
		if e.What == retry {
			s.Start = &was.Age
		}
		s.keep(r, was.Age, code)
		to.Story = s.write()
		if err = b.engine.Change(ctx, was, to); !errors.Is(err, ErrState) {
			break
		}
	}
	if err != nil {
		return failure(err, "%s %q", what, key)
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
