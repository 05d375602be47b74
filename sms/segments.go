package sms

import "unicode/utf8"

// The sizes of parts: of a text that fits in one, and of each of several, which
// lose 6 bytes to the header that joins them (3GPP TS 23.040).
const (
	gsmSingle, gsmPart = 160, 153 // septets
	ucsSingle, ucsPart = 70, 67   // UTF-16 units
)

// CountSegments counts the parts that a text is sent and billed in, and tells
// whether it needs UCS-2: one character outside the GSM 7-bit alphabet and its
// extension table (3GPP TS 23.038) is enough. A part holds 160 septets, or 153
// where there are several; in UCS-2 70 units, or 67. A character of the
// extension table ("€", "[", "~") takes two septets and one outside the basic
// plane (an emoji) two units; neither is split over two parts. Of an empty text
// there are no parts. It does not allocate.
//
// Vendors bill by the text that leaves, a signature such as 【云通信】 included,
// and some send what is GSM-7 as UCS-2 or rewrite it so that it is not:
// Receipt.Segments has the vendor's own figure where it tells one. A language's
// own shift tables are used by no vendor here and not counted.
func CountSegments(text string) (segments int, unicode bool) {
	septets, double, ok := countSeptets(text)
	switch {
	case !ok:
		return countUCS2(text), true
	case septets <= gsmSingle:
		return min(1, septets), false
	case double == 0:
		return (septets + gsmPart - 1) / gsmPart, false
	}
	var p parts
	p.size = gsmPart
	for _, c := range text {
		p.add(septetsOf(c))
	}
	return p.count, false
}

func countSeptets(text string) (septets, double int, ok bool) {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			n := int(asciiSeptets[c])
			if n == 0 {
				return 0, 0, false
			}
			septets += n
			double += n >> 1
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		n := septetsOf(r)
		if n == 0 {
			return 0, 0, false
		}
		septets += n
		double += n >> 1
		i += size
	}
	return septets, double, true
}

func countUCS2(text string) int {
	units, pairs := 0, 0
	for _, c := range text {
		units++
		if c > 0xffff {
			units++
			pairs++
		}
	}
	switch {
	case units <= ucsSingle:
		return min(1, units)
	case pairs == 0:
		return (units + ucsPart - 1) / ucsPart
	}
	p := parts{size: ucsPart}
	for _, c := range text {
		if c > 0xffff {
			p.add(2)
		} else {
			p.add(1)
		}
	}
	return p.count
}

// parts fills one part after the other with characters that are not split.
type parts struct{ size, count, used int }

func (p *parts) add(n int) {
	if p.count == 0 || p.used+n > p.size {
		p.count++
		p.used = 0
	}
	p.used += n
}

// septetsOf tells how many septets c takes in GSM-7: 1, 2 by the extension
// table, 0 where it has none.
func septetsOf(c rune) int {
	if c < utf8.RuneSelf {
		return int(asciiSeptets[c])
	}
	switch c {
	case '£', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', 'Ø', 'ø', 'Å', 'å',
		'Δ', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ',
		'Æ', 'æ', 'ß', 'É', '¤', '¡', 'Ä', 'Ö', 'Ñ', 'Ü', '§', '¿', 'ä', 'ö', 'ñ', 'ü', 'à':
		return 1
	case '€':
		return 2
	}
	return 0
}

// asciiSeptets has the ASCII part of the alphabet: all that prints but the grave
// accent, line feed and carriage return, and by the extension table form feed
// and ^{}\[~]|.
var asciiSeptets = [utf8.RuneSelf]uint8{
	'\n': 1, '\f': 2, '\r': 1,
	' ': 1, '!': 1, '"': 1, '#': 1, '$': 1, '%': 1, '&': 1, '\'': 1, '(': 1, ')': 1, '*': 1, '+': 1, ',': 1, '-': 1, '.': 1, '/': 1,
	'0': 1, '1': 1, '2': 1, '3': 1, '4': 1, '5': 1, '6': 1, '7': 1, '8': 1, '9': 1, ':': 1, ';': 1, '<': 1, '=': 1, '>': 1, '?': 1,
	'@': 1, 'A': 1, 'B': 1, 'C': 1, 'D': 1, 'E': 1, 'F': 1, 'G': 1, 'H': 1, 'I': 1, 'J': 1, 'K': 1, 'L': 1, 'M': 1, 'N': 1, 'O': 1,
	'P': 1, 'Q': 1, 'R': 1, 'S': 1, 'T': 1, 'U': 1, 'V': 1, 'W': 1, 'X': 1, 'Y': 1, 'Z': 1, '[': 2, '\\': 2, ']': 2, '^': 2, '_': 1,
	'a': 1, 'b': 1, 'c': 1, 'd': 1, 'e': 1, 'f': 1, 'g': 1, 'h': 1, 'i': 1, 'j': 1, 'k': 1, 'l': 1, 'm': 1, 'n': 1, 'o': 1,
	'p': 1, 'q': 1, 'r': 1, 's': 1, 't': 1, 'u': 1, 'v': 1, 'w': 1, 'x': 1, 'y': 1, 'z': 1, '{': 2, '|': 2, '}': 2, '~': 2,
}
