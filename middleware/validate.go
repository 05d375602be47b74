package middleware

import (
	"context"

	"github.com/notifykit/notify/sms"
)

// Validate refuses messages that r refuses ([sms.Registry.Check]) or that have expired.
// It sets Message.Kind ([sms.Registry.KindOf]), which decides whether the middleware
// inside it may send a second copy. If r is nil, there are no templates, and only a
// message with a Body is allowed.
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
