package middleware

import (
	"context"

	"github.com/notifykit/notify/sms"
)

// Validate refuses, before anything leaves the machine, what r finds wrong with
// a message ([sms.Registry.Check]) and what has expired, and fills in
// Message.Kind ([sms.Registry.KindOf]), so that everything further in knows whether a
// second copy does harm. With a nil Registry there are no templates: only
// messages with a Body pass.
func Validate(r *sms.Registry) sms.Middleware {
	return func(next sms.Sender) sms.Sender { return &validate{next: next, registry: r} }
}

type validate struct {
	next     sms.Sender
	registry *sms.Registry
}

func (v *validate) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if err := v.registry.Check(m); err != nil {
		return sms.Receipt{}, err
	}
	m.Kind = v.registry.KindOf(m)
	if cause := over(ctx, m); cause != nil {
		return sms.Receipt{}, refuse(m, cause)
	}
	return v.next.Send(ctx, m)
}
