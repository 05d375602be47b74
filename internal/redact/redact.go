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
	maxRead = 64 << 10
)

// Words returns text, what a vendor said of m, fit for an error and a log: m's
// own number, its body and its values of four characters or more masked, on one
// line, and no longer than MaxWords bytes. The secrets, such as an auth token,
// are masked whatever their length; empty ones are passed over.
//
// The number is found with and without "+", "00" and its country code, and with
// blanks, dashes, dots or brackets between the digits; what else is hidden also
// as it stands in JSON, in a URL or in HTML. Of values and body runs of four
// digits or more, which may be a code, are hidden by themselves too. Control
// characters and what is not valid UTF-8 become blanks, so that no vendor
// writes a line of a log.
//
// Where masking leaves something hidden readable after all, such as a secret
// made of asterisks, nothing is returned rather than that.
func Words(text string, m sms.Message, secrets ...string) string {
	hidden := hiddenIn(m, secrets)
	needles := formsOf(hidden)
	digits := numberDigits(m.To)

	text = blot(text, needles, digits)
	text = oneLine(text)
	text = blot(text, needles, digits) // again: a vendor may have broken a value by a character that is now gone
	text = strings.TrimSpace(cut(text, MaxWords))
	if slices.ContainsFunc(append(hidden, digits...), func(h string) bool { return strings.Contains(text, h) }) {
		return ""
	}
	return text
}

// blot masks every place where a needle, or the digits of a number, begin in
// text; places that overlap or touch become one.
func blot(text string, needles, digits []string) string {
	cutOff := len(text) > maxRead
	text = text[:min(len(text), maxRead)]
	var places []place
	longest := 0
	for _, n := range needles {
		places = appendPlaces(places, text, n)
		longest = max(longest, len(n))
	}
	places = appendNumbers(places, text, digits)
	if cutOff { // what begins before the cut and ends behind it is not found
		places = append(places, place{max(0, len(text)-max(longest, 64)), len(text)})
	}
	if len(places) == 0 {
		return text
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

// A place is a stretch of text, in bytes.
type place struct{ from, to int }

func appendPlaces(places []place, text, needle string) []place {
	for at := 0; needle != ""; {
		i := strings.Index(text[at:], needle)
		if i < 0 {
			break
		}
		from, to := at+i, at+i+len(needle)
		if last := len(places) - 1; last >= 0 && places[last].from <= from && from <= places[last].to {
			places[last].to = max(places[last].to, to)
		} else {
			places = append(places, place{from, to})
		}
		at = from + 1 // the next one may overlap
	}
	return places
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
