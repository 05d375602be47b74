package sms

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// A Checker tells beforehand whether a template's values would be refused: by
// the Registry's rules, or by any provider that the template may go to. The
// Client and the providers have it. A nil error means that none would refuse.
type Checker interface {
	CheckTemplate(name string, p Params) error
}

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

// A Looker asks its vendor what became of a message that the vendor took.
type Looker interface {
	// Look returns what the vendor says of the message with this ID of its own, as a
	// delivery report would. to is the recipient and at about when the vendor took it:
	// some vendors list by number and day. The error is [ErrNotFound] if the vendor
	// does not list the message, perhaps not yet.
	Look(ctx context.Context, id string, to Number, at time.Time) (Report, error)
}

// Abilities are what a provider can do beside Send.
type Abilities struct {
	// Find: the vendor can be asked whether it has a message ([Finder]).
	Find bool
	// Preview: it can show what it would send ([Previewer]).
	Preview bool
	// CheckTemplate: it can check a template's values beforehand ([Checker]).
	CheckTemplate bool
	// Inspect: the vendor can be asked about the account ([Inspector]).
	Inspect bool
	// ListTemplates: the vendor's templates can be listed ([Lister]).
	ListTemplates bool
	// Batch is the most numbers of one call to the vendor. Zero: one.
	Batch int
	// Webhooks: the vendor's reports and replies can be read.
	Webhooks bool
	// Look: the vendor can be asked what became of a message ([Looker]).
	Look bool
	// Try: the vendor can be asked whether it would take a message ([Trier]).
	Try bool
	// FindAfter is how long after a message may have left the vendor can say that it
	// never took it. FindBack is how far back it can be asked; zero: without end.
	FindAfter, FindBack time.Duration
}

// AbilitiesOf returns what s can do: what its method Can() Abilities returns if it
// has one, else the interfaces that s itself implements. It does not look behind a
// [Wrap] or a [Chain]. Of a nil s it is the zero value.
func AbilitiesOf(s Sender) Abilities {
	if c, ok := s.(interface{ Can() Abilities }); ok {
		return c.Can()
	}
	var a Abilities
	_, a.Find = s.(Finder)
	_, a.Preview = s.(Previewer)
	_, a.CheckTemplate = s.(Checker)
	_, a.Inspect = s.(Inspector)
	_, a.ListTemplates = s.(Lister)
	_, a.Look = s.(Looker)
	_, a.Try = s.(Trier)
	return a
}
