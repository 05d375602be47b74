package kit

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Vendor is what a vendor's package knows: how to turn a message into the
// vendor's request and what the answers mean. O is the vendor's own form of a
// message, for example a struct of request fields. Only Order and Send are
// required. A nil function means that the vendor lacks the ability, and
// Provider.Can reports so.
//
// Every function may be called by any number of goroutines at once.
type Vendor[O any] struct {
	// Order turns a message into the vendor's form. It does no I/O. It refuses what
	// only this vendor refuses, with Unsupported, InvalidMessage or another
	// *sms.Error; nothing has been sent then.
	Order func(m *Outgoing) (O, error)
	// Send submits one message in one call and never repeats it. Its error is that
	// of Base.Do, of Answer.Refused or Answer.Unreadable, a *Failure, a *Refusal, or
	// an *sms.Error. Anything else, and a panic, leaves the outcome Unknown.
	Send func(ctx context.Context, o O) (Accepted, error)
	// Check refuses values that only this vendor refuses. It is called for
	// Provider.CheckTemplate, with a message without a number. Optional.
	Check func(m *Outgoing) error
	// Text returns the text as the recipient reads it. Optional; Outgoing.Text is
	// used without it.
	Text func(o O) string
	// Segments counts the parts that are billed. Optional; sms.CountSegments of the
	// text is used without it.
	Segments func(o O) int
	// Counted returns the text as the vendor encodes it, if that differs from what
	// Text returns: its segments and encoding are counted. Optional.
	Counted func(o O) string
	// Show returns the vendor's parameters by the vendor's names, for a preview,
	// without credentials. Optional; it makes Preview an ability.
	Show func(o O) map[string]string
	// Hide returns further texts to mask in the vendor's words, such as the text as
	// it was sent. Optional.
	Hide func(o O) []string
	// IDOptional accepts an acceptance without a message ID. Without it such an
	// answer is Unknown.
	IDOptional bool
	// SharedID reports that the vendor gives one ID to several numbers of one call.
	// Receipts and reports then say so.
	SharedID bool
	// Batch sends several messages in one call. Optional.
	Batch *Batch[O]
	// Listing asks the vendor which messages it has. Optional; it makes Find an
	// ability.
	Listing *Listing[O]
	// Inspect asks the vendor about the account, the senders and the templates that
	// the configuration names. Optional.
	Inspect func(ctx context.Context) ([]sms.Finding, error)
	// Try asks the vendor whether it would take a message to a number: see sms.Trier.
	// Optional.
	Try func(ctx context.Context, to sms.Number) ([]sms.Finding, error)
	// Templates lists the vendor's templates. Optional.
	Templates func(ctx context.Context) ([]sms.VendorTemplate, error)
	// Look asks the vendor what became of a message that it took: see sms.Looker. It
	// returns sms.ErrNotFound if the vendor does not list it. Optional.
	Look func(ctx context.Context, id string, to sms.Number, at time.Time) (sms.Report, error)
	// Webhook reads a delivery report or a reply that the vendor posted. It returns
	// ErrNotAuthentic if the request is not the vendor's. Optional.
	Webhook func(ctx context.Context, h Hook) (Inbound, error)
	// Listen receives reports and replies over a session or by polling until ctx
	// ends. store keeps what arrived; if it fails, the vendor must be asked to send
	// it again. Optional.
	Listen func(ctx context.Context, store func(context.Context, Inbound) error) error
	// Close ends what the vendor's package started, after the calls in flight have
	// ended. Optional.
	Close func(ctx context.Context) error
}

// Outgoing is a message on its way into the vendor's form.
type Outgoing struct {
	// Message has its Key and Kind.
	sms.Message
	// Binding is the template's binding to this provider; nil with a Body.
	Binding *sms.Binding
	// Sender is the vendor's sender for this message; may be empty. Named reports
	// that the message, its binding or its region named it, and not Common.From.
	Sender string
	Named  bool
	// Text is the rendered text.
	Text string
	// Now is the time of the call. For a question it is when the message may have
	// left.
	Now time.Time
}

// Left returns how long the message may wait at the vendor, in whole seconds
// rounded down, at most longest. It returns zero if the message does not expire,
// and an error, Expired, if less than a second is left.
func (m *Outgoing) Left(longest int) (seconds int, err error) {
	if m.Expires.IsZero() {
		return 0, nil
	}
	left := int64(m.Expires.Sub(m.Now) / time.Second)
	if left < 1 {
		return 0, sms.Refuse(sms.Message{}, sms.Expired, nil)
	}
	return int(min(left, int64(longest))), nil
}

// Accepted is what the vendor said when it took a message.
type Accepted struct {
	// ID is the vendor's message ID. IDs holds one for each part instead, if the
	// vendor gives a long text several.
	ID  string
	IDs []string
	// RequestID is the vendor's ID of the call.
	RequestID string
	// Segments is the number of billed parts, and zero if the vendor does not say.
	Segments int
}

// A Part is the vendor's result for one part of a long text.
type Part struct {
	ID  string
	Err error // nil: accepted
}

// Parts joins the results of a text that the vendor takes in parts. If any part
// was accepted, the message is: it must not be sent again. If none was and the
// outcome of one is Unknown, the message's is. Otherwise the first refusal holds.
func (b *Base) Parts(parts []Part) (Accepted, error) {
	var a Accepted
	var first, unknown error
	for _, p := range parts {
		switch {
		case p.Err == nil:
			a.IDs = append(a.IDs, p.ID)
		case b.classify(p.Err).Outcome == sms.Unknown:
			unknown = cmp.Or(unknown, p.Err)
		default:
			first = cmp.Or(first, p.Err)
		}
	}
	switch {
	case len(a.IDs) > 0:
		a.Segments = len(parts)
		return a, nil
	case len(parts) == 0:
		return a, &Refusal{Reason: sms.Internal, Outcome: sms.Unknown, Cause: errors.New("the answer names no message")}
	}
	return a, cmp.Or(unknown, first)
}
