package twilio

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	// maxBody is the longest text that Twilio accepts, in characters (its code 21617).
	maxBody = 1600
	// maxValidity is the longest ValidityPeriod that Twilio accepts, in seconds.
	maxValidity = 36000
	// maxCallback is the longest StatusCallback that Twilio accepts, in characters
	// (its code 21609).
	maxCallback = 4000
)

// A request is one message in Twilio's terms. A zero field is not sent.
type request struct {
	to        string
	sender    sender
	text      string // what the recipient reads, as far as we know
	content   string // if set, content and variables are sent, and text is not
	variables string
	callback  string
	validity  int // seconds
	extra     extra
}

// order turns a message into a request.
func (v *vendor) order(m *kit.Outgoing) (r request, err error) {
	b := v.bindings[m.Template] // nil for a message with a Body
	r = request{to: m.To.E164(), text: m.Text, content: b.contentFor(m.To), sender: v.sender}
	longest := maxValidity
	if b != nil {
		r.extra, r.validity = b.extra, b.extra.validity
		if r.validity > 0 {
			longest = r.validity
		}
	}
	if m.Named {
		r.sender, _ = parseSender(m.Sender) // Open has checked it
	}
	if r.sender == (sender{}) {
		return r, kit.Unsupported("no sender: set from or messaging_service_sid, or name one in the message or its binding")
	}
	if err = r.checkText(); err != nil {
		return r, err
	}
	if r.content != "" {
		if r.variables, err = b.contentVariables(m.Message); err != nil {
			return r, err
		}
	}
	if r.callback = v.callback.Fill(v.Name, m.Message); len(r.callback) > maxCallback {
		return r, kit.Unsupported("the status callback with the message's key and tags in it has %d characters: Twilio takes at most %d", len(r.callback), maxCallback)
	}
	left, err := m.Left(longest)
	if left > 0 {
		r.validity = left
	}
	return r, err
}

// check looks at both forms that a template may have: the one for abroad and the
// other.
func (v *vendor) check(m *kit.Outgoing) error {
	b := v.bindings[m.Template]
	contents := []string{b.content}
	if b.hasAbroad {
		contents = append(contents, b.abroad)
	}
	for _, content := range contents {
		r := request{text: m.Text, content: content}
		if err := r.checkText(); err != nil {
			return err
		}
		if content == "" {
			continue
		}
		if _, err := b.contentVariables(m.Message); err != nil {
			return err
		}
	}
	return nil
}

// checkText refuses a Body that Twilio would refuse. A content template's text is
// Twilio's own.
func (r *request) checkText() error {
	if r.content != "" {
		return nil
	}
	if r.text == "" {
		return kit.InvalidMessage("the text is empty")
	}
	if n := utf8.RuneCountInString(r.text); n > maxBody {
		return kit.WithCode("21617", kit.InvalidMessage("the text has %d characters: Twilio takes at most %d", n, maxBody))
	}
	return nil
}

// callback checks StatusCallback.
func (o *Options) callback(f *kit.Faults) kit.Callback {
	if n := len(o.StatusCallback); n > maxCallback {
		f.Add("status_callback", "it has %d characters: Twilio takes at most %d", n, maxCallback)
		return nil
	}
	c, err := kit.ParseCallback(o.StatusCallback)
	if err == nil && hostHasUnderscore(c.Fill("provider", sms.Message{Key: "key"})) {
		err = errors.New("its host holds an underscore, which Twilio refuses")
	}
	if err != nil {
		f.Add("status_callback", "%w", err)
	}
	return c
}

func hostHasUnderscore(url string) bool {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return strings.Contains(host[strings.LastIndexByte(host, '@')+1:], "_")
}

// A sender is what a message says it is from: a number or sender ID, a Messaging
// Service, or both.
type sender struct{ from, service string }

// maxSenderID is the longest alphanumeric sender ID, in characters.
const maxSenderID = 11

// parseSender reads a sender in one of Twilio's forms. A text that begins with MG
// and is longer than any sender ID is a Messaging Service.
func parseSender(s string) (sender, error) {
	switch {
	case strings.HasPrefix(s, "MG") && len(s) > maxSenderID:
		if !isSID(s, "MG") {
			return sender{}, fmt.Errorf("a Messaging Service is MG and 32 hexadecimal digits, and this has %d characters", len(s))
		}
		return sender{service: s}, nil
	case sms.Number(s).Valid(), isShortCode(s), isSenderID(s):
		return sender{from: s}, nil
	}
	return sender{}, errors.New("it is no number in E.164 (\"+\" and 7 to 15 digits), no short code (3 to 8 digits), " +
		"no sender ID (at most 11 plain characters, a letter among them), and no Messaging Service (MG and 32 hexadecimal digits)")
}

func isShortCode(s string) bool {
	return len(s) >= 3 && len(s) <= 8 && strings.Trim(s, "0123456789") == ""
}

func isSenderID(s string) bool {
	letter := false
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' {
			return false
		}
		letter = letter || c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	return letter && len(s) <= maxSenderID && strings.TrimSpace(s) == s
}

// sender returns the default sender. Open has checked From.
func (o *Options) sender(f *kit.Faults) sender {
	s, _ := parseSender(o.From)
	if o.MessagingServiceSID == "" {
		return s
	}
	if !isSID(o.MessagingServiceSID, "MG") {
		f.Add("messaging_service_sid", "it has to be MG and 32 hexadecimal digits, and has %d characters: copy it from Twilio's console", len(o.MessagingServiceSID))
	}
	if s.service != "" && s.service != o.MessagingServiceSID {
		f.Add("from", "it is another Messaging Service than messaging_service_sid: set one of the two")
	}
	s.service = o.MessagingServiceSID
	return s
}
