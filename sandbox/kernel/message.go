package kernel

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Message is one text that a vendor has taken for one number. Its JSON form
// is that of GET /_sandbox/messages and holds everything in full. It prints
// masked, under every verb and in log/slog.
type Message struct {
	// ID is the vendor's. Some vendors give all numbers of one call the same ID. Of
	// a text that the vendor sends in parts with an ID each it is the first.
	ID       string     `json:"id"`
	Vendor   string     `json:"vendor"`
	Account  string     `json:"account"`  // the vendor's name of the account or key
	To       sms.Number `json:"to"`       // E.164
	From     string     `json:"from"`     // signature, or sender; empty while the vendor has chosen none
	Template string     `json:"template"` // the vendor's template; empty: free text
	Params   sms.Params `json:"params"`
	Text     string     `json:"text"` // what the recipient reads, with the signature
	Key      string     `json:"key"`  // the caller's own reference, where the vendor takes one
	// Status is the vendor's own word where it has words for it, else accepted,
	// sent, delivered or failed.
	Status string    `json:"status"`
	At     time.Time `json:"at"` // when the vendor took it
}

// String returns m with the number masked, and without values and text.
func (m Message) String() string {
	return fmt.Sprintf("{%s %s to %s, template %s, %s}", m.Vendor, m.ID, m.To, m.Template, m.Status)
}

// Format prints m masked under every verb.
func (m Message) Format(f fmt.State, verb rune) { format(f, verb, m.String()) }

// LogValue returns the masked form.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.String()) }

func format(f fmt.State, verb rune, masked string) {
	if verb == 'v' || verb == 's' || verb == 'q' || verb == 'x' || verb == 'X' {
		fmt.Fprintf(f, fmt.FormatString(f, verb), masked)
		return
	}
	fmt.Fprintf(f, "%%!%c(%s)", verb, masked)
}

// A Rejection is one message that a vendor has refused. Its JSON form is that of
// GET /_sandbox/refused. It prints with the number masked.
type Rejection struct {
	Vendor    string     `json:"vendor"`
	Operation string     `json:"operation"`
	To        sms.Number `json:"to"` // empty: the vendor could not read a number
	Code      string     `json:"code"`
	Message   string     `json:"message"`
	At        time.Time  `json:"at"`
}

// String returns r with the number masked and without the vendor's words, which
// may quote it.
func (r Rejection) String() string {
	return fmt.Sprintf("{%s refused %s to %s: %s}", r.Vendor, r.Operation, r.To, r.Code)
}

// Format prints r masked under every verb.
func (r Rejection) Format(f fmt.State, verb rune) { format(f, verb, r.String()) }

// LogValue returns the masked form.
func (r Rejection) LogValue() slog.Value { return slog.StringValue(r.String()) }

// A Key is the ID and the secret of an access key or API key. It prints without
// its secret.
type Key struct{ ID, Secret string }

// Format prints the ID under every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.ID) }

// LogValue returns the ID.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.ID) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.ID), nil }

// GobEncode returns the text of String.
func (k Key) GobEncode() ([]byte, error) { return k.MarshalText() }

// A Record is a Message with what the kernel and its vendor keep of it. It prints
// masked, as its Message does.
type Record struct {
	Message
	// Depart is when the message leaves the vendor. Zero is at once.
	Depart time.Time
	// Canceled is when the message was canceled. Zero is never.
	Canceled time.Time
	// Fails is what the carrier will say. Empty means that the carrier delivers.
	Fails string
	// ReportForm is how the delivery is reported, if a fault changes it: see
	// Fault.Report.
	ReportForm string
	// ReportTo is the address for the reports of this message. Empty is the
	// address of the vendor in PUT /_sandbox/webhooks, if there is one.
	ReportTo string
	// Facts are the vendor's own. They are read and changed in Desk.Newest,
	// Desk.Update, Vendor.Show and Vendor.Report only.
	Facts any
	// Their texts must not be parts of a request: see strings.Clone. FactBytes is
	// about how many bytes they hold.
	FactBytes int

	seq  uint64 // place among all messages ever taken; never used twice
	size int
}

// State says how far a message is.
type State int

// The states, in the order in which a message goes through them.
const (
	Scheduled State = iota + 1 // it leaves the vendor later
	Taken                      // the vendor has it
	Sent                       // the carrier has it
	Delivered
	Failed   // the carrier could not deliver it
	Canceled // it never left the vendor
)

// String returns "accepted" and so on: what Message.Status is for a vendor
// without words of its own.
func (s State) String() string {
	names := [...]string{"unknown", "scheduled", "accepted", "sent", "delivered", "failed", "canceled"}
	if s < 0 || int(s) >= len(names) {
		s = 0
	}
	return names[s]
}

// Final reports whether a message stays in the state.
func (s State) Final() bool { return s >= Delivered }

// A Status is where a message is at a time.
type Status struct {
	State State
	Since time.Time // when it came to State
	Sent  time.Time // when the carrier got it; zero: not yet
}

// status follows from the times alone: nothing runs for it. A message stays in
// Taken and in Sent for one pace each; with a negative pace it stays in Taken.
func (r *Record) status(now time.Time, pace time.Duration) Status {
	if !r.Canceled.IsZero() {
		return Status{State: Canceled, Since: r.Canceled}
	}
	if now.Before(r.departure()) {
		return Status{State: Scheduled, Since: r.At}
	}
	sent := r.due(Sent, pace)
	if pace < 0 || now.Before(sent) {
		return Status{State: Taken, Since: r.At}
	}
	end := r.due(Delivered, pace)
	if now.Before(end) {
		return Status{State: Sent, Since: sent, Sent: sent}
	}
	if r.Fails != "" {
		return Status{State: Failed, Since: end, Sent: sent}
	}
	return Status{State: Delivered, Since: end, Sent: sent}
}

func (r *Record) departure() time.Time {
	if r.Depart.IsZero() {
		return r.At
	}
	return r.Depart
}

// due returns when the message comes to Sent, or to its end.
func (r *Record) due(s State, pace time.Duration) time.Time {
	if s == Sent {
		return r.departure().Add(pace)
	}
	return r.departure().Add(2 * pace)
}

// weigh returns about how many bytes a record holds in memory.
func (r *Record) weigh() int {
	n := 640 + len(r.ID) + len(r.Account) + len(r.Text) + len(r.Key) + len(r.From) + len(r.Template) + len(r.Fails) + len(r.ReportForm) + len(r.ReportTo) + r.FactBytes
	for k, v := range r.Params {
		n += len(k) + len(v) + 64
	}
	return n
}

// Place returns the number of the message among all that were ever taken. A later
// message has a higher place.
func (r *Record) Place() uint64 { return r.seq }

// own gives the texts memory of their own: a text that was cut out of a request
// keeps the whole request.
func (r *Record) own() {
	for _, s := range []*string{&r.ID, &r.Account, (*string)(&r.To), &r.From, &r.Template, &r.Text, &r.Key, &r.Fails, &r.ReportForm, &r.ReportTo} {
		*s = strings.Clone(*s)
	}
	params := make(sms.Params, len(r.Params))
	for name, value := range r.Params {
		params[strings.Clone(name)] = strings.Clone(value)
	}
	r.Params = params
}
