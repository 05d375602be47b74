package aliyun

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// kit returns what this vendor can do with its product. What globe and pnvs have
// taken cannot be asked for: QueryMessage needs an ID, which an answer that was lost
// does not give, and no document says that Dypnsapi lists what it sent. Nor has
// Dypnsapi a call that shows a signature or a template.
func (v *vendor) kit() kit.Vendor[order] {
	k := kit.Vendor[order]{
		Order: v.order, Send: v.send, Check: v.check, IDOptional: true, SharedID: true,
		Text: func(o order) string { return o.text }, Segments: order.segments, Show: order.parameters,
		Batch: v.batch(), Listing: v.listing(), Look: v.look, Inspect: v.inspect, Templates: v.templates, Webhook: v.webhook,
	}
	switch v.product {
	case APIGlobe:
		k.SharedID = false
		k.Order, k.Show, k.Webhook = v.globeOrder, order.globeParameters, v.globeWebhook
		k.Check, k.Batch, k.Listing, k.Look, k.Templates, k.Inspect = nil, nil, nil, nil, nil, v.inspectGlobe
	case APIPNVS:
		k.SharedID = false
		k.Order, k.Show = v.pnvsOrder, order.pnvsParameters
		k.Batch, k.Listing, k.Look, k.Inspect, k.Templates = nil, nil, nil, nil, nil
	}
	return k
}

func (o Options) checkProduct(f *kit.Faults) {
	switch o.API {
	case APISMS:
	case APIGlobe, APIPNVS:
		if o.Coalesce {
			f.Add("coalesce", "api %s sends one message a call: leave it out", o.API)
		}
	default:
		f.Add("api", "%q is none of the products: write sms, globe or pnvs", o.API)
	}
}

// checkSender refuses what is no signature, or no sender ID of globe. Countries have
// further rules.
func (o Options) checkSender(sender string) error {
	if o.API != APIGlobe {
		return kit.CheckSignature(sender)
	}
	const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	switch {
	case strings.Trim(sender, digits) == "" && len(sender) <= 15, strings.Trim(sender, digits+letters) == "" && len(sender) <= 11:
		return nil
	}
	return errors.New("it is no sender ID of api globe: at most 11 letters and digits, or at most 15 digits")
}

// checkBinding refuses what a product has no use for.
func (o Options) checkBinding(f *kit.Faults, path string, b *binding, extra map[string]string) {
	switch o.API {
	case APIGlobe:
		if b.id != "" || b.abroad != "" {
			f.Add(path, "api globe sends the text and no template: leave out id and abroad")
		}
		for key := range extra {
			f.Add(path+".extra."+key, "api globe has no such setting")
		}
	case APIPNVS:
		if b.kind != sms.Verification {
			f.Add(path, "api pnvs sends templates of kind verification only, and this one is of kind %s", b.kind)
		}
		if b.abroad != "" {
			f.Add(path+".abroad", "api pnvs sends to mainland China only: leave it out")
		}
		if b.id == "" {
			f.Add(path+".id", "it is empty: write the number of a template that the vendor's console offers, such as 100001")
		}
		if len(b.variables) == 0 {
			f.Add(path, "the template has no variables, and api pnvs needs the code at least")
		}
	}
}

// globeOrder makes a message one of SendMessageToGlobe.
func (v *vendor) globeOrder(m *kit.Outgoing) (order, error) {
	if m.To.Region() == "CN" {
		return order{}, kit.Unsupported("api globe does not send to mainland China: route that region to a provider with api sms or pnvs")
	}
	return order{phone: m.To.E164()[1:], signature: m.Sender, kind: m.Kind, key: v.Ref(m.Key), text: m.Text, abroad: true}, nil
}

// globeType returns the vendor's word for the order's kind.
func (o order) globeType() string {
	switch o.kind {
	case sms.Verification:
		return "OTP"
	case sms.Promotion:
		return "MKT"
	}
	return "NOTIFY"
}

func (o order) globeParameters() map[string]string {
	all := map[string]string{"To": o.phone, "Message": o.text, "Type": o.globeType(), "TaskId": o.key}
	if o.signature != "" {
		all["From"] = o.signature
	}
	return all
}

// inspectGlobe asks the international service for a message that cannot be. Its
// answer that there is none proves key, permission and product.
func (v *vendor) inspectGlobe(ctx context.Context) ([]sms.Finding, error) {
	return v.Inspect(ctx, kit.Inspection{Account: func(ctx context.Context) (sms.Finding, error) {
		f := sms.Finding{Subject: "account", Name: v.keys.Last().AccessKeyID, State: sms.Ready}
		_, err := v.call(ctx, readQueryMessage, func(key Credentials) (signedCall, error) { return signQueryMessage("0", v.region, key) })
		if refused, ok := errors.AsType[*kit.Refusal](err); ok && refused.Code == "DATA_NOT_EXIST" {
			err = nil
		}
		return f, err
	}})
}

// pnvsOrder makes a message one of SendSmsVerifyCode.
func (v *vendor) pnvsOrder(m *kit.Outgoing) (order, error) {
	if m.To.Region() != "CN" {
		return order{}, kit.Unsupported("api pnvs sends to mainland China only: route other regions to another provider")
	}
	o, err := v.order(m)
	o.kind = m.Kind
	return o, err
}

func (o order) pnvsParameters() map[string]string {
	all := o.parameters()
	all["PhoneNumber"], all["CountryCode"], all["Interval"] = o.phone, countryCode, pnvsInterval
	delete(all, "PhoneNumbers")
	return all
}

const (
	countryCode = "86" // the only one of Dypnsapi
	// pnvsInterval is how many seconds must pass between two codes to one number. The
	// vendor's own default is 60, which would refuse a second purpose's code. Our
	// limits are the configuration's.
	pnvsInterval = "1"
)

// globeWebhook reads the delivery reports of globe: a JSON array of objects. Its
// three documented forms have the same fields under different names (documents
// smsreport-http-intl, smsreport-mns-intl and 197995): MessageId, message_id.
// The vendor signs none, and pushes again after 1 and 5 minutes.
func (v *vendor) globeWebhook(_ context.Context, h kit.Hook) (kit.Inbound, error) {
	in := kit.Inbound{ContentType: "application/json", Answer: []byte(pushTaken)}
	if h.Method != http.MethodPost {
		return kit.Inbound{}, fmt.Errorf("%w: it is a %s", kit.ErrMalformed, h.Method)
	}
	var rows []map[string]any
	d := json.NewDecoder(bytes.NewReader(h.Body))
	d.UseNumber()
	if err := d.Decode(&rows); err != nil || d.More() {
		return kit.Inbound{}, fmt.Errorf("%w: it is no JSON array", kit.ErrMalformed)
	}
	for _, row := range rows {
		field := func(name string) string {
			for key, value := range row {
				if strings.EqualFold(strings.ReplaceAll(key, "_", ""), name) {
					return text(value)
				}
			}
			return ""
		}
		r := sms.Report{ID: field("MessageId"), Ref: field("TaskId"), To: numberOf("00" + field("To")), Code: field("ErrorCode"), Message: field("ErrorDescription")}
		if r.ID == "" {
			return kit.Inbound{}, fmt.Errorf("%w: a row has no MessageId", kit.ErrMalformed)
		}
		r.Key, r.At, r.Segments = r.Ref, globeTime(field("ReceiveDate")), max(number(field("SmsSize")), 0)
		switch field("Status") {
		case "1":
			r.State, r.Code, r.Message = sms.StateDelivered, "", ""
		case "2":
			r.State = v.Codes.Undelivered(r.Code)
		case "6":
			r.State = sms.StateExpired
		}
		in.Reports = append(in.Reports, r)
	}
	return in, nil
}

// globeTime reads a time in either form; the older one has no zone.
func globeTime(text string) time.Time {
	if at, err := time.Parse(time.RFC1123Z, text); err == nil {
		return at
	}
	return timeOf(text)
}
