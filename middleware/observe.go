package middleware

import (
	"cmp"
	"context"
	"time"

	"github.com/notifykit/notify/sms"
)

// An Event describes one attempt at a vendor, or one message with all its attempts.
// It holds no number, no value and no text. Its fields take few different values, so
// they may be labels of a metric.
type Event struct {
	// Attempt is the number of the attempt, counted from 1. In the event of a message
	// it is the number of attempts: 0 if the message was refused before any vendor.
	Attempt int
	// Message reports that this is the event of a message, which follows those of its
	// attempts.
	Message bool

	Template string
	Kind     sms.Kind
	Region   string // of the recipient, such as "CN"
	Provider string // the configured name; of a message, the last provider's
	Outcome  sms.Outcome
	Reason   sms.Reason // empty if it was accepted
	Segments int        // zero if it was not accepted
	Took     time.Duration
}

// Observe calls f after each message: once for each attempt, in order, and then once
// for the message. Put it outside Failover and Retry, which record the attempts. f is
// called before Send returns, by many goroutines at once. It must be quick. A nil f is
// not called.
//
// Event.Kind is the kind of the message that Observe receives. If that is unset, it is
// the kind in a provider's error. Inside Validate it is always set.
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

// attemptsOf returns all attempts of a message in order. It returns none if the
// message was refused before any vendor, by an error that names no provider.
func attemptsOf(r sms.Receipt, err error, took time.Duration) []sms.Attempt {
	attempts := sms.AppendAttempts(nil, r, err, took)
	if err != nil && len(attempts) == 1 && attempts[0].Provider == "" && sms.OutcomeOf(err) == sms.Rejected {
		return nil
	}
	return attempts
}
