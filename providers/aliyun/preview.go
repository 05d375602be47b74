package aliyun

import (
	"context"
	"fmt"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/sms"
)

// Preview gives what Send would submit: the text with its signature in the
// vendor's brackets, the parts that it takes, and the parameters by the vendor's
// names. Its error is the one that Send would answer before the call. The text
// is that of the binding, else of the template: the vendor's own is not asked.
func (p *Provider) Preview(m sms.Message) (sms.Preview, error) {
	m, refused := carrier.Check(context.Background(), p.name, p.templates, m)
	if refused != nil {
		return sms.Preview{}, refused
	}
	o, err := p.order(m)
	if err != nil {
		return sms.Preview{}, carrier.Refuse(p.name, m, err)
	}
	encoding := "GSM-7"
	if _, unicode := sms.CountSegments(o.text); unicode {
		encoding = "UCS-2"
	}
	return sms.Preview{Provider: p.name, Text: o.text, Segments: o.segments(), Encoding: encoding, Parameters: o.parameters()}, nil
}

// CheckTemplate refuses values that the registry or this vendor would refuse,
// and, as Unsupported, a template that is not bound to it.
func (p *Provider) CheckTemplate(name string, values sms.Params) error {
	about := sms.Message{Template: name, Kind: p.templates.Kind(name)}
	if err := p.templates.CheckTemplate(name, values); err != nil {
		return carrier.Refuse(p.name, about, err)
	}
	b := p.bindings[name]
	if b == nil {
		return carrier.Refuse(p.name, about, unsupported("template %q has no binding for %q", name, p.name))
	}
	if err := b.checkValues(name, values); err != nil {
		return carrier.Refuse(p.name, about, err)
	}
	return nil
}

// String names the provider. No verb shows its key: it stands behind a pointer.
func (p *Provider) String() string { return fmt.Sprintf("aliyun provider %q", p.name) }
