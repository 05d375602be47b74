package notify

import (
	"context"
	"errors"
	"sync"

	"github.com/notifykit/notify/sms"
)

// A call is the context of one Send on its way through the stack. It is the
// caller's, and ends besides when the Client closes, so that waits and retries
// end at once. At the provider, depart takes that second end off again: a call
// that has left is waited for.
//
// Until somebody asks for Done it is one allocation. Then it has an inner context
// of the standard library, to which Value goes, so that contexts made of this one
// hang on that and need no goroutine.
type call struct {
	context.Context // the caller's
	client          *Client
	keyless         bool // the caller gave no Key

	mu     sync.Mutex // guards what follows
	inner  context.Context
	cancel context.CancelCauseFunc
}

// callKey is the key under which a call gives itself.
type callKey struct{}

// Done makes the inner context at the first call.
func (c *call) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner == nil {
		c.inner, c.cancel = context.WithCancelCause(c.Context)
		c.client.watch(c, c.cancel)
	}
	return c.inner.Done()
}

// Err never contradicts Done.
func (c *call) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.inner != nil:
		return c.inner.Err()
	case c.Context.Err() != nil:
		return c.Context.Err()
	case c.client.closing.Load():
		return context.Canceled
	}
	return nil
}

// Value gives the call itself under callKey.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	c.mu.Lock()
	inner := c.inner
	c.mu.Unlock()
	if inner != nil {
		return inner.Value(key)
	}
	return c.Context.Value(key)
}

// keyless reports whether the caller gave the message of ctx no Key.
func keyless(ctx context.Context) bool {
	c, ok := ctx.(*call)
	if !ok {
		c, _ = ctx.Value(callKey{}).(*call)
	}
	return c != nil && c.keyless
}

// release ends the inner context, where there is one.
func (c *call) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.client.unwatch(c)
		c.cancel(context.Canceled)
	}
}

// depart is the middleware that lets a call to a provider go on when the Client
// closes.
func depart(next sms.Sender) sms.Sender {
	return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		if c, ok := ctx.(*call); ok {
			return next.Send(c.Context, m)
		}
		c, ok := ctx.Value(callKey{}).(*call)
		if !ok {
			return next.Send(ctx, m)
		}
		ctx, release := c.detach(ctx)
		defer release()
		return next.Send(ctx, m)
	})
}

// detach gives what the user's middleware has made of c, without the end that
// Close brings: its values, its deadline, and its end wherever that has another
// cause.
func (c *call) detach(derived context.Context) (context.Context, func()) {
	out, cancel := context.WithCancelCause(context.WithoutCancel(derived))
	stopCaller := context.AfterFunc(c.Context, func() { cancel(context.Cause(c.Context)) })
	stopDerived := context.AfterFunc(derived, func() {
		if !errors.Is(context.Cause(derived), sms.ErrClosed) {
			cancel(context.Cause(derived))
		}
	})
	release := func() {
		stopDerived()
		stopCaller()
		cancel(context.Canceled)
	}
	at, ok := derived.Deadline()
	if !ok {
		return out, release
	}
	bounded, stop := context.WithDeadline(out, at)
	return bounded, func() { stop(); release() }
}
