package carrier

import (
	"cmp"
	"context"
	"time"

	"github.com/notifykit/notify/sms"
)

// Check is what every provider does before it turns to its vendor: it gives m a
// Key and its Kind, and refuses what is wrong with it, what has expired, and
// what the caller no longer waits for. The error, where there is one, has all
// that is known filled in.
func Check(ctx context.Context, provider string, templates *sms.Registry, m sms.Message) (sms.Message, *sms.Error) {
	if m.Key == "" {
		m.Key = sms.NewKey()
	}
	if m.Kind == 0 {
		m.Kind = templates.Kind(m.Template)
	}
	if m.Kind == 0 && m.Template == "" {
		m.Kind = sms.Notification // what an unset kind is treated as
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

// Refuse makes a copy of the *sms.Error in err that says which provider, message
// and kind it is of. An err without one is classified as sms.AsError does it; a
// nil one is a defect of the caller's, Internal.
func Refuse(provider string, m sms.Message, err error) *sms.Error {
	e := sms.Error{Reason: sms.Internal}
	if known := sms.AsError(err); known != nil {
		e = *known
	}
	e.Provider, e.Key = provider, m.Key
	e.Kind = cmp.Or(e.Kind, m.Kind)
	return &e
}
