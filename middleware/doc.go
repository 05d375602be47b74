// Package middleware is a set of middleware for Senders of SMS messages: validation,
// limits, retry, failover, breakers and time-outs.
//
// Each one is an [sms.Middleware], and [sms.Chain] puts several around a Sender.
// [Failover] makes one Sender of several:
//
//	sender := middleware.Failover(
//		sms.Chain(aliyun, middleware.Retry(middleware.RetryOptions{}), middleware.Breaker(middleware.BreakerOptions{Name: "aliyun"})),
//		sms.Chain(twilio, middleware.Retry(middleware.RetryOptions{}), middleware.Breaker(middleware.BreakerOptions{Name: "twilio"})),
//	)
//
// No middleware knows a vendor. The table of reasons in package sms decides which
// messages may be repeated, and which errors count against a vendor.
//
// # The order
//
// This is the order of notify.Client, from the outermost to the vendor. A test compares
// it with the list in package notify, which has the reason for each place.
//
//	Deduplicate                a message with the same Key costs no second token
//	RateLimit by number        one token for a message, whatever the number of attempts
//	Budget                     inside Failover the next vendor would be tried
//	Config.Middleware          the program's own
//	guard                      refuses a message that middleware has changed
//	DryRun                     replaces all layers below
//	Failover                   the vendors of a route in order; for each of them:
//	AllowedNumbers             real vendors get these only, except in production
//	Retry                      repeats an attempt if that may help soon, before the next vendor
//	Pace                       limits calls a second; the wait is not the vendor's time
//	Confirm                    asks the vendor after an unknown outcome
//	Breaker                    counts every attempt; while it is open, Retry ends
//	Timeout                    limits the vendor's time, without our own waits
//	ProviderConfig.Middleware  the program's own, for one vendor
//
// In a chain of your own, put [Log] and [Observe] outermost, because they see every
// message with all its attempts. Then put [Validate], so that a message that cannot be
// sent takes no token, and [Suppress] after it. To send by route, write a Sender that
// picks one of several, or use notify.Client. Use [Weighted] instead of Failover or
// around several.
//
// Other orders work, but are rarely useful. To a Breaker, a Timeout around it is the
// caller's deadline, which counts only as [BreakerOptions.SlowAfter] says. A Breaker
// around a Retry counts messages instead of calls. A limit by number inside Failover
// counts a message once for every vendor.
//
// # State
//
// A Middleware makes its state anew for each Sender that it is applied to. A [Limiter]
// is passed to RateLimit, so two RateLimits with the same Limiter count together. All
// state is in the memory of this process, except that of a Limiter or Store of your own.
// No middleware starts a goroutine.
//
// # Cost
//
// If the first attempt succeeds, middleware allocates nothing, except that Timeout makes
// the four allocations of context.WithTimeout if the caller's own deadline is not
// sooner.
//
// # Guarantees
//
// A message that may have been sent ([sms.Unknown]) is never sent again, unless it is a
// Verification, because a second copy holds the same code.
//
// # What is not guaranteed
//
// An accepted message is not a delivered one. Limits in memory count in one process, and
// end with it. A Timeout ends the context of a Sender and waits for the Sender to return.
package middleware
