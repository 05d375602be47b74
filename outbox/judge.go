package outbox

import (
	"errors"

	"github.com/notifykit/notify/sms"
)

// judge says what a call that ended in err means for m, and for the vendors.
//
// It goes by the table in package sms, looked at from further away: the Sender has
// tried its vendors for a minute, and the outbox has a day. What any of them
// refused for the message's own sake is final. What may pass by itself (a vendor
// that is down or wants fewer calls, an account that is blocked, credentials that
// were withdrawn, a fault of ours that says nothing about the message) is tried
// again, until its age. What only a person can fix (a template that no vendor has
// approved, a country that none serves) is Dead at once. Our own limits are no
// vendor's answer: the message waits for its turn.
func judge(m sms.Message, err error) (what, hope, result) {
	reason := sms.ReasonOf(err)
	is := result{reason: reason, after: sms.AsError(err).RetryAfter}
	if sms.OutcomeOf(err) == sms.Unknown {
		is.blame = sms.CountsAgainstVendor(err) || reason == sms.Internal
		return unknown, mayPass, is
	}
	if ownLimit(err) {
		return refused, ownTurn, is
	}
	is.blame = sms.CountsAgainstVendor(err) || reason == sms.Throttled || reason == sms.Internal
	is.answered = !is.blame && reason != sms.Canceled
	switch {
	case !sms.MayRepeat(err, m, later) && reason == sms.Expired:
		return refused, expiredNow, is
	case !sms.MayRepeat(err, m, later):
		return refused, hopeless, is
	case !hopeful(err):
		return refused, needsFix, is
	}
	return refused, mayPass, is
}

// ownLimit reports whether err is a refusal by limits of ours alone: no vendor was
// called, and the message has its turn later.
func ownLimit(err error) bool {
	e := sms.AsError(err)
	for _, a := range e.Attempts {
		if a.Err == nil || !ownLimit(a.Err) {
			return false
		}
	}
	switch e.Reason {
	case sms.Paced, sms.OverBudget:
		return true
	case sms.RecipientLimited:
		return e.Provider == ""
	case sms.Canceled:
		return errors.Is(e.Err, sms.ErrTurn)
	}
	return false
}

// later reports whether a refusal leaves it open that the message is sent later.
func later(r sms.Reason) bool { return r.AnotherVendor() || r.Later() }

// hopeful reports whether any of the attempts failed for what passes by itself.
func hopeful(err error) bool {
	e := sms.AsError(err)
	for _, a := range e.Attempts {
		if a.Err != nil && sms.ReasonOf(a.Err).Later() {
			return true
		}
	}
	return sms.ReasonOf(err).Later()
}
