// Package example is the provider of Postal, an invented vendor. It shows how a
// provider is written on package kit. Postal stores the templates and fills in
// values by position. It answers HTTP 200 to every call and says in the body
// whether it accepted the message.
package example

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// Options configure a Provider.
type Options struct {
	Name      string            `yaml:"-"`                                                                                                                                    // defaults to "postal"
	Token     string            `yaml:"token" secret:"yes" default:"needed" doc:"the API token of the account"`                                                               // required
	Endpoint  string            `yaml:"endpoint" default:"https://api.postal.example" doc:"where calls are made to"`                                                          // see kit.Common
	From      string            `yaml:"from" default:"none" doc:"the sender ID"`                                                                                              // if nothing else names one
	Senders   map[string]string `yaml:"senders" default:"none" doc:"a map from a message's 'From' to a sender ID; '@US' is that of a region, 'shop@US' that of a name there"` // see kit.Common
	Templates *sms.Registry     `yaml:"-"`                                                                                                                                    // required: Postal takes no free text
	Timeout   time.Duration     `yaml:"timeout" default:"5s" doc:"of one call"`                                                                                               // defaults to 5 s
	Coalesce  bool              `yaml:"coalesce" default:"false" doc:"sends messages that are alike in one call"`                                                             // see kit.Common
	MaxCalls  int               `yaml:"max_calls" default:"4" doc:"with 'coalesce': how many such calls at a time"`                                                           // see kit.Common
	Transport http.RoundTripper `yaml:"-"`                                                                                                                                    // see kit.Common
}

// String returns the options without the token.
func (o Options) String() string { return kit.Describe(o) }

// Format prints String under every verb.
func (o Options) Format(f fmt.State, verb rune) { kit.Print(f, verb, o.String()) }

// LogValue returns String as a slog value.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// GobEncode returns the text of String.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }

// A Provider sends through Postal. It may be used by any number of goroutines.
type Provider struct{ *kit.Provider }

// vendor is what this package knows of Postal.
type vendor struct {
	*kit.Base
	token func() string // behind a function: package fmt cannot print through it
}

// An order is one message in Postal's terms: the body of its request.
type order struct {
	To        string   `json:"to"`
	From      string   `json:"from"`
	Template  string   `json:"template"`
	Values    []string `json:"values"`
	Reference string   `json:"reference"`
}

// New returns a Provider. It does no I/O and reports every fault at once.
func New(o Options) (*Provider, error) {
	var f kit.Faults
	base := kit.Open(kit.Common{
		Name: o.Name, Endpoint: o.Endpoint, From: o.From, Senders: o.Senders, Templates: o.Templates, Timeout: o.Timeout, Transport: o.Transport,
		Coalesce: o.Coalesce, MaxCalls: o.MaxCalls,
	}, kit.About{
		Driver: "postal", Endpoint: "https://api.postal.example", TemplatesOnly: true, MaxKey: maxReference,
		Secrets: func() []string { return []string{o.Token} }, Codes: table,
	}, &f)
	v := &vendor{Base: base, token: func() string { return o.Token }}
	if o.Token == "" {
		f.Add("token", "it is empty: Postal shows one under Settings")
	}
	base.Bindings(func(t sms.Template, b sms.Binding, path string) {
		if n := len(o.Templates.Variables(t.Name)); len(b.Order) != n {
			f.Add(path+".order", "it names %d of %d variables, and Postal knows them by position", len(b.Order), n)
		}
	})
	p, err := kit.New(base, kit.Vendor[order]{
		Order: v.order, Send: v.send, Show: show, Listing: v.listing(), Batch: v.batch(), Webhook: v.webhook,
	}, f)
	if err != nil {
		return nil, err
	}
	return &Provider{p}, nil
}

// order turns a message into Postal's terms.
func (v *vendor) order(m *kit.Outgoing) (order, error) {
	o := order{To: m.To.E164(), From: m.Sender, Template: m.Binding.ID, Values: []string{}, Reference: v.Ref(m.Key)}
	for _, name := range m.Binding.Order {
		o.Values = append(o.Values, m.Params[name])
	}
	return o, nil
}

// send submits one message. Postal says in the body what an answer means.
func (v *vendor) send(ctx context.Context, o order) (kit.Accepted, error) {
	a, err := v.call(ctx, http.MethodPost, "/v1/messages", o)
	if err != nil {
		return kit.Accepted{}, err
	}
	var said struct{ Code, Message, ID, Call string }
	switch err := a.JSON(&said); {
	case !a.OK() || a.Status != http.StatusOK: // of something on the way: Postal has no other
		return kit.Accepted{}, a.Refused("", "")
	case err != nil || said.Code == "":
		return kit.Accepted{}, a.Unreadable("the answer has no code")
	case said.Code != "0":
		return kit.Accepted{}, a.Refused(said.Code, said.Message, said.Call)
	}
	return kit.Accepted{ID: said.ID, RequestID: said.Call}, nil
}

// call makes one call. A nil body is none.
func (v *vendor) call(ctx context.Context, method, path string, body any) (kit.Answer, error) {
	text, kind := "", ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return kit.Answer{}, kit.InvalidMessage("it cannot be written as JSON")
		}
		text, kind = string(b), "application/json"
	}
	r, err := v.Request(method, path, kind, text)
	if err != nil {
		return kit.Answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+v.token())
	return v.Do(ctx, r)
}

// show returns what Preview shows of an order.
func show(o order) map[string]string {
	return map[string]string{"to": o.To, "from": o.From, "template": o.Template, "values": fmt.Sprint(o.Values), "reference": o.Reference}
}
