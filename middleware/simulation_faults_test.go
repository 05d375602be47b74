package middleware_test

import (
	"context"
	"errors"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A plan is where a fault is put into the stack. None is in the code itself: each
// is what somebody could have written there.
type plan struct {
	vendor                                                   func(*simulated) sms.Sender
	outsideRetry, insideRetry, outsideBreaker, insideBreaker sms.Middleware
	limiter                                                  func(middleware.Limiter) middleware.Limiter
	limit                                                    int
}

// planted are the faults.
func planted() map[string]plan {
	return map[string]plan{
		"a retry after an unknown outcome":             {insideRetry: again},
		"a token that is not returned":                 {limiter: func(l middleware.Limiter) middleware.Limiter { return keeping{l} }},
		"a limit that lets one more through":           {limit: perMinute + 1},
		"a breaker that counts bad numbers":            {outsideBreaker: restore, insideBreaker: blame},
		"a late listing taken for never":               {vendor: func(v *simulated) sms.Sender { return hasty{v} }},
		"a lost answer reported as refused":            {insideRetry: change(func(e *sms.Error) { e.Outcome = sms.Rejected })},
		"another vendor after an opt-out":              {outsideRetry: change(func(e *sms.Error) { e.Reason = renamed(e.Reason, sms.RecipientBlocked, sms.Unsupported) })},
		"a call after the caller has left":             {insideRetry: detached},
		"an expired message sent late":                 {outsideRetry: timeless},
		"a retry that does not wait for RetryAfter":    {insideRetry: change(func(e *sms.Error) { e.RetryAfter = 0 })},
		"a breaker's refusal before any of the faults": {insideBreaker: change(func(e *sms.Error) { e.Reason = renamed(e.Reason, sms.TemplateRejected, sms.Unavailable) })},
	}
}

func renamed(r, from, to sms.Reason) sms.Reason {
	if r == from {
		return to
	}
	return r
}

// change has every error changed on its way.
func change(do func(*sms.Error)) sms.Middleware {
	return func(next sms.Sender) sms.Sender {
		return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			r, err := next.Send(ctx, m)
			if e, ok := errors.AsType[*sms.Error](err); ok {
				changed := *e
				do(&changed)
				err = &changed
			}
			return r, err
		})
	}
}

// again sends once more where nobody knows.
func again(next sms.Sender) sms.Sender {
	return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		r, err := next.Send(ctx, m)
		if sms.OutcomeOf(err) == sms.Unknown && ctx.Err() == nil && !m.Expired(time.Now()) {
			return next.Send(ctx, m)
		}
		return r, err
	})
}

// keeping returns no token.
type keeping struct{ middleware.Limiter }

func (keeping) Return(context.Context, middleware.Token) error { return nil }

// blame makes the vendor's fault of what is the message's, and restore undoes it.
var (
	blame = change(func(e *sms.Error) {
		if e.Reason == sms.InvalidNumber || e.Reason == sms.RecipientLimited || e.Reason == sms.ContentRejected {
			e.Reason, e.RequestID = sms.Unavailable, string(e.Reason)
		}
	})
	restore = change(func(e *sms.Error) {
		if e.RequestID != "" {
			e.Reason, e.RequestID = sms.Reason(e.RequestID), ""
		}
	})
)

// hasty takes "not there yet" for "never".
type hasty struct{ *simulated }

func (h hasty) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	r, err := h.simulated.Ask(ctx, q)
	if errors.Is(err, sms.ErrUndecided) && ctx.Err() == nil {
		err = sms.ErrNotFound
	}
	return r, err
}

// detached goes on without its caller, once more.
func detached(next sms.Sender) sms.Sender {
	return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		r, err := next.Send(ctx, m)
		if ctx.Err() != nil && m.Kind == sms.Verification {
			return next.Send(context.WithoutCancel(ctx), m)
		}
		return r, err
	})
}

// timeless forgets when a message expires.
func timeless(next sms.Sender) sms.Sender {
	return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		m.Expires = time.Time{}
		return next.Send(ctx, m)
	})
}
