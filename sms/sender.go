package sms

import (
	"context"
	"errors"
)

// A Sender sends one message.
//
// Send may be called by any number of goroutines at once. It returns soon after
// ctx ends. It never sends a message more than once by itself: repeating is the
// work of middleware, which the caller chooses. A nil error means that the
// vendor accepted the message, not that the recipient has it. Every error holds
// an [*Error], from which [OutcomeOf] and [ReasonOf] tell whether the message
// was certainly not sent, and why. After Close, where a Sender has one, Send
// answers [ErrClosed], Rejected.
//
// A Sender neither changes nor keeps m.Params and m.Tags after Send returns;
// who keeps a Message keeps [Message.Clone].
type Sender interface {
	Send(ctx context.Context, m Message) (Receipt, error)
}

// SenderFunc makes a Sender of a function.
type SenderFunc func(ctx context.Context, m Message) (Receipt, error)

// Send calls f.
func (f SenderFunc) Send(ctx context.Context, m Message) (Receipt, error) { return f(ctx, m) }

// A Middleware puts something around a Sender: a limit, a retry, a log. It
// makes its state anew for each Sender that it is applied to, so one Middleware
// value applied to two providers shares nothing between them. [Wrap] is the
// simplest way to write one.
type Middleware func(next Sender) Sender

// Chain puts middleware around s. The first one is the outermost: it sees the
// message first and the answer last. Nil entries are skipped; without any middleware
// the result is s itself.
//
// Else the result is a Sender and nothing else: it has none of the abilities of s
// ([AbilitiesOf]), because a middleware may change the message that s would be
// asked about. Keep s itself to ask it. A nil s, and a middleware that returns
// nil, make a Sender that answers Internal.
func Chain(s Sender, mw ...Middleware) Sender {
	if s == nil {
		s = missing("Chain was given no Sender")
	}
	for i := len(mw) - 1; i >= 0; i-- {
		if mw[i] == nil {
			continue
		}
		next := mw[i](s)
		if next == nil {
			next = missing("a middleware returned no Sender")
		}
		s = SenderFunc(next.Send)
	}
	return s
}

// Wrap returns a Sender that calls send. It is what a [Middleware] returns. A nil
// send is next's own. The result has none of the abilities of next.
func Wrap(next Sender, send SenderFunc) Sender {
	switch {
	case send != nil:
		return send
	case next != nil:
		return SenderFunc(next.Send)
	}
	return missing("Wrap was given neither a Sender nor a function")
}

// missing answers in the place of a Sender that a program forgot, rather than
// panic at the first message.
func missing(what string) Sender {
	return SenderFunc(func(_ context.Context, m Message) (Receipt, error) {
		return Receipt{}, Refuse(m, Internal, errors.New(what))
	})
}
