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

// ErrClosed is what Send answers after Close, as the cause of an *Error that is
// Rejected.
var ErrClosed = errors.New("sms: the sender is closed")

// Error is why a message was not accepted. Every error of a Sender holds one.
//
// Its text, under every verb, holds no full number, no value of a variable and
// no body: providers mask them in the vendor's words before they make it.
type Error struct {
	// Provider is the configured name of the provider; empty where a store, a
	// limiter or a list of ours failed.
	Provider string
	// Code, Message and RequestID are the vendor's own words, kept; in Message
	// the message's own number, body and values are masked.
	Code, Message, RequestID string
	// Key is the message's key, the one made for it included.
	Key string
	// Reason is why, and decides what may happen next.
	Reason Reason
	// Outcome is whether it may have been sent. Never Accepted.
	Outcome Outcome
	// Kind is the message's, filled by the provider, which has looked its
	// template up: it decides whether a repetition does harm.
	Kind Kind
	// RetryAfter is how long to wait before another try; zero where nobody said.
	RetryAfter time.Duration
	// Attempts holds all tries in order, where there were several: this Error
	// then sums them up, as SumAttempts does.
	Attempts []Attempt
	// Err is the cause, where there is one beyond the vendor's words.
	Err error
}

// Error tells the provider, the reason, whether the outcome is unknown, the
// vendor's code and words, and the cause; of several tries, each of them.
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
		b.WriteString("; try again after " + e.RetryAfter.String())
	}
	if e.RequestID != "" {
		b.WriteString("; request " + e.RequestID)
	}
	return b.String()
}

// story tells each try.
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

// outcome takes everything but Rejected for Unknown: nobody may claim more by
// an Error.
func (e *Error) outcome() Outcome {
	if e != nil && e.Outcome == Rejected {
		return Rejected
	}
	return Unknown
}

// Is tells whether target is this error's Reason.
func (e *Error) Is(target error) bool {
	r, ok := target.(Reason)
	return ok && e != nil && r == e.reason()
}

// Unwrap gives the cause and the error of each try.
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

// LogValue gives slog the fields that people search by, in a group.
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

// OutcomeOf tells which of the three truths err leaves: Accepted for nil, the
// Outcome of the *Error that it holds, and Unknown for an error that no layer
// has classified. Errors that others have joined are Rejected only if every
// *Error among them is, and there is one.
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

// ReasonOf tells why: "" for nil, the Reason of the *Error that err holds (of
// several joined ones the first whose outcome is Unknown, else the last one's),
// a bare Reason itself, Canceled for a bare context error, Internal for an error
// that is not ours.
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

// KindOf gives the Kind that a provider has put in the *Error in err, or in the
// *Error of one of its tries; zero where none was.
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

// find gives the one *Error that err is or wraps; nil where there is none, or
// where others have joined several errors.
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
