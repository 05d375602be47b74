package pdu

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// ErrBody is the error of a body that cannot be read.
var ErrBody = errors.New("a frame's body cannot be read")

// A Bind is the body of the three requests that begin a session.
type Bind struct {
	SystemID, Password, SystemType string
	Version                        byte
	Range                          Address // of the numbers to receive for
}

// Format prints the system_id and not the password.
func (b Bind) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{system_id %s}", b.SystemID) }

// Version is the interface_version of SMPP 3.4.
const Version = 0x34

// Bytes returns the body.
func (b Bind) Bytes() []byte {
	body := appendText(nil, b.SystemID, b.Password, b.SystemType)
	body = append(body, b.Version)
	return b.Range.append(body)
}

// ParseBind reads a Bind.
func ParseBind(body []byte) (Bind, error) {
	r := reader{rest: body}
	b := Bind{SystemID: r.text(), Password: r.text(), SystemType: r.text(), Version: r.byte()}
	b.Range = r.address()
	return b, r.err
}

// IDBody returns the body of a response that names one thing: the message_id, or
// the system_id of who answers.
func IDBody(id string) []byte { return appendText(nil, id) }

// ParseID reads such a body. A refusal, and some acceptances, have none.
func ParseID(body []byte) string {
	id, _, _ := strings.Cut(string(body), "\x00")
	return id
}

// An Address is a number or a name with its type and its plan.
type Address struct {
	TON, NPI byte
	Addr     string
}

// The types of numbers, and the plan of telephone numbers.
const (
	TONUnknown       = 0
	TONInternational = 1
	TONNational      = 2
	TONShort         = 3
	TONName          = 5
	NPITelephone     = 1
)

func (a Address) append(b []byte) []byte { return appendText(append(b, a.TON, a.NPI), a.Addr) }

// Format prints the type and the plan, and not the number.
func (a Address) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{%d/%d}", a.TON, a.NPI) }

// A Message is the body of submit_sm, deliver_sm and data_sm.
type Message struct {
	ServiceType                  string
	Source, Dest                 Address
	ESMClass, Protocol, Priority byte
	Schedule, Validity           string
	Registered, Replace, Coding  byte
	DefaultID                    byte
	Short                        []byte // short_message
	TLVs                         TLVs
}

// Bits of Message.ESMClass, and values of Message.Registered.
const (
	ESMHeader       = 0x40 // Short begins with a user data header
	ESMKind         = 0x3C // the bits that say what a deliver_sm is
	ESMReceipt      = 0x04
	ESMIntermediate = 0x20
	ReportFinal     = 0x01
	ReportFailure   = 0x02
	ReportProgress  = 0x10
)

// Bytes returns the body of submit_sm and deliver_sm.
func (m Message) Bytes() []byte {
	b := appendText(make([]byte, 0, 128+len(m.Short)), m.ServiceType)
	b = m.Dest.append(m.Source.append(b))
	b = append(b, m.ESMClass, m.Protocol, m.Priority)
	b = appendText(b, m.Schedule, m.Validity)
	b = append(b, m.Registered, m.Replace, m.Coding, m.DefaultID, byte(len(m.Short)))
	b = append(b, m.Short...)
	for _, t := range m.TLVs {
		b = binary.BigEndian.AppendUint16(b, t.Tag)
		b = binary.BigEndian.AppendUint16(b, uint16(len(t.Value)))
		b = append(b, t.Value...)
	}
	return b
}

// ParseMessage reads the body of a submit_sm, a deliver_sm or a data_sm.
func ParseMessage(id ID, body []byte) (Message, error) {
	r := reader{rest: body}
	m := Message{ServiceType: r.text()}
	m.Source, m.Dest, m.ESMClass = r.address(), r.address(), r.byte()
	if id == DataSM {
		m.Registered, m.Coding = r.byte(), r.byte()
	} else {
		m.Protocol, m.Priority, m.Schedule, m.Validity = r.byte(), r.byte(), r.text(), r.text()
		m.Registered, m.Replace, m.Coding, m.DefaultID = r.byte(), r.byte(), r.byte(), r.byte()
		m.Short = r.bytes(int(r.byte()))
	}
	for r.err == nil && len(r.rest) > 0 {
		tag := r.uint16()
		if value := r.bytes(int(r.uint16())); r.err == nil {
			m.TLVs = append(m.TLVs, TLV{tag, value})
		}
	}
	return m, r.err
}

// Format prints the kind of the message, and neither number nor text.
func (m Message) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{esm_class %#x, data_coding %d, %d bytes}", m.ESMClass, m.Coding, len(m.Short))
}

// A TLV is an optional parameter.
type TLV struct {
	Tag   uint16
	Value []byte
}

// Format prints the tag and not the value.
func (t TLV) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{%#04x, %d bytes}", t.Tag, len(t.Value)) }

// The tags of optional parameters that are used here.
const (
	TagReceiptedID  = 0x001E
	TagSARRef       = 0x020C
	TagSARTotal     = 0x020E
	TagSARSeq       = 0x020F
	TagNetworkError = 0x0423
	TagPayload      = 0x0424
	TagState        = 0x0427
)

// TLVs are the optional parameters of a message, in order.
type TLVs []TLV

// Get returns the value of the first one with a tag.
func (t TLVs) Get(tag uint16) ([]byte, bool) {
	for _, one := range t {
		if one.Tag == tag {
			return one.Value, true
		}
	}
	return nil, false
}

// Text returns the value of a C string, and "" if there is none.
func (t TLVs) Text(tag uint16) string {
	value, _ := t.Get(tag)
	return ParseID(value)
}

// Number returns the value of an integer of 1 or 2 bytes.
func (t TLVs) Number(tag uint16) (n int, ok bool) {
	value, ok := t.Get(tag)
	switch len(value) {
	case 1:
		return int(value[0]), ok
	case 2:
		return int(binary.BigEndian.Uint16(value)), ok
	}
	return 0, false
}

// appendText appends C strings. A zero byte in one would move the fields behind it.
func appendText(b []byte, texts ...string) []byte {
	for _, s := range texts {
		b = append(b, strings.ReplaceAll(s, "\x00", "")...)
		b = append(b, 0)
	}
	return b
}

// A reader reads fields until one is missing.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil || n > len(r.rest) {
		r.err = ErrBody
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.bytes(2); len(b) == 2 {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) text() string {
	i := bytes.IndexByte(r.rest, 0)
	if i < 0 {
		r.err = ErrBody
		return ""
	}
	return string(r.bytes(i + 1)[:i])
}

func (r *reader) address() Address {
	return Address{TON: r.byte(), NPI: r.byte(), Addr: r.text()}
}
