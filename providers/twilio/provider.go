package twilio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/sms"
)

// A Provider sends through one Twilio account. Any number of goroutines may use
// it at once. It prints as its name and account, without its secrets.
type Provider struct {
	name, account string
	endpoint      string // without a slash at its end
	sender        sender
	senders       map[string]sender
	templates     *sms.Registry
	bindings      map[string]*binding // by template
	http          *carrier.Client
	findAfter     time.Duration
	ledger        *ledger

	// What holds secrets is behind functions: package fmt prints the fields of a
	// struct that holds a Provider without asking its methods, and of a function no
	// more than its address.
	who      func() credentials
	callback func(sms.Message) string // StatusCallback for a message
}

var (
	_ sms.Sender    = (*Provider)(nil)
	_ sms.Checker   = (*Provider)(nil)
	_ sms.Previewer = (*Provider)(nil)
	_ sms.Finder    = (*Provider)(nil)
)

// New makes a Provider. It does no I/O. All that is wrong with the options comes
// in one error, each fault a *sms.FieldError whose Path is the setting as a
// configuration file has it.
func New(o Options) (*Provider, error) {
	var f faults
	name := cmp.Or(o.Name, driverName)
	who, callback := o.credentials(&f), o.callback(&f)
	p := &Provider{
		name:      name,
		account:   o.AccountSID,
		endpoint:  o.endpoint(who, &f),
		who:       func() credentials { return who },
		sender:    o.sender(&f),
		senders:   o.senders(&f),
		callback:  func(m sms.Message) string { return callback.fill(name, m) },
		templates: o.Templates,
		bindings:  o.bindings(name, &f),
		findAfter: cmp.Or(o.FindAfter, sms.FindAfter),
		ledger:    newLedger(),
	}
	if o.Timeout < 0 {
		f.add("timeout", "it is negative: 0 means %v", carrier.DefaultTimeout)
	}
	if o.FindAfter < 0 {
		f.add("find_after", "it is negative: 0 means %v", sms.FindAfter)
	}
	if err := f.join(); err != nil {
		return nil, err
	}
	p.http = carrier.New(carrier.Options{Timeout: o.Timeout, Transport: o.Transport})
	return p, nil
}

// Close refuses new calls, waits for those in flight, which end within
// Options.Timeout, and closes the idle connections of the Provider's own
// transport.
func (p *Provider) Close() error { return p.http.Close() }

// Send sends m once and tells what is known of it afterwards; see [sms.Sender]
// and the package comment.
func (p *Provider) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	m, refused := carrier.Check(ctx, p.name, p.templates, m)
	if refused != nil {
		return sms.Receipt{}, refused
	}
	r, err := p.request(m, time.Now())
	if err != nil {
		return sms.Receipt{}, carrier.Refuse(p.name, m, err)
	}
	defer p.ledger.begin(r.to, r.text)()
	message, c, ok := p.create(ctx, r)
	if !ok {
		return sms.Receipt{}, p.refusal(c, m, r)
	}
	if fault := p.unaccepted(message, c, m, r); fault != nil {
		return sms.Receipt{}, fault
	}
	p.ledger.claim(message.sid, m.Key, time.Now())
	return sms.Receipt{
		Provider:  p.name,
		Key:       m.Key,
		ID:        message.sid,
		RequestID: requestID(c.answer.Header),
		Segments:  segments(message.segments, r.text),
	}, nil
}

// unaccepted looks for what makes a readable 2xx no acceptance: that it names no
// message, or one that Twilio has given up at once.
func (p *Provider) unaccepted(message created, c *call, m sms.Message, r request) *sms.Error {
	switch {
	case !isID(message.sid):
		return p.fault(c, m, sms.Internal, sms.Unknown, errors.New("the answer is a "+strconv.Itoa(c.answer.Status)+" that names no message"))
	case message.status == "failed": // in Twilio's terms: it could not be sent
		e := p.fault(c, m, sms.Unsupported, sms.Rejected, errors.New("the message was created as failed"))
		if message.code > 0 {
			e.Code = strconv.Itoa(message.code)
			if row, ok := lookup(e.Code); ok {
				e.Reason = row.Reason
			}
		}
		e.Message = p.words(message.words, m, r)
		return e
	}
	return nil
}

// segments reads what Twilio counted, and counts itself where it says nothing or
// zero, as it does until a Messaging Service has chosen a sender.
func segments(said, text string) int {
	if n, err := strconv.Atoi(said); err == nil && n > 0 {
		return n
	}
	n, _ := sms.CountSegments(text)
	return n
}

// String returns the name and the account.
func (p *Provider) String() string {
	if p == nil {
		return driverName
	}
	return p.name + " (account " + p.account + ")"
}

// Format prints String under every verb, so that no secret shows.
func (p *Provider) Format(f fmt.State, verb rune) { formatAs(f, verb, p.String()) }

// LogValue gives slog the same as String.
func (p *Provider) LogValue() slog.Value { return slog.StringValue(p.String()) }
