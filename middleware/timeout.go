package middleware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// DefaultTimeout is the time that [Timeout] gives a call where it was given none.
const DefaultTimeout = 5 * time.Second

// Timeout gives each call d at most; zero or less is [DefaultTimeout]. The end of
// that time is the vendor's fault and not the caller's: an error that the Sender
// gave for it is Unavailable instead of Canceled, its Outcome is kept (Rejected
// where nothing had left, else Unknown), and no context's error is found in it.
// So a breaker counts it, and a Failover goes on as the table says. An error of
// the vendor's, and an acceptance, are given on as they are, however late.
//
// It ends the context that the Sender is given. A Sender returns soon after its
// context ends; Timeout starts no goroutine to leave one that does not.
//
// If the caller's own deadline is sooner, the caller's context goes down
// untouched, nothing is allocated, and its end is the caller's.
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
	return receipt, t.ours(err)
}

// ours takes every trace of a context off err: the context that ended was ours.
func (t *timeout) ours(err error) error {
	e := sms.AsError(err)
	if !touched(e) {
		return err
	}
	return t.rewrite(e)
}

// touched tells whether e, or a try in it, speaks of a context.
func touched(e *sms.Error) bool {
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
		if one := sms.AsError(a.Err); one != nil && touched(one) {
			a.Err = t.rewrite(one)
		}
		c.Attempts = append(c.Attempts, a)
	}
	return &c
}
