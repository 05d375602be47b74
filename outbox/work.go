package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// A verdict is what is to become of a message after a step, and what the step
// says of the class's vendors.
type verdict struct {
	state State
	at    time.Time // of Queued and Sending: when it is due again
	tries int       // calls that were made

	answered   bool // a vendor did its work, whatever the answer
	blame      bool // the vendors, or we, are at fault
	reason     sms.Reason
	retryAfter time.Duration
}

// A job is one message in the hands of a worker.
type job struct {
	b     *Outbox
	lease Lease
	stored
	story story
}

// work brings a lease to its end, or to where it waits again.
func (d *dispatcher) work(l Lease, class int) {
	j := &job{b: d.b, lease: l, story: readStory(l.Last.Story)}
	v := j.run(d.end)
	if until := d.came(class, v); v.blame && v.state == Queued && v.at.Before(until) {
		v.at = j.bounded(until)
	}
	j.tell(v)
	d.settler.settle(End{Lease: l, Record: Record{State: v.state, At: v.at, Tries: l.Last.Tries + v.tries, Story: j.story.write()}})
}

// tell logs what a person has to look at.
func (j *job) tell(v verdict) {
	switch v.state {
	case Held:
		j.b.log.Warn("outbox: held: nobody can tell whether it was sent", "key", j.lease.Key, "to", j.story.To)
	case Dead:
		j.b.log.Warn("outbox: dead", "key", j.lease.Key, "to", j.story.To, "error", j.story.err(j.lease.Key, Dead))
	}
}

// run decides what the message needs and does it.
func (j *job) run(ctx context.Context) verdict {
	var err error
	if j.stored, err = j.b.keys.decode(j.lease.Data, j.lease.Key); err != nil {
		return j.poisoned(err)
	}
	if kind := j.b.kind(j.Message); kind != 0 && !kind.MayDouble() {
		j.Kind = kind // a template that is no code any more does not go twice
	}
	j.story.about(j.stored)
	if j.lease.Last.State == Sending {
		if v, done := j.resolve(ctx); done {
			return v
		}
	}
	now := time.Now()
	if j.late(now) {
		return j.gone(now)
	}
	if m := j.Message; m.Template != "" && j.b.o.Templates.Kind(m.Template) == 0 {
		return j.poisoned(fmt.Errorf("template %.64q is gone", m.Template))
	}
	if due := j.b.quiet(j.Message, j.Kind, now); due.After(now) {
		return verdict{state: Queued, at: j.bounded(due)}
	}
	if f, ok := j.lease.Token.(Fence); ok && !f.Valid() {
		return verdict{state: Queued, at: now} // recorded only if nobody has taken over
	}
	return j.send(ctx)
}

// poisoned is the end of what can never be sent as it is.
func (j *job) poisoned(err error) verdict {
	j.story.add(Try{At: time.Now(), Outcome: sms.Rejected, Reason: sms.InvalidMessage, Text: err.Error(), Note: "cannot be sent as it is"})
	if j.lease.Last.State == Sending || j.story.Doubt {
		j.story.Doubt = true
		return verdict{state: Held}
	}
	return verdict{state: Dead}
}

// late tells whether the time for a message has passed: Expires, and for a code
// the age of its kind.
func (j *job) late(now time.Time) bool {
	return j.Message.Expired(now) || j.Kind.MayDouble() && !now.Before(j.deadline())
}

// gone is the end of what is too late. What was perhaps sent and does harm twice
// is for a person.
func (j *job) gone(now time.Time) verdict {
	j.story.note(now, "too late")
	if j.story.Doubt && !j.Kind.MayDouble() {
		return verdict{state: Held}
	}
	return verdict{state: Expired}
}

// deadline is until when tries may begin. A code's time runs from when it was due,
// whenever it is first tried; that of all others from the first try, or from when
// a person had it sent again.
func (j *job) deadline() time.Time {
	from := j.Due
	if j.story.First.After(from) && (j.story.Again || !j.Kind.MayDouble()) {
		from = j.story.First
	}
	return from.Add(j.b.o.GiveUpAfter[j.Kind])
}

// bounded is t, or when the message expires before: it is told of then.
func (j *job) bounded(t time.Time) time.Time {
	if j.Message.Expired(t) {
		t = j.Message.Expires
	}
	if end := j.deadline(); j.Kind.MayDouble() && t.After(end) {
		t = end
	}
	return t
}

// send makes the call.
func (j *job) send(ctx context.Context) verdict {
	began := time.Now()
	if j.story.First.IsZero() {
		j.story.First = began.Round(0)
	}
	ctx, cancel := context.WithTimeout(ctx, j.b.o.SendTimeout)
	defer cancel()
	receipt, err := j.b.call(ctx, j.Message)
	took := time.Since(began)
	if err == nil {
		j.story.accepted(began.Round(0), took, receipt, "")
		return verdict{state: Accepted, tries: 1, answered: true}
	}
	j.story.failed(j.Message, began.Round(0), took, err)
	v := j.judge(time.Now(), began.Round(0), err)
	v.tries = 1
	return v
}

// call calls the Sender. One that panics has perhaps sent.
func (b *Outbox) call(ctx context.Context, m sms.Message) (r sms.Receipt, err error) {
	defer func() {
		if p := recover(); p != nil {
			b.log.Error("outbox: the sender panicked", "key", m.Key, "type", fmt.Sprintf("%T", p))
			err = &sms.Error{Reason: sms.Internal, Key: m.Key, Err: fmt.Errorf("the sender panicked with a %T", p)}
		}
	}()
	return b.o.Sender.Send(ctx, m.Clone())
}
