package delivery

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/notifykit/notify/sms"
)

// ID identifies a vendor message in a Store. It is an HMAC of the provider and the
// vendor's message ID, or of the message's key if no vendor has the message. A report
// and the answer of the send therefore find the same record, whichever comes first.
type ID [16]byte

// Hash is an HMAC of a telephone number. The zero value is no number.
type Hash [16]byte

// Answer is what the call that sent the message returned. The value is a rank: a
// higher answer replaces a lower one. The numbers are stored and never change.
type Answer int

// The answers.
const (
	AnswerNone     Answer = iota // no call is known, only a report
	AnswerRejected               // the message was certainly not sent
	AnswerUnknown                // nobody knows whether it was sent
	AnswerAccepted               // a vendor has it
)

// AnswerOf returns the answer of an outcome.
func AnswerOf(o sms.Outcome) Answer {
	switch o {
	case sms.Accepted:
		return AnswerAccepted
	case sms.Rejected:
		return AnswerRejected
	}
	return AnswerUnknown
}

var answerNames = [...]string{"none", "rejected", "unknown", "accepted"}

// String returns "none", "rejected", "unknown" or "accepted".
func (a Answer) String() string {
	if a < 0 || int(a) >= len(answerNames) {
		return fmt.Sprintf("answer(%d)", int(a))
	}
	return answerNames[a]
}

// A Record is what a Store keeps of one vendor message, or of one message that no
// vendor has. It holds no full number, no value of a variable and no text. Times have
// a resolution of a microsecond.
type Record struct {
	ID ID
	// Own reports that a Sender of ours returned the answer. Without it the record is
	// of a report alone, and may be of another application on the same account.
	Own bool
	// Key is the message's key. If Own is not set, it is only what the vendor echoed.
	Key string
	// Ref is what the vendor echoes instead of Key.
	Ref string
	// Provider is the configured name, and VendorID the vendor's ID.
	Provider, VendorID string
	// Number is the hash of the recipient, To the masked number, and Sealed the
	// encrypted number. Sealed is empty once the state is final.
	Number Hash
	To     string
	Sealed string
	// Template, Kind and Region describe the message. Region is empty if not known.
	Template string
	Kind     sms.Kind
	Region   string
	// Segments is the number of billed parts. Price is the amount and the currency
	// that the vendor reported, as in "0.0075 USD".
	Segments int
	Price    string
	// Answer is what the call that sent it returned.
	Answer Answer
	// State is the highest state that was reported for the whole message. Use Current.
	State sms.DeliveryState
	// Reason, Code, Message and At are of the report that brought State. At is when
	// the report was made, or arrived if the vendor does not say.
	Reason        sms.Reason
	Code, Message string
	At            time.Time
	// Parts is how many parts are reported one by one, and Done has a bit for each
	// part that was delivered. Zero: the message is reported as a whole.
	Parts int
	Done  int64
	// Tries are the attempts of the last call for this record, at TriedAt, which is
	// when that call returned.
	Tries   []Try
	TriedAt time.Time
	// Put is when the record was made.
	Put time.Time
	// Told is the state that OnChange has been called with. Stores set it.
	Told sms.DeliveryState
}

// A Try is one attempt at one provider, without the cause's text.
type Try struct {
	Provider string      `json:"p,omitempty"`
	Outcome  sms.Outcome `json:"o"`
	Reason   sms.Reason  `json:"r,omitempty"`
	Code     string      `json:"c,omitempty"`
	Message  string      `json:"m,omitempty"`
	Skipped  bool        `json:"s,omitempty"`
	// At is when the attempt began, zero if it is not known; Took is how long it lasted.
	At   time.Time     `json:"a,omitzero"`
	Took time.Duration `json:"t,omitempty"`
}

// Current returns the state of the vendor message. It is StateDelivered if every part
// was delivered, and StateAccepted if a vendor has the message and has reported
// nothing. Zero means that no vendor is known to have it.
func (r Record) Current() sms.DeliveryState {
	switch {
	case r.whole():
		return sms.StateDelivered
	case r.State == 0 && r.Answer == AnswerAccepted:
		return sms.StateAccepted
	}
	return r.State
}

// whole reports whether every part was delivered.
func (r Record) whole() bool {
	return r.Parts > 0 && r.Parts <= maxParts && r.Done == 1<<r.Parts-1
}

// String returns the record without its key, as people may read it.
func (r Record) String() string {
	return fmt.Sprintf("{record of %s, id %s, to %s, %s, %s}", r.Provider, r.VendorID, r.To, r.Answer, r.Current())
}

// Format prints String under every verb.
func (r Record) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue returns String as a slog value.
func (r Record) LogValue() slog.Value { return slog.StringValue(r.String()) }
