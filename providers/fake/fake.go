package fake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// Options are what a Provider is made of. The zero value is ready for use.
type Options struct {
	// Name is the configured name. Defaults to "fake".
	Name string `yaml:"-"`
	// Templates is the registry, all of whose templates are accepted. Nil: messages
	// with a Body only.
	Templates *sms.Registry `yaml:"-"`
	// Latency is how long each call lasts. Zero: no time at all.
	Latency time.Duration `yaml:"latency" default:"0s" doc:"how long each call lasts"`
}

// A Provider takes messages and keeps them. Any number of goroutines may use it
// at once.
type Provider struct {
	line *line // what New made; Driver makes further ones

	mu      sync.Mutex // guards what follows
	calls   []Call     // in the order in which they came to an end
	pending map[string]int
	script  script
	lastID  int
}

var (
	_ sms.Sender    = (*Provider)(nil)
	_ sms.Checker   = (*Provider)(nil)
	_ sms.Previewer = (*Provider)(nil)
	_ sms.Finder    = (*Provider)(nil)
)

// New makes a Provider. It starts nothing. A negative Latency is the only fault
// that options can have, an *sms.FieldError.
func New(o Options) (*Provider, error) {
	if o.Latency < 0 {
		return nil, &sms.FieldError{Path: "latency", Err: fmt.Errorf("it is %v: 0 means none", o.Latency)}
	}
	p := &Provider{pending: map[string]int{}}
	p.line = &line{provider: p, name: cmp.Or(o.Name, driverName), templates: o.Templates, latency: o.Latency}
	return p, nil
}

// Send accepts m, or ends as it was scripted to. When ctx ends while Latency
// passes the outcome is Unknown, as it is with a vendor whose answer is not
// waited for; the message is then not taken.
func (p *Provider) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	return p.line.Send(ctx, m)
}

// Close refuses new calls and waits for those in flight. What was sent can still
// be asked for. It may be called again.
func (p *Provider) Close() error { return p.line.Close() }

// A line is a Sender into one Provider, under a configured name of its own: one
// fake may stand in the place of several vendors.
type line struct {
	provider  *Provider
	name      string
	templates *sms.Registry
	latency   time.Duration
	standsIn  bool // for another driver

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup // calls in flight; Add only under mu
}

func (l *line) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	m, refused := kit.Check(ctx, l.name, l.templates, m)
	if refused != nil {
		return sms.Receipt{}, refused
	}
	if !l.begin() {
		return sms.Receipt{}, kit.Refuse(l.name, m, sms.Refuse(m, sms.Internal, sms.ErrClosed))
	}
	defer l.calls.Done()
	text, err := l.templates.Render(m, l.name)
	if err != nil {
		return sms.Receipt{}, kit.Refuse(l.name, m, err)
	}
	receipt := sms.Receipt{Provider: l.name, Key: m.Key}
	receipt.Segments, _ = sms.CountSegments(text)

	end := l.provider.begin(m)
	if err := wait(ctx, l.latency); err != nil {
		return end(sms.Receipt{}, &sms.Error{Provider: l.name, Key: m.Key, Kind: m.Kind, Reason: sms.Canceled, Err: err})
	}
	return end(receipt, nil)
}

func (l *line) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.calls.Add(1)
	return true
}

func (l *line) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.calls.Wait()
	return nil
}

// begin notes that m is in flight. What it returns ends the call: refused where
// that is given, else as scripted, else accepted with r.
func (p *Provider) begin(m sms.Message) func(r sms.Receipt, refused *sms.Error) (sms.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending[m.Key]++
	return func(r sms.Receipt, refused *sms.Error) (sms.Receipt, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.pending[m.Key]--; p.pending[m.Key] == 0 {
			delete(p.pending, m.Key)
		}
		call := Call{Message: m.Clone(), Receipt: r}
		if refused != nil {
			call.Err = refused
		} else if e := p.script.next(m.To); e != nil {
			call.Err = e.in(r.Provider, m)
			call.taken = e.taken
		} else {
			call.taken = true
		}
		if call.taken {
			p.lastID++
			call.Receipt.ID = "fake-" + strconv.Itoa(p.lastID)
		}
		p.calls = append(p.calls, call)
		if call.Err != nil {
			return sms.Receipt{}, call.Err
		}
		return call.Receipt, nil
	}
}

// wait waits for d, or for the end of ctx, whose error it then returns.
func wait(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Format prints the name and how many messages were sent, under every verb: a
// fake holds codes, which no log may show.
func (p *Provider) Format(f fmt.State, _ rune) {
	if p == nil {
		fmt.Fprint(f, "no fake provider")
		return
	}
	fmt.Fprintf(f, "fake provider %q: %d messages sent", p.line.name, len(p.Sent()))
}

// errLost is why a call ends without an answer after LoseNext.
var errLost = errors.New("the answer was lost")
