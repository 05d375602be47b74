// Package pdu reads and writes SMPP 3.4: PDUs, their bodies, and texts in the
// alphabets and forms in which carriers take them. It is shared by providers/smpp
// and sandbox/smpp, and opens no connection.
package pdu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// An ID is a command_id: what a PDU is.
type ID uint32

// The PDUs that are used here.
const (
	BindReceiver    ID = 0x01
	BindTransmitter ID = 0x02
	SubmitSM        ID = 0x04
	DeliverSM       ID = 0x05
	Unbind          ID = 0x06
	BindTransceiver ID = 0x09
	EnquireLink     ID = 0x15
	DataSM          ID = 0x103
	GenericNack     ID = 0x80000000
)

// Response returns the ID of the response to a request.
func (id ID) Response() ID { return id | GenericNack }

// IsResponse reports whether a PDU is a response; a generic_nack is one.
func (id ID) IsResponse() bool { return id&GenericNack != 0 }

// A Status is a command_status: zero in every request and in a response that
// accepts.
type Status uint32

// The statuses that are used here.
const (
	OK               Status = 0
	InvalidTextSize  Status = 0x01
	InvalidLength    Status = 0x02
	InvalidCommand   Status = 0x03
	NotBound         Status = 0x04
	AlreadyBound     Status = 0x05
	SystemError      Status = 0x08
	InvalidSource    Status = 0x0A
	InvalidDest      Status = 0x0B
	BindFailed       Status = 0x0D
	InvalidPassword  Status = 0x0E
	InvalidSystemID  Status = 0x0F
	QueueFull        Status = 0x14
	InvalidESMClass  Status = 0x43
	Throttled        Status = 0x58
	ReceiverTempErr  Status = 0x64 // "send it again"
	ReceiverPermErr  Status = 0x65 // "do not send it again"
	InvalidOptionals Status = 0xC0
)

// String returns the status as "0x0B": at least two hexadecimal digits.
func (s Status) String() string { return fmt.Sprintf("0x%02X", uint32(s)) }

// A PDU is one frame. Its body is read by ParseBind, ParseMessage and ParseID.
type PDU struct {
	ID     ID
	Status Status
	Seq    uint32
	Body   []byte
}

const (
	headerLength = 16
	// MaxLength bounds the frames that Read accepts. A message_payload has at most
	// 64 KiB.
	MaxLength = 72 << 10
)

// ErrLength is the error of a frame whose command_length cannot be right. What
// follows on the connection cannot be read.
var ErrLength = errors.New("the length of a frame is not between 16 bytes and 72 KiB")

// Read reads one frame. Memory for it is taken after its length was checked.
func Read(r io.Reader) (PDU, error) {
	var h [headerLength]byte
	if _, err := io.ReadFull(r, h[:4]); err != nil {
		return PDU{}, err
	}
	n := binary.BigEndian.Uint32(h[:])
	if n < headerLength || n > MaxLength {
		return PDU{}, ErrLength
	}
	if _, err := io.ReadFull(r, h[4:]); err != nil {
		return PDU{}, unexpected(err)
	}
	p := PDU{
		ID: ID(binary.BigEndian.Uint32(h[4:])), Status: Status(binary.BigEndian.Uint32(h[8:])), Seq: binary.BigEndian.Uint32(h[12:]),
		Body: make([]byte, n-headerLength),
	}
	_, err := io.ReadFull(r, p.Body)
	return p, unexpected(err)
}

// unexpected keeps a frame that ends early apart from a connection that ends.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Bytes returns the frame as it is sent.
func (p PDU) Bytes() []byte {
	b := make([]byte, 0, headerLength+len(p.Body))
	b = binary.BigEndian.AppendUint32(b, uint32(headerLength+len(p.Body)))
	b = binary.BigEndian.AppendUint32(b, uint32(p.ID))
	b = binary.BigEndian.AppendUint32(b, uint32(p.Status))
	b = binary.BigEndian.AppendUint32(b, p.Seq)
	return append(b, p.Body...)
}

// Answer returns the response to p with a body, which a refusal leaves out.
func (p PDU) Answer(s Status, body []byte) PDU {
	if s != OK {
		body = nil
	}
	return PDU{ID: p.ID.Response(), Status: s, Seq: p.Seq, Body: body}
}

// Format prints ID, status and length, and not the body, which may hold a number,
// a text or a password.
func (p PDU) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{0x%x, status %s, %d bytes}", uint32(p.ID), p.Status, len(p.Body))
}
