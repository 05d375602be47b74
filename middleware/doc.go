// Package middleware is what happens to a message on its way to a vendor:
// validation, limits, retry, failover, breakers, time-outs.
//
// Each middleware is an [sms.Middleware], put around a Sender by [sms.Chain];
// [Failover] makes one Sender of several. None of them knows a vendor: what may
// be repeated, where, and whose fault an error is, is the table of reasons in
// package sms, and nothing here decides otherwise. A message that may have been
// sent ([sms.Unknown]) is never sent again by anything here, unless it is a
// Verification, whose second copy carries the same code.
//
// # The order
//
// This is the order in which notify.Client puts them, from the outermost to the
// vendor. A test holds it against the list there, which has the reason for each place.
//
//	Deduplicate                a message that came twice costs no second token
//	RateLimit by number        one token for a message, however many tries it takes
//	Budget                     refuses before Failover, which would go around it
//	Config.Middleware          the user's own
//	guard                      refuses a message that was changed on the way
//	DryRun                     in place of all that follows
//	Failover                   the vendors of a route in order; for each of them:
//	AllowedNumbers             outside of production, real vendors get these only
//	Retry                      tries again if that helps soon, before the next vendor is tried
//	Pace                       our own pace for the vendor; waiting is no time of the vendor's
//	Confirm                    asks the vendor after an unknown outcome
//	Breaker                    counts every try; while it is open, Retry ends
//	Timeout                    the vendor's time alone, without our own waits
//	ProviderConfig.Middleware  the user's own, for one vendor
//
// In a chain of your own, Log and Observe go outermost, because they see every message
// with all its tries; then [Validate], so that a message that could not be delivered
// costs no token and no try, and fills in the Kind; then [Suppress]. To send by route,
// write a Sender that picks one of several, or use notify.Client. [Weighted] goes in
// the place of Failover or around several.
//
// A Timeout outside of a Breaker is a caller's deadline to it, and counts only
// as [BreakerOptions.SlowAfter] says. A Breaker outside of a Retry counts
// messages instead of calls. A number's limit inside of Failover would count a
// message once for every vendor. These orders work as well, and the tests show
// what each pair does; they are seldom what is meant.
//
// # State
//
// A Middleware makes its state anew for each Sender that it is applied to. A
// [Limiter] is given to RateLimit from outside, so one Limiter given to two
// middleware is one count. All of it is in memory, per process, except for what
// a Limiter of your own keeps elsewhere. Nothing here starts a goroutine.
//
// # Cost
//
// On success nothing is allocated, except by a Timeout if the caller's own deadline is
// not sooner: the four allocations of context.WithTimeout. The tests hold that.
//
// # What it does not promise
//
// An accepted message is not a delivered one. Limits in memory do not hold for
// two processes together, and are forgotten with the process. A Timeout ends the
// context of a Sender, not the Sender: one that ignores its context is waited for.
package middleware
