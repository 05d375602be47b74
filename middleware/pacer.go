package middleware

import (
	"context"
	"fmt"
	"math"
	"time"

	"golang.org/x/time/rate"
)

// A Pacer is a [Limiter] on golang.org/x/time/rate for the calls a second that a
// vendor takes: a bucket of burst calls, filled at a steady pace. It counts for
// all keys together, in this process. It is no hard limit for a span of time: in
// any second up to burst + perSecond calls pass. Use [NewLimiter] where a span
// may never hold more than so many.
type Pacer struct {
	limiter *rate.Limiter
	fault   error
}

// NewPacer lets perSecond calls a second through, and burst at once; a burst
// below 1 is 1. With a perSecond that is not above zero every Take is an error.
func NewPacer(perSecond float64, burst int) *Pacer {
	if !(perSecond > 0) {
		return &Pacer{fault: internal("a pacer of %v calls a second lets nothing through: give it more than 0", perSecond)}
	}
	limit := rate.Limit(perSecond)
	if math.IsInf(perSecond, 1) {
		limit = rate.Inf
	}
	return &Pacer{limiter: rate.NewLimiter(limit, max(burst, 1))}
}

// Take takes one call, or tells in Token.Wait when there will be one. Its tokens
// have no ID.
func (p *Pacer) Take(_ context.Context, key string) (Token, error) {
	if p.fault != nil {
		return Token{}, p.fault
	}
	now := time.Now()
	if p.limiter.AllowN(now, 1) {
		return Token{Key: key, At: now}, nil
	}
	missing := 1 - p.limiter.TokensAt(now)
	seconds := missing / float64(p.limiter.Limit())
	wait := time.Duration(math.MaxInt64)
	if seconds < math.MaxInt64/1e9 {
		wait = max(time.Duration(math.Ceil(seconds*1e9)), 1)
	}
	return Token{Key: key, At: now, Wait: wait}, nil
}

// Return gives nothing back: a call that was made was made.
func (p *Pacer) Return(context.Context, Token) error { return nil }

// String says how fast it is.
func (p *Pacer) String() string {
	if p.fault != nil {
		return p.fault.Error()
	}
	return fmt.Sprintf("%v a second, %d at once", float64(p.limiter.Limit()), p.limiter.Burst())
}
