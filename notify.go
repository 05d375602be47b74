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

// ErrClosed is the cause of the error that Send returns after Close. It is
// sms.ErrClosed.
var ErrClosed = sms.ErrClosed

// A Client sends messages through the providers of a Config. Any number of
// goroutines may use it at once. It starts none.
//
// It is an sms.Sender, an sms.Checker and an sms.Finder. [Client.Provider] returns a
// handle on one of its providers.
type Client struct {
	stack     sms.Sender // from what is outermost to the router's paths
	registry  *sms.Registry
	router    *router
	rewrites  []Rewrite
	redirect  sms.Number // Config.Redirect
	providers map[string]*Provider
	guard     guard
	delivery  Delivery // Config.Delivery
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

// Open returns a Client for the configuration file at path. It is OpenWith without a
// change.
func Open(path string, drivers ...sms.Driver) (*Client, error) {
	return OpenWith(path, nil, drivers...)
}

// OpenWith returns a Client for the configuration file at path. It calls LoadConfig,
// change and New, and returns the faults of all three in one *[ConfigError]. change is
// called with what could be read even if the file has faults, but not if no environment
// could be chosen. OpenWith returns an error of change together with the faults. A nil
// change is not called.
//
// A driver without Settings reads none, and variables in the settings of its providers
// need no value. So a test that replaces a driver by a fake needs no secrets.
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

// New returns a Client. It does no I/O and starts no goroutine. It returns all faults of
// c in one *[ConfigError], including those of the drivers' settings and those that
// LoadConfig found in the file. New copies what it keeps of c.
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
	b.checkRewrites()
	b.checkLimits()
	routes := b.checkRoutes()
	known = append(known, b.missing.All()...)
	if faults := append(known, unexplained(b.faults.All(), known)...); len(faults) > 0 {
		for _, p := range b.made {
			_ = p.Close() // nothing was sent through it, and the caller needs the faults
		}
		return nil, newConfigError(faults)
	}
	client := b.client(routes)
	b.announce()
	return client, nil
}

// Send sends m through the providers of its route until one accepts it, as far as the
// table of reasons allows. A nil error means that a vendor accepted m. Every error
// holds an *sms.Error, which sms.OutcomeOf and sms.ReasonOf read.
//
// If m.Key is empty, Send sets one by sms.NewKey, which Receipt.Key and Error.Key
// report. After Close the error is Rejected and matches ErrClosed.
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
		err = on.explain(m, err)
	} else {
		receipt.Key = cmp.Or(receipt.Key, m.Key)
	}
	if c.delivery != nil {
		c.delivery.Note(ctx, on.noted(m), receipt, err)
	}
	return receipt, err
}

// Delivery is what Config.Delivery needs. Note must return soon, because Send waits for
// it, and must not change what it is given.
type Delivery interface {
	// Note is given the message as vendors receive it, or as it was given to Send if it
	// was refused before that, and what Send returns.
	Note(ctx context.Context, m sms.Message, r sms.Receipt, err error)
}

// noted returns m as vendors receive it, if it got so far.
func (on *call) noted(m sms.Message) sms.Message {
	if on.resolved.Key == m.Key {
		return on.resolved.Message
	}
	return m
}

// send resolves m and passes it to the stack.
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

// A call is one Send, or one question, and its context. It takes three allocations;
// standard contexts for the same take eight. It ends with the caller's context or when
// Shutdown ends calls. Its waits end when Shutdown begins.
type call struct {
	middleware.Waits
	cancel   context.CancelCauseFunc
	resolved Resolved
	keyless  bool   // the caller set no Key
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

// callOf returns the call that ctx belongs to, or nil.
func callOf(ctx context.Context) *call {
	on, _ := ctx.Value(callKey{}).(*call)
	return on
}

// explain returns an error of the stack as an *sms.Error with the key of m. If Shutdown
// ended the call, the reason is not Canceled.
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

// begin returns a new call that ends with ctx. It returns nil if the Client is closing.
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

// end removes a call that has ended.
func (c *Client) end(on *call) {
	on.cancel(nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	if delete(c.calls, on); len(c.calls) == 0 && c.closing {
		close(c.idle)
	}
}

// kill cancels the calls that are in flight.
func (c *Client) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for on := range c.calls {
		on.cancel(ErrClosed)
	}
}

// cutGrace is how long Shutdown waits for Senders to return after it has canceled the
// calls.
const cutGrace = time.Second

// Shutdown closes the Client. Send then refuses every message. A message that waits for
// a turn or for another attempt ends at once with ErrClosed. Shutdown waits for calls to
// vendors until ctx ends. It then cancels them, so that their outcome is Unknown, and
// returns ctx's error. When all calls have ended, it closes the providers that drivers
// made, but not those given as a Sender, and returns their errors too.
//
// Shutdown may be called again, and by several goroutines at once. Each call waits until
// its own ctx ends. It must not be called from inside a Send, such as in a Middleware,
// because it would wait for itself.
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
			return cut // a Sender ignores its context, so its provider must stay open
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
