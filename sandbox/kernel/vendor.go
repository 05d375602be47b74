package kernel

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Vendor imitates one vendor. Name and Show are required, and one of Call and
// ServeConn. A nil function means that the vendor cannot do it. The functions are
// called from several goroutines at once.
type Vendor struct {
	// Name is the name of the provider package: lower-case letters and digits. It
	// is Message.Vendor and Fault.Vendor.
	Name string
	// Where says where the vendor is, for the page of an unknown path: "at /".
	Where string

	// Match reports whether a request is for this vendor. The vendors are asked in
	// the order in which they were given, so one that takes every request must be
	// the last. A request under "/<Name>/" is always for this vendor, which sees it
	// without that prefix. Nil means that there is no other path.
	Match func(r *http.Request, body []byte) bool
	// Call reads a request. It must not change anything: the kernel may decide that
	// the call is not carried out.
	Call func(r *http.Request, body []byte) Call

	// ServeConn serves one connection of a vendor that is no HTTP service, until
	// the connection or ctx ends. It hands every call to [Desk.Do].
	ServeConn func(ctx context.Context, c net.Conn)
	// Addr is where Listen serves ServeConn. Empty is a free loopback port.
	Addr string

	// Show sets m.Status to the vendor's own word. It may also change From, for a
	// vendor that chooses the sender later. It is called under the kernel's lock.
	Show func(m *Message, r *Record, s Status)

	// CheckCode returns an error if a code cannot be one of the vendor's. Nil
	// accepts every code.
	CheckCode func(code string) error
	// ThrottleCode is the code by which the vendor says that calls come too fast.
	ThrottleCode string

	// Report builds the requests by which the vendor reports that messages have
	// reached a state: one, or one for each part of a long text. It returns none if
	// the vendor does not report the state. It is called under the kernel's lock.
	Report func(to string, messages []Record, s State) ([]*http.Request, error)
	// Deliver reports over a connection, in place of Report: it returns whether the
	// report was taken. No lock is held; Facts may be read with Desk.Update.
	Deliver func(ctx context.Context, messages []Record, s State) (taken bool)
	// ReportForms are words for Fault.Report besides "late" and "twice". They are
	// Record.ReportForm.
	ReportForms []string
	// MaxReports is the most messages in one report. Zero is one.
	MaxReports int
	// Acknowledged reports whether the receiver's answer counts as taken. Nil means
	// a status below 300.
	Acknowledged func(status int, body []byte) bool
	// Repeat says after which times a report that was not acknowledged is repeated.
	Repeat []time.Duration

	// Reply builds the requests that bring a person's reply to its receiver: one, or
	// one for each part of a long text.
	Reply func(r Reply) ([]*http.Request, error)
	// DeliverReply brings a reply over a connection, in place of Reply.
	DeliverReply func(ctx context.Context, r Reply) error
}

// An Opener makes a vendor on a kernel. It returns every fault of the vendor's
// options at once, and it starts nothing.
type Opener func(d *Desk) (Vendor, error)

// Kind says what a call does, in words that hold for every vendor. They are
// written in Fault.Operation as "send", "list" and "look".
type Kind string

// The kinds of calls. The zero value is a call that none of them describes.
const (
	Send Kind = "send" // hands over messages
	List Kind = "list" // lists messages that were taken
	Look Kind = "look" // shows one message, templates, senders or the account
)

// A Call is one request as its vendor has read it, before it is carried out.
type Call struct {
	// Operation is the vendor's own word, for faults.
	Operation string
	Kind      Kind
	// Numbers are the recipients, for faults and for refused messages.
	Numbers []sms.Number
	// Each says that the vendor answers for each number, so that Carry can refuse
	// some numbers and take the others.
	Each bool
	// Carry carries the call out and returns the vendor's answer. It is called at
	// most once.
	Carry func(o Order) Answer
	// Refuse returns the vendor's answer that refuses the call with a code of the
	// vendor's. Empty words mean the vendor's own. Status 0 means the vendor's own.
	Refuse func(code, words string, status int) Answer
}

// An Order says what faults ask of a call that is carried out.
type Order struct {
	// ListAfter hides younger messages from a listing.
	ListAfter time.Duration
	// Refused are the numbers to refuse, of a Call with Each, and the codes.
	Refused map[sms.Number]Refusal
}

// An Answer is what a vendor answers, with what the call has changed. The kernel
// writes it, unless a fault prevents that.
type Answer struct {
	// Status, ContentType and Header are those of HTTP.
	Status      int
	ContentType string
	Header      http.Header
	Body        []byte

	// Taken are the messages that the vendor has taken: one a recipient, with the
	// parts of a long text joined.
	Taken []Record
	// Rejected are the messages that the vendor has refused.
	Rejected []Rejection
	// Code and Words are set if the whole call was refused: every number of a call
	// that sends is then in the list of refused messages.
	Code, Words string
	// After is called when the answer has left, and also if a fault has kept it
	// back. Nil does nothing.
	After func()
}

// A Refusal is what the vendor says no with. It holds no number, no value and no
// secret. Options.OnRefusal gets one for each thing that a lenient sandbox
// accepts and the vendor would have refused.
type Refusal struct {
	Vendor, Operation, Code, Message string
}

// String reads "acme would have refused submit: code: message".
func (r Refusal) String() string {
	return fmt.Sprintf("%s would have refused %s: %s: %s", r.Vendor, r.Operation, r.Code, r.Message)
}

// A Desk is the kernel as one vendor sees it. It may be used by any number of
// goroutines.
type Desk struct {
	sandbox *Sandbox
	vendor  Vendor
}

// Lenient reports whether unknown credentials, signatures, templates and senders
// are accepted. A vendor calls LetPass instead if it can.
func (d *Desk) Lenient() bool { return d.sandbox.options.Lenient }

// Limits reports whether the rules for new accounts hold.
func (d *Desk) Limits() bool { return d.sandbox.options.Limits }

// LetPass reports whether the sandbox is lenient. If it is, Options.OnRefusal gets
// what the vendor would have refused. The message must not hold a number, a value
// or a secret.
func (d *Desk) LetPass(operation, code, message string) bool {
	if !d.Lenient() {
		return false
	}
	if report := d.sandbox.options.OnRefusal; report != nil {
		report(Refusal{Vendor: d.vendor.Name, Operation: operation, Code: code, Message: message})
	}
	return true
}

// Newest calls yield with the vendor's messages, from the newest to the oldest,
// until yield returns false. The kernel's lock is held: yield may read and change
// Facts, and it must not wait or call the Desk.
func (d *Desk) Newest(now time.Time, yield func(r *Record, s Status) bool) {
	d.sandbox.store.newest(func(r *Record) bool {
		return r.Vendor != d.vendor.Name || yield(r, r.status(now, d.sandbox.options.Pace))
	})
}

// Update calls change with the vendor's messages that have an ID, and reports
// whether there is one. The kernel's lock is held, as in Newest.
func (d *Desk) Update(id string, now time.Time, change func(r *Record, s Status)) (found bool) {
	d.Newest(now, func(r *Record, s Status) bool {
		if r.ID == id {
			found = true
			change(r, s)
		}
		return !found
	})
	return found
}

// Warn writes a line to the log of the sandbox. The message must not hold a number,
// a text or a secret.
func (d *Desk) Warn(message string) {
	d.sandbox.options.Logger.Warn("sandbox: " + d.vendor.Name + ": " + message)
}

// Status returns where a message that is not stored yet will be at a time.
func (d *Desk) Status(r *Record, now time.Time) Status {
	return r.status(now, d.sandbox.options.Pace)
}

// Format prints status and length, and not the body.
func (a Answer) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{status %d, %d bytes}", a.Status, len(a.Body))
}
