package aliyun

import (
	"crypto/rand"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// maxNumbers is how many numbers one SendSms takes.
const maxNumbers = 1000

// maxOutID is the longest OutId, in bytes.
const maxOutID = 255

// sendSms sends one text, with the same values, to up to 1,000 numbers.
func (v *vendor) sendSms(c *call) (fields, *failure) {
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
	parts := make([]part, len(numbers))
	for i, n := range numbers {
		parts[i] = part{to: n, signature: signature, values: values}
	}
	return v.take(c, t, parts)
}

// texts finds the template and looks at the signature: what every send needs.
func (v *vendor) texts(c *call, signatures ...string) (*template, *failure) {
	for _, name := range signatures {
		if refusal := v.checkSignName(name); refusal != nil && !v.letPass(c, refusal) {
			return nil, refusal
		}
	}
	return v.template(c, c.params.Get("TemplateCode"))
}

// An part is what one number gets.
type part struct {
	to        sms.Number
	signature string
	values    sms.Params
}

// take accepts a call whole, or refuses it whole where a number has had enough.
func (v *vendor) take(c *call, t *template, parts []part) (fields, *failure) {
	outID := c.params.Get("OutId")
	if len(outID) > maxOutID {
		return nil, refuse("isv.INVALID_PARAMETERS", fmt.Sprintf("OutId超出长度限制,最多%d字节", maxOutID))
	}
	if v.desk.Limits() {
		if refusal := v.takeLimits(t, parts, c.now); refusal != nil {
			return nil, refusal
		}
	}
	bizID := newBizID()
	for _, p := range parts {
		r := kernel.Record{Message: kernel.Message{
			ID: bizID, Account: c.account, To: p.to, From: p.signature, Template: t.Code,
			Params: p.values, Text: t.text(p.signature, p.values), Key: outID, At: c.now,
		}}
		if v.signatures[p.signature].Registration != Registered {
			r.Fails = "PORT_NOT_REGISTERED"
		}
		c.taken = append(c.taken, r)
	}
	return fields{"Code": "OK", "Message": "OK", "BizId": bizID}, nil
}

// text is what the recipient reads.
func (t *template) text(signature string, values sms.Params) string {
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

// A status is what the vendor's records say of a message.
type status struct {
	code    int // SendStatus
	errCode string
	at      time.Time // ReceiveDate; zero: none yet
	word    string    // Message.Status
}

func statusOf(s kernel.Status, fails string) status {
	switch s.State {
	case kernel.Failed:
		return status{code: 2, errCode: fails, at: s.Since, word: "failed"}
	case kernel.Delivered:
		return status{code: 3, errCode: "DELIVERED", at: s.Since, word: "delivered"}
	}
	return status{code: 1, word: "accepted"}
}
