package twilio

import (
	"time"
	"unicode/utf8"

	"github.com/notifykit/notify/sms"
)

const (
	// maxBody is the longest text that Twilio takes, in characters (its code 21617).
	maxBody = 1600
	// maxValidity is the longest ValidityPeriod that Twilio takes, in seconds.
	maxValidity = 36000
)

// A request is one message in Twilio's terms. A zero field is not sent.
type request struct {
	to        string
	sender    sender
	text      string // what the recipient reads, as far as we know
	content   string // where set, content and variables are sent, and text is not
	variables string
	callback  string
	validity  int // seconds
	extra     extra
}

// request makes m, which Check has passed, into Twilio's terms.
func (p *Provider) request(m sms.Message, now time.Time) (request, error) {
	b, err := p.bindingOf(m)
	if err != nil {
		return request{}, err
	}
	r := request{to: m.To.E164(), content: b.contentFor(m.To)}
	if b != nil {
		r.extra = b.extra
	}
	if r.sender, err = p.senderOf(m, b); err != nil {
		return r, err
	}
	if r.text, err = p.templates.Render(m, p.name); err != nil {
		return r, err
	}
	if err = r.checkText(); err != nil {
		return r, err
	}
	if r.content != "" {
		if r.variables, err = b.contentVariables(m); err != nil {
			return r, err
		}
	}
	if r.callback = p.callback(m); len(r.callback) > maxCallback {
		return r, unsupported("the status callback with the message's key and tags in it has %d characters: Twilio takes at most %d", len(r.callback), maxCallback)
	}
	r.validity, err = validity(m.Expires, now, r.extra.validity)
	return r, err
}

// bindingOf finds the binding of m's template; nil for a message with a Body.
func (p *Provider) bindingOf(m sms.Message) (*binding, error) {
	if m.Template == "" {
		return nil, nil
	}
	b := p.bindings[m.Template]
	if b == nil {
		return nil, unsupported("template %q has no binding for %q: add one, {} to send its text as it is", m.Template, p.name)
	}
	return b, nil
}

// checkText refuses a Body that Twilio would refuse. A content template's text
// is Twilio's own.
func (r *request) checkText() error {
	if r.content != "" {
		return nil
	}
	if r.text == "" {
		return invalidMessage("the text is empty")
	}
	if n := utf8.RuneCountInString(r.text); n > maxBody {
		return invalidMessage("the text has %d characters: Twilio takes at most %d", n, maxBody)
	}
	return nil
}

// validity gives the seconds that the message may wait in Twilio's queue, rounded
// down so that they never end after expires; longest is the template's own
// bound. Zero leaves it to Twilio.
func validity(expires, now time.Time, longest int) (int, error) {
	if expires.IsZero() {
		return longest, nil
	}
	left := int64(expires.Sub(now) / time.Second)
	if left < 1 {
		return 0, sms.Refuse(sms.Message{}, sms.Expired, nil)
	}
	if longest == 0 {
		longest = maxValidity
	}
	return int(min(left, int64(longest))), nil
}
