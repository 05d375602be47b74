package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// Find asks the providers of m's route whether they have m, which settles an
// Unknown outcome after its call. m.Key is the key that Error.Key told, and since
// is when Send was called. It answers a receipt where one has it,
// sms.ErrNotFound where every provider of the route certainly never took it, and
// sms.ErrUndecided where nobody can say, which includes a route with a provider
// that cannot be asked. After sms.ErrNotFound alone may m be sent again.
func (c *Client) Find(ctx context.Context, m sms.Message, since time.Time) (sms.Receipt, error) {
	return c.Ask(ctx, sms.Question{Message: m, Since: since})
}

// Ask is Find with all that a Question can say.
func (c *Client) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	if !c.begin() {
		return sms.Receipt{}, fmt.Errorf("%w: %w", sms.ErrUndecided, ErrClosed)
	}
	defer c.calls.Done()
	q.Message = c.redirected(q.Message)
	p, err := c.router.pick(q.Message)
	if err != nil {
		return sms.Receipt{}, fmt.Errorf("%w: %w", sms.ErrUndecided, err)
	}
	finder, ok := sms.FinderOf(p.sender)
	if !ok {
		return sms.Receipt{}, fmt.Errorf("%w: no provider of its route can be asked", sms.ErrUndecided)
	}
	q.Kind = c.router.kind(q.Message)
	return finder.Ask(ctx, q)
}

// CheckTemplate tells whether a message of this template with these values would
// be refused: by the rules for its kind, or by any provider that it may go to.
func (c *Client) CheckTemplate(name string, p sms.Params) error {
	if err := c.registry.CheckTemplate(name, p); err != nil {
		return err
	}
	return c.router.CheckTemplate(name, p)
}

// CheckTemplate asks each provider that the template may go to, once.
func (r *router) CheckTemplate(name string, p sms.Params) error {
	t, err := r.templates.Lookup(name)
	if err != nil {
		return err
	}
	routes := make([]Route, len(r.routes))
	for i := range r.routes {
		routes[i] = r.routes[i].Route
	}
	asked := map[string]bool{}
	var faults []error
	for i, route := range r.routes {
		if !mayTake(routes, i, t) {
			continue
		}
		for j, provider := range route.Providers {
			if asked[provider] {
				continue
			}
			asked[provider] = true
			checker, ok := sms.As[sms.Checker](route.providers[j])
			if !ok {
				continue
			}
			err := checker.CheckTemplate(name, p)
			if _, bound := t.Bindings[provider]; !bound && sms.ReasonOf(err) == sms.Unsupported {
				continue // the route allows for it: the message goes to another provider
			}
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// Preview shows what the first provider of m's route that can show it would
// send. Nothing is sent, and no limit counts it.
func (c *Client) Preview(m sms.Message) (sms.Preview, error) {
	if err := c.registry.Check(m); err != nil {
		return sms.Preview{}, err
	}
	return c.router.Preview(c.redirected(m))
}

// redirected is m as the providers get it.
func (c *Client) redirected(m sms.Message) sms.Message {
	if c.redirect != "" {
		m.To = c.redirect
	}
	return m
}

// Preview asks the providers of m's route in order.
func (r *router) Preview(m sms.Message) (sms.Preview, error) {
	p, err := r.pick(m)
	if err != nil {
		return sms.Preview{}, err
	}
	m.Kind = r.kind(m)
	err = &sms.Error{Reason: sms.Unsupported, Outcome: sms.Rejected, Key: m.Key, Kind: m.Kind, Err: sms.ErrNoPreview}
	for _, provider := range p.providers {
		previewer, ok := sms.As[sms.Previewer](provider)
		if !ok {
			continue
		}
		preview, failed := previewer.Preview(m)
		if failed == nil || sms.ReasonOf(failed) != sms.Unsupported {
			return preview, failed
		}
		err = failed
	}
	return sms.Preview{}, err
}
