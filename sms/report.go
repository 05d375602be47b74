package sms

import (
	"fmt"
	"log/slog"
	"time"
)

// DeliveryState is what became of a message after a vendor accepted it. The value
// is a rank: a report with a higher state replaces a lower one, so that the order
// in which reports arrive does not matter. The numbers are stored and never
// change.
type DeliveryState int

// The delivery states. Those from StateLost on are final.
const (
	StateAccepted    DeliveryState = iota + 1 // the vendor has it
	StateSent                                 // a carrier has it
	StateLost                                 // the vendor stopped asking, or no report ever came
	StateExpired                              // it was not delivered in time
	StateUndelivered                          // it could not be delivered
	StateBlocked                              // the recipient or a filter refused it
	StateDelivered                            // the network says that the handset has it
)

var stateNames = [...]string{"", "accepted", "sent", "lost", "expired", "undelivered", "blocked", "delivered"}

// Final reports whether no later report is expected. Delivered still replaces
// another final state.
func (s DeliveryState) Final() bool { return s >= StateLost }

// String returns "accepted" and so on, and "unknown" for zero.
func (s DeliveryState) String() string {
	switch {
	case s == 0:
		return "unknown"
	case s.known():
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", int(s))
}

func (s DeliveryState) known() bool { return s >= 0 && int(s) < len(stateNames) }

// MarshalText returns the name; zero is empty.
func (s DeliveryState) MarshalText() ([]byte, error) {
	if !s.known() {
		return nil, fmt.Errorf("sms: there is no delivery state %d", int(s))
	}
	return []byte(stateNames[s]), nil
}

// UnmarshalText reads a name as MarshalText writes it.
func (s *DeliveryState) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = DeliveryState(i)
			return nil
		}
	}
	return fmt.Errorf("sms: there is no delivery state %q", text)
}

// A Report is a vendor's delivery report about one message or one part of it. It
// prints without the full number.
type Report struct {
	// Provider is the configured name of the provider.
	Provider string
	// ID is the vendor's message ID, as in Receipt.ID or Receipt.IDs.
	ID string
	// SharedID is as in Receipt.SharedID: only ID and To together name the message.
	SharedID bool
	// Key is the message's key, if the vendor echoes it. Another application on the
	// same account may use the same key: it counts only if number and vendor agree.
	Key string
	// Ref is what the vendor echoes, as in Receipt.Ref.
	Ref string
	// To is the recipient; empty if the vendor does not say.
	To Number
	// State is what the report says. Zero: a word that is not known here. It is kept
	// in Code and is never final.
	State DeliveryState
	// Reason is why the message was not delivered, by the vendor's table.
	Reason Reason
	// Code and Message are the vendor's own.
	Code, Message string
	// Part and Parts say which part of how many the report is about, counted from 1.
	// Zero: the whole message.
	Part, Parts int
	// Segments is the number of billed parts; zero if the vendor does not say.
	Segments int
	// Price is a decimal number, as the vendor writes it, in Currency (ISO 4217).
	Price, Currency string
	// OptedOut reports that the recipient has opted out of messages.
	OptedOut bool
	// At is the vendor's time of the event; zero if it does not say.
	At time.Time
}

// String returns the report with its number masked.
func (r Report) String() string {
	return fmt.Sprintf("{report of %s, id %s, to %s, %s %s}", printable(r.Provider), printable(r.ID), r.To, r.State, printable(r.Code))
}

// Format prints String under every verb.
func (r Report) Format(f fmt.State, verb rune) { formatMasked(f, verb, r.String()) }

// LogValue returns String as a slog value.
func (r Report) LogValue() slog.Value { return slog.StringValue(r.String()) }

// A Reply is a message from a person to one of our senders (MO). It prints without
// the number and the text.
type Reply struct {
	// Provider is the configured name of the provider.
	Provider string
	// ID is the vendor's ID of the reply; empty if it has none.
	ID string
	// From is the person's number.
	From Number
	// To is our sender, as the vendor names it: a number, a short code, an extension.
	To string
	// Text is what the person wrote.
	Text string
	// Keyword is what the vendor took the reply for; zero if it does not say.
	Keyword Keyword
	// InReplyTo is the vendor's ID of our message, if the vendor says.
	InReplyTo string
	// Part and Parts say which part of how many the reply is, counted from 1.
	Part, Parts int
	// Ref joins the parts of a reply, which have the same From, To, Ref and Parts; empty
	// if the vendor gives none.
	Ref string
	// At is the vendor's time; zero if it does not say.
	At time.Time
}

// String returns the reply with its number masked and without its text.
func (r Reply) String() string {
	return fmt.Sprintf("{reply by %s from %s, %d bytes}", printable(r.Provider), r.From, len(r.Text))
}

// Format prints String under every verb.
func (r Reply) Format(f fmt.State, verb rune) { formatMasked(f, verb, r.String()) }

// LogValue returns String as a slog value.
func (r Reply) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Keyword is what a reply asks for. Zero: nothing special.
type Keyword int

// The keywords.
const (
	KeywordStop  Keyword = iota + 1 // send nothing more
	KeywordStart                    // messages are welcome again
	KeywordHelp                     // who is sending, and how to stop
)

var keywordNames = [...]string{"", "stop", "start", "help"}

// String returns "stop", "start" or "help", and "" for zero.
func (k Keyword) String() string {
	if k < 0 || int(k) >= len(keywordNames) {
		return fmt.Sprintf("keyword(%d)", int(k))
	}
	return keywordNames[k]
}
