package middleware

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// Suppressions tells who is sent nothing: people who have opted out, numbers that
// are known to be dead. It may be used by any number of goroutines.
type Suppressions interface {
	// Suppressed tells whether messages of kind to this number are held back, and
	// why. An error means that nobody could look. A list of its own compares
	// to.Subject(), so that a number written in another way is found.
	Suppressed(ctx context.Context, to sms.Number, kind sms.Kind) (Suppression, bool, error)
}

// A Suppression is why a number is sent nothing, and since when.
type Suppression struct {
	Reason string // in a word or two, without personal data: it is told in errors
	Since  time.Time
}

// Suppress refuses messages to numbers on the list: RecipientBlocked, Rejected,
// so that no vendor is tried. A list that fails is Internal, Rejected: whoever
// may have opted out is not sent anything.
//
// A nil list is an error, because people who have opted out would be sent messages.
func Suppress(list Suppressions) (sms.Middleware, error) {
	if list == nil {
		return nil, errors.New("middleware: Suppress was given no list")
	}
	return func(next sms.Sender) sms.Sender { return &suppress{next: next, list: list} }, nil
}

type suppress struct {
	next sms.Sender
	list Suppressions
}

func (s *suppress) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if cause := over(ctx, m); cause != nil {
		return sms.Receipt{}, refuse(m, cause)
	}
	refusal := func(r sms.Reason, format string, args ...any) (sms.Receipt, error) {
		return sms.Receipt{}, sms.Refuse(m, r, fmt.Errorf(format, args...))
	}
	found, suppressed, err := s.list.Suppressed(ctx, m.To, m.Kind.OrDefault())
	switch {
	case err != nil && ctx.Err() != nil:
		return sms.Receipt{}, refuse(m, ctx.Err())
	case err != nil:
		return refusal(sms.Internal, "the list of suppressed numbers cannot be read: %w", err)
	case suppressed:
		return refusal(sms.RecipientBlocked, "the number has been suppressed since %s (%s)", found.Since.Format(time.DateOnly), found.Reason)
	}
	return s.next.Send(ctx, m)
}

// A SuppressionList is a list in memory: per process, and forgotten with it. Its
// zero value is an empty list.
type SuppressionList struct {
	mu      sync.RWMutex
	entries map[suppressed]Suppression
}

type suppressed struct {
	to   sms.Number
	kind sms.Kind
}

var allKinds = [...]sms.Kind{sms.Verification, sms.Notification, sms.Promotion, sms.International}

// Add suppresses messages of these kinds to a number; without kinds, of all. A
// zero Since becomes now. What was there for the same kinds is replaced.
func (l *SuppressionList) Add(to sms.Number, s Suppression, kinds ...sms.Kind) {
	if s.Since.IsZero() {
		s.Since = time.Now()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries = map[suppressed]Suppression{}
	}
	for _, kind := range orAll(kinds) {
		l.entries[suppressed{to.Subject(), kind.OrDefault()}] = s
	}
}

// Remove ends the suppression of these kinds; without kinds, of all.
func (l *SuppressionList) Remove(to sms.Number, kinds ...sms.Kind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, kind := range orAll(kinds) {
		delete(l.entries, suppressed{to.Subject(), kind.OrDefault()})
	}
}

// Suppressed implements Suppressions.
func (l *SuppressionList) Suppressed(_ context.Context, to sms.Number, kind sms.Kind) (Suppression, bool, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s, ok := l.entries[suppressed{to.Subject(), kind.OrDefault()}]
	return s, ok, nil
}

func orAll(kinds []sms.Kind) []sms.Kind {
	if len(kinds) == 0 {
		return allKinds[:]
	}
	return kinds
}

// Format prints how many numbers are suppressed, and no number, under every verb.
func (l *SuppressionList) Format(f fmt.State, _ rune) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	fmt.Fprintf(f, "{%d suppressions}", len(l.entries))
}
