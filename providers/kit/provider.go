package kit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Provider sends through one vendor. Vendor packages embed a pointer to one in
// their own Provider type, so that programs can tell the vendors apart. It may be
// used by any number of goroutines. It prints as its name and account.
//
// It has the methods of every ability. A method whose ability Can does not report
// returns an error that matches errors.ErrUnsupported.
type Provider struct {
	base   *Base
	can    sms.Abilities
	engine engine
}

// engine is a provider of one order type.
type engine interface {
	send(ctx context.Context, m sms.Message) (sms.Receipt, error)
	ask(ctx context.Context, q sms.Question) (sms.Receipt, error)
	preview(m sms.Message) (sms.Preview, error)
	checkTemplate(name string, values sms.Params) error
	inspect(ctx context.Context) ([]sms.Finding, error)
	try(ctx context.Context, to sms.Number) ([]sms.Finding, error)
	templates(ctx context.Context) ([]sms.VendorTemplate, error)
	look(ctx context.Context, id string, to sms.Number, at time.Time) (sms.Report, error)
	hook(ctx context.Context, h Hook) (Inbound, error)
	listen(ctx context.Context, store func(context.Context, Inbound) error) error
	close(ctx context.Context) error
}

var (
	_ sms.Sender    = (*Provider)(nil)
	_ sms.Finder    = (*Provider)(nil)
	_ sms.Previewer = (*Provider)(nil)
	_ sms.Checker   = (*Provider)(nil)
	_ sms.Inspector = (*Provider)(nil)
	_ sms.Lister    = (*Provider)(nil)
	_ sms.Locator   = (*Provider)(nil)
	_ sms.Looker    = (*Provider)(nil)
	_ sms.Trier     = (*Provider)(nil)
	_ io.Closer     = (*Provider)(nil)
)

// New returns a Provider of the vendor v with the settings of b. f holds the
// faults that Open and the vendor's package have recorded; if there is any, New
// returns them all in one error and no Provider.
func New[O any](b *Base, v Vendor[O], f Faults) (*Provider, error) {
	if v.Order == nil || v.Send == nil {
		f = append(f, errors.New("kit: a Vendor needs Order and Send"))
	}
	if v.Listing != nil && v.Listing.List == nil || v.Batch != nil && v.Batch.Send == nil {
		f = append(f, errors.New("kit: a Listing needs List, and a Batch needs Send"))
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	c := newCore(b, v)
	can := sms.Abilities{
		CheckTemplate: true, Find: v.Listing != nil, Preview: v.Show != nil, Inspect: v.Inspect != nil,
		ListTemplates: v.Templates != nil, Look: v.Look != nil, Try: v.Try != nil, Webhooks: v.Webhook != nil || v.Listen != nil,
	}
	if v.Batch != nil {
		can.Batch = v.Batch.Max
	}
	if v.Listing != nil {
		can.FindAfter, can.FindBack = c.findAfter(), v.Listing.Back
	}
	return &Provider{base: b, can: can, engine: c}, nil
}

// Can reports what the provider can do beside Send.
func (p *Provider) Can() sms.Abilities { return p.can }

// Send submits m in one call; see sms.Sender.
func (p *Provider) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	return p.engine.send(ctx, m)
}

// Ask asks the vendor whether it has the message; see sms.Finder.
func (p *Provider) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	return p.engine.ask(ctx, q)
}

// Preview returns what Send would submit. It refuses what Send would refuse before
// the call.
func (p *Provider) Preview(m sms.Message) (sms.Preview, error) { return p.engine.preview(m) }

// CheckTemplate refuses values that Send would refuse before the call: by the
// registry's rules or by this vendor's.
func (p *Provider) CheckTemplate(name string, values sms.Params) error {
	return p.engine.checkTemplate(name, values)
}

// Inspect asks the vendor about what the configuration names; see sms.Inspector.
func (p *Provider) Inspect(ctx context.Context) ([]sms.Finding, error) { return p.engine.inspect(ctx) }

// Try asks the vendor whether it would take a message to a number; see sms.Trier.
func (p *Provider) Try(ctx context.Context, to sms.Number) ([]sms.Finding, error) {
	return p.engine.try(ctx, to)
}

// ListTemplates lists the vendor's templates; see sms.Lister.
func (p *Provider) ListTemplates(ctx context.Context) ([]sms.VendorTemplate, error) {
	return p.engine.templates(ctx)
}

// Look asks the vendor what became of a message that it took; see sms.Looker.
func (p *Provider) Look(ctx context.Context, id string, to sms.Number, at time.Time) (sms.Report, error) {
	return p.engine.look(ctx, id, to, at)
}

// Hook reads what the vendor posted. It returns ErrNotAuthentic if the request is
// not the vendor's.
func (p *Provider) Hook(ctx context.Context, h Hook) (Inbound, error) { return p.engine.hook(ctx, h) }

// Listen receives reports and replies until ctx ends, for a vendor that has no
// webhooks. store keeps what arrived.
func (p *Provider) Listen(ctx context.Context, store func(context.Context, Inbound) error) error {
	return p.engine.listen(ctx, store)
}

// Destination returns the endpoint. It is a trial if the endpoint is this machine
// or the credentials are a sandbox's.
func (p *Provider) Destination() sms.Destination {
	return sms.Destination{Endpoint: p.base.URL, Trial: p.base.trial}
}

// Close refuses new calls and waits for those in flight, each of which ends within
// the timeout. It may be called again.
func (p *Provider) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.base.Timeout()+closeGrace)
	defer cancel()
	return p.engine.close(ctx)
}

// closeGrace is how long a vendor's own Close may take beyond one call.
const closeGrace = 5 * time.Second

// String returns the name and the account.
func (p *Provider) String() string {
	switch {
	case p == nil:
		return "provider"
	case p.base.Account == "":
		return p.base.Name
	}
	return p.base.Name + " (account " + p.base.Account + ")"
}

// Format prints String under every verb, so that no secret is shown.
func (p *Provider) Format(f fmt.State, verb rune) { Print(f, verb, p.String()) }

// LogValue returns String as a slog value.
func (p *Provider) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText returns String, so that no encoder shows a setting.
func (p *Provider) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
