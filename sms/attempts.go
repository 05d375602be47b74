package sms

import (
	"cmp"
	"slices"
	"time"
)

// An Attempt is one try at one provider.
type Attempt struct {
	// Provider is the configured name of the provider.
	Provider string
	// Err is nil where the vendor accepted.
	Err error
	// At is when the try began; zero if it is not known.
	At time.Time
	// Took is how long the try lasted.
	Took time.Duration
	// Skipped reports that the provider was not called: its breaker was open, or it
	// was switched off.
	Skipped bool
}

// AppendAttempts adds to list what one call to a Sender came to: the tries that
// the receipt or the error already tells of, else one Attempt that lasted took.
// A list made so is flat: no Attempt's error sums up others.
func AppendAttempts(list []Attempt, r Receipt, err error, took time.Duration) []Attempt {
	switch {
	case err != nil:
		return appendFailed(list, Attempt{Err: err, Took: took})
	case len(r.Attempts) > 0:
		return append(list, r.Attempts...)
	}
	return append(list, Attempt{Provider: r.Provider, Took: took})
}

// appendFailed adds a, or the tries that its error tells of. Of errors that
// others have joined each is a try.
func appendFailed(list []Attempt, a Attempt) []Attempt {
	if e := find(a.Err); e != nil && len(e.Attempts) == 0 {
		a.Provider = cmp.Or(e.Provider, a.Provider)
		return append(list, a) // with what is wrapped around e
	}
	found := false
	eachError(a.Err, func(e *Error) {
		switch {
		case e == nil:
			return
		case len(e.Attempts) > 0:
			list = append(list, flat(e.Attempts)...)
		default:
			list = append(list, Attempt{Provider: cmp.Or(e.Provider, a.Provider), Err: e, Took: a.Took})
		}
		found = true
	})
	if !found { // no layer has classified it
		list = append(list, a)
	}
	return list
}

// flat gives a copy of attempts in which none sums up others.
func flat(attempts []Attempt) []Attempt {
	list := make([]Attempt, 0, len(attempts))
	for _, a := range attempts {
		if a.Err == nil {
			list = append(list, a)
		} else {
			list = appendFailed(list, a)
		}
	}
	return list
}

// SumAttempts makes the one *Error of several tries, none of which was
// accepted: Provider, Code, Message and RequestID of the last; Outcome Unknown
// if any try's was; Reason the first Unknown try's, else the last one's;
// RetryAfter the shortest that a try named; Kind the first that is known;
// Attempts flat, in a list of its own. A single try is not summed up: its own
// *Error is returned. It returns nil where no try failed.
func SumAttempts(attempts []Attempt) *Error {
	attempts = flat(attempts)
	failed := slices.DeleteFunc(slices.Clone(attempts), func(a Attempt) bool { return a.Err == nil })
	switch {
	case len(failed) == 0:
		return nil
	case len(attempts) == 1:
		return attempts[0].asError()
	}
	sum := &Error{Outcome: Rejected, Attempts: attempts}
	for _, a := range failed {
		sum.add(a.asError())
	}
	return sum
}

// add takes one more try into a sum.
func (e *Error) add(try *Error) {
	e.Provider, e.Code, e.Message, e.RequestID = try.Provider, try.Code, try.Message, try.RequestID
	e.Key = cmp.Or(try.Key, e.Key)
	e.Kind = cmp.Or(e.Kind, try.Kind)
	if e.Outcome != Unknown { // else the first Unknown try's reason stands
		e.Reason, e.Outcome = try.reason(), try.outcome()
	}
	if try.RetryAfter > 0 && (e.RetryAfter == 0 || try.RetryAfter < e.RetryAfter) {
		e.RetryAfter = try.RetryAfter
	}
}

// asError gives the *Error of a failed try, its provider told.
func (a Attempt) asError() *Error {
	e := AsError(a.Err)
	if e.Provider == "" && a.Provider != "" {
		named := *e // e may be another's
		named.Provider = a.Provider
		return &named
	}
	return e
}

// AsError gives the *Error that err is or wraps, and for an error that no layer
// has classified, or that joins several, a new one: Outcome, Reason and Kind by
// OutcomeOf, ReasonOf and KindOf, err as its cause. It returns nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e := find(err); e != nil {
		return e
	}
	return &Error{Reason: ReasonOf(err), Outcome: OutcomeOf(err), Kind: KindOf(err), Err: err}
}
