package middleware

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// Suppressions is a list of numbers that must not be sent messages, such as those of
// people who have opted out. Its method may be called by any number of goroutines at
// once.
type Suppressions interface {
	// Suppressed reports whether messages of kind to this number must not be sent, and
	// why. It returns an error if the list cannot be read. An implementation must
	// compare to.Subject(), so that it finds a number that is written in another way.
	Suppressed(ctx context.Context, to sms.Number, kind sms.Kind) (Suppression, bool, error)
}

// A Suppression is why a number must not be sent messages, and since when.
type Suppression struct {
	Reason string // a word or two without personal data; errors show it
	Since  time.Time
}

// Suppress refuses messages to numbers on the list as RecipientBlocked, Rejected. No
// vendor is tried. If the list returns an error, Suppress refuses the message as
// Internal, Rejected, because the recipient may have opted out.
//
// A nil list is an error.
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

// A SuppressionList is a list in the memory of this process. Its zero value is an
// empty list.
type SuppressionList struct {
	mu      sync.RWMutex
	entries map[suppressed]Suppression
}

type suppressed struct {
	to   sms.Number
	kind sms.Kind
}

var allKinds = [...]sms.Kind{sms.Verification, sms.Notification, sms.Promotion, sms.International}

// Add adds a number for messages of these kinds, or of all kinds if none is given. It
// replaces what the list has for the same number and kind. A zero Since is now.
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

// Remove removes a number for messages of these kinds, or of all kinds if none is
// given.
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

// Format prints the length of the list under every verb, and no number.
func (l *SuppressionList) Format(f fmt.State, _ rune) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	fmt.Fprintf(f, "{%d suppressions}", len(l.entries))
}
