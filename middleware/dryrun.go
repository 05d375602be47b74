package middleware

import (
	"context"
	"errors"

	"github.com/notifykit/notify/sms"
)

// DryRunProvider is the Provider of a receipt that [DryRun] has made.
const DryRunProvider = "dry-run"

// DryRun lets everything outside of it happen and sends nothing: a message that
// would go out is accepted with a Receipt of the provider [DryRunProvider]. What
// the Sender behind it can tell beforehand it is asked for: it refuses what an
// [sms.Checker] refuses, and what an [sms.Previewer] cannot show.
func DryRun() sms.Middleware {
	return func(next sms.Sender) sms.Sender {
		return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if cause := over(ctx, m); cause != nil {
				return sms.Receipt{}, refuse(m, cause)
			}
			if m.Key == "" {
				m.Key = sms.NewKey()
			}
			segments, err := rehearse(next, m)
			if err != nil {
				return sms.Receipt{}, unsent(m, err)
			}
			return sms.Receipt{Provider: DryRunProvider, Key: m.Key, ID: DryRunProvider + "-" + m.Key, Segments: segments}, nil
		})
	}
}

// rehearse asks next all that it can tell of m without sending it.
func rehearse(next sms.Sender, m sms.Message) (segments int, err error) {
	if c, ok := sms.As[sms.Checker](next); ok && m.Template != "" {
		if err := c.CheckTemplate(m.Template, m.Params); err != nil {
			return 0, err
		}
	}
	if p, ok := sms.As[sms.Previewer](next); ok {
		preview, err := p.Preview(m)
		if errors.Is(err, sms.ErrNoPreview) {
			return 0, nil
		}
		return preview.Segments, err
	}
	return 0, nil
}

// unsent makes err, an answer to a question and not to a send, one that says so:
// nothing has left.
func unsent(m sms.Message, err error) error {
	if sms.OutcomeOf(err) == sms.Rejected {
		return err
	}
	reason := sms.InvalidMessage
	if e, ok := errors.AsType[*sms.Error](err); ok && e != nil && e.Reason != "" {
		reason = e.Reason
	}
	return sms.Refuse(m, reason, err)
}
