package fake

import (
	"context"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// CheckTemplate tells whether Send would refuse these values.
func (p *Provider) CheckTemplate(name string, values sms.Params) error {
	return p.line.CheckTemplate(name, values)
}

// Preview shows what Send would take. Its Parameters are to, text and, where
// they are set, from and template.
func (p *Provider) Preview(m sms.Message) (sms.Preview, error) { return p.line.Preview(m) }

// Ask reports whether a message with the Key and number of q was taken. Because
// the fake itself is what is asked, it returns sms.ErrNotFound at once, whatever
// Since and Until are. A call that has not yet ended, and a message without a Key,
// are sms.ErrUndecided.
func (p *Provider) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	return p.line.Ask(ctx, q)
}

func (l *line) CheckTemplate(name string, values sms.Params) error {
	if err := l.templates.CheckTemplate(name, values); err != nil {
		return kit.Refuse(l.name, sms.Message{}, err)
	}
	return nil
}

func (l *line) Preview(m sms.Message) (sms.Preview, error) {
	if err := l.templates.Check(m); err != nil {
		return sms.Preview{}, kit.Refuse(l.name, m, err)
	}
	text, err := l.templates.Render(m, l.name)
	if err != nil {
		return sms.Preview{}, kit.Refuse(l.name, m, err)
	}
	preview := sms.Preview{Provider: l.name, Text: text, Encoding: "GSM-7", Parameters: map[string]string{"to": m.To.E164(), "text": text}}
	var unicode bool
	if preview.Segments, unicode = sms.CountSegments(text); unicode {
		preview.Encoding = "UCS-2"
	}
	if m.Template != "" {
		preview.Parameters["template"] = m.Template
	}
	if m.From != "" {
		preview.Parameters["from"] = m.From
	}
	return preview, nil
}

func (l *line) Ask(ctx context.Context, m sms.Question) (sms.Receipt, error) {
	if ctx.Err() != nil || m.Key == "" {
		return sms.Receipt{}, sms.ErrUndecided
	}
	p := l.provider
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.last(m.To, func(c *Call) bool { return c.Message.Key == m.Key && c.Receipt.Provider == l.name })
	switch {
	case c != nil:
		return c.Receipt, nil
	case p.pending[m.Key] > 0:
		return sms.Receipt{}, sms.ErrUndecided
	}
	return sms.Receipt{}, sms.ErrNotFound
}
