package sms

import (
	"errors"
	"fmt"
	"log/slog"
)

// A Checker tells beforehand whether a template's values would be refused: by
// the Registry's rules, or by any provider that the template may go to. The
// Client and the providers have it. A nil error means that none would refuse.
type Checker interface {
	CheckTemplate(name string, p Params) error
}

// ErrNoPreview is the cause of an Unsupported error of a Previewer that stands
// before providers none of which can show what it would send. It says nothing
// about the message.
var ErrNoPreview = errors.New("no provider of its route can show what it would send")

// A Previewer shows what would be sent, without sending.
type Previewer interface {
	Preview(m Message) (Preview, error)
}

// A Preview is what one provider would send. Text and Parameters hold all in
// full, code included: show them to the person who asked. The Preview itself
// prints without them.
type Preview struct {
	// Provider is the configured name.
	Provider string
	// Text is what the recipient reads, a signature such as 【云通信】 included.
	Text string
	// Segments is the number of parts that Text takes, as counted here.
	Segments int
	// Encoding is "GSM-7" or "UCS-2".
	Encoding string
	// Parameters are the vendor's parameters by their own names.
	Parameters map[string]string
}

// String tells the provider, the encoding and the segments.
func (p Preview) String() string {
	return fmt.Sprintf("{provider %s, %s, segments %d}", printable(p.Provider), p.Encoding, p.Segments)
}

// Format prints p without its text and parameters, under every verb.
func (p Preview) Format(f fmt.State, verb rune) { formatMasked(f, verb, p.String()) }

// LogValue gives slog the same as String.
func (p Preview) LogValue() slog.Value { return slog.StringValue(p.String()) }
