package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/notifykit/notify/sms"
)

// A task is one message in the hands of a worker.
type task struct {
	b     *Outbox
	loop  *loop
	lease Lease
	class int       // its place in Options.Classes
	got   time.Time // when it was handed out, by this process's clock
	// steady is how long the store's clock has been seen to run as this process's.
	steady time.Duration

	stored
	story  story
	found  story // without the receipt that was found
	policy policy
	record record
	vendor result // of the call, if there was one
}

// A result is what a call says of the vendors of its class.
type result struct {
	answered bool // a vendor did its work, whatever the answer
	blame    bool // the vendors, or we, are at fault
	reason   sms.Reason
	after    time.Duration
}

// run lets happen what the machine says until the message has ended or waits
// again, and returns what is to be recorded. came is asked after a call, for how
// long the class pauses because of it.
func (t *task) run(ctx context.Context, came func(result) time.Duration) ending {
	e := t.arrived()
	for {
		was := t.record
		var a action
		t.record, a = next(t.record, e, t.policy)
		t.story.did(a)
		switch a.Do {
		case call:
			e = t.call(ctx)
			t.record.Age += time.Since(t.got)
			if pause := came(t.vendor); t.vendor.blame {
				e.After = max(e.After, pause)
			}
		case ask:
			e = t.ask(ctx)
		default:
			return t.ending(was, e, a)
		}
	}
}

// An ending is an End on its way to the store, and what else depends on it.
type ending struct {
	End
	class int
	// rival is what is recorded if the store answers ErrRival.
	rival *End
}

// ending is what the last action says.
func (t *task) ending(was record, e event, a action) ending {
	one := ending{class: t.class, End: t.end(t.record, a, t.story)}
	if e.What == found {
		one.Rivals = t.b.keys.receipts(*t.story.Receipt, t.Message.To)
		s := t.found
		r, a := next(was, event{What: cannotTell, Left: t.left(), Draw: rand.Float64()}, t.policy)
		s.note(time.Now(), "the vendor was asked: what it has belongs to another message with this text")
		s.did(a)
		other := t.end(r, a, s)
		one.rival = &other
	}
	t.tell(a)
	return one
}

func (t *task) end(r record, a action, s story) End {
	s.keep(r, t.lease.Last.Age+time.Since(t.got), t.policy.Code)
	c := Change{State: r.State, Wait: a.Wait, Tries: r.Tries, Story: s.write()}
	if r.State == Accepted && s.Receipt != nil {
		c.Receipt = t.b.keys.receipt(*s.Receipt, t.Message.To)
	}
	return End{Lease: t.lease, Change: c}
}

// arrived is the first event: what this process knows of a hand-out.
func (t *task) arrived() event {
	t.story = readStory(t.lease.Last.Story)
	var err error
	t.stored, err = t.b.keys.decode(t.lease.Data, t.lease.Key)
	if kind := t.b.kind(t.Message); kind != 0 && !kind.MayDouble() {
		t.Kind = kind // a template that is no code any more does not go twice
	}
	t.policy = t.b.policy(t.Kind)
	switch m := t.Message; {
	case err != nil:
		t.policy.Code = t.lease.Repeat
	case t.story.later != nil:
		err = t.story.later
	case m.Template != "" && t.b.o.Templates.Kind(m.Template) == 0:
		err = unreadableYet{fmt.Errorf("template %.64q is not known to this process", m.Template)}
	}
	t.story.relate(t.lease, t.stored, t.policy.Code)
	t.record = t.story.record(t.lease, t.policy.Code)
	lost := t.record.State == Sending && !t.record.Asking
	e := event{What: taken, Lost: lost, Left: t.left(), Steady: t.steady, Draw: rand.Float64()}
	if err != nil {
		return t.cannotRead(e, err)
	}
	t.story.about(t.stored)
	if lost {
		t.story.crashed(t.lease.Last)
	}
	if !t.record.Asking && (!lost || t.policy.repeats()) { // the Sender may be called
		now := time.Now()
		e.Quiet = t.b.quiet(t.Message, t.Kind, now).Sub(now)
		e.Lapsed = !t.b.engine.Holds(t.lease)
	}
	return e
}

// cannotRead makes e the event of a message that this process cannot read.
func (t *task) cannotRead(e event, err error) event {
	e.What = unreadable
	if _, yet := err.(unreadableYet); yet {
		e.Hope = mayPass
		t.b.log.Warn("outbox: this process cannot read a message, and puts it back for another", "key", t.lease.Key, "error", err)
		return e
	}
	t.story.add(Try{At: time.Now(), Outcome: sms.Rejected, Reason: sms.InvalidMessage, Text: err.Error(), Note: "cannot be sent as it is"})
	return e
}

// left is the time until the message expires.
func (t *task) left() time.Duration {
	lasts := t.lasts()
	if lasts == forever {
		return forever
	}
	return lasts - t.lease.Last.Age - time.Since(t.got)
}

// tell logs what a person has to look at.
func (t *task) tell(a action) {
	switch {
	case a.Do != end:
	case t.record.State == Held:
		t.b.log.Warn("outbox: held: no vendor can tell whether it was sent", "key", t.lease.Key, "to", t.story.To)
	case t.record.State == Dead:
		t.b.log.Warn("outbox: dead", "key", t.lease.Key, "to", t.story.To, "error", t.story.err(t.lease.Key, Dead))
	}
}

// call calls the Sender, and returns what came of it.
func (t *task) call(ctx context.Context) event {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, t.b.o.SendTimeout)
	defer cancel()
	if !t.story.Turn.IsZero() {
		ctx = sms.WithTurn(ctx, t.story.Turn)
	}
	receipt, err := t.b.call(ctx, t.sendable(began))
	took := time.Since(began)
	t.story.Turn = time.Time{}
	e := event{What: accepted, Left: t.left(), Draw: rand.Float64()}
	if err == nil {
		t.story.accepted(began.Round(0), took, receipt, "")
		t.vendor.answered = true
		return e
	}
	m := t.Message
	m.Kind = t.Kind
	e.What, e.Hope, t.vendor = judge(m, err)
	e.After = t.vendor.after
	if e.Hope == ownTurn && errors.Is(err, sms.ErrTurn) {
		t.story.Turn = time.Now().Add(e.After).Round(0)
		return e
	}
	t.story.failed(t.Message, began.Round(0), took, err)
	if e.What == unknown {
		t.story.Mark = t.b.mark
	}
	return e
}

// sendable is the message with its time to live as this process's clock has it.
func (t *task) sendable(now time.Time) sms.Message {
	m := t.Message.Clone()
	if left := t.left(); left != forever {
		m.Expires = now.Add(left).Round(0)
	}
	return m
}

// call calls the Sender. One that panics has perhaps sent.
func (b *Outbox) call(ctx context.Context, m sms.Message) (r sms.Receipt, err error) {
	defer func() {
		if p := recover(); p != nil {
			b.log.Error("outbox: the sender panicked", "key", m.Key, "type", fmt.Sprintf("%T", p))
			err = &sms.Error{Reason: sms.Internal, Key: m.Key, Err: fmt.Errorf("the sender panicked with a %T", p)}
		}
	}()
	return b.o.Sender.Send(ctx, m)
}
