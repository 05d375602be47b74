package sms

import "fmt"

// Outcome is what is known of a message after a call: one of three truths.
type Outcome int

// The outcomes. The zero value is Unknown, so that whoever forgets to say
// something claims nothing.
const (
	// Unknown: may have been sent. No answer, or one that cannot be read, after
	// the request left.
	Unknown Outcome = iota
	// Rejected: certainly not sent. Whoever says so has reason to.
	Rejected
	// Accepted: the vendor has taken it. OutcomeOf(nil).
	Accepted
)

var outcomeNames = [...]string{"unknown", "rejected", "accepted"}

// String returns "unknown", "rejected" or "accepted".
func (o Outcome) String() string {
	if o >= 0 && int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("outcome(%d)", int(o))
}

// MarshalText writes the name, and an error for an Outcome that does not exist.
func (o Outcome) MarshalText() ([]byte, error) {
	if o < 0 || int(o) >= len(outcomeNames) {
		return nil, fmt.Errorf("sms: no such outcome: %d", int(o))
	}
	return []byte(outcomeNames[o]), nil
}

// UnmarshalText reads a name as MarshalText writes it.
func (o *Outcome) UnmarshalText(text []byte) error {
	for i, name := range outcomeNames {
		if name == string(text) {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("sms: no outcome is called %q: write unknown, rejected or accepted", text)
}
