// Package example is the provider of Postal, a vendor that does not exist: an
// example of how to write one. Postal holds the templates and puts in values by
// position; it answers HTTP 200 to everything and says in the body what it means.
package example

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/sms"
)

// Options are what a Provider is made of.
type Options struct {
	Name      string            `yaml:"-"`        // the configured name; defaults to "postal"
	Token     string            `yaml:"token"`    // required; never shown
	Endpoint  string            `yaml:"endpoint"` // defaults to "https://api.postal.example"
	Senders   map[string]string `yaml:"senders"`  // Message.From to a sender of Postal's; the binding's where that is empty
	Templates *sms.Registry     `yaml:"-"`        // required: Postal takes templates only
	Timeout   time.Duration     `yaml:"timeout"`  // of one call; defaults to 5 s
}

// A Provider sends through Postal. Any number of goroutines may use it at once.
type Provider struct {
	options Options
	http    *carrier.Client
}

// New makes a Provider and does no I/O. All faults come in one error.
func New(o Options) (*Provider, error) {
	var faults []error
	fault := func(path string, err error) { faults = append(faults, &sms.FieldError{Path: path, Err: err}) }
	o.Name = cmp.Or(o.Name, "postal")
	var err error
	if o.Endpoint, err = carrier.Endpoint(cmp.Or(o.Endpoint, "https://api.postal.example"), false); err != nil {
		fault("endpoint", err)
	}
	if o.Token == "" {
		fault("token", errors.New("it is empty: Postal shows one under Settings"))
	}
	if o.Templates == nil {
		fault("templates", errors.New("there are none, and Postal takes no free text"))
	}
	for t := range o.Templates.All() {
		b, bound := t.Bindings[o.Name]
		if n := len(o.Templates.Variables(t.Name)); bound && len(b.Order) != n {
			fault("templates."+t.Name, fmt.Errorf("order names %d of %d variables, and Postal knows them by position", len(b.Order), n))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	o.Senders = maps.Clone(o.Senders) // the caller's to change
	return &Provider{options: o, http: carrier.New(carrier.Options{Timeout: o.Timeout})}, nil
}

// CheckTemplate tells whether Send would refuse these values.
func (p *Provider) CheckTemplate(name string, values sms.Params) error {
	return p.options.Templates.CheckTemplate(name, values)
}

// Send sends m once; see [sms.Sender].
func (p *Provider) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	m, refused := carrier.Check(ctx, p.options.Name, p.options.Templates, m)
	if refused != nil {
		return sms.Receipt{}, refused
	}
	request, err := p.request(m)
	if err != nil {
		return sms.Receipt{}, carrier.Refuse(p.options.Name, m, err)
	}
	answer, failure := p.http.Do(ctx, request)
	if failure != nil {
		return sms.Receipt{}, failure.Error(p.options.Name, m)
	}
	return p.read(answer, m)
}

// request writes m as Postal wants it: in the body, so that no URL shows a number.
func (p *Provider) request(m sms.Message) (*http.Request, error) {
	template, _ := p.options.Templates.Lookup(m.Template)
	binding, bound := template.Bindings[p.options.Name]
	from, known := p.options.Senders[m.From]
	if !bound || m.From != "" && !known {
		return nil, sms.Refuse(m, sms.Unsupported, errors.New("it needs a template with a binding for Postal, and a From among senders"))
	}
	values := make([]string, len(binding.Order))
	for i, name := range binding.Order {
		values[i] = m.Params[name]
	}
	body, wrong := json.Marshal(map[string]any{"to": m.To.E164(), "from": cmp.Or(from, binding.From), "template": binding.ID, "values": values, "reference": m.Key})
	r, err := http.NewRequest(http.MethodPost, p.options.Endpoint+"/v1/messages", bytes.NewReader(body))
	if err = errors.Join(wrong, err); err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+p.options.Token)
	r.Header.Set("Content-Type", "application/json")
	return r, nil
}

// read tells what Postal's answer means. What cannot be read leaves it open.
func (p *Provider) read(a carrier.Answer, m sms.Message) (sms.Receipt, error) {
	var said struct{ Code, Message, ID, Call string }
	err := &sms.Error{Provider: p.options.Name, Key: m.Key, Kind: m.Kind}
	err.Reason, err.Outcome = carrier.OfStatus(a.Status)
	switch {
	case a.Cut != nil && err.Outcome == sms.Unknown:
		err = a.Cut.Error(p.options.Name, m)
	case a.Status != http.StatusOK: // of something on the way: Postal has no other
		err.Err = fmt.Errorf("the status is %d", a.Status)
	case json.Unmarshal(a.Body, &said) != nil || said.Code == "" || said.Code == "0" && said.ID == "":
		err.Reason, err.Err = sms.Internal, errors.New("the answer cannot be read")
	case said.Code == "0":
		text, _ := p.options.Templates.Render(m, p.options.Name)
		segments, _ := sms.CountSegments(text)
		return sms.Receipt{Provider: p.options.Name, Key: m.Key, ID: said.ID, RequestID: said.Call, Segments: segments}, nil
	default:
		err.Code, err.Message, err.RequestID = said.Code, redact.Words(said.Message, m, p.options.Token), said.Call
		err.Reason, err.Outcome = sms.Unsupported, sms.Rejected // a code that is not listed is a no as well
		if i := slices.IndexFunc(Codes(), func(c sms.CodeInfo) bool { return c.Code == said.Code }); i >= 0 {
			err.Reason, err.Outcome = Codes()[i].Reason, Codes()[i].Outcome
		}
	}
	return sms.Receipt{}, err
}

// Close waits for the calls in flight.
func (p *Provider) Close() error { return p.http.Close() }

// Format prints the name alone: the options hold the token.
func (p *Provider) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.options.Name) }
