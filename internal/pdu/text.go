package pdu

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// An Alphabet is how the characters of a text are written.
type Alphabet byte

// The alphabets.
const (
	GSM    Alphabet = iota // GSM 7-bit (3GPP TS 23.038), one septet in each octet
	Packed                 // GSM 7-bit, eight septets in seven octets
	ASCII
	Latin1
	UCS2 // UTF-16, big endian
)

// The values of data_coding for texts.
const (
	CodingDefault = 0 // the carrier's own alphabet
	CodingASCII   = 1
	CodingLatin1  = 3
	CodingUCS2    = 8
)

// AlphabetOf returns the alphabet of a data_coding. own is the carrier's, which 0
// and the message classes of the default alphabet mean. Binary data is read as
// Latin-1, so that no octet is lost.
func AlphabetOf(coding byte, own Alphabet) Alphabet {
	switch {
	case coding == CodingASCII:
		return ASCII
	case coding == CodingUCS2, coding >= 0x18 && coding <= 0x1B:
		return UCS2
	case coding == CodingDefault, coding >= 0x10 && coding <= 0x13, coding >= 0xF0 && coding <= 0xF3:
		return own
	}
	return Latin1
}

// escape leads to the extension table of GSM 7-bit.
const escape = 0x1B

// basic is the GSM 7-bit alphabet by septet.
var basic = []rune("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")

// extension is its extension table.
var extension = map[byte]rune{0x0A: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2F: '\\', 0x3C: '[', 0x3D: '~', 0x3E: ']', 0x40: '|', 0x65: '€'}

// septets holds the way back: a second septet, if there is one, follows escape.
var septets = func() map[rune][]byte {
	m := map[rune][]byte{}
	for i, c := range basic {
		if i != escape {
			m[c] = []byte{byte(i)}
		}
	}
	for b, c := range extension {
		m[c] = []byte{escape, b}
	}
	return m
}()

// Has reports whether every character of a text can be written.
func (a Alphabet) Has(text string) bool {
	for _, c := range text {
		switch a {
		case GSM, Packed:
			if septets[c] == nil {
				return false
			}
		case ASCII:
			// What GSM 7-bit does not have, such as a tab, the carrier could not send on.
			if c > 0x7E || septets[c] == nil {
				return false
			}
		case Latin1:
			if c > 0xFF || septets[c] == nil {
				return false
			}
		}
	}
	return true
}

// Encode writes a text that Has accepts. header is the length of the user data
// header before it, after which packed septets begin at a septet's boundary.
func (a Alphabet) Encode(text string, header int) []byte {
	b := make([]byte, 0, 2*len(text))
	switch a {
	case UCS2:
		for _, unit := range utf16.Encode([]rune(text)) {
			b = binary.BigEndian.AppendUint16(b, unit)
		}
	case ASCII, Latin1:
		for _, c := range text {
			b = append(b, byte(c))
		}
	default:
		for _, c := range text {
			b = append(b, septets[c]...)
		}
		if a == Packed {
			return pack(b, header)
		}
	}
	return b
}

// Decode reads a text. An octet that has no meaning becomes U+FFFD.
func (a Alphabet) Decode(b []byte, header int) string {
	switch a {
	case UCS2:
		units := make([]uint16, 0, len(b)/2)
		for ; len(b) > 1; b = b[2:] {
			units = append(units, binary.BigEndian.Uint16(b))
		}
		return string(utf16.Decode(units))
	case ASCII:
		return strings.Map(func(c rune) rune {
			if c > 0x7F {
				return '\uFFFD'
			}
			return c
		}, Latin1.Decode(b, 0))
	case Latin1:
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes)
	case Packed:
		b = unpack(b, header)
	}
	return fromSeptets(b)
}

func fromSeptets(b []byte) string {
	var text strings.Builder
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] > 0x7F:
			text.WriteRune('\uFFFD')
		case b[i] != escape:
			text.WriteRune(basic[b[i]])
		case i+1 < len(b) && extension[b[i+1]] != 0:
			i++
			text.WriteRune(extension[b[i]])
		default: // an escape that leads nowhere shows as a space
			text.WriteByte(' ')
		}
	}
	return text.String()
}

// fill returns how many bits follow a header until the next septet begins.
func fill(header int) int { return (7 - header*8%7) % 7 }

// pack writes septets without gaps. Where seven bits are left in the last octet,
// they hold a carriage return: zeros there would be read as "@".
func pack(b []byte, header int) []byte {
	at := fill(header)
	if (at+7*len(b))%8 == 1 {
		b = append(b, '\r')
	}
	packed := make([]byte, (at+7*len(b)+7)/8)
	for _, septet := range b {
		bits := uint16(septet) << (at % 8)
		packed[at/8] |= byte(bits)
		if bits > 0xFF {
			packed[at/8+1] |= byte(bits >> 8)
		}
		at += 7
	}
	return packed
}

// unpack is the way back. A carriage return that fills the last octet is dropped.
func unpack(packed []byte, header int) []byte {
	var b []byte
	at := fill(header)
	for ; at+7 <= 8*len(packed); at += 7 {
		bits := uint16(packed[at/8])
		if at/8+1 < len(packed) {
			bits |= uint16(packed[at/8+1]) << 8
		}
		b = append(b, byte(bits>>(at%8))&0x7F)
	}
	if n := len(b); at == 8*len(packed) && n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b
}
