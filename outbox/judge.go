package outbox

import (
	"math/rand/v2"
	"time"

	"github.com/notifykit/notify/sms"
)

// judge says what becomes of a message whose call, begun at began, ended in err.
//
// It goes by the table in package sms, looked at from further away: the Sender has
// tried its vendors for a minute, and the outbox has a day. What any of them
// refused for the message's own sake is final (Rejected). What may pass by itself
// (a vendor that is down or wants fewer calls, an account that is blocked,
// credentials that were withdrawn, a fault of ours that says nothing about the
// message) is tried again, until its age. What only a person can mend (a template
// that no vendor has approved, a country that none serves) is Dead at once.
func (j *job) judge(now, began time.Time, err error) verdict {
	reason := sms.ReasonOf(err)
	unknown := sms.OutcomeOf(err) == sms.Unknown
	v := verdict{reason: reason, retryAfter: sms.AsError(err).RetryAfter}
	v.blame = sms.CountsAgainstVendor(err) || reason == sms.Throttled || reason == sms.Internal
	v.answered = !v.blame && !unknown && reason != sms.Canceled && reason != sms.Paced && reason != sms.OverBudget
	m := j.Message
	m.Kind = j.Kind
	switch {
	case unknown && !j.b.repeats(j.Kind):
		j.story.Since, j.story.AskAt, j.story.Asked = began, now.Add(j.b.o.FindAfter), 0
		return j.ask(v, now)
	case !sms.MayRepeat(err, m, mayPass):
		v.state = j.refused(reason)
	case !hopeful(err):
		v.state = j.givenUp()
	default:
		v.state, v.at = j.again(now, v.retryAfter)
	}
	return v
}

// mayPass reports whether a refusal leaves open that the message is accepted later.
func mayPass(r sms.Reason) bool { return r.AnotherVendor() || r.Later() }

// hopeful reports whether any of the attempts failed for a reason that passes by itself.
func hopeful(err error) bool {
	if sms.OutcomeOf(err) == sms.Unknown {
		return true
	}
	e := sms.AsError(err)
	for _, a := range e.Attempts {
		if a.Err != nil && sms.ReasonOf(a.Err).Later() {
			return true
		}
	}
	return sms.ReasonOf(err).Later()
}

// refused is the end of what no vendor will take. A code that may have been sent
// before cannot be called certainly not sent.
func (j *job) refused(reason sms.Reason) State {
	switch {
	case j.story.Doubt && !j.Kind.MayDouble():
		return Held
	case reason == sms.Expired, j.story.Doubt:
		return Expired
	}
	return Rejected
}

// givenUp is the end of what is not tried again.
func (j *job) givenUp() State {
	switch {
	case j.Kind.MayDouble():
		return Expired // of no use to anybody later
	case j.story.Doubt:
		return Held
	}
	return Dead
}

// again is when the next try is due, or the end where there is none.
func (j *job) again(now time.Time, retryAfter time.Duration) (State, time.Time) {
	next := now.Add(max(j.delay(), retryAfter))
	end := j.deadline()
	switch {
	case !now.Before(end):
		return j.givenUp(), time.Time{}
	case next.After(end):
		next = end
	}
	return Queued, j.bounded(next)
}

// longestCodeDelay bounds the wait for a code, which is of use for minutes.
const longestCodeDelay = 10 * time.Second

// delay doubles with every try, and is half random, so that what failed together
// does not come back together.
func (j *job) delay() time.Duration {
	longest := j.b.o.MaxDelay
	if j.Kind.MayDouble() {
		longest = min(longest, longestCodeDelay)
	}
	d := j.b.o.MinDelay
	for range j.lease.Last.Tries {
		if d >= longest/2 {
			d = longest
			break
		}
		d *= 2
	}
	d = min(d, longest)
	return d/2 + rand.N(d/2+1)
}
