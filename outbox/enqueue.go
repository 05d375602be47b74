package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/notifykit/notify/sms"
)

// batch is how many entries go to the Engine at once.
const batch = 1000

// Enqueue takes messages. With a nil error all of them are on disk, and each will
// come to an end that Status tells.
//
// A message needs a Key. The same Key with the same content is one message,
// however often and whenever it is given within the Engine's window, and no
// fault; the content is To, Template, Params, Body, Kind and From, not Expires and
// Tags. What is wrong with single messages comes as one *EnqueueError, and the
// others are taken. Any other error means that messages may have been stored or
// not; repeating the call with the same Keys is safe.
func (b *Outbox) Enqueue(ctx context.Context, messages ...sms.Message) error {
	return b.EnqueueAt(ctx, time.Time{}, messages...)
}

// EnqueueAt is Enqueue for messages that are to go out at a time, or soon after.
// The time is no part of the content: of a Key given twice the first time stands.
func (b *Outbox) EnqueueAt(ctx context.Context, at time.Time, messages ...sms.Message) error {
	if b.closing() {
		return ErrClosed
	}
	p := b.prepare(ctx, at, messages)
	var failed error
	for start := 0; start < len(p.entries); start += batch {
		end := min(start+batch, len(p.entries))
		for i, err := range b.engine.Put(ctx, p.entries[start:end]) {
			failed = p.answered(ctx, b, start+i, err, failed)
		}
	}
	return p.result(failed)
}

// Prepare makes of messages what an Engine stores, as Enqueue does, for engines
// that put it into a transaction of the caller's. Messages with faults are left
// out, and told in an *EnqueueError. An Engine's ErrSame is no fault; its
// ErrKeyTaken is one.
func (b *Outbox) Prepare(at time.Time, messages ...sms.Message) ([]Entry, error) {
	p := b.prepare(context.Background(), at, messages)
	return p.entries, p.result(nil)
}

// prepared are messages on their way into the Engine.
type prepared struct {
	messages []sms.Message
	entries  []Entry
	from     []int // the place of each entry's message
	faults   []Fault
}

func (b *Outbox) prepare(ctx context.Context, at time.Time, messages []sms.Message) *prepared {
	p := &prepared{messages: messages, entries: make([]Entry, 0, len(messages)), from: make([]int, 0, len(messages))}
	now := time.Now()
	for i, m := range messages {
		e, err := b.entry(ctx, now, at, m)
		if err != nil {
			p.fault(i, err)
			continue
		}
		p.entries = append(p.entries, e)
		p.from = append(p.from, i)
	}
	return p
}

func (p *prepared) fault(i int, err error) {
	p.faults = append(p.faults, Fault{Index: i, Key: p.messages[i].Key, Err: err})
}

// answered sorts the Engine's answer to entry i into faults and failures.
func (p *prepared) answered(ctx context.Context, b *Outbox, i int, err, failed error) error {
	switch {
	case err == nil, errors.Is(err, ErrSame):
	case errors.Is(err, ErrKeyTaken):
		if !b.sameUnderOtherKey(ctx, p.messages[p.from[i]]) {
			p.fault(p.from[i], ErrKeyTaken)
		}
	case failed == nil:
		failed = failure(err, "messages may have been stored or not, repeat them with the same keys")
	}
	return failed
}

// sameUnderOtherKey tells whether a Hash differs only because it was made under
// another of Options.Keys.
func (b *Outbox) sameUnderOtherKey(ctx context.Context, m sms.Message) bool {
	r, err := b.engine.Last(ctx, m.Key)
	return err == nil && b.keys.same(r.Hash, m, b.kind(m))
}

func (p *prepared) result(failed error) error {
	if len(p.faults) == 0 {
		return failed
	}
	slices.SortFunc(p.faults, func(a, b Fault) int { return a.Index - b.Index })
	refused := &EnqueueError{Faults: p.faults}
	if failed != nil {
		return errors.Join(refused, failed)
	}
	return refused
}

// kind resolves the kind of m; zero is a template that does not exist.
func (b *Outbox) kind(m sms.Message) sms.Kind {
	if m.Template != "" {
		return b.o.Templates.Kind(m.Template)
	}
	return m.Kind.OrDefault()
}

// check refuses what would never be sent. A Sender that rewrites messages must judge
// what it makes of m; the template is looked up here in any case, for the kind.
func (b *Outbox) check(ctx context.Context, m sms.Message) error {
	c, ok := b.o.Sender.(interface {
		Check(ctx context.Context, m sms.Message) error
	})
	if !ok || m.Template != "" && b.o.Templates.Kind(m.Template) == 0 {
		return b.o.Templates.Check(m)
	}
	return c.Check(ctx, m)
}

// entry makes an Entry of m, or tells what is wrong with it.
func (b *Outbox) entry(ctx context.Context, now, at time.Time, m sms.Message) (Entry, error) {
	if m.Key == "" {
		return Entry{}, refuse(m, sms.InvalidMessage, "the message has no key: sms.NewKey makes one")
	}
	if err := b.check(ctx, m); err != nil {
		return Entry{}, err
	}
	due := at
	if due.Before(now) {
		due = now
	}
	kind := b.kind(m)
	if err := b.checkZone(m, kind); err != nil {
		return Entry{}, err
	}
	switch {
	case m.Expired(now):
		return Entry{}, refuse(m, sms.Expired, "the message expired at "+m.Expires.Format(time.RFC3339))
	case m.Expired(due):
		return Entry{}, refuse(m, sms.Expired, "the message expires at "+m.Expires.Format(time.RFC3339)+", before it is due")
	}
	class := b.o.Class(m, kind)
	if _, ok := b.places[class]; !ok {
		return Entry{}, refuse(m, sms.InvalidMessage, fmt.Sprintf("Options.Class gives it the class %.64q, which is not among Options.Classes", class))
	}
	first := b.quiet(m, kind, due)
	if m.Expired(first) {
		first = m.Expires // it expires then, and Status says so
	}
	s := stored{Message: m, Kind: kind, Due: due.Round(0).UTC()}
	if !m.Expires.IsZero() {
		lasts := m.Expires.Sub(first)
		s.Lasts = &lasts
	}
	data, err := b.keys.encode(s)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Key: m.Key, Hash: b.keys.hash(m, kind), Class: class, Wait: first.Sub(now), Repeat: b.policy(kind).repeats(), Data: data}, nil
}

func refuse(m sms.Message, reason sms.Reason, why string) error {
	return sms.Refuse(m, reason, errors.New(why))
}
