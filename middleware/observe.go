package middleware

import (
	"cmp"
	"context"
	"time"

	"github.com/notifykit/notify/sms"
)

// An Event is one attempt at a vendor, or one message with all its attempts. It
// holds no number, no value and no text, and everything in it takes few values,
// so that it can be the labels of a metric.
type Event struct {
	// Attempt is which try it was, from 1 on. Of the event of a message it is how
	// many there were: 0 where it was refused before any vendor.
	Attempt int
	// Message tells the event of a message, the last one, from that of an attempt.
	Message bool

	Template string
	Kind     sms.Kind
	Region   string // of the recipient: "CN"
	Provider string // the configured name; of a message the last one's
	Outcome  sms.Outcome
	Reason   sms.Reason // empty where it was accepted
	Segments int        // of what was accepted
	Took     time.Duration
}

// Observe calls f after each message with one event for each attempt, in order,
// and then one for the message. Put it outside of Failover and Retry, which write
// the attempts down. f is called by the goroutines that send, many at once, before
// Send returns: it has to be quick. Nil: nothing is observed.
//
// Kind is the message's where Observe stands, else what a provider told in an
// error; inside of Validate it is always known.
func Observe(f func(context.Context, Event)) sms.Middleware {
	return func(next sms.Sender) sms.Sender {
		if f == nil {
			return sms.Wrap(next, next.Send)
		}
		return &observe{next: next, f: f}
	}
}

type observe struct {
	next sms.Sender
	f    func(context.Context, Event)
}

func (o *observe) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	began := clock()
	receipt, err := o.next.Send(ctx, m)
	took := clock() - began
	event := Event{Template: m.Template, Kind: cmp.Or(m.Kind, sms.KindOf(err)), Region: m.To.Region()}
	attempts := attemptsOf(receipt, err, took)
	for i, a := range attempts {
		one := event
		one.Attempt, one.Provider, one.Took = i+1, a.Provider, a.Took
		one.Outcome, one.Reason = sms.OutcomeOf(a.Err), sms.ReasonOf(a.Err)
		if a.Err == nil {
			one.Segments = receipt.Segments
		}
		o.f(ctx, one)
	}
	event.Message, event.Attempt, event.Took = true, len(attempts), took
	event.Outcome, event.Reason, event.Segments = sms.OutcomeOf(err), sms.ReasonOf(err), receipt.Segments
	event.Provider = receipt.Provider
	if e := sms.AsError(err); e != nil {
		event.Provider = e.Provider
	}
	o.f(ctx, event)
	return receipt, err
}

// attemptsOf gives all tries of a message in order; none where it was refused
// before any vendor, by something of ours that names no provider.
func attemptsOf(r sms.Receipt, err error, took time.Duration) []sms.Attempt {
	attempts := sms.AppendAttempts(nil, r, err, took)
	if err != nil && len(attempts) == 1 && attempts[0].Provider == "" && sms.OutcomeOf(err) == sms.Rejected {
		return nil
	}
	return attempts
}
