package kit

import (
	"cmp"
	"context"
	"time"

	"github.com/notifykit/notify/sms"
)

// Check returns m with its Key and Kind set. It refuses a message that breaks a
// rule of the registry, that has expired, or whose context has ended. Providers
// made by New call it before each send; a Sender of another form calls it itself.
func Check(ctx context.Context, provider string, templates *sms.Registry, m sms.Message) (sms.Message, *sms.Error) {
	if m.Key == "" {
		m.Key = sms.NewKey()
	}
	if m.Kind == 0 {
		m.Kind = templates.KindOf(m)
	}
	if err := templates.Check(m); err != nil {
		return m, Refuse(provider, m, err)
	}
	if m.Expired(time.Now()) {
		return m, Refuse(provider, m, sms.Refuse(m, sms.Expired, nil))
	}
	if err := ctx.Err(); err != nil {
		return m, Refuse(provider, m, sms.Refuse(m, sms.Canceled, err))
	}
	return m, nil
}

// Refuse returns a copy of the *sms.Error in err with the provider's name and the
// message's key and kind. An err without one is classified by sms.AsError. A nil
// err is a defect of the caller and becomes Internal.
func Refuse(provider string, m sms.Message, err error) *sms.Error {
	e := sms.Error{Reason: sms.Internal}
	if known := sms.AsError(err); known != nil {
		e = *known
	}
	e.Provider, e.Key = provider, m.Key
	e.Kind = cmp.Or(e.Kind, m.Kind)
	return &e
}
