package middleware

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Limiter counts tokens by key. Several processes may share its counts. All methods
// may be called by any number of goroutines at once.
type Limiter interface {
	// Take takes one of the key's tokens. If Token.Wait is above zero, it took none, and
	// Wait is how long until one may be free. It returns an error if it cannot count. It
	// must refuse a key that holds "****", which is a masked number that many numbers
	// share.
	Take(ctx context.Context, key string) (Token, error)
	// Return returns this token, which then counts as never taken. It does nothing and
	// returns no error if the token is unknown, too old or already returned.
	Return(ctx context.Context, t Token) error
}

// A Token is the result of a Take.
type Token struct {
	Key  string
	ID   [16]byte      // random; zero if the token cannot be returned
	At   time.Time     // when it was taken
	Wait time.Duration // above zero: no token was taken; how long until one may be free
}

// RateLimitOptions set up a [RateLimit].
type RateLimitOptions struct {
	// Name is the name of the limit in errors. If Reason is Paced, the limit is on a
	// vendor's calls: Name is then the configured name of that provider, and the
	// Provider of the error.
	Name string
	// Key returns what is counted together: ByNumber, ByTemplate, ByRegion, ByTag or a
	// function of your own. Nil: all messages are counted together.
	Key func(sms.Message) string
	// Reason is why a message over the limit is refused. It defaults to RecipientLimited
	// if Key is set, else to Paced. It must not be Throttled, which is a vendor's word;
	// RateLimit then uses Paced.
	Reason sms.Reason
	// MaxWait is the longest time that a message waits for its turn. Zero or less: a
	// message over the limit is refused at once. For a vendor's calls a second use
	// [Pace], which waits in order.
	MaxWait time.Duration
	// Exempt reports whether a message is not limited, such as one to a test number.
	// Nil: all are limited.
	Exempt func(sms.Message) bool
}

// NewRateLimit returns a middleware that lets through what l allows. A message over the
// limit is refused, Rejected with RetryAfter, or waits for up to MaxWait. A wait that
// would not end before the caller's deadline and Message.Expires is not begun.
//
// If the limit is on a recipient (Reason is RecipientLimited), the token of a message
// that was Rejected is returned, so that a message that was never sent does not count;
// but not if the vendor itself said RecipientLimited. A message whose outcome is Unknown
// counts. A limit on calls counts every call.
//
// A Limiter that fails is Internal, Rejected. NewRateLimit returns an error if l is nil,
// or is a Limiter with a method Err() error that returns one.
func NewRateLimit(l Limiter, o RateLimitOptions) (sms.Middleware, error) {
	if err := LimiterErr(l); err != nil {
		return nil, fmt.Errorf("middleware: the limit %q: %w", o.Name, err)
	}
	return RateLimit(l, o), nil
}

// LimiterErr returns why l can never count: it is nil, or has a method Err() error, such
// as [MemoryLimiter.Err], that returns an error. Constructors that are given a Limiter
// call it.
func LimiterErr(l Limiter) error {
	switch l := l.(type) {
	case nil:
		return errors.New("there is no Limiter: nil was given")
	case interface{ Err() error }:
		return l.Err()
	}
	return nil
}

// RateLimit is [NewRateLimit] for a Limiter that is known to be right. With a faulty one
// every message is Internal, Rejected.
func RateLimit(l Limiter, o RateLimitOptions) sms.Middleware {
	switch {
	case o.Reason == "" && o.Key != nil:
		o.Reason = sms.RecipientLimited
	case o.Reason == "", o.Reason == sms.Throttled:
		o.Reason = sms.Paced
	}
	return func(next sms.Sender) sms.Sender { return &rateLimit{next: next, limiter: l, o: o} }
}

type rateLimit struct {
	next    sms.Sender
	limiter Limiter
	o       RateLimitOptions
}

func (r *rateLimit) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if r.o.Exempt != nil && r.o.Exempt(m) {
		return r.next.Send(ctx, m)
	}
	token, err := r.take(ctx, m)
	if err != nil {
		return sms.Receipt{}, err
	}
	receipt, err := r.next.Send(ctx, m)
	if err != nil && r.o.Reason == sms.RecipientLimited && sms.OutcomeOf(err) == sms.Rejected && !vendorLimited(err) {
		err = r.giveBack(ctx, token, err)
	}
	return receipt, err
}

// take takes a token for m. It waits if it may.
func (r *rateLimit) take(ctx context.Context, m sms.Message) (Token, error) {
	var key string
	if r.o.Key != nil {
		key = r.o.Key(m)
	}
	if cause := over(ctx, m); cause != nil {
		return Token{}, refuse(m, cause)
	}
	if r.limiter == nil {
		return Token{}, r.fault(m, LimiterErr(nil))
	}
	if err := checkKey(key); err != nil { // whatever the Limiter
		return Token{}, r.fault(m, err)
	}
	for left := r.o.MaxWait; ; {
		token, err := r.limiter.Take(ctx, key)
		if err != nil {
			if ended := ctx.Err(); ended != nil {
				return Token{}, refuse(m, ended)
			}
			return Token{}, r.fault(m, err)
		}
		if token.Wait <= 0 {
			return token, nil
		}
		if token.Wait > left || !fits(ctx, m, token.Wait) {
			return Token{}, r.over(m, token.Wait)
		}
		if err := wait(ctx, token.Wait); err != nil {
			return Token{}, refuse(m, err)
		}
		if cause := over(ctx, m); cause != nil {
			return Token{}, refuse(m, cause)
		}
		left -= token.Wait
	}
}

// over returns the refusal of a message over the limit.
func (r *rateLimit) over(m sms.Message, after time.Duration) error {
	e := sms.Refuse(m, r.o.Reason, fmt.Errorf("the limit%s is reached", r.name()))
	e.RetryAfter = after
	if r.o.Reason == sms.Paced {
		e.Provider = r.o.Name
	}
	return e
}

func (r *rateLimit) fault(m sms.Message, err error) error {
	return sms.Refuse(m, sms.Internal, fmt.Errorf("the limit%s cannot be counted: %w", r.name(), err))
}

func (r *rateLimit) name() string {
	if r.o.Name == "" {
		return ""
	}
	return fmt.Sprintf(" %q", r.o.Name)
}

// giveBack returns token, even if ctx has ended. It returns err, together with the error
// of the Limiter.
func (r *rateLimit) giveBack(ctx context.Context, token Token, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if failed := r.limiter.Return(ctx, token); failed != nil {
		return with(err, fmt.Errorf("the token of the limit%s was not given back: %v", r.name(), failed))
	}
	return err
}

// vendorLimited reports whether a vendor refused the message as RecipientLimited. The
// refusal of a limit of ours has no provider.
func vendorLimited(err error) bool {
	e := sms.AsError(err)
	if e == nil {
		return false
	}
	for _, a := range e.Attempts {
		if vendorLimited(a.Err) {
			return true
		}
	}
	return len(e.Attempts) == 0 && e.Reason == sms.RecipientLimited && e.Provider != ""
}

// checkKey refuses a masked number, because many numbers would share its count.
func checkKey(key string) error {
	if strings.Contains(key, "****") {
		return internal("a masked number is no key, because many numbers share it: use Number.E164, as ByNumber does")
	}
	return nil
}

// internal returns an Internal error without a message.
func internal(format string, args ...any) *sms.Error {
	return sms.Refuse(sms.Message{}, sms.Internal, fmt.Errorf(format, args...))
}
