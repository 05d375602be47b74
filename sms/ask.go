package sms

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Question asks whether a vendor has a message whose outcome is Unknown. It
// prints as its Message does: masked.
type Question struct {
	// Message is the message as it was given to Send, with the Key that Receipt.Key
	// or Error.Key reported.
	Message
	// Since and Until are when the message may have left, at the earliest and at the
	// latest. A vendor's listing is read from Since on, and ErrNotFound comes only
	// the vendor's FindAfter after Until. A zero Until, or one before Since, is Since.
	Since, Until time.Time
	// Providers are the configured names of the providers to ask: those whose
	// attempt was Unknown. Empty: every provider of the message's route.
	Providers []string
	// Mark identifies the configuration that sent the message (notify.Client.Mark).
	// If it is set and is not the mark of the Client that is asked, the answer is
	// never ErrNotFound. Empty: it is not compared.
	Mark string
	// Owned reports which of ids, the vendor's message IDs as that provider's
	// receipts have them, belong to messages with other keys. A vendor that knows
	// no ID of ours is searched by content, and a message that is known to be
	// another's must not be taken for this one. Nil: only the provider's own memory
	// of this process counts. It may be called by several goroutines at once.
	Owned func(ctx context.Context, provider string, ids []string) ([]string, error)
}

// Latest returns the latest time at which the message may have left: Until, or
// Since if that is later.
func (q Question) Latest() time.Time {
	if q.Until.After(q.Since) {
		return q.Until
	}
	return q.Since
}

// A Finder can be asked afterwards whether the vendor has a message, which
// settles an Unknown outcome. Providers implement it if their vendor can be
// asked, and so does notify.Client.
//
// Ask renders the message and compares by itself. It returns a Receipt if the
// vendor has the message, [ErrNotFound] if the vendor certainly never took it,
// and [ErrUndecided], with the cause wrapped, if it cannot say: the outcome then
// stays Unknown. ErrNotFound is the only answer after which the message may be
// sent again. Callers use the function [Ask], which holds a Finder to that.
type Finder interface {
	Ask(ctx context.Context, q Question) (Receipt, error)
}

// FindAfter is how long after Question.Until a Finder may first answer
// ErrNotFound, by default: before, a vendor's listing may lack what it took.
const FindAfter = time.Minute

var (
	// ErrNotFound is a Finder's answer that the vendor certainly never took the
	// message. It is given only for a Question.Until at least FindAfter ago.
	ErrNotFound = errors.New("sms: the vendor never took this message")
	// ErrUndecided is a Finder's answer that it cannot say.
	ErrUndecided = errors.New("sms: nobody can tell whether the vendor took this message")
)

// Ask asks f once. Its error is [ErrNotFound] itself or matches [ErrUndecided]. A
// message without a Key, a question without Since, a nil f, a Finder that panics
// and one that answers anything else leave it undecided.
//
// What the Finder reported is kept in words. [OutcomeOf] and [ReasonOf] do not see
// a refusal of the question as one of the message; [errors.Is] does find
// [ErrClosed] and [errors.ErrUnsupported].
func Ask(ctx context.Context, f Finder, q Question) (Receipt, error) {
	switch {
	case f == nil:
		return Receipt{}, &undecided{fmt.Errorf("there is nothing to ask: %w", errors.ErrUnsupported)}
	case q.Key == "":
		return Receipt{}, &undecided{errors.New("the message has no key: take the one of the error or the receipt")}
	case q.Since.IsZero():
		return Receipt{}, &undecided{errors.New("the question does not say since when to look: set Since")}
	}
	receipt, err := askOnce(ctx, f, q)
	switch {
	case err == nil:
		return receipt, nil
	case errors.Is(err, ErrUndecided), !errors.Is(err, ErrNotFound): // an error that says both has not decided
		return Receipt{}, asUndecided(err)
	}
	return Receipt{}, ErrNotFound
}

// askOnce calls f. A panic must not lose what is known of the message.
func askOnce(ctx context.Context, f Finder, q Question) (r Receipt, err error) {
	defer func() {
		if v := recover(); v != nil { // its value may hold anything, a number too
			err = &Error{Reason: Internal, Err: fmt.Errorf("the Finder panicked with a %T", v)}
		}
	}()
	q.Message = q.Clone()
	return f.Ask(ctx, q)
}

// undecided is ErrUndecided with its cause. It hides the cause from Unwrap, so
// that no refusal of a question is taken for one of the message.
type undecided struct{ cause error }

func asUndecided(cause error) error {
	if u, ok := cause.(*undecided); ok {
		return u
	}
	return &undecided{cause}
}

// Error returns the text of ErrUndecided, and the cause.
func (u *undecided) Error() string {
	words := strings.TrimPrefix(u.cause.Error(), ErrUndecided.Error())
	if words = strings.TrimPrefix(words, ": "); words == "" {
		return ErrUndecided.Error()
	}
	return ErrUndecided.Error() + ": " + words
}

// Is reports whether target is ErrUndecided, or one of the few causes that say
// nothing of the message.
func (u *undecided) Is(target error) bool {
	switch target {
	case ErrUndecided:
		return true
	case ErrClosed, errors.ErrUnsupported:
		return errors.Is(u.cause, target)
	}
	return false
}

// answer returns the *Error that a Finder refused a question with; nil: none.
func (u *undecided) answer() *Error {
	if e, ok := errors.AsType[*Error](u.cause); ok {
		return e
	}
	if inner, ok := errors.AsType[*undecided](u.cause); ok {
		return inner.answer()
	}
	return nil
}
