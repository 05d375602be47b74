package middleware

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/notifykit/notify/sms"
)

// FailoverOptions move single cells of the table of reasons.
type FailoverOptions struct {
	// Also lists reasons after which another sender is tried although the table
	// says no: InvalidNumber, where one vendor knows fewer countries than the
	// next. RecipientBlocked in it has no effect: who has opted out is tried
	// nowhere else.
	Also []sms.Reason
	// Never lists reasons after which no other sender is tried although the table
	// says yes. It wins over Also.
	Never []sms.Reason
}

// Failover returns a Sender that tries senders in order until one accepts. What
// comes after a refusal is the table's decision ([sms.Reason.AnotherVendor]):
//
//   - Every try so far has a veto: one that was refused for a fault of the
//     message or of the recipient ends it.
//   - A try whose outcome is Unknown ends it too, except for a Verification,
//     whose second copy carries the same code. [Confirm], put around each sender,
//     makes it Rejected if the vendor certainly never took the message.
//   - Nothing is tried after the caller's context has ended, or past
//     Message.Expires.
//
// Receipt.Attempts, and the *sms.Error where none accepted, tell of all tries in
// order, those of a Retry further in included. Of a single try the sender's own
// error is returned as it came.
//
// Nil senders are left out; with none left, every message is Unsupported. The
// result may be used by any number of goroutines.
func Failover(senders ...sms.Sender) sms.Sender {
	return FailoverWith(FailoverOptions{}, senders...)
}

// NewFailover is [FailoverWith] that reports what is wrong: no sender, a nil sender, or a
// reason that does not exist in o.
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
		f.row = moved(slices.Clone(o.Also), slices.Clone(o.Never))
	}
	return f
}

// moved is the table's column for another vendor with single cells moved.
func moved(also, never []sms.Reason) func(sms.Reason) bool {
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

// others tries the senders after the first, which has failed.
func (f *failover) others(ctx context.Context, m sms.Message, began time.Duration, err error) (sms.Receipt, error) {
	var story tries
	for i, s := range f.senders {
		if i > 0 {
			if !story.allow(m, f.row) {
				break
			}
			if cause := over(ctx, m); cause != nil {
				return sms.Receipt{}, story.err(cause)
			}
			began = clock()
			var receipt sms.Receipt
			if receipt, err = s.Send(ctx, m); err == nil {
				return story.accepted(receipt, clock()-began), nil
			}
		}
		story.failed(err, clock()-began)
	}
	return sms.Receipt{}, story.err(nil)
}
