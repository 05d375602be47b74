package redislimit

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// Suppressions are numbers that are sent nothing, for all processes. They do not
// expire.
type Suppressions struct {
	client redis.UniversalClient
	prefix string
}

var _ middleware.Suppressions = (*Suppressions)(nil)

// NewSuppressions makes Suppressions. It does no I/O.
func NewSuppressions(c redis.UniversalClient, o Options) *Suppressions {
	return &Suppressions{client: c, prefix: prefixOf(o, "suppressed:")}
}

func (s *Suppressions) key(to sms.Number) string { return s.prefix + to.E164() }

// writings are the numbers under which a suppression of to may be stored: its subject
// and, by versions that did not know subjects, to itself.
func writings(to sms.Number) []sms.Number {
	if n := to.Subject(); n != to {
		return []sms.Number{n, to}
	}
	return []sms.Number{to}
}

// fields are the kinds' fields of a number's hash; without kinds, all.
func fields(kinds []sms.Kind) []string {
	if len(kinds) == 0 {
		kinds = []sms.Kind{sms.Verification, sms.Notification, sms.Promotion, sms.International}
	}
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = kind.OrDefault().String()
	}
	return names
}

// Add suppresses messages of these kinds to a number; without kinds, of all. A
// zero Since becomes now; it is kept to the millisecond. What was there for the
// same kinds is replaced. Reason is told in errors: a word or two, without personal
// data.
func (s *Suppressions) Add(ctx context.Context, to sms.Number, why middleware.Suppression, kinds ...sms.Kind) error {
	if why.Since.IsZero() {
		why.Since = time.Now()
	}
	value := strconv.FormatInt(why.Since.UnixMilli(), 10) + " " + why.Reason
	var pairs []any
	for _, name := range fields(kinds) {
		pairs = append(pairs, name, value)
	}
	if err := s.client.HSet(ctx, s.key(to.Subject()), pairs...).Err(); err != nil {
		return fmt.Errorf("redislimit: suppress: %w", err)
	}
	return nil
}

// Remove ends the suppression of these kinds; without kinds, of all.
func (s *Suppressions) Remove(ctx context.Context, to sms.Number, kinds ...sms.Kind) error {
	for _, n := range writings(to) {
		if err := s.client.HDel(ctx, s.key(n), fields(kinds)...).Err(); err != nil {
			return fmt.Errorf("redislimit: end a suppression: %w", err)
		}
	}
	return nil
}

// Suppressed tells whether messages of kind to a number are held back.
func (s *Suppressions) Suppressed(ctx context.Context, to sms.Number, kind sms.Kind) (middleware.Suppression, bool, error) {
	var text string
	err := error(redis.Nil)
	for _, n := range writings(to) {
		if text, err = s.client.HGet(ctx, s.key(n), fields([]sms.Kind{kind})[0]).Result(); err != redis.Nil {
			break
		}
	}
	if err == redis.Nil {
		return middleware.Suppression{}, false, nil
	}
	if err != nil {
		return middleware.Suppression{}, false, fmt.Errorf("redislimit: look up a suppression: %w", err)
	}
	since, reason, _ := strings.Cut(text, " ")
	ms, err := strconv.ParseInt(since, 10, 64)
	if err != nil { // somebody else's entry: whoever wrote it, meant to hold back
		return middleware.Suppression{Reason: text}, true, nil
	}
	return middleware.Suppression{Reason: reason, Since: time.UnixMilli(ms)}, true, nil
}
