package twilio

import (
	"context"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/sms"
)

// CheckTemplate tells whether Send would refuse these values: by the registry's
// rules, for want of a binding, or because the text is longer than Twilio takes.
// It asks nobody.
func (p *Provider) CheckTemplate(name string, values sms.Params) error {
	m := sms.Message{Template: name, Params: values, Kind: p.templates.Kind(name)}
	if err := p.templates.CheckTemplate(name, values); err != nil {
		return carrier.Refuse(p.name, m, err)
	}
	if err := p.checkBinding(m); err != nil {
		return carrier.Refuse(p.name, m, err)
	}
	return nil
}

// checkBinding looks at both forms that a template may have: the one for abroad
// and the other.
func (p *Provider) checkBinding(m sms.Message) error {
	b, err := p.bindingOf(m)
	if err != nil {
		return err
	}
	contents := []string{b.content}
	if b.hasAbroad {
		contents = append(contents, b.abroad)
	}
	text, err := p.templates.Render(m, p.name)
	if err != nil {
		return err
	}
	for _, content := range contents {
		r := request{text: text, content: content}
		if err := r.checkText(); err != nil {
			return err
		}
		if content == "" {
			continue
		}
		if _, err := b.contentVariables(m); err != nil {
			return err
		}
	}
	return nil
}

// Preview shows what Send would send; Parameters are Twilio's own, as the SDK
// writes them. It refuses what Send would refuse before the call.
func (p *Provider) Preview(m sms.Message) (sms.Preview, error) {
	m, refused := carrier.Check(context.Background(), p.name, p.templates, m)
	if refused != nil {
		return sms.Preview{}, refused
	}
	r, err := p.request(m, time.Now())
	if err != nil {
		return sms.Preview{}, carrier.Refuse(p.name, m, err)
	}
	preview := sms.Preview{Provider: p.name, Text: r.text, Encoding: "GSM-7", Parameters: map[string]string{}}
	var unicode bool
	if preview.Segments, unicode = sms.CountSegments(r.text); unicode {
		preview.Encoding = "UCS-2"
	}
	for name, values := range p.form(r) {
		preview.Parameters[name] = values[0]
	}
	return preview, nil
}
