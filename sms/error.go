package sms

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// ErrClosed is the cause of the *Error, Rejected, that Send returns after Close.
var ErrClosed = errors.New("sms: the sender is closed")

// An Error is why a message was not accepted. Every error of a Sender holds one.
//
// After several attempts, two questions have two answers:
//
//   - errors.Is(err, r) reports whether some attempt was refused for r. It answers
//     "has any vendor said that this number has reached its limit?".
//   - ReasonOf(err) is why the message as a whole was not accepted. It decides what may
//     happen next.
//
// Its text, under every verb, holds no full number, no value of a variable and
// no body: providers mask them in the vendor's words before they make it.
type Error struct {
	// Provider is the configured name of the provider. It is empty if the refusal is
	// ours: a limit, a budget, a store or a list.
	Provider string
	// Code, Message and RequestID are the vendor's own words. In Message the
	// message's own number, body and values are masked. A refusal of ours has the Code
	// with which the vendor would refuse the same, if it is known, and no Message.
	Code, Message, RequestID string
	// Key is the message's key, including one that was made for it.
	Key string
	// Ref is what the vendor would echo in a report in place of Key, as in Receipt.Ref.
	// With an Unknown outcome a report with it proves that the vendor has the message.
	Ref string
	// Reason is why, and decides what may happen next. Empty means Internal.
	Reason Reason
	// Outcome is whether the message may have been sent. It is never Accepted.
	Outcome Outcome
	// Kind is the message's kind. The provider fills it in from the template. It decides
	// whether sending the message twice does harm.
	Kind Kind
	// RetryAfter is how long to wait before another attempt. Zero: not known.
	RetryAfter time.Duration
	// Attempts holds all attempts in order if there were several. The Error is then
	// their sum, as SumAttempts returns it.
	Attempts []Attempt
	// Err is the cause, if there is one beyond the vendor's words.
	Err error
}

// Refuse returns the Error of a message that was certainly not sent: Rejected for r, with
// the Key and Kind of m and cause as its Err. A nil cause is allowed if r says everything.
func Refuse(m Message, r Reason, cause error) *Error {
	return &Error{Reason: r, Outcome: Rejected, Key: m.Key, Kind: m.Kind, Err: cause}
}

// Error returns the provider, the reason in words, whether the outcome is unknown, the
// vendor's code and words, and the cause. After several attempts it returns those of each.
func (e *Error) Error() string {
	if e == nil {
		return "sms: no error was made (a nil *sms.Error was returned as an error)"
	}
	if len(e.Attempts) > 0 {
		return e.story()
	}
	var b strings.Builder
	b.WriteString(cmp.Or(e.Provider, "sms") + ": " + e.reason().Error())
	if e.outcome() == Unknown {
		b.WriteString(", outcome unknown")
	}
	if e.Code != "" {
		b.WriteString(" (" + e.Code + ")")
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.RetryAfter > 0 {
		b.WriteString("; try again after " + wholeSeconds(e.RetryAfter).String())
	}
	if e.RequestID != "" {
		b.WriteString("; request " + e.RequestID)
	}
	return b.String()
}

// wholeSeconds rounds a wait up, so that nobody comes too early.
func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// story returns the text of an Error with several attempts.
func (e *Error) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "sms: %d attempts failed", len(e.Attempts))
	if e.outcome() == Unknown {
		b.WriteString(", outcome unknown")
	}
	for i, a := range e.Attempts {
		fmt.Fprintf(&b, "; %d: ", i+1)
		if a.Err != nil {
			b.WriteString(a.Err.Error())
		} else {
			b.WriteString(a.Provider + ": accepted")
		}
	}
	if e.Err != nil { // why there was no further try
		b.WriteString("; " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) reason() Reason {
	if e == nil || e.Reason == "" {
		return Internal
	}
	return e.Reason
}

// outcome returns Unknown for everything but Rejected: an Error may claim no more.
func (e *Error) outcome() Outcome {
	if e != nil && e.Outcome == Rejected {
		return Rejected
	}
	return Unknown
}

// Is reports whether target is this error's Reason. errors.Is also looks into each attempt.
func (e *Error) Is(target error) bool {
	r, ok := target.(Reason)
	return ok && e != nil && r == e.reason()
}

// Unwrap returns the cause and the error of each attempt.
func (e *Error) Unwrap() []error {
	if e == nil {
		return nil
	}
	var all []error
	if e.Err != nil {
		all = append(all, e.Err)
	}
	for _, a := range e.Attempts {
		if a.Err != nil {
			all = append(all, a.Err)
		}
	}
	return all
}

// Format prints the text of Error under every verb, so that %+v and %#v show no
// more than %v does.
func (e *Error) Format(f fmt.State, verb rune) { formatMasked(f, verb, e.Error()) }

// LogValue returns the fields that people search by, as a group.
func (e *Error) LogValue() slog.Value {
	if e == nil {
		return slog.Value{}
	}
	attrs := []slog.Attr{slog.String("reason", string(e.reason())), slog.String("outcome", e.outcome().String())}
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("provider", e.Provider)
	add("code", e.Code)
	add("request_id", e.RequestID)
	add("key", e.Key)
	if e.RetryAfter > 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	add("error", e.Error())
	return slog.GroupValue(attrs...)
}

// OutcomeOf returns Accepted for nil, the Outcome of the *Error that err holds, and
// Unknown for an error that holds none. Errors that were joined with errors.Join are
// Rejected only if there is an *Error among them and every one of them is Rejected.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Accepted
	}
	rejected, found := true, false
	eachError(err, func(e *Error) {
		found = true
		rejected = rejected && e.outcome() == Rejected
	})
	if found && rejected {
		return Rejected
	}
	return Unknown
}

// ReasonOf returns why the message as a whole was not accepted: "" for nil, else the
// Reason of the *Error that err holds. If several are joined with errors.Join, it is that
// of the first whose outcome is Unknown, else that of the last. A bare Reason is
// returned itself. A bare context error is Canceled, and any other error Internal.
//
// errors.Is(err, r) answers another question: whether some attempt was refused for r.
func ReasonOf(err error) Reason {
	if err == nil {
		return ""
	}
	var reason Reason
	unknown := false
	eachError(err, func(e *Error) {
		if unknown {
			return
		}
		reason = e.reason()
		unknown = e.outcome() == Unknown
	})
	if reason != "" {
		return reason
	}
	if r, ok := errors.AsType[Reason](err); ok && r != "" {
		return r
	}
	if holdsContextError(err) {
		return Canceled
	}
	return Internal
}

// KindOf returns the Kind that a provider has put in the *Error in err, or in the *Error
// of one of its attempts. It returns zero if there is none.
func KindOf(err error) Kind {
	var kind Kind
	eachError(err, func(e *Error) {
		if e == nil {
			return
		}
		kind = cmp.Or(kind, e.Kind)
		for _, a := range e.Attempts {
			kind = cmp.Or(kind, KindOf(a.Err))
		}
	})
	return kind
}

// eachError calls f for each *Error that err is or wraps, from left to right,
// without looking into the ones it has found: an Error speaks for its causes.
func eachError(err error, f func(*Error)) {
	if e, ok := err.(*Error); ok {
		f(e)
		return
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		if next := u.Unwrap(); next != nil {
			eachError(next, f)
		}
	case interface{ Unwrap() []error }:
		for _, next := range u.Unwrap() {
			if next != nil {
				eachError(next, f)
			}
		}
	}
}

// find returns the *Error that err is or wraps. It returns nil if there is none, and if
// several errors are joined.
func find(err error) *Error {
	for err != nil {
		if e, ok := err.(*Error); ok {
			return e
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return nil
		}
		err = u.Unwrap()
	}
	return nil
}

// holdsContextError looks for the context's own two errors by identity:
// net/http's time-out, which is no caller's leaving, answers
// errors.Is(err, context.DeadlineExceeded) too.
func holdsContextError(err error) bool {
	if err == context.Canceled || err == context.DeadlineExceeded {
		return true
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		return holdsContextError(u.Unwrap())
	case interface{ Unwrap() []error }:
		for _, next := range u.Unwrap() {
			if holdsContextError(next) {
				return true
			}
		}
	}
	return false
}
