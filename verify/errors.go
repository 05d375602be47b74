package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// What a *CheckError says, by errors.Is. Their texts, and those of CheckError
// and LimitError, may be shown to the person who typed; [Text] has them in
// Chinese too. None of them says whether a number is known.
var (
	ErrWrong    = errors.New("the code is wrong")
	ErrExpired  = errors.New("the code has expired: ask for a new one")
	ErrTooMany  = errors.New("too many wrong codes")
	ErrNotFound = errors.New("there is no code to check: ask for a new one")
)

// Causes of the *sms.Error that Start and Check give, by errors.Is.
var (
	// ErrRegion: Options.Regions does not list the number's region.
	ErrRegion = errors.New("no codes are sent to numbers of this country")
	// ErrSpecialRate: the number is a premium-rate, shared-cost or toll-free one, and
	// Options.AnyNumber is not set.
	ErrSpecialRate = errors.New("no codes are sent to premium-rate, shared-cost and toll-free numbers")
	// ErrChallenge: Pumping.Challenge has to be passed first.
	ErrChallenge = errors.New("please show first that you are a person")
	// ErrKey: the code was made under a key that this process does not have. No
	// attempt was counted.
	ErrKey = errors.New("verify: the code was made under a key that this process does not have: add the key to OldKeys")
)

// errProof is Redeem's ErrNotFound.
var errProof = fmt.Errorf("the confirmation is no longer valid: confirm the number again: %w", ErrNotFound)

// A CheckError is why Check let nobody in.
type CheckError struct {
	// Err is ErrWrong, ErrExpired, ErrTooMany or ErrNotFound.
	Err error
	// Left is how many more answers may be given, with ErrWrong.
	Left int
	// RetryAfter is how long until answers are taken again, with ErrTooMany.
	RetryAfter time.Duration
}

// Error gives a sentence for the person who typed.
func (e *CheckError) Error() string { return Text(e, "en") }

// Unwrap gives Err.
func (e *CheckError) Unwrap() error { return e.Err }

// A LimitError is why Start sent nothing.
type LimitError struct {
	// Scope is what has had enough: "cooldown", "attempts", "number", "ip",
	// "range", "purpose", "all"; "pumping" where [Pumping] blocks.
	Scope string
	// RetryAfter is how long until it may be asked again; of several limits the
	// longest.
	RetryAfter time.Duration
}

// Error gives a sentence for the person who asked.
func (e *LimitError) Error() string { return Text(e, "en") }

// Unwrap gives an *sms.Error: RecipientLimited, Rejected.
func (e *LimitError) Unwrap() error {
	refused := sms.Refuse(sms.Message{}, sms.RecipientLimited, fmt.Errorf("the limit of scope %q is reached", e.Scope))
	refused.RetryAfter = e.RetryAfter
	return refused
}

// refusal makes the error of a request that cannot be taken.
func refusal(reason sms.Reason, cause error) error {
	return sms.Refuse(sms.Message{}, reason, cause)
}

// storeFault makes the error of a step that the Store did not answer: Canceled
// where the caller has left, else Internal. Nothing was sent.
func storeFault(ctx context.Context, step string, err error) error {
	if over := ctx.Err(); over != nil {
		return refusal(sms.Canceled, fmt.Errorf("verify: %s: %w", step, over))
	}
	return refusal(sms.Internal, fmt.Errorf("verify: %s: %w", step, storeError{err}))
}

// A storeError keeps the Store's error reachable but for what would make a
// caller take it for another layer's: a context's error, or an *sms.Error.
type storeError struct{ err error }

func (e storeError) Error() string { return e.err.Error() }

func (e storeError) Is(target error) bool {
	switch target {
	case context.Canceled, context.DeadlineExceeded:
		return false
	}
	_, reason := target.(sms.Reason)
	return !reason && errors.Is(e.err, target)
}
