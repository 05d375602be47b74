package middleware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// DefaultTimeout is the default of [Timeout].
const DefaultTimeout = 5 * time.Second

// Timeout limits each call to d. If d is zero or negative, it is [DefaultTimeout].
//
// The end of that time is the vendor's fault and not the caller's. If the Sender
// returns an error because of it, Timeout changes the reason from Canceled to
// Unavailable and keeps the outcome: Rejected if nothing had left, otherwise Unknown.
// errors.Is finds no error of a context in the result. So a breaker counts it, and a
// Failover continues as the table of reasons says. Timeout returns the vendor's own
// errors and acceptances unchanged, however late they come.
//
// Timeout ends the context of the Sender, which must return soon after that. It starts
// no goroutine.
//
// If the caller's own deadline is sooner, Timeout passes the caller's context on and
// allocates nothing. The end of that context counts as the caller's.
func Timeout(d time.Duration) sms.Middleware {
	if d <= 0 {
		d = DefaultTimeout
	}
	return func(next sms.Sender) sms.Sender { return &timeout{next: next, d: d} }
}

type timeout struct {
	next sms.Sender
	d    time.Duration
}

func (t *timeout) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= t.d {
		return t.next.Send(ctx, m)
	}
	bounded, cancel := context.WithTimeout(ctx, t.d)
	defer cancel()
	receipt, err := t.next.Send(bounded, m)
	if err == nil || ctx.Err() != nil || bounded.Err() == nil {
		return receipt, err
	}
	return receipt, t.asVendorFault(err)
}

// asVendorFault returns err without any error of a context, because the context that
// ended was that of Timeout.
func (t *timeout) asVendorFault(err error) error {
	e := sms.AsError(err)
	if !mentionsContext(e) {
		return err
	}
	return t.rewrite(e)
}

// mentionsContext reports whether e, or an attempt in it, holds the end of a context.
func mentionsContext(e *sms.Error) bool {
	return e.Reason == sms.Canceled || errors.Is(e, sms.Canceled) || isContextError(e)
}

func isContextError(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func (t *timeout) rewrite(e *sms.Error) *sms.Error {
	c := *e
	switch {
	case c.Reason == sms.Canceled:
		c.Reason, c.Err = sms.Unavailable, fmt.Errorf("no answer within %v", t.d)
	case isContextError(c.Err):
		c.Err = errors.New(c.Err.Error())
	}
	c.Attempts = nil
	for _, a := range e.Attempts {
		if one := sms.AsError(a.Err); one != nil && mentionsContext(one) {
			a.Err = t.rewrite(one)
		}
		c.Attempts = append(c.Attempts, a)
	}
	return &c
}
