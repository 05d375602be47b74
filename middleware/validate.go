package middleware

import (
	"context"

	"github.com/notifykit/notify/sms"
)

// Validate refuses, before anything leaves the machine, what r finds wrong with
// a message ([sms.Registry.Check]) and what has expired, and fills in
// Message.Kind from the template, so that everything further in knows whether a
// second copy does harm. With a nil Registry there are no templates: only
// messages with a Body pass.
//
// The Sender that it makes is an [sms.Checker]: CheckTemplate asks r, then the
// Sender behind it.
func Validate(r *sms.Registry) sms.Middleware {
	return func(next sms.Sender) sms.Sender { return &validate{next: next, registry: r} }
}

type validate struct {
	next     sms.Sender
	registry *sms.Registry
}

// Unwrap gives the Sender behind the check.
func (v *validate) Unwrap() sms.Sender { return v.next }

// CheckTemplate implements sms.Checker.
func (v *validate) CheckTemplate(name string, p sms.Params) error {
	if err := v.registry.CheckTemplate(name, p); err != nil {
		return err
	}
	if c, ok := sms.As[sms.Checker](v.next); ok {
		return c.CheckTemplate(name, p)
	}
	return nil
}

func (v *validate) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if err := v.registry.Check(m); err != nil {
		return sms.Receipt{}, err
	}
	if m.Template != "" {
		m.Kind = v.registry.Kind(m.Template)
	}
	if cause := over(ctx, m); cause != nil {
		return sms.Receipt{}, refuse(m, cause)
	}
	return v.next.Send(ctx, m)
}
