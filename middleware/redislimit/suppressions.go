package redislimit

import (
	"context"
	"fmt"
	"strconv"
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

// field is a kind's field of a number's hash; zero is every kind.
func field(kind sms.Kind) string {
	if kind == 0 {
		return "every"
	}
	return kind.String()
}

// Add holds messages of a kind to a number back from now on; zero: of every kind.
// Reason is told in errors: a word or two, without personal data.
func (s *Suppressions) Add(ctx context.Context, to sms.Number, kind sms.Kind, reason string) error {
	value := strconv.FormatInt(time.Now().UnixMilli(), 10) + " " + reason
	if err := s.client.HSetNX(ctx, s.prefix+to.E164(), field(kind), value).Err(); err != nil {
		return fmt.Errorf("redislimit: suppress: %w", err)
	}
	return nil
}

// Remove sends messages of a kind to a number again; zero ends what Add with zero
// has begun.
func (s *Suppressions) Remove(ctx context.Context, to sms.Number, kind sms.Kind) error {
	if err := s.client.HDel(ctx, s.prefix+to.E164(), field(kind)).Err(); err != nil {
		return fmt.Errorf("redislimit: end a suppression: %w", err)
	}
	return nil
}

// Suppressed tells whether messages of kind to a number are held back.
func (s *Suppressions) Suppressed(ctx context.Context, to sms.Number, kind sms.Kind) (middleware.Suppression, bool, error) {
	if kind == 0 {
		kind = sms.Notification
	}
	values, err := s.client.HMGet(ctx, s.prefix+to.E164(), field(0), field(kind)).Result()
	if err != nil {
		return middleware.Suppression{}, false, fmt.Errorf("redislimit: look up a suppression: %w", err)
	}
	for _, v := range values {
		if text, ok := v.(string); ok {
			var ms int64
			n, _ := fmt.Sscan(text, &ms)
			reason := text
			if n == 1 {
				reason = text[min(len(strconv.FormatInt(ms, 10))+1, len(text)):]
			}
			return middleware.Suppression{Reason: reason, Since: time.UnixMilli(ms)}, true, nil
		}
	}
	return middleware.Suppression{}, false, nil
}
