package notify

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/notifykit/notify/sms"
)

// ErrClosed is what Send answers after Close, as the cause of an *sms.Error that
// is Rejected. It is sms.ErrClosed.
var ErrClosed = sms.ErrClosed

// A Client sends messages through the providers of a Config. Any number of
// goroutines may use it at once.
//
// It is an sms.Sender, an sms.Checker, an sms.Previewer and an sms.Finder, and
// unwraps to the stack that New has built.
type Client struct {
	stack    sms.Sender
	router   *router
	registry *sms.Registry
	redirect sms.Number  // Config.Redirect
	made     []io.Closer // providers that drivers made

	closing atomic.Bool // set under mu, so that no call begins afterwards
	mu      sync.Mutex  // guards what follows
	waiting map[*call]context.CancelCauseFunc
	calls   sync.WaitGroup // calls in flight; Add only under mu

	shut   chan struct{} // closed when Close has come to its end
	faults error         // what that came to; read after shut is closed
}

var (
	_ sms.Sender    = (*Client)(nil)
	_ sms.Checker   = (*Client)(nil)
	_ sms.Previewer = (*Client)(nil)
	_ sms.Finder    = (*Client)(nil)
)

// Send sends m through the providers of its route until one accepts it, as far
// as the table of reasons allows. A nil error means that a vendor has accepted
// it. Every error holds an *sms.Error: sms.OutcomeOf and sms.ReasonOf read it.
//
// An empty m.Key is filled in with sms.NewKey; Receipt.Key and Error.Key tell it.
// After Close the answer is ErrClosed, Rejected.
func (c *Client) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	keyless := m.Key == ""
	if keyless {
		m.Key = sms.NewKey()
	}
	if !c.begin() {
		return sms.Receipt{}, closedError(m)
	}
	defer c.calls.Done()
	if err := ctx.Err(); err != nil {
		return sms.Receipt{}, &sms.Error{Reason: sms.Canceled, Outcome: sms.Rejected, Key: m.Key, Kind: m.Kind, Err: err}
	}
	on := &call{Context: ctx, client: c, keyless: keyless}
	defer on.release()
	receipt, err := c.stack.Send(on, m)
	if err != nil {
		return receipt, c.explain(ctx, m, err)
	}
	if receipt.Key == "" {
		receipt.Key = m.Key
	}
	return receipt, nil
}

// explain completes an error of the stack: an *sms.Error it is, with the key of
// m, and an end that Close has brought is not called the caller's.
func (c *Client) explain(ctx context.Context, m sms.Message, err error) error {
	e := sms.AsError(err)
	ended := c.closing.Load() && ctx.Err() == nil && errors.Is(err, context.Canceled)
	if e == err && e.Key != "" && !ended {
		return err
	}
	told := *e
	if told.Key == "" {
		told.Key = m.Key
	}
	if ended {
		told.Err = ErrClosed
		if told.Reason == sms.Canceled {
			told.Reason = sms.Internal
		}
	}
	return &told
}

// closedError is the answer to m after Close.
func closedError(m sms.Message) error {
	return &sms.Error{Reason: sms.Internal, Outcome: sms.Rejected, Key: m.Key, Kind: m.Kind, Err: ErrClosed}
}

// begin notes a call, unless the Client is closed.
func (c *Client) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing.Load() {
		return false
	}
	c.calls.Add(1)
	return true
}

// watch keeps the end of a call for Close, which may have begun already.
func (c *Client) watch(on *call, cancel context.CancelCauseFunc) {
	c.mu.Lock()
	closing := c.closing.Load()
	if !closing {
		if c.waiting == nil {
			c.waiting = map[*call]context.CancelCauseFunc{}
		}
		c.waiting[on] = cancel
	}
	c.mu.Unlock()
	if closing {
		cancel(ErrClosed)
	}
}

func (c *Client) unwatch(on *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, on)
}

// Close ends waits and retries at once, lets the calls that have left for a
// vendor come to their end, waits for every Send and Find, and closes the
// providers that drivers made, not those given as a Sender. Its error is theirs.
// It may be called again, and by several at once: all wait, and get the same
// answer. Do not call it from inside a Send, such as in a Middleware: it would
// wait for itself.
func (c *Client) Close() error {
	c.mu.Lock()
	again := c.closing.Swap(true)
	waiting := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	if again {
		<-c.shut
		return c.faults
	}
	for _, cancel := range waiting {
		cancel(ErrClosed)
	}
	c.calls.Wait()
	var faults []error
	for _, p := range slices.Backward(c.made) {
		faults = append(faults, p.Close())
	}
	c.faults = errors.Join(faults...)
	close(c.shut)
	return c.faults
}

// Unwrap gives the stack, so that abilities further down are found by sms.As.
func (c *Client) Unwrap() sms.Sender { return c.stack }
