package twilio

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/notifykit/notify/sms"
)

// maxSenderID is the longest alphanumeric sender ID, in characters.
const maxSenderID = 11

// A sender is what a message says it is from: a number or sender ID, a Messaging
// Service, or both.
type sender struct{ from, service string }

// parseSender reads a sender in one of Twilio's forms. What begins with MG and
// is longer than any sender ID is a Messaging Service.
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

// sender checks the senders of the options, and returns the default one.
func (o *Options) sender(f *faults) sender {
	var s sender
	if o.From != "" {
		var err error
		if s, err = parseSender(o.From); err != nil {
			f.add("from", "%w", err)
		}
	}
	if o.MessagingServiceSID == "" {
		return s
	}
	if !isSID(o.MessagingServiceSID, "MG") {
		f.add("messaging_service_sid", "it has to be MG and 32 hexadecimal digits, and has %d characters: copy it from Twilio's console", len(o.MessagingServiceSID))
	}
	if s.service != "" && s.service != o.MessagingServiceSID {
		f.add("from", "it is another Messaging Service than messaging_service_sid: set one of the two")
	}
	s.service = o.MessagingServiceSID
	return s
}

// senders checks what Message.From may name.
func (o *Options) senders(f *faults) map[string]sender {
	all := make(map[string]sender, len(o.Senders))
	for _, name := range slices.Sorted(maps.Keys(o.Senders)) {
		s, err := parseSender(o.Senders[name])
		if err != nil {
			f.add("senders."+name, "%w", err)
		}
		all[name] = s
	}
	return all
}

// senderOf decides what m is from. Which of the vendor's senders may be used for
// a destination only the vendor knows.
func (p *Provider) senderOf(m sms.Message, b *binding) (sender, error) {
	s := p.sender
	if b != nil && b.sender != (sender{}) {
		s = b.sender
	}
	if m.From != "" {
		named, ok := p.senders[m.From]
		if !ok {
			return s, unsupported("there is no sender %q: senders has %s", m.From, names(p.senders))
		}
		s = named
	}
	if s == (sender{}) {
		return s, unsupported("no sender: set from or messaging_service_sid, or name one in the message or its binding")
	}
	return s, nil
}

func names[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

func unsupported(format string, args ...any) error {
	return sms.Refuse(sms.Message{}, sms.Unsupported, fmt.Errorf(format, args...))
}

func invalidMessage(format string, args ...any) error {
	return sms.Refuse(sms.Message{}, sms.InvalidMessage, fmt.Errorf(format, args...))
}
