package kit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// unsupported is the error of an ability that the vendor lacks.
func (c *core[O]) unsupported(what string) error {
	return fmt.Errorf("%s: the vendor cannot %s: %w", c.Name, what, errors.ErrUnsupported)
}

func (c *core[O]) preview(m sms.Message) (sms.Preview, error) {
	if c.vendor.Show == nil {
		return sms.Preview{}, c.unsupported("show what it would send")
	}
	m, refused := Check(context.Background(), c.Name, c.Templates, m)
	if refused != nil {
		return sms.Preview{}, refused
	}
	o, text, err := c.order(m, time.Now())
	if err != nil {
		return sms.Preview{}, c.refuse(m, err)
	}
	p := sms.Preview{Provider: c.Name, Text: text, Segments: c.segments(o, text), Encoding: "GSM-7", Parameters: c.vendor.Show(o)}
	if _, unicode := sms.CountSegments(c.counted(o, text)); unicode {
		p.Encoding = "UCS-2"
	}
	return p, nil
}

func (c *core[O]) checkTemplate(name string, values sms.Params) error {
	m := sms.Message{Template: name, Params: values, Kind: c.Templates.Kind(name)}
	if err := c.Templates.CheckTemplate(name, values); err != nil {
		return Refuse(c.Name, m, err)
	}
	out, err := c.outgoing(m, time.Now())
	if err == nil && c.vendor.Check != nil {
		err = c.vendor.Check(out)
	}
	if err != nil {
		return c.refuse(m, err)
	}
	return nil
}

func (c *core[O]) inspect(ctx context.Context) ([]sms.Finding, error) {
	if c.vendor.Inspect == nil {
		return nil, c.unsupported("be asked about the account")
	}
	found, err := c.vendor.Inspect(ctx)
	if err != nil {
		err = c.explained(err)
	}
	return found, err
}

func (c *core[O]) try(ctx context.Context, to sms.Number) ([]sms.Finding, error) {
	if c.vendor.Try == nil {
		return nil, c.unsupported("be asked whether it would take a message")
	}
	found, err := c.vendor.Try(ctx, to)
	if err != nil {
		err = c.explained(err)
	}
	return found, err
}

func (c *core[O]) templates(ctx context.Context) ([]sms.VendorTemplate, error) {
	if c.vendor.Templates == nil {
		return nil, c.unsupported("list its templates")
	}
	list, err := c.vendor.Templates(ctx)
	if err != nil {
		err = c.explained(err)
	}
	return list, err
}

func (c *core[O]) look(ctx context.Context, id string, to sms.Number, at time.Time) (sms.Report, error) {
	switch {
	case c.vendor.Look == nil:
		return sms.Report{}, c.unsupported("be asked what became of a message")
	case id == "":
		return sms.Report{}, fmt.Errorf("%s: the message has no ID of the vendor's to look it up by: %w", c.Name, sms.ErrNotFound)
	}
	r, err := c.vendor.Look(ctx, id, to, at)
	if err != nil {
		return sms.Report{}, c.explained(err)
	}
	r.Provider, r.ID, r.SharedID = c.Name, id, c.vendor.SharedID
	if r.To == "" {
		r.To = to
	}
	return r, nil
}

// explained makes the error of a call that concerns no message. An error that is
// none of the kit's, such as "more than 200 pages", holds nothing of a message and
// is returned as it is.
func (c *core[O]) explained(err error) error {
	if _, ok := errors.AsType[*sms.Error](err); ok {
		return err
	}
	_, refused := errors.AsType[*Refusal](err)
	_, failed := errors.AsType[*Failure](err)
	if refused || failed {
		return c.Explain(sms.Message{}, err)
	}
	return err
}

func (c *core[O]) hook(ctx context.Context, h Hook) (Inbound, error) {
	if c.vendor.Webhook == nil {
		return Inbound{}, c.unsupported("post reports")
	}
	in, err := c.vendor.Webhook(ctx, h)
	if err != nil {
		return Inbound{}, err
	}
	for i := range in.Reports {
		in.Reports[i].Provider, in.Reports[i].SharedID = c.Name, c.vendor.SharedID
		if in.Reports[i].Code != "" && in.Reports[i].Reason == "" {
			in.Reports[i].Reason = c.reportReason(in.Reports[i].Code)
		}
	}
	for i := range in.Replies {
		in.Replies[i].Provider = c.Name
	}
	return in, nil
}

// reportReason returns the reason of a code in a delivery report.
func (c *core[O]) reportReason(code string) sms.Reason {
	row, _ := c.Codes.Find(ScopeReport, code)
	return row.Reason
}

func (c *core[O]) listen(ctx context.Context, store func(context.Context, Inbound) error) error {
	if c.vendor.Listen == nil {
		return c.unsupported("be listened to")
	}
	return c.vendor.Listen(ctx, store)
}
