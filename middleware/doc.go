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
// From the outermost to the vendor:
//
//	Log, Observe  see every message and its whole story
//	Validate      a message that nobody could deliver costs no token and no try; fills in the Kind
//	Redirect      in staging: what counts by number counts the one telephone
//	Suppress      who has opted out costs nothing either
//	Deduplicate   a message that came twice costs no second token
//	Budget        refuses before Failover, which would go around it
//	RateLimit     for each number: one token for a message, however many tries it takes
//	DryRun        in place of all that follows
//	Route         the vendors that a message may go to; or Weighted
//	Failover      the vendors in order; each of them is
//	  Retry         tries again where that helps soon, so that the next vendor is not asked for nothing
//	  Breaker       counts every try; while it is open, neither a pacer's token nor a wait is spent
//	  RateLimit     with a Pacer: the vendor's calls a second, each try counted
//	  Timeout       the vendor's time alone, without our own waits
//	  the provider
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
// On success nothing is allocated, except by a Timeout where the caller's own
// deadline is not sooner: one allocation. The tests hold that.
//
// # What it does not promise
//
// An accepted message is not a delivered one. Limits in memory do not hold for
// two processes together, and are forgotten with the process. A Timeout ends the
// context of a Sender, not the Sender: one that ignores its context is waited for.
package middleware
