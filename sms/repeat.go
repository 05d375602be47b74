package sms

import "cmp"

// MayRepeat tells whether m, whose tries so far ended in err, may be sent again.
// Row is the column of the table to ask: Reason.SameVendor before the same
// vendor is tried again, Reason.AnotherVendor before another.
//
// Every try in err has a veto, also those of errors that others have joined. A
// try whose outcome is Unknown overrides its row: it allows a repetition only
// where a duplicate does no harm ([Kind.MayDouble]), the kind being the one that
// the provider told in the error, else m.Kind. Of a nil err there is nothing to
// repeat.
//
// The end of the caller's context, Message.Expires, the number of tries and the
// time to wait are for the caller of MayRepeat to look at.
func MayRepeat(err error, m Message, row func(Reason) bool) bool {
	if err == nil {
		return false
	}
	kind := cmp.Or(KindOf(err), m.Kind)
	for _, a := range appendFailed(nil, Attempt{Err: err}) {
		switch {
		case a.Err == nil:
		case OutcomeOf(a.Err) == Unknown:
			if !kind.MayDouble() {
				return false
			}
		case !row(ReasonOf(a.Err)):
			return false
		}
	}
	// A sum may know of a doubt that none of its tries tells.
	return OutcomeOf(err) != Unknown || kind.MayDouble()
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
