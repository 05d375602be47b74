package kit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// core is the engine of a Vendor.
type core[O any] struct {
	*Base
	vendor   Vendor[O]
	gatherer *gatherer[O] // nil: every message goes in a call of its own
}

func newCore[O any](b *Base, v Vendor[O]) *core[O] {
	c := &core[O]{Base: b, vendor: v}
	if v.Batch != nil && b.common.Coalesce {
		c.gatherer = newGatherer(c, cmp.Or(b.common.MaxCalls, defaultMaxCalls))
	}
	return c
}

func (c *core[O]) send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	m, refused := Check(ctx, c.Name, c.Templates, m)
	if refused != nil {
		return sms.Receipt{}, refused
	}
	o, text, err := c.order(m, time.Now())
	if err != nil {
		return sms.Receipt{}, c.refuse(m, err)
	}
	if c.Closed() {
		return sms.Receipt{}, Refuse(c.Name, m, errClosed())
	}
	if c.gatherer != nil {
		if like := c.vendor.Batch.Like(o, m); like != "" {
			return c.gatherer.send(ctx, like, m, o, text)
		}
	}
	return c.submit(ctx, m, o, text)
}

// refuse is the error of a message that Order refused: nothing was sent.
func (c *core[O]) refuse(m sms.Message, err error) *sms.Error {
	if e, ok := errors.AsType[*sms.Error](err); ok && e != nil {
		return Refuse(c.Name, m, e)
	}
	return Refuse(c.Name, m, sms.Refuse(sms.Message{}, sms.Internal, fmt.Errorf("the provider cannot make its request (%T)", err)))
}

// order makes m's order, and returns its text as the recipient reads it.
func (c *core[O]) order(m sms.Message, now time.Time) (o O, text string, err error) {
	out, err := c.outgoing(m, now)
	if err != nil {
		return o, "", err
	}
	defer func() {
		if v := recover(); v != nil {
			err = sms.Refuse(sms.Message{}, sms.Internal, fmt.Errorf("the provider panicked with a %T while it made the request", v))
		}
	}()
	if o, err = c.vendor.Order(out); err == nil && c.vendor.Text != nil {
		return o, c.vendor.Text(o), nil
	}
	return o, out.Text, err
}

func (c *core[O]) outgoing(m sms.Message, now time.Time) (out *Outgoing, err error) {
	out = &Outgoing{Message: m, Now: now}
	switch {
	case m.Template != "":
		if out.Binding = c.bindings[m.Template]; out.Binding == nil {
			return out, Unsupported("template %q has no binding for %q: add one, {} to send its text as it is", m.Template, c.Name)
		}
	case c.TemplatesOnly:
		return out, Unsupported("the vendor sends approved templates only: a body cannot be sent")
	}
	if out.Sender, out.Named, err = c.senderOf(m, out.Binding); err != nil {
		return out, err
	}
	out.Text, err = c.Templates.Render(m, c.Name)
	return out, err
}

// submit makes the call for one message.
func (c *core[O]) submit(ctx context.Context, m sms.Message, o O, text string) (sms.Receipt, error) {
	if c.vendor.Listing != nil && c.vendor.Listing.Content != nil {
		number, text := c.vendor.Listing.Content(o)
		defer c.claims.end(c.claims.begin(number, text))
	}
	a, err := c.guarded(ctx, o)
	if err != nil {
		e := c.Explain(m, err, c.hidden(o)...)
		e.Ref = c.echoed(m)
		return sms.Receipt{}, e
	}
	if c.vendor.Listing != nil && !c.vendor.Listing.Exact {
		c.claims.claim(a.ID, m.Key, time.Now())
		for _, id := range a.IDs {
			c.claims.claim(id, m.Key, time.Now())
		}
	}
	return c.receipt(m, o, text, a), nil
}

// guarded calls Send. A panic, a nil pointer as the error and an acceptance
// without an ID never become an acceptance or, by accident, a refusal.
func (c *core[O]) guarded(ctx context.Context, o O) (a Accepted, err error) {
	defer func() {
		if v := recover(); v != nil { // its value may hold anything
			a, err = Accepted{}, panicked(v)
		}
	}()
	if a, err = c.vendor.Send(ctx, o); err == nil {
		err = c.confirmed(&a)
	}
	return a, err
}

func panicked(v any) error {
	return &Refusal{Reason: sms.Internal, Outcome: sms.Unknown, Cause: fmt.Errorf("the provider panicked with a %T during the call", v)}
}

// confirmed checks that an acceptance names a message.
func (c *core[O]) confirmed(a *Accepted) error {
	a.IDs = slices.DeleteFunc(a.IDs, func(id string) bool { return id == "" })
	if a.ID == "" && len(a.IDs) > 0 {
		a.ID = a.IDs[0]
	}
	if a.ID == "" && !c.vendor.IDOptional {
		return &Refusal{Reason: sms.Internal, Outcome: sms.Unknown, RequestID: a.RequestID, Cause: errors.New("the answer names no message")}
	}
	return nil
}

func (c *core[O]) hidden(o O) []string {
	if c.vendor.Hide == nil {
		return nil
	}
	return c.vendor.Hide(o)
}

func (c *core[O]) receipt(m sms.Message, o O, text string, a Accepted) sms.Receipt {
	r := sms.Receipt{Provider: c.Name, Key: m.Key, ID: cleanID(a.ID), To: m.To, RequestID: cleanID(shownID(a.RequestID, m)), Segments: a.Segments,
		SharedID: c.vendor.SharedID}
	if len(a.IDs) > 1 {
		for _, id := range a.IDs {
			r.IDs = append(r.IDs, cleanID(id))
		}
	}
	if r.Segments == 0 {
		r.Segments = c.segments(o, text)
	}
	r.Ref = c.echoed(m)
	return r
}

// echoed returns what the vendor echoes in place of m's key, and "" if it echoes the
// key itself.
func (c *core[O]) echoed(m sms.Message) string {
	if ref := c.Ref(m.Key); ref != m.Key {
		return ref
	}
	return ""
}

// cleanID returns an identifier of the vendor's as one line without control
// characters and marks of writing direction, for logs and files that hold receipts.
func cleanID(id string) string { return strings.TrimSpace(Printable(id)) }

func (c *core[O]) segments(o O, text string) int {
	if c.vendor.Segments != nil {
		return c.vendor.Segments(o)
	}
	n, _ := sms.CountSegments(c.counted(o, text))
	return n
}

func (c *core[O]) counted(o O, text string) string {
	if c.vendor.Counted != nil {
		return c.vendor.Counted(o)
	}
	return text
}

func errClosed() *sms.Error {
	return sms.Refuse(sms.Message{}, sms.Internal, sms.ErrClosed)
}

func (c *core[O]) close(ctx context.Context) error {
	c.closed.Store(true)
	if c.gatherer != nil {
		c.gatherer.close()
	}
	err := c.http.Close()
	if c.vendor.Close != nil {
		err = errors.Join(err, c.vendor.Close(ctx))
	}
	return err
}
