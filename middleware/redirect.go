package middleware

import (
	"context"
	"errors"

	"github.com/notifykit/notify/sms"
)

// Redirect sends every message to one telephone instead of its own: for staging,
// where no customer may be texted. With a number that is not Valid nothing is
// sent at all: Internal, Rejected.
//
// Put it outside of what counts by number or region, and the real recipients
// count for nothing.
func Redirect(to sms.Number) sms.Middleware {
	return func(next sms.Sender) sms.Sender {
		return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if !to.Valid() {
				return sms.Receipt{}, sms.Refuse(m, sms.Internal, errors.New("messages are redirected to what is no number in E.164: ParseNumber makes one"))
			}
			m.To = to
			return next.Send(ctx, m)
		})
	}
}
