package aliyun

import (
	"encoding/json"
	"fmt"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// An order is one message in the vendor's terms.
type order struct {
	phone      string // 11 digits, or "00", country code and number; of globe without "00"
	signature  string // without brackets; of globe the sender ID
	kind       sms.Kind
	template   string
	params     string // a JSON object of strings; empty without variables
	extendCode string
	key        string // OutId
	text       string // as the recipient reads it, signature included
	abroad     bool
}

// order turns a message into the vendor's terms.
func (v *vendor) order(m *kit.Outgoing) (order, error) {
	b := v.bindings[m.Template]
	o := order{key: v.Ref(m.Key), extendCode: b.extendCode, signature: m.Sender}
	var err error
	if o.phone, o.abroad, err = phoneOf(m.To); err != nil {
		return order{}, err
	}
	if o.template, err = b.templateFor(m.Template, o.abroad); err != nil {
		return order{}, err
	}
	if o.signature == "" {
		return order{}, kit.Unsupported("template %q has no signature: neither the message nor the binding nor the provider names one", m.Template)
	}
	if err = b.checkValues(m.Template, m.Params); err != nil {
		return order{}, err
	}
	if o.params, err = b.paramsOf(m.Params); err != nil {
		return order{}, err
	}
	o.text = "【" + o.signature + "】" + m.Text
	return o, nil
}

// check refuses values that this vendor would refuse.
func (v *vendor) check(m *kit.Outgoing) error {
	return v.bindings[m.Template].checkValues(m.Template, m.Params)
}

// phoneOf gives the form that SendSms takes: 11 digits in mainland China, else
// "00" with country code and number.
func phoneOf(to sms.Number) (phone string, abroad bool, err error) {
	if to.Region() != "CN" {
		return "00" + to.E164()[1:], true, nil
	}
	national := to.E164()[len("+86"):]
	if len(national) != 11 {
		return "", false, kit.WithCode("isv.MOBILE_NUMBER_ILLEGAL", sms.Refuse(sms.Message{}, sms.InvalidNumber,
			fmt.Errorf("the number has %d digits after +86, and numbers in mainland China that take messages have 11", len(national))))
	}
	return national, false, nil
}

func (b *binding) templateFor(name string, abroad bool) (string, error) {
	switch {
	case abroad && b.abroad == "":
		return "", kit.Unsupported("template %q is not bound for numbers outside mainland China: its binding has no international template (abroad)", name)
	case abroad:
		return b.abroad, nil
	case b.id == "":
		return "", kit.Unsupported("template %q is not bound for numbers in mainland China: its binding has no id", name)
	}
	return b.id, nil
}

// paramsOf writes strings only: numbers were refused with isv.INVALID_JSON_PARAM.
// An optional variable without a value is sent empty, because one that is left
// out is isv.TEMPLATE_MISSING_PARAMETERS.
func (b *binding) paramsOf(p sms.Params) (string, error) {
	if len(b.variables) == 0 {
		return "", nil
	}
	values := make(map[string]string, len(b.variables))
	for _, name := range b.variables {
		values[name] = p[name]
	}
	text, err := json.Marshal(values)
	return string(text), err
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

// parameters are those that the order sets, by the vendor's names.
func (o order) parameters() map[string]string {
	all := map[string]string{
		"PhoneNumbers":  o.phone,
		"SignName":      o.signature,
		"TemplateCode":  o.template,
		"OutId":         o.key,
		"TemplateParam": o.params,
	}
	if o.params == "" {
		delete(all, "TemplateParam")
	}
	if o.extendCode != "" {
		all["SmsUpExtendCode"] = o.extendCode
	}
	return all
}
