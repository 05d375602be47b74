package middleware

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/notifykit/notify/sms"
)

// FailoverOptions change single cells of the table of reasons.
type FailoverOptions struct {
	// Also lists reasons after which another sender is tried although the table
	// forbids it, such as InvalidNumber if the next vendor serves more countries.
	// RecipientBlocked in it has no effect, because the recipient has opted out.
	Also []sms.Reason
	// Never lists reasons after which no other sender is tried although the table
	// allows it. A reason in both lists is in Never.
	Never []sms.Reason
}

// Failover returns a Sender that tries senders in order until one accepts. The table of
// reasons ([sms.Reason.AnotherVendor]) decides whether the next one is tried:
//
//   - If any attempt was refused for a fault of the message or of the recipient, no
//     other sender is tried.
//   - If the outcome of any attempt is Unknown, no other sender is tried, unless the
//     message is a Verification, because a second copy holds the same code. [Confirm]
//     around each sender changes that attempt to Rejected if the vendor certainly never
//     took the message.
//   - No sender is tried after the caller's context has ended or after Message.Expires.
//
// Receipt.Attempts, and the *sms.Error if no sender accepted, hold all attempts in
// order, including those of a Retry inside. If there was one attempt only, its error is
// returned unchanged.
//
// Nil senders are skipped. Without any sender every message is Unsupported. The result
// may be used by any number of goroutines.
func Failover(senders ...sms.Sender) sms.Sender {
	return FailoverWith(FailoverOptions{}, senders...)
}

// NewFailover is [FailoverWith] with an error if there is no sender, a nil sender, or a
// reason in o that does not exist.
func NewFailover(o FailoverOptions, senders ...sms.Sender) (sms.Sender, error) {
	var faults []error
	if len(senders) == 0 {
		faults = append(faults, errNoSender)
	}
	for i, s := range senders {
		if s == nil {
			faults = append(faults, fmt.Errorf("sender %d is nil", i+1))
		}
	}
	for _, r := range slices.Concat(o.Also, o.Never) {
		if !slices.Contains(sms.Reasons(), r) {
			faults = append(faults, fmt.Errorf("there is no reason %q", r))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("middleware: failover: %w", err)
	}
	return FailoverWith(o, senders...), nil
}

var errNoSender = errors.New("there is no sender to try: none was given")

// FailoverWith is [Failover] with options.
func FailoverWith(o FailoverOptions, senders ...sms.Sender) sms.Sender {
	f := &failover{row: sms.Reason.AnotherVendor}
	for _, s := range senders {
		if s != nil {
			f.senders = append(f.senders, s)
		}
	}
	if len(o.Also) > 0 || len(o.Never) > 0 {
		f.row = changedTable(slices.Clone(o.Also), slices.Clone(o.Never))
	}
	return f
}

// changedTable returns the table's column for another vendor with these changes.
func changedTable(also, never []sms.Reason) func(sms.Reason) bool {
	return func(r sms.Reason) bool {
		switch {
		case r == sms.RecipientBlocked || slices.Contains(never, r):
			return false
		case slices.Contains(also, r):
			return true
		}
		return r.AnotherVendor()
	}
}

type failover struct {
	senders []sms.Sender
	row     func(sms.Reason) bool
}

func (f *failover) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if len(f.senders) == 0 {
		return sms.Receipt{}, sms.Refuse(m, sms.Unsupported, errNoSender)
	}
	if cause := over(ctx, m); cause != nil {
		return sms.Receipt{}, refuse(m, cause)
	}
	began := clock()
	receipt, err := f.senders[0].Send(ctx, m)
	if err == nil {
		return receipt, nil
	}
	return f.others(ctx, m, began, err)
}

// others tries the senders after the first, whose error is err.
func (f *failover) others(ctx context.Context, m sms.Message, began time.Duration, err error) (sms.Receipt, error) {
	var history tries
	for i, s := range f.senders {
		if i > 0 {
			if !history.allow(m, f.row) {
				break
			}
			if cause := over(ctx, m); cause != nil {
				return sms.Receipt{}, history.err(cause)
			}
			began = clock()
			var receipt sms.Receipt
			if receipt, err = s.Send(ctx, m); err == nil {
				return history.accepted(receipt, clock()-began), nil
			}
		}
		history.failed(err, clock()-began)
	}
	return sms.Receipt{}, history.err(nil)
}
