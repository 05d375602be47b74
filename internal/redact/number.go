package redact

import (
	"strings"

	"github.com/notifykit/notify/sms"
)

// fewestDigits is the least part of a number that is hidden by itself.
const fewestDigits = 4

// numberDigits lists the digits of n with its country code and without: which
// is one to three digits long, so what is left after each of them.
func numberDigits(n sms.Number) []string {
	if !n.Valid() {
		return nil
	}
	digits := n.E164()[1:]
	forms := []string{digits}
	for code := 1; code <= 3 && len(digits)-code >= fewestDigits; code++ {
		forms = append(forms, digits[code:])
	}
	return forms
}

// appendNumbers finds the digits in text, whatever people put between digits
// standing there too, and takes a "+", "%2B" or "00" before them along.
func appendNumbers(places []place, text string, digits []string) []place {
	if len(digits) == 0 {
		return places
	}
	only, at := digitsOf(text)
	for _, d := range digits {
		for _, p := range appendPlaces(nil, only, d) {
			from, to := at[p.from], at[p.to-1]+1
			for _, prefix := range [...]string{"00", "+", "%2B", "%2b"} {
				if strings.HasSuffix(text[:from], prefix) {
					from -= len(prefix)
					break
				}
			}
			places = append(places, place{from, to})
		}
	}
	return places
}

// digitsOf gives the digits of text with a mark, "|", where something stands
// between two of them that is not put between the digits of one number, and
// where in text each byte was.
func digitsOf(text string) (only string, at []int) {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			b.WriteByte(c)
			at = append(at, i)
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == 0xc2 || c == 0xa0: // the last two: a no-break space
		default:
			b.WriteByte('|')
			at = append(at, i)
		}
	}
	return b.String(), at
}
