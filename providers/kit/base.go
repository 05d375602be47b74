package kit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/sms"
)

// Common holds the settings that every provider has. Each vendor's Options keeps
// them as fields of its own, with tags and comments of its own, and its New copies
// them here.
type Common struct {
	// Name is the configured name, under which templates bind to the provider and
	// which receipts and errors carry. Defaults to About.Driver.
	Name string
	// Endpoint is the base address of the vendor's API. Defaults to About.Endpoint.
	Endpoint string
	// AllowPlainHTTP permits an http:// Endpoint on another machine.
	AllowPlainHTTP bool
	// From is the sender if neither the message nor its binding names one.
	From string
	// Senders maps a name in Message.From to a sender of this vendor. "name@US" is
	// the sender of that name for numbers of region US; "@US" is the sender for that
	// region if nothing else names one. Regions are ISO 3166-1 alpha-2.
	Senders map[string]string
	// Templates is the registry. Nil: messages need a Body.
	Templates *sms.Registry
	// Timeout bounds one call. Defaults to DefaultTimeout. Negative is a fault.
	Timeout time.Duration
	// FindAfter is how long after a message may have left the vendor can be
	// believed to know nothing of it. Defaults to Listing.After, then sms.FindAfter.
	FindAfter time.Duration
	// Coalesce lets messages that differ only in their number share a call, if the
	// vendor has a Batch.
	Coalesce bool
	// MaxCalls is how many calls of one kind may be in flight before messages
	// gather for the next one. It is used with Coalesce. Defaults to 4.
	MaxCalls int
	// Transport carries the calls. Defaults to a transport that the provider owns.
	Transport http.RoundTripper
}

// About says what is fixed for a vendor, whatever the configuration.
type About struct {
	// Driver is the driver's name: "twilio". Required.
	Driver string
	// Endpoint is the default base address. Empty for a vendor without HTTP.
	Endpoint string
	// Hosts maps names of further APIs of the vendor to their base addresses, for
	// Base.At. A configured Endpoint, such as a sandbox's, takes their place.
	Hosts map[string]string
	// BareHost refuses an Endpoint with a path.
	BareHost bool
	// Account is shown by the provider's String method. It must not be a secret.
	Account string
	// Public says that the credentials are well known, as the sandbox's are: they
	// may cross a network unencrypted, and nothing real can be reached with them.
	Public bool
	// TemplatesOnly refuses messages with a Body.
	TemplatesOnly bool
	// MaxKey is the longest key, in bytes, that the vendor's own field takes; a
	// longer one is replaced by Ref. Zero: sms.MaxKey.
	MaxKey int
	// Secrets returns the texts that must never be shown. It is called when an
	// error is made, so that rotating credentials are current. Optional.
	Secrets func() []string
	// Codes is the table of the vendor's codes.
	Codes Table
	// RequestID returns the vendor's ID of a call from the answer's header. Optional.
	RequestID func(http.Header) string
	// CheckSender reports what is wrong with a sender of the configuration. Optional.
	CheckSender func(sender string) error
}

// Faults collects what is wrong with a provider's settings, each under its path
// as configured, so that New can report every fault at once.
type Faults []error

// Add records a fault of the setting at path: "endpoint", "senders.acme".
func (f *Faults) Add(path, format string, args ...any) {
	*f = append(*f, &sms.FieldError{Path: path, Err: fmt.Errorf(format, args...)})
}

// Err returns all faults joined, and nil if there is none.
func (f Faults) Err() error { return errors.Join(f...) }

// A Base is a provider's settings after their check. Open makes it.
type Base struct {
	About
	// Name is the configured name.
	Name string
	// URL is the base address without a slash at its end.
	URL string
	// Templates is the registry; may be nil.
	Templates *sms.Registry

	common   Common
	bindings map[string]*sms.Binding // by template
	trial    bool                    // no telephone is reached
	http     *Client
	claims   *claims
	closed   atomic.Bool
}

// Open checks the settings that every provider has, records each fault in f, and
// returns a Base for the rest of the vendor's New. It does no I/O.
func Open(c Common, a About, f *Faults) *Base {
	c.Name = cmp.Or(c.Name, a.Driver)
	c.Senders = maps.Clone(c.Senders)
	b := &Base{About: a, Name: c.Name, Templates: c.Templates, common: c, claims: newClaims()}
	b.checkEndpoint(f)
	b.checkSenders(f)
	if c.Timeout < 0 {
		f.Add("timeout", "it is negative: leave it out for %v", DefaultTimeout)
	}
	if c.FindAfter < 0 {
		f.Add("find_after", "it is negative: leave it out for the vendor's default")
	}
	if c.MaxCalls < 0 {
		f.Add("max_calls", "it is negative: leave it out for %d", defaultMaxCalls)
	}
	if a.TemplatesOnly && c.Templates == nil {
		f.Add("templates", "there are none, and the vendor sends approved templates only")
	}
	b.bindings = map[string]*sms.Binding{}
	for t := range c.Templates.All() {
		if binding, ok := t.Bindings[c.Name]; ok {
			b.bindings[t.Name] = &binding
			b.checkSender("templates."+t.Name+".bindings."+c.Name+".from", binding.From, f)
		}
	}
	b.http = NewClient(ClientOptions{Timeout: c.Timeout, Transport: c.Transport})
	return b
}

func (b *Base) checkEndpoint(f *Faults) {
	if b.Endpoint == "" { // a vendor over another protocol checks its own address
		b.URL, b.trial = b.common.Endpoint, b.Public
		return
	}
	address := cmp.Or(b.common.Endpoint, b.Endpoint)
	url, local, err := endpoint(address, b.common.AllowPlainHTTP || b.Public)
	switch {
	case err != nil:
		f.Add("endpoint", "%w; the vendor's own is %s", err, b.Endpoint)
	case b.BareHost && strings.Count(url, "/") > 2:
		f.Add("endpoint", "it has a path: the vendor's calls go to the path \"/\" of a host")
	}
	b.URL, b.trial = url, local || b.Public
}

// Binding returns the binding of a template to this provider.
func (b *Base) Binding(template string) (sms.Binding, bool) {
	binding := b.bindings[template]
	if binding == nil {
		return sms.Binding{}, false
	}
	return *binding, true
}

// Bindings calls read for every template that is bound to this provider, with the
// path of the binding as configured, so that New can check what only this vendor
// knows and prepare it.
func (b *Base) Bindings(read func(t sms.Template, binding sms.Binding, path string)) {
	for t := range b.Templates.All() {
		if binding, ok := b.bindings[t.Name]; ok {
			read(t, *binding, "templates."+t.Name+".bindings."+b.Name)
		}
	}
}

// At returns the base address of one of About.Hosts, or the configured Endpoint
// if there is one.
func (b *Base) At(host string) string {
	if b.common.Endpoint != "" {
		return b.URL
	}
	return cmp.Or(b.Hosts[host], b.URL)
}

// Request returns a request to path below the base address. A path that is a
// whole URL is used as it is.
func (b *Base) Request(method, path, contentType, body string) (*http.Request, error) {
	if !strings.Contains(path, "://") {
		path = b.URL + path
	}
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		return nil, &Failure{Reason: sms.Internal, Outcome: sms.Rejected, Err: errors.New("the request cannot be built")}
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r, nil
}

const userAgent = "notify (github.com/notifykit/notify)"

// Do carries a request once. The error is a *Failure, and any HTTP status is an
// Answer. A request without a User-Agent gets the library's.
func (b *Base) Do(ctx context.Context, r *http.Request) (Answer, error) {
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", userAgent)
	}
	return b.http.Do(ctx, r)
}

// Closed reports whether Close has been called.
func (b *Base) Closed() bool { return b.closed.Load() }

// Ref returns key as the vendor's own field takes it: see Ref.
func (b *Base) Ref(key string) string { return Ref(key, cmp.Or(b.MaxKey, sms.MaxKey)) }

// Timeout returns the bound of one call.
func (b *Base) Timeout() time.Duration {
	return cmp.Or(max(b.common.Timeout, 0), DefaultTimeout)
}
