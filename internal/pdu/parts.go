package pdu

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// A Form is how a text that is too long for one short message is sent.
type Form byte

// The forms.
const (
	UDH     Form = iota // in parts with a header of 6 octets: an 8-bit reference
	UDH16               // in parts with a header of 7 octets: a 16-bit reference
	SAR                 // in parts with the optional parameters sar_*
	Payload             // whole, in message_payload; the carrier splits it
)

// A Concat says which part of a long text a message is. The zero value is a
// message that is whole.
type Concat struct {
	Ref        uint16
	Total, Seq byte
}

// octets is the size of a short message.
const octets = 140

// With returns m with a text, as one message or as the parts of one. The text must
// be one that the alphabet has, and coding is the carrier's data_coding for it. All
// parts have the reference ref.
func (m Message) With(text string, a Alphabet, coding byte, f Form, ref uint16) []Message {
	m.Coding, m.Short = coding, nil
	parts := split(text, a, f.header())
	switch {
	case len(parts) == 1:
		m.Short = a.Encode(text, 0)
		return []Message{m}
	case f == Payload:
		m.TLVs = append(m.TLVs[:len(m.TLVs):len(m.TLVs)], TLV{TagPayload, a.Encode(text, 0)})
		return []Message{m}
	}
	all := make([]Message, len(parts))
	for i, part := range parts {
		all[i] = m.part(part, a, f, Concat{Ref: ref, Total: byte(len(parts)), Seq: byte(i + 1)})
	}
	return all
}

// MaxParts is how many parts a text may have.
const MaxParts = 255

// Parts counts the parts in which a text reaches the handset.
func Parts(text string, a Alphabet, f Form) int { return len(split(text, a, f.header())) }

// header returns the length of a part's header. sar_* and message_payload become
// one of 6 octets behind the carrier.
func (f Form) header() int {
	if f == UDH16 {
		return 7
	}
	return 6
}

// part returns m as one part.
func (m Message) part(text string, a Alphabet, f Form, c Concat) Message {
	switch f {
	case SAR:
		m.TLVs = append(m.TLVs[:len(m.TLVs):len(m.TLVs)], TLV{TagSARRef, binary.BigEndian.AppendUint16(nil, c.Ref)},
			TLV{TagSARTotal, []byte{c.Total}}, TLV{TagSARSeq, []byte{c.Seq}})
		m.Short = a.Encode(text, 0)
		return m
	case UDH16:
		m.Short = []byte{6, 8, 4, byte(c.Ref >> 8), byte(c.Ref), c.Total, c.Seq}
	default:
		m.Short = []byte{5, 0, 3, byte(c.Ref), c.Total, c.Seq}
	}
	m.ESMClass |= ESMHeader
	m.Short = append(m.Short, a.Encode(text, len(m.Short))...)
	return m
}

// split cuts a text into parts that leave room for a header, between characters.
func split(text string, a Alphabet, header int) []string {
	single, each := octets*8/7, (octets-header)*8/7
	if a == UCS2 {
		single, each = octets/2, (octets-header)/2
	}
	total := 0
	for _, c := range text {
		total += a.units(c)
	}
	if total <= single {
		return []string{text}
	}
	var parts []string
	begin, used := 0, 0
	for i, c := range text {
		n := a.units(c)
		if used+n > each {
			parts = append(parts, text[begin:i])
			begin, used = i, 0
		}
		used += n
	}
	return append(parts, text[begin:])
}

// units returns the septets of a character, or in UCS-2 its units.
func (a Alphabet) units(c rune) int {
	if a == UCS2 {
		return max(1, utf16.RuneLen(c))
	}
	return len(septets[c])
}

// payload returns the message's user data header and its text: those of
// short_message, or of message_payload.
func (m Message) payload() (header, text []byte) {
	text = m.Short
	if whole, ok := m.TLVs.Get(TagPayload); ok && len(text) == 0 {
		text = whole
	}
	if m.ESMClass&ESMHeader != 0 && len(text) > 0 {
		n := min(1+int(text[0]), len(text))
		header, text = text[:n], text[n:]
	}
	return header, text
}

// Has reports whether the text has an octet.
func (m Message) Has(octet byte) bool {
	_, text := m.payload()
	return bytes.IndexByte(text, octet) >= 0
}

// Read returns the text, and which part it is. own is the carrier's own alphabet.
func (m Message) Read(own Alphabet) (text string, c Concat) {
	header, data := m.payload()
	if len(header) > 0 {
		c = concat(header[1:])
	}
	ref, ok := m.TLVs.Number(TagSARRef)
	total, ok2 := m.TLVs.Number(TagSARTotal)
	seq, ok3 := m.TLVs.Number(TagSARSeq)
	if ok && ok2 && ok3 && c == (Concat{}) {
		c = valid(Concat{uint16(ref), byte(min(total, 255)), byte(min(seq, 255))})
	}
	return AlphabetOf(m.Coding, own).Decode(data, len(header)), c
}

// concat finds the part's place among the elements of a header.
func concat(header []byte) Concat {
	for len(header) >= 2 {
		kind, n := header[0], int(header[1])
		if header = header[2:]; n > len(header) {
			break
		}
		switch v := header[:n]; {
		case kind == 0 && n == 3:
			return valid(Concat{uint16(v[0]), v[1], v[2]})
		case kind == 8 && n == 4:
			return valid(Concat{binary.BigEndian.Uint16(v), v[2], v[3]})
		}
		header = header[n:]
	}
	return Concat{}
}

// valid returns the zero value for a place that cannot be, and for the only part.
func valid(c Concat) Concat {
	if c.Seq == 0 || c.Seq > c.Total || c.Total == 1 {
		return Concat{}
	}
	return c
}
