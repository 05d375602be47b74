package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// A Provider is a handle on one configured provider of a Client. Its methods are what
// the provider can do beside Send. Can reports what that is. The other methods return
// an error that matches errors.ErrUnsupported. A Provider may be used by any number of
// goroutines at once. It describes the configuration that its Client was made of.
type Provider struct {
	client      *Client
	name        string
	driver      string
	sender      sms.Sender // as the driver made it, or ProviderConfig.Sender
	can         sms.Abilities
	asks        sms.Finder // nil: it cannot be asked
	destination sms.Destination
	breaker     middleware.Stater
	pace        *middleware.Pace // nil: none
}

// ProviderState is the current state of a provider.
type ProviderState struct {
	// Breaker is the state of its breaker.
	Breaker middleware.State
	// Wait is how long a new message would wait for its turn (Limits.PerProvider).
	Wait time.Duration
}

func newProvider(c *Client, name string, config ProviderConfig, sender sms.Sender) *Provider {
	p := &Provider{client: c, name: name, driver: config.Driver, sender: sender, can: sms.AbilitiesOf(sender), destination: destinationOf(sender)}
	if p.can.Find {
		p.asks, _ = sender.(sms.Finder)
	}
	return p
}

func destinationOf(s sms.Sender) sms.Destination {
	if l, ok := s.(sms.Locator); ok {
		return l.Destination()
	}
	return sms.Destination{}
}

// Providers returns a handle on each provider, sorted by name.
func (c *Client) Providers() []*Provider {
	all := make([]*Provider, 0, len(c.providers))
	for _, name := range slices.Sorted(maps.Keys(c.providers)) {
		all = append(all, c.providers[name])
	}
	return all
}

// Hook reads what a vendor posted to the provider with this configured name: a delivery
// report or a reply. It is for delivery.Tracker.Handler. The error matches
// errors.ErrUnsupported if there is no such provider or its vendor posts nothing; see
// kit.Provider.Hook for other errors.
func (c *Client) Hook(ctx context.Context, provider string, h kit.Hook) (kit.Inbound, error) {
	p, ok := c.providers[provider]
	if !ok {
		return kit.Inbound{}, fmt.Errorf("notify: there is no provider %q: %w", provider, errors.ErrUnsupported)
	}
	hooks, ok := p.sender.(interface {
		Hook(ctx context.Context, h kit.Hook) (kit.Inbound, error)
	})
	if !ok || !p.can.Webhooks {
		return kit.Inbound{}, p.unable("read its vendor's reports")
	}
	return hooks.Hook(ctx, h)
}

// Look asks the vendor of the provider with this configured name what became of a
// message that the vendor took; see sms.Looker. It is for delivery.Tracker.Look. The
// error matches errors.ErrUnsupported if there is no such provider or its vendor cannot
// be asked.
func (c *Client) Look(ctx context.Context, provider, id string, to sms.Number, at time.Time) (sms.Report, error) {
	p, ok := c.providers[provider]
	if !ok {
		return sms.Report{}, fmt.Errorf("notify: there is no provider %q: %w", provider, errors.ErrUnsupported)
	}
	looker, ok := p.sender.(sms.Looker)
	if !ok || !p.can.Look {
		return sms.Report{}, p.unable("be asked what became of a message")
	}
	return looker.Look(ctx, id, to, at)
}

// Provider returns the handle on the provider with this configured name, and whether
// there is one.
func (c *Client) Provider(name string) (*Provider, bool) {
	p, ok := c.providers[name]
	return p, ok
}

// Name returns the configured name.
func (p *Provider) Name() string { return p.name }

// Driver returns the name of the driver that made it. It is empty for a Sender made in
// Go.
func (p *Provider) Driver() string { return p.driver }

// Destination returns where its calls go. The zero value means that the provider does
// not report it. It then counts as a real vendor.
func (p *Provider) Destination() sms.Destination { return p.destination }

// State returns its current state.
func (p *Provider) State() ProviderState {
	var s ProviderState
	if p.breaker != nil {
		s.Breaker = p.breaker.State()
	}
	if p.pace != nil {
		s.Wait = p.pace.Wait()
	}
	return s
}

// Can returns what it can do beside Send.
func (p *Provider) Can() sms.Abilities { return p.can }

// Ask is Client.Ask for this provider alone, whatever q.Providers holds.
func (p *Provider) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	q.Providers = []string{p.name}
	return p.client.Ask(ctx, q)
}

// Preview returns what it would send for a message that Client.Resolve returned.
func (p *Provider) Preview(r Resolved) (sms.Preview, error) {
	previewer, ok := p.sender.(sms.Previewer)
	if !ok || !p.can.Preview {
		return sms.Preview{}, p.unable("show what it would send")
	}
	return previewer.Preview(r.Message)
}

// CheckTemplate reports whether it would refuse a message of the template called name
// with these values. No Rewrite is applied: Client.CheckTemplate does that.
func (p *Provider) CheckTemplate(name string, values sms.Params) error {
	checker, ok := p.sender.(sms.Checker)
	if !ok || !p.can.CheckTemplate {
		return p.unable("check a template")
	}
	return checker.CheckTemplate(name, values)
}

// Inspect asks its vendor about the account, the senders and the templates; see
// sms.Inspector.
func (p *Provider) Inspect(ctx context.Context) ([]sms.Finding, error) {
	inspector, ok := p.sender.(sms.Inspector)
	if !ok || !p.can.Inspect {
		return nil, p.unable("be inspected")
	}
	return inspector.Inspect(ctx)
}

// Try asks its vendor whether it would take a message to a number; see sms.Trier.
func (p *Provider) Try(ctx context.Context, to sms.Number) ([]sms.Finding, error) {
	trier, ok := p.sender.(sms.Trier)
	if !ok || !p.can.Try {
		return nil, p.unable("ask whether its vendor would take a message")
	}
	return trier.Try(ctx, to)
}

// ListTemplates lists the templates that its vendor holds; see sms.Lister.
func (p *Provider) ListTemplates(ctx context.Context) ([]sms.VendorTemplate, error) {
	lister, ok := p.sender.(sms.Lister)
	if !ok || !p.can.ListTemplates {
		return nil, p.unable("list its vendor's templates")
	}
	return lister.ListTemplates(ctx)
}

// unable is no *sms.Error: it ends no message.
func (p *Provider) unable(what string) error {
	return fmt.Errorf("notify: provider %q cannot %s: %w", p.name, what, errors.ErrUnsupported)
}

func (b *builder) openProviders() {
	if len(b.config.Providers) == 0 && !b.unread {
		b.fault("", errors.New("there are no providers: write \"providers: {local: {driver: fake}}\" to try it out, or in Go Config.Providers"))
	}
	for _, name := range slices.Sorted(maps.Keys(b.config.Providers)) {
		path := config.Join("providers", name)
		p := b.config.Providers[name]
		switch {
		case name == "":
			b.fault(path, errors.New("a provider has no name: routes, bindings and receipts name it"))
		case p.Sender != nil && (p.Driver != "" || p.Settings != nil):
			b.fault(path, errors.New("it has a Sender, and Driver or Settings too: set one of them"))
		case isNil(p.Sender):
			b.fault(path, fmt.Errorf("its Sender is a nil %T: check the error of the function that made it", p.Sender))
		case p.Sender != nil:
			b.providers[name] = p.Sender
		case p.Driver == "" && b.config.source.Missing(config.Join(path, "driver")) != nil:
			b.fault(config.Join(path, "driver"), b.config.source.Missing(config.Join(path, "driver")))
		case p.Driver == "":
			b.fault(path, fmt.Errorf("it has no driver: write \"driver: %s\"", b.driverNames(" or ")))
		default:
			b.open(name, path, p)
		}
	}
}

// isNil reports whether s is a nil pointer or function in an interface that is not nil.
// A constructor's caller that ignores the error has such a Sender.
func isNil(s sms.Sender) bool {
	v := reflect.ValueOf(s)
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil()
}

func (b *builder) driverNames(between string) string {
	if len(b.drivers) == 0 {
		return "name"
	}
	return strings.Join(slices.Sorted(maps.Keys(b.drivers)), between)
}

// open makes one provider by its driver.
func (b *builder) open(name, path string, p ProviderConfig) {
	d, ok := b.drivers[p.Driver]
	if !ok {
		b.fault(config.Join(path, "driver"), fmt.Errorf("no driver %q was given to Open or New: %s", p.Driver, config.Known(p.Driver, keys(b.drivers))))
		return
	}
	s := settings{value: p.Settings, zero: d.Settings, variable: func(setting string) string {
		return b.config.source.Variable(config.Below(path, setting))
	}}
	provider, err := d.Open(sms.DriverConfig{
		Name: name, Templates: b.registry, Logger: b.logger.With("provider", name), Folder: b.config.folder, Decode: s.decode,
	})
	if err == nil && (provider == nil || isNil(provider)) {
		err = fmt.Errorf("driver %q made no provider, and no error: a defect of the driver", p.Driver)
	}
	if err != nil {
		b.driverFaults(path, errors.Join(s.faults, err))
		return
	}
	if s.faults != nil { // the driver has ignored them
		b.driverFaults(path, s.faults)
	}
	b.providers[name] = provider
	if c, ok := provider.(io.Closer); ok {
		b.made = append(b.made, c)
	}
}

// driverFaults reports the faults of a driver. The path of a *sms.FieldError is below
// the provider, unless it is that of a template. Every other error is reported at the
// provider.
func (b *builder) driverFaults(path string, err error) {
	reported := map[*sms.FieldError]bool{}
	var place func(err error)
	place = func(err error) {
		if f, ok := err.(*sms.FieldError); ok && f != nil {
			if reported[f] {
				return
			}
			reported[f] = true
			at := config.Below(path, f.Path)
			if strings.HasPrefix(f.Path, "templates.") {
				at = f.Path
			}
			b.fault(at, f.Err)
			return
		}
		switch inner := err.(type) {
		case interface{ Unwrap() []error }:
			for _, one := range inner.Unwrap() {
				place(one)
			}
			return
		case interface{ Unwrap() error }:
			if holdsFields(inner.Unwrap()) {
				place(inner.Unwrap())
				return
			}
		}
		b.fault(path, err)
	}
	place(err)
}

// holdsFields reports whether err holds a *sms.FieldError.
func holdsFields(err error) bool {
	_, field := errors.AsType[*sms.FieldError](err)
	return field
}

// settings are what one driver's Decode reads.
type settings struct {
	value    any // as configured
	zero     any // the driver's Settings
	variable func(path string) string
	faults   error
}

// decode is sms.DriverConfig.Decode. It fills into from a map, strictly, or copies a
// value of the driver's own type.
func (s *settings) decode(into any) error {
	out := reflect.ValueOf(into)
	if out.Kind() != reflect.Pointer || out.IsNil() {
		return fmt.Errorf("settings are decoded into a pointer, not into %T: a defect of the driver", into)
	}
	in := reflect.ValueOf(s.value)
	for in.Kind() == reflect.Pointer && !in.IsNil() {
		in = in.Elem()
	}
	switch {
	case !in.IsValid() || in.Kind() == reflect.Pointer: // none
		return nil
	case in.Type() == out.Type().Elem():
		out.Elem().Set(in)
		return nil
	case in.Kind() != reflect.Map:
		s.faults = fmt.Errorf("its Settings are a %v: give a %v, or a map", in.Type(), out.Type().Elem())
		return s.faults
	}
	var faults, missing []error
	for _, f := range config.Decode(in.Interface(), into, s.variable) {
		fault := &sms.FieldError{Path: f.Path, Err: f.Err}
		if _, ok := errors.AsType[*config.MissingError](f.Err); ok {
			missing = append(missing, fault)
		} else {
			faults = append(faults, fault)
		}
	}
	s.faults = errors.Join(append(faults, missing...)...)
	return errors.Join(faults...) // the driver looks at all other settings
}
