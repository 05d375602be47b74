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
// message first and the answer last. Nil entries are skipped.
//
// Whatever a middleware returns, Unwrap of the result gives what it was wrapped
// around, so that abilities further down are found by [As] and [FinderOf]. A
// nil s, and a middleware that returns nil, make a Sender that answers Internal.
func Chain(s Sender, mw ...Middleware) Sender {
	if s == nil {
		s = missing("Chain was given no Sender")
	}
	for i := len(mw) - 1; i >= 0; i-- {
		if mw[i] == nil {
			continue
		}
		s = attach(mw[i](s), s)
	}
	return s
}

// attach makes sure that outer unwraps to something: to inner, where it does
// not say so itself.
func attach(outer, inner Sender) Sender {
	switch u := outer.(type) {
	case nil:
		outer = missing("a middleware returned no Sender")
	case interface{ Unwrap() Sender }:
		if u.Unwrap() != nil {
			return outer
		}
	case interface{ Unwrap() []Sender }:
		return outer
	}
	return &layer{Sender: outer, inner: inner}
}

// A layer gives a Sender without Unwrap the one it was wrapped around.
type layer struct {
	Sender
	inner Sender
}

func (l *layer) Unwrap() Sender { return l.inner }

// Wrap returns a Sender that calls send and unwraps to next. It is what a
// [Middleware] returns, so that the abilities of next are not hidden. A nil send
// is next's own.
func Wrap(next Sender, send SenderFunc) Sender {
	switch {
	case send != nil:
	case next != nil:
		send = next.Send
	default:
		send = missing("Wrap was given neither a Sender nor a function").Send
	}
	return &wrapped{send: send, next: next}
}

// missing answers in the place of a Sender that a program forgot, rather than
// panic at the first message.
func missing(what string) Sender {
	return SenderFunc(func(_ context.Context, m Message) (Receipt, error) {
		return Receipt{}, Refuse(m, Internal, errors.New(what))
	})
}

type wrapped struct {
	send SenderFunc
	next Sender
}

func (w *wrapped) Send(ctx context.Context, m Message) (Receipt, error) { return w.send(ctx, m) }
func (w *wrapped) Unwrap() Sender                                       { return w.next }

// As looks for an ability: the first Sender, from s down through Unwrap() Sender
// and Unwrap() []Sender, that is a T. Of several Senders side by side it takes
// the first that has it; [FinderOf] is the one to use for a [Finder], which has
// to ask all of them.
func As[T any](s Sender) (T, bool) {
	if s == nil {
		var zero T
		return zero, false
	}
	if t, ok := s.(T); ok {
		return t, true
	}
	if l, ok := s.(*layer); ok {
		if t, ok := l.Sender.(T); ok {
			return t, true
		}
	}
	switch u := s.(type) {
	case interface{ Unwrap() Sender }:
		return As[T](u.Unwrap())
	case interface{ Unwrap() []Sender }:
		for _, next := range u.Unwrap() {
			if t, ok := As[T](next); ok {
				return t, true
			}
		}
	}
	var zero T
	return zero, false
}
