package notify

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// ErrClosed is what Send returns after Close, as the cause of an *sms.Error that
// is Rejected. It is sms.ErrClosed.
var ErrClosed = sms.ErrClosed

// A Client sends messages through the providers of a Config. Any number of
// goroutines may use it at once. It starts none.
//
// It is an sms.Sender, an sms.Checker and an sms.Finder. Its providers are reached
// by [Client.Provider].
type Client struct {
	stack     sms.Sender // from what is outermost to the router's paths
	registry  *sms.Registry
	router    *router
	rewrites  []Rewrite
	redirect  sms.Number // Config.Redirect
	providers map[string]*Provider
	guard     guard
	mark      string
	made      []io.Closer // providers that drivers made

	waits context.Context // of what waits on our side: ended by Shutdown at once
	quit  context.CancelCauseFunc

	mu      sync.Mutex         // guards what follows
	closing bool               // no call begins
	calls   map[*call]struct{} // in flight
	idle    chan struct{}      // closed when closing and calls is empty
	once    sync.Once          // closes made
	faults  error              // what that came to; read after once
}

var (
	_ sms.Sender  = (*Client)(nil)
	_ sms.Checker = (*Client)(nil)
	_ sms.Finder  = (*Client)(nil)
)

// Open makes a Client of the configuration file at path. It is OpenWith without a
// change.
func Open(path string, drivers ...sms.Driver) (*Client, error) {
	return OpenWith(path, nil, drivers...)
}

// OpenWith makes a Client of the configuration file at path as change has changed
// it: LoadConfig, change, New. Every fault of the three comes in one
// *[ConfigError], so change gets what could be read, whatever the faults; it is not
// called if no environment could be chosen. An error of change is returned with the
// faults. Nil: nothing is changed.
//
// A driver without Settings reads none: variables in the settings of its providers
// need no value, so a test with a fake in a driver's place needs none of its
// secrets.
func OpenWith(path string, change func(*Config) error, drivers ...sms.Driver) (*Client, error) {
	c, _ := LoadConfig(path, LoadOptions{}) // New returns its faults too
	if _, read := c.source.Faults(); read && change != nil {
		if err := change(&c); err != nil {
			client, faults := New(c, drivers...)
			if faults == nil {
				faults = client.Close()
			}
			return nil, errors.Join(err, faults)
		}
	}
	return New(c, drivers...)
}

// New makes a Client. It does no I/O and starts nothing. Every fault of c comes
// in one *[ConfigError], those that the drivers find in their settings and those
// that LoadConfig found in the file included. New copies what it keeps of c.
func New(c Config, drivers ...sms.Driver) (*Client, error) {
	known, read := c.source.Faults()
	if !read {
		return nil, newConfigError(known)
	}
	b := builder{config: c, drivers: map[string]sms.Driver{}, providers: map[string]sms.Sender{}, logger: c.Logger}
	b.unread = slices.ContainsFunc(known, func(f config.Fault) bool { return f.Path == "providers" })
	if b.logger == nil {
		b.logger = slog.New(slog.DiscardHandler)
	}
	b.readTemplates()
	b.readDrivers(drivers)
	b.openProviders()
	b.checkSafety()
	b.checkLimits()
	routes := b.checkRoutes()
	known = append(known, b.missing...)
	if faults := append(known, unexplained(b.faults, known)...); len(faults) > 0 {
		for _, p := range b.made {
			_ = p.Close() // nothing was sent through it; the faults are what the caller has to know
		}
		return nil, newConfigError(faults)
	}
	client := b.client(routes)
	b.announce()
	return client, nil
}

// Send sends m through the providers of its route until one accepts it, as far
// as the table of reasons allows. A nil error means that a vendor has accepted
// it. Every error holds an *sms.Error: sms.OutcomeOf and sms.ReasonOf read it.
//
// An empty m.Key is filled in with sms.NewKey; Receipt.Key and Error.Key report it.
// After Close the error is ErrClosed, Rejected.
func (c *Client) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	keyless := m.Key == ""
	if keyless {
		m.Key = sms.NewKey()
	}
	on := c.begin(ctx)
	if on == nil {
		return sms.Receipt{}, sms.Refuse(m, sms.Internal, ErrClosed)
	}
	defer c.end(on)
	if err := ctx.Err(); err != nil {
		return sms.Receipt{}, sms.Refuse(m, sms.Canceled, err)
	}
	on.keyless = keyless
	receipt, err := c.send(on, m)
	if err != nil {
		return receipt, on.explain(m, err)
	}
	receipt.Key = cmp.Or(receipt.Key, m.Key)
	return receipt, nil
}

// send resolves m and gives it to the stack.
func (c *Client) send(on *call, m sms.Message) (sms.Receipt, error) {
	r, err := c.resolve(on, m)
	if err != nil {
		return sms.Receipt{}, err
	}
	if r.Expired(time.Now()) {
		return sms.Receipt{}, sms.Refuse(r.Message, sms.Expired, nil)
	}
	on.resolved = r
	if c.guard.needed {
		on.print = c.guard.fingerprint(r.Message)
	}
	m = r.Message
	m.To = r.Recipient // until the guard: limits count it
	return c.stack.Send(on, m)
}

// A call is one Send, or one question, on its way. It is the context of that way:
// three allocations in place of the eight of standard contexts for the same. It ends
// with the caller's context and when Shutdown ends calls; what waits on our side ends
// when Shutdown begins.
type call struct {
	middleware.Waits
	cancel   context.CancelCauseFunc
	resolved Resolved
	keyless  bool   // the caller gave no Key
	print    uint64 // of Params and Tags
}

type callKey struct{}

// Value returns the call itself for callKey.
func (on *call) Value(key any) any {
	if key == (callKey{}) {
		return on
	}
	return on.Waits.Value(key)
}

// callOf returns the call that ctx belongs to; nil: none.
func callOf(ctx context.Context) *call {
	on, _ := ctx.Value(callKey{}).(*call)
	return on
}

// explain completes an error of the stack: an *sms.Error it is, with the key of
// m, and an end that Shutdown has brought is not called the caller's.
func (on *call) explain(m sms.Message, err error) error {
	e := sms.AsError(err)
	ended := context.Cause(on) == ErrClosed && e.Reason == sms.Canceled
	if e == err && e.Key != "" && !ended {
		return err
	}
	explained := *e
	explained.Key = cmp.Or(explained.Key, m.Key)
	if ended {
		explained.Reason, explained.Err = sms.Internal, ErrClosed
	}
	return &explained
}

// begin notes a call that ctx bounds. It returns nil if the Client is closing.
func (c *Client) begin(ctx context.Context) *call {
	on := &call{}
	on.End = c.waits
	on.Context, on.cancel = context.WithCancelCause(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		on.cancel(ErrClosed)
		return nil
	}
	c.calls[on] = struct{}{}
	return on
}

// end notes the end of a call.
func (c *Client) end(on *call) {
	on.cancel(nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	if delete(c.calls, on); len(c.calls) == 0 && c.closing {
		close(c.idle)
	}
}

// kill ends the calls that are in flight.
func (c *Client) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for on := range c.calls {
		on.cancel(ErrClosed)
	}
}

// cutGrace is how long Shutdown waits, after it has ended the calls, for Senders to
// return, which they must do soon after their context ends.
const cutGrace = time.Second

// Shutdown closes the Client. From now on Send is refused. What waits on our side, for
// a turn or for another try, ends at once with ErrClosed. Calls that have left for a
// vendor are waited for until ctx ends; then they are ended, their outcome is
// Unknown, and Shutdown returns ctx's error. When all calls have ended it closes the
// providers that drivers made, not those given as a Sender, and returns their errors
// too.
//
// It may be called again, and by several goroutines at once: each waits, as long as
// its own ctx allows. Do not call it from inside a Send, such as in a Middleware: it
// would wait for itself.
func (c *Client) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	if !c.closing {
		c.closing = true
		if len(c.calls) == 0 {
			close(c.idle)
		}
	}
	c.mu.Unlock()
	c.quit(ErrClosed)
	cut := c.wait(ctx)
	if cut != nil {
		c.kill()
		grace, cancel := context.WithTimeout(context.Background(), cutGrace)
		defer cancel()
		if c.wait(grace) != nil {
			return cut // a Sender ignores its context: the providers stay open for it
		}
	}
	c.once.Do(func() {
		var faults []error
		for _, p := range slices.Backward(c.made) {
			faults = append(faults, p.Close())
		}
		c.faults = errors.Join(faults...)
	})
	if cut == nil || c.faults == nil {
		return cmp.Or(cut, c.faults)
	}
	return errors.Join(cut, c.faults)
}

// wait waits until no call is in flight, or returns ctx's error.
func (c *Client) wait(ctx context.Context) error {
	select {
	case <-c.idle:
		return nil
	default:
	}
	select {
	case <-c.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close is Shutdown that waits for calls however long they last.
func (c *Client) Close() error { return c.Shutdown(context.Background()) }
