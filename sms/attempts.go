package sms

import "cmp"

// SumAttempts makes the one *Error of several tries, none of which was
// accepted: Provider, Code, Message and RequestID of the last; Outcome Unknown
// if any try's was; Reason the first Unknown try's, else the last one's;
// RetryAfter the shortest that a try named; Kind the first that is known. A
// single try is not summed up: its own *Error is returned. It returns nil for
// no attempt.
func SumAttempts(attempts []Attempt) *Error {
	if len(attempts) == 0 {
		return nil
	}
	if len(attempts) == 1 {
		return AsError(attempts[0].Err)
	}
	sum := &Error{Outcome: Rejected, Attempts: attempts}
	for _, a := range attempts {
		if a.Err == nil {
			continue
		}
		e := AsError(a.Err)
		sum.Provider = cmp.Or(e.Provider, a.Provider)
		sum.Code, sum.Message, sum.RequestID = e.Code, e.Message, e.RequestID
		sum.Key = cmp.Or(e.Key, sum.Key)
		sum.Kind = cmp.Or(sum.Kind, e.Kind)
		if sum.Outcome != Unknown { // the first Unknown try's reason stands
			sum.Reason = e.reason()
			sum.Outcome = e.Outcome
		}
		if e.RetryAfter > 0 && (sum.RetryAfter == 0 || e.RetryAfter < sum.RetryAfter) {
			sum.RetryAfter = e.RetryAfter
		}
	}
	return sum
}

// AsError gives the *Error that err is or wraps, and for an error that no layer
// has classified a new one that says so: Outcome and Reason by OutcomeOf and
// ReasonOf, err as its cause. It returns nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e := find(err); e != nil {
		return e
	}
	return &Error{Reason: ReasonOf(err), Outcome: OutcomeOf(err), Kind: KindOf(err), Err: err}
}

// MayRepeat tells whether m, whose tries so far ended in err, may be sent again.
// Row is the column of the table to ask: Reason.SameVendor before the same
// vendor is tried again, Reason.AnotherVendor before another.
//
// Every try in err has a veto. A try whose outcome is Unknown overrides its row:
// it allows a repetition only where a duplicate does no harm ([Kind.MayDouble]),
// the kind being the one that the provider told in the error, else m.Kind.
//
// The caller's context, Message.Expires, the number of tries and the time to
// wait are for the caller of MayRepeat to look at.
func MayRepeat(err error, m Message, row func(Reason) bool) bool {
	if err == nil {
		return false
	}
	if e := find(err); e != nil && len(e.Attempts) > 0 {
		kind := cmp.Or(e.Kind, m.Kind)
		for _, a := range e.Attempts {
			if a.Err != nil && !mayRepeat(a.Err, kind, row) {
				return false
			}
		}
		return true
	}
	return mayRepeat(err, cmp.Or(KindOf(err), m.Kind), row)
}

func mayRepeat(err error, kind Kind, row func(Reason) bool) bool {
	if OutcomeOf(err) == Unknown {
		return kind.MayDouble()
	}
	return row(ReasonOf(err))
}

// CountsAgainstVendor tells whether the vendor is to blame for err, so that its
// breaker counts a failure: by the table, and for every Unknown outcome except
// the end of the caller's own context.
func CountsAgainstVendor(err error) bool {
	if err == nil {
		return false
	}
	reason := ReasonOf(err)
	if OutcomeOf(err) == Unknown {
		return reason != Canceled
	}
	return reason.CountsAgainstVendor()
}
