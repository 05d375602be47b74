package sandbox

import (
	"crypto/rand"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// maxNumbers is how many numbers one SendSms takes.
const maxNumbers = 1000

// maxOutID is the longest OutId, in bytes.
const maxOutID = 255

// sendSms sends one text, with the same values, to up to 1,000 numbers.
func (v *aliyunVendor) sendSms(c *aliyunCall) (fields, *aliyunRefusal) {
	signature := c.params.Get("SignName")
	t, refusal := v.texts(c, signature)
	if refusal != nil {
		return nil, refusal
	}
	numbers, refusal := t.recipients(strings.Split(c.params.Get("PhoneNumbers"), ","), maxNumbers)
	if refusal != nil {
		return nil, refusal
	}
	values, refusal := readValues(c.params.Get("TemplateParam"))
	if refusal != nil {
		return nil, refusal
	}
	if refusal := t.check(values); refusal != nil {
		return nil, refusal
	}
	parts := make([]aliyunPart, len(numbers))
	for i, n := range numbers {
		parts[i] = aliyunPart{to: n, signature: signature, values: values}
	}
	return v.take(c, t, parts)
}

// texts finds the template and looks at the signature: what every send needs.
func (v *aliyunVendor) texts(c *aliyunCall, signatures ...string) (*aliyunTemplate, *aliyunRefusal) {
	for _, name := range signatures {
		if refusal := v.checkSignName(name); refusal != nil {
			if !v.options.Lenient {
				return nil, refusal
			}
			v.letPass(c, refusal)
		}
	}
	return v.template(c, c.params.Get("TemplateCode"))
}

// An aliyunPart is what one number gets.
type aliyunPart struct {
	to        sms.Number
	signature string
	values    sms.Params
}

// take accepts a call whole, or refuses it whole where a number has had enough.
func (v *aliyunVendor) take(c *aliyunCall, t *aliyunTemplate, parts []aliyunPart) (fields, *aliyunRefusal) {
	outID := c.params.Get("OutId")
	if len(outID) > maxOutID {
		return nil, refuse("isv.INVALID_PARAMETERS", fmt.Sprintf("OutId超出长度限制,最多%d字节", maxOutID))
	}
	if v.options.Limits {
		if refusal := v.limits.take(t, parts, c.now); refusal != nil {
			return nil, refusal
		}
	}
	bizID := newBizID()
	entries := make([]*entry, len(parts))
	for i, p := range parts {
		entries[i] = &entry{Message: Message{
			ID: bizID, Vendor: Aliyun, Account: c.account, To: p.to, From: p.signature, Template: t.Code,
			Params: p.values, Text: t.text(p.signature, p.values), Key: outID, At: c.now,
		}}
		if v.signatures[p.signature].Registration != Registered {
			entries[i].carrierError = "PORT_NOT_REGISTERED"
		}
	}
	v.store.add(entries...)
	return fields{"Code": "OK", "Message": "OK", "BizId": bizID}, nil
}

// text is what the recipient reads.
func (t *aliyunTemplate) text(signature string, values sms.Params) string {
	if t.madeUp() {
		var b strings.Builder
		fmt.Fprintf(&b, "【%s】%s", signature, t.Code)
		for _, name := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(&b, " %s=%s", name, values[name])
		}
		return b.String()
	}
	return "【" + signature + "】" + t.render(values)
}

// newBizID makes 18 digits and "^0", as the vendor's are.
func newBizID() string {
	n, err := rand.Int(rand.Reader, big.NewInt(900_000_000_000_000_000))
	if err != nil {
		n = big.NewInt(0) // never: rand.Reader does not fail
	}
	return fmt.Sprintf("%d^0", n.Int64()+100_000_000_000_000_000)
}

// An aliyunStatus is what the vendor's records say of a message.
type aliyunStatus struct {
	code    int // SendStatus
	errCode string
	at      time.Time // ReceiveDate; zero: none yet
	word    string    // Message.Status
}

// aliyunStatus follows from the time alone: nothing has to run for it.
func (e *entry) aliyunStatus(now time.Time, pace time.Duration) aliyunStatus {
	received := e.At.Add(2 * pace)
	if pace < 0 || now.Before(received) {
		return aliyunStatus{code: 1, word: "accepted"}
	}
	if e.carrierError != "" {
		return aliyunStatus{code: 2, errCode: e.carrierError, at: received, word: "failed"}
	}
	return aliyunStatus{code: 3, errCode: "DELIVERED", at: received, word: "delivered"}
}
