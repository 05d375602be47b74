// Package redact takes personal data out of a vendor's words.
package redact

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/notifykit/notify/sms"
)

const (
	// MaxWords is how many bytes of a vendor's words are kept.
	MaxWords = 500
	// mask stands where something was.
	mask = "****"
	// maxRead bounds the work: what a vendor says beyond it is not looked at.
	maxRead = 8 << 10
)

// Words returns text, what a vendor said of m, fit for an error and a log: m's
// own number, its body and its values of four characters or more masked, on one
// line, and no longer than MaxWords bytes. The secrets, such as an auth token,
// are masked whatever their length; empty ones are passed over.
//
// The number is found with and without "+", "00" and its country code, and with
// blanks, dashes, dots or brackets between the digits; what else is hidden also
// as it stands in JSON, in a URL or in HTML. Of values and body hidden by
// themselves too are runs of four digits or more, which may be a code, and parts
// of 16 bytes or more, as vendors cut what they quote. Control characters and what is not valid UTF-8 become blanks, so that no vendor
// writes a line of a log.
//
// Where masking leaves something hidden readable after all, such as a secret
// made of asterisks, nothing is returned rather than that.
func Words(text string, m sms.Message, secrets ...string) string {
	h := hiddenOf(m, secrets)
	text = h.blot(text)
	text = oneLine(text)
	text = h.blot(text) // again: a vendor may have broken a value by a character that is now gone
	text = strings.TrimSpace(cut(text, MaxWords))
	if h.in(text) {
		return ""
	}
	return text
}

// hidden is what no words about a message may hold.
type hidden struct {
	texts   []string            // values, the body, secrets
	needles []string            // the forms of each text
	parts   map[string]struct{} // of texts, part bytes each
	digits  []string            // of the number
}

// in tells whether text shows something hidden as it is.
func (h hidden) in(text string) bool {
	shows := func(s string) bool { return strings.Contains(text, s) }
	return slices.ContainsFunc(h.texts, shows) || slices.ContainsFunc(h.digits, shows)
}

// blot masks every place in text where something hidden stands.
func (h hidden) blot(text string) string {
	cutOff := len(text) > maxRead
	text = text[:min(len(text), maxRead)]
	var places []place
	longest := 0
	for _, n := range h.needles {
		places = appendPlaces(places, text, n)
		longest = max(longest, len(n))
	}
	places = h.appendParts(places, text)
	places = appendNumbers(places, text, h.digits)
	if cutOff { // what begins before the cut and ends behind it is not found
		places = append(places, place{max(0, len(text)-max(longest, 64)), len(text)})
	}
	return masked(text, places)
}

// A place is a stretch of text, in bytes.
type place struct{ from, to int }

// masked puts the mask over places, one over those that overlap or touch.
func masked(text string, places []place) string {
	for i, p := range places { // whole characters
		for p.from > 0 && !utf8.RuneStart(text[p.from]) {
			p.from--
		}
		for p.to < len(text) && !utf8.RuneStart(text[p.to]) {
			p.to++
		}
		places[i] = p
	}
	slices.SortFunc(places, func(a, b place) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for i := 0; i < len(places); {
		p := places[i]
		for i++; i < len(places) && places[i].from <= p.to; i++ {
			p.to = max(p.to, places[i].to)
		}
		b.WriteString(text[at:p.from])
		b.WriteString(mask)
		at = p.to
	}
	b.WriteString(text[at:])
	return b.String()
}

// appendParts finds parts of what is hidden, also where it is not whole.
func (h hidden) appendParts(places []place, text string) []place {
	if len(h.parts) == 0 {
		return places
	}
	for i := 0; i+part <= len(text); i++ {
		if _, ok := h.parts[text[i:i+part]]; ok {
			places = appendPlace(places, place{i, i + part})
		}
	}
	return places
}

func appendPlaces(places []place, text, needle string) []place {
	for at := 0; needle != ""; {
		i := strings.Index(text[at:], needle)
		if i < 0 {
			break
		}
		places = appendPlace(places, place{at + i, at + i + len(needle)})
		at += i + 1 // the next one may overlap
	}
	return places
}

// appendPlace adds p, to the last place where that is near.
func appendPlace(places []place, p place) []place {
	if last := len(places) - 1; last >= 0 && places[last].from <= p.from && p.from <= places[last].to {
		places[last].to = max(places[last].to, p.to)
		return places
	}
	return append(places, p)
}

// oneLine makes blanks of line ends, of everything else that does not print and
// of bytes that are not UTF-8.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, text)
}

// cut ends text on the boundary of a character.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}
