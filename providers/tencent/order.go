package tencent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// An order is one SendSms, as its body.
type order struct {
	Numbers   []string `json:"PhoneNumberSet"`
	App       string   `json:"SmsSdkAppId"`
	Template  string   `json:"TemplateId"`
	Signature string   `json:"SignName,omitempty"`
	Values    []string `json:"TemplateParamSet,omitempty"`
	Extend    string   `json:"ExtendCode,omitempty"`
	SenderID  string   `json:"SenderId,omitempty"`
	Key       string   `json:"SessionContext"`

	text   string // as the recipient reads it, signature included
	abroad bool
}

// A binding is what is needed to send one template, read once by New.
type binding struct {
	kind             sms.Kind
	id, abroad       string
	order            []string
	extend, senderID string
}

// The keys of Binding.Extra.
const (
	extraExtend   = "extend_code"
	extraSenderID = "sender_id"
)

// bindings reads what the templates hold for this provider.
func (o Options) bindings(base *kit.Base, f *kit.Faults) map[string]*binding {
	all := map[string]*binding{}
	base.Bindings(func(t sms.Template, b sms.Binding, path string) {
		read := &binding{kind: o.Templates.Kind(t.Name), id: b.ID, abroad: b.Abroad, order: b.Order}
		if read.kind == sms.International {
			if b.Abroad != "" {
				f.Add(path+".abroad", "an international template goes abroad by its id: write %q there", b.Abroad)
			}
			read.id, read.abroad = "", b.ID
		}
		if b.ID == "" && b.Abroad == "" {
			f.Add(path+".id", "it is empty: write the vendor's template ID, such as 1000001")
		}
		for _, name := range o.Templates.Variables(t.Name) {
			if !slices.Contains(b.Order, name) {
				f.Add(path+".order", "it does not name the variable %q, and the vendor knows variables by position", name)
			}
		}
		for key, value := range b.Extra {
			switch key {
			case extraExtend:
				read.extend = value
			case extraSenderID:
				read.senderID = value
			default:
				f.Add(path+".extra."+key, "there is no such setting: there are %s and %s", extraExtend, extraSenderID)
			}
		}
		all[t.Name] = read
	})
	return all
}

// order turns a message into Tencent's terms.
func (v *vendor) order(m *kit.Outgoing) (order, error) {
	b := v.bindings[m.Template]
	o := order{Numbers: []string{m.To.E164()}, App: v.app, Template: b.id, Signature: m.Sender, Extend: b.extend, Key: v.Ref(m.Key), abroad: m.To.Region() != "CN"}
	switch {
	case o.abroad:
		o.Template, o.SenderID = b.abroad, b.senderID
	case o.Signature == "":
		return order{}, kit.Unsupported("template %q has no signature: neither the message nor the binding nor the provider names one", m.Template)
	}
	if o.Template == "" {
		return order{}, kit.Unsupported("template %q is not bound for %s: write its ID in the binding (%s)", m.Template, place(o.abroad), map[bool]string{false: "id", true: "abroad"}[o.abroad])
	}
	if err := b.checkValues(m.Template, m.Params); err != nil {
		return order{}, err
	}
	for _, name := range b.order {
		o.Values = append(o.Values, m.Params[name])
	}
	o.text = m.Text
	if o.Signature != "" {
		o.text = "【" + o.Signature + "】" + m.Text
	}
	return o, nil
}

func place(abroad bool) string {
	if abroad {
		return "numbers outside mainland China"
	}
	return "numbers in mainland China"
}

// check refuses values that Tencent would refuse.
func (v *vendor) check(m *kit.Outgoing) error {
	return v.bindings[m.Template].checkValues(m.Template, m.Params)
}

// maxCode is the most digits of a value in a verification template (Tencent's
// document 382/39023).
const maxCode = 6

var webAddress = regexp.MustCompile(`(?i)https?://|www\.[a-z0-9]`)

// checkValues refuses the values that Tencent alone would refuse. The error names
// variables and shows no value.
func (b *binding) checkValues(template string, p sms.Params) error {
	var faults []kit.ValueFault
	for _, name := range b.order {
		value := p[name]
		switch {
		case b.kind == sms.Verification && (utf8.RuneCountInString(value) > maxCode || strings.Trim(value, "0123456789") != ""):
			faults = append(faults, kit.ValueFault{Variable: name, Code: "InvalidParameterValue.TemplateParameterFormatError", Reason: sms.InvalidMessage,
				Words: fmt.Sprintf("is not of at most %d digits, which is all that the vendor takes in a verification template", maxCode)})
		case webAddress.MatchString(value):
			faults = append(faults, kit.ValueFault{Variable: name, Code: "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", Reason: sms.ContentRejected,
				Words: "holds a URL, which the vendor takes in a template's own text only"})
		}
	}
	return kit.RefuseValues(template, b.kind, faults)
}

// segments counts as the vendor bills: as vendors in mainland China do there, and
// abroad by GSM-7 and UCS-2.
func (o order) segments() int {
	if o.abroad {
		n, _ := sms.CountSegments(o.text)
		return n
	}
	return kit.ChinaSegments(o.text)
}

// show returns the parameters by Tencent's names.
func (o order) show() map[string]string {
	all := map[string]string{
		"PhoneNumberSet": strings.Join(o.Numbers, ","), "SmsSdkAppId": o.App, "TemplateId": o.Template, "SignName": o.Signature,
		"ExtendCode": o.Extend, "SenderId": o.SenderID, "SessionContext": o.Key,
	}
	if len(o.Values) > 0 {
		values, _ := json.Marshal(o.Values)
		all["TemplateParamSet"] = string(values)
	}
	for name, value := range all {
		if value == "" {
			delete(all, name)
		}
	}
	return all
}

// accepted is the code of a number that was accepted.
const accepted = "Ok"

// sent is the answer to SendSms.
type sent struct {
	SendStatusSet []status
	RequestID     string `json:"RequestId"`
}

// A status is the result for one number.
type status struct {
	SerialNo, PhoneNumber, Code, Message string
	Fee                                  json.Number
}

// send submits one message.
func (v *vendor) send(ctx context.Context, o order) (kit.Accepted, error) {
	results, err := v.sendAll(ctx, []order{o}, o.Key)
	if err != nil {
		return kit.Accepted{}, err
	}
	return results[0].Accepted, results[0].Err
}

// sendAll submits messages that differ in their number alone.
func (v *vendor) sendAll(ctx context.Context, orders []order, key string) ([]kit.Result, error) {
	o := orders[0]
	o.Key, o.Numbers = key, nil
	for i := range orders {
		o.Numbers = append(o.Numbers, orders[i].Numbers...)
	}
	var said sent
	a, err := v.call(ctx, "SendSms", o, &said)
	if err != nil {
		return nil, err
	}
	results := make([]kit.Result, len(orders))
	for i := range orders {
		results[i] = said.of(a, orders[i].Numbers[0], len(orders) == 1)
	}
	return results, nil
}

// of returns the result of one number. The order of the answer is not documented, so
// the number decides; an answer of one entry to one number needs none.
func (s sent) of(a kit.Answer, number string, only bool) kit.Result {
	for _, entry := range s.SendStatusSet {
		if same(entry.PhoneNumber, number) || only && len(s.SendStatusSet) == 1 && entry.PhoneNumber == "" {
			if entry.Code != accepted {
				return kit.Result{Err: refusal(a, entry.Code, entry.Message, s.RequestID)}
			}
			fee, _ := entry.Fee.Int64()
			return kit.Result{Accepted: kit.Accepted{ID: entry.SerialNo, RequestID: s.RequestID, Segments: int(max(fee, 0))}}
		}
	}
	return kit.Result{Err: &kit.Refusal{Status: http.StatusOK, Reason: sms.Internal, Outcome: sms.Unknown, RequestID: s.RequestID,
		Cause: errors.New("the answer does not name this number")}}
}

// same reports whether two numbers are one: Tencent repeats a number with or without
// "+", or with "00".
func same(theirs, ours string) bool {
	return strings.TrimPrefix(strings.TrimPrefix(theirs, "00"), "+") == strings.TrimPrefix(ours, "+")
}

const (
	// maxNumbers is the most numbers of one SendSms.
	maxNumbers = 200
	// batchMark begins the SessionContext of a call of several messages.
	batchMark = "notify-batch-"
)

func (v *vendor) batch() *kit.Batch[order] {
	return &kit.Batch[order]{
		Max:    maxNumbers,
		Number: func(o order) string { return o.Numbers[0] },
		Ref:    func() string { return batchMark + sms.NewKey() },
		Send:   v.sendAll,
		Like: func(o order, m sms.Message) string {
			if m.Kind == sms.Verification {
				return ""
			}
			return strings.Join(append([]string{o.Signature, o.Template, o.Extend, o.SenderID}, o.Values...), "\x00")
		},
	}
}
