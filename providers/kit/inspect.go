package kit

import (
	"cmp"
	"context"

	"github.com/notifykit/notify/sms"
)

// An Inspection asks the vendor about what the configuration names: the account,
// then each sender, then each template. A template is never more ready than its
// sender. Each function asks about one thing and is optional. Its error means that
// going on is useless: the credentials are refused, or the vendor is not reached.
type Inspection struct {
	Account  func(ctx context.Context) (sms.Finding, error)
	Sender   func(ctx context.Context, sender string) (sms.Finding, error)
	Template func(ctx context.Context, t sms.Template, b sms.Binding) ([]sms.Finding, error)
	// Senders lists the senders. Nil: Base.Senders.
	Senders func() []string
	// SendersOf lists the senders that a template goes out under. Nil: the binding's
	// sender, else the default one.
	SendersOf func(b sms.Binding) []string
	// Free reports whether a finding about a template does not depend on its sender.
	// Optional.
	Free func(f sms.Finding) bool
}

// Inspect runs an inspection. It returns what it has found, also with an error.
func (b *Base) Inspect(ctx context.Context, i Inspection) (found []sms.Finding, err error) {
	if i.Account != nil {
		f, err := i.Account(ctx)
		if err != nil {
			return found, err
		}
		found = append(found, f)
	}
	states := map[string]sms.Finding{}
	for _, sender := range b.inspected(i) {
		f, err := i.Sender(ctx, sender)
		if err != nil {
			return found, err
		}
		states[sender] = f
		found = append(found, f)
	}
	if i.Template == nil {
		return found, nil
	}
	for t := range b.Templates.All() {
		binding, ok := b.Binding(t.Name)
		if !ok {
			continue
		}
		more, err := i.Template(ctx, t, binding)
		for _, f := range more {
			if i.Free == nil || !i.Free(f) {
				f = under(f, b.sendersOf(i, binding), states)
			}
			found = append(found, f)
		}
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

func (b *Base) inspected(i Inspection) []string {
	switch {
	case i.Sender == nil:
		return nil
	case i.Senders != nil:
		return i.Senders()
	}
	return b.Senders()
}

func (b *Base) sendersOf(i Inspection, binding sms.Binding) []string {
	switch {
	case i.SendersOf != nil:
		return i.SendersOf(binding)
	case binding.From != "":
		return []string{binding.From}
	}
	return []string{b.common.From}
}

// TextTemplate is Inspection.Template of a vendor that sends free text: no template
// needs an approval. The text is the binding's, else the template's own.
func TextTemplate(_ context.Context, t sms.Template, b sms.Binding) ([]sms.Finding, error) {
	return []sms.Finding{{Subject: "template", Name: "(text)", Template: t.Name, State: sms.Ready, Approval: "not needed", Ours: cmp.Or(b.Text, t.Text)}}, nil
}

// under returns f as its senders let it be.
func under(f sms.Finding, senders []string, states map[string]sms.Finding) sms.Finding {
	for _, sender := range senders {
		s := states[sender]
		if f.Registration == "" {
			f.Registration = s.Registration
		}
		if f.State == sms.Ready && s.Name != "" && s.State.Blocks() {
			f.State, f.Detail = s.State, "its "+s.Subject+" "+s.Name+" is "+string(s.State)
		}
	}
	return f
}
