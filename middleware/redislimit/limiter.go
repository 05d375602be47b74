package redislimit

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/storekit/redislua"
)

// Options are how Redis is used. The zero value is ready for use.
type Options struct {
	// Prefix begins every key, before what it is for: a limit with its windows, a
	// key that was sent, a suppressed number. Two limits with one Prefix and the same
	// windows are one limit. Defaults to "notify:".
	Prefix string
}

// A Limiter is a middleware.Limiter with the hard windows of
// middleware.NewLimiter, over all processes that share the Redis and the Prefix.
// A token takes some 100 bytes until its longest window has passed.
type Limiter struct {
	client  redis.UniversalClient
	prefix  string
	windows []middleware.Window
	ahead   time.Duration // of the server's clock; zero, except in this package's tests
}

var _ middleware.Limiter = (*Limiter)(nil)

// NewLimiter makes a Limiter of whose windows all hold for each key. It does no
// I/O. Every fault of the windows comes in one error.
func NewLimiter(c redis.UniversalClient, o Options, windows ...middleware.Window) (*Limiter, error) {
	var faults []error
	if len(windows) == 0 {
		faults = append(faults, errors.New("redislimit: there is no window: a limit needs one"))
	}
	for i, w := range windows {
		if err := w.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("redislimit: window %d: %w", i, err))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &Limiter{client: c, prefix: prefixOf(o, "limit:"+nameOf(windows)), windows: slices.Clone(windows)}, nil
}

// nameOf tells limits apart that count by other windows: each keeps its tokens for
// as long as its own need them.
func nameOf(windows []middleware.Window) string {
	sum := sha256.New()
	for _, w := range windows {
		fmt.Fprintln(sum, w)
	}
	return hex.EncodeToString(sum.Sum(nil)[:6]) + ":"
}

func prefixOf(o Options, what string) string { return cmp.Or(o.Prefix, "notify:") + what }

var (
	takeScript = redis.NewScript(redislua.Take())
	giveScript = redis.NewScript(redislua.Give())
)

// repeatFor is how long a take is known by its ID: clients repeat a command whose
// answer was lost.
const repeatFor = time.Minute

// Take takes one of the key's tokens, in one trip.
func (l *Limiter) Take(ctx context.Context, key string) (middleware.Token, error) {
	if strings.Contains(key, "****") {
		return middleware.Token{}, errors.New("redislimit: the key is a masked number, which many people share: give Number.E164")
	}
	t := middleware.Token{Key: key}
	_, _ = rand.Read(t.ID[:]) // never fails
	now := time.Now().Add(l.ahead)
	args := append([]any{redislua.Micros(l.ahead), hex.EncodeToString(t.ID[:]), redislua.Micros(repeatFor), 0}, redislua.Windows(now, l.windows)...)
	v, err := takeScript.Run(ctx, l.client, []string{l.prefix + key}, args...).Slice()
	switch {
	case err != nil:
		return middleware.Token{}, fmt.Errorf("redislimit: take: %w", err)
	case len(v) < 2:
		return middleware.Token{}, errors.New("redislimit: take: the script has answered something else than it should")
	}
	if refused, _ := v[0].(int64); refused > 0 {
		return middleware.Token{Key: key, Wait: redislua.Duration(v[1])}, nil
	}
	t.At = now
	return t, nil
}

// Return gives this very token back.
func (l *Limiter) Return(ctx context.Context, t middleware.Token) error {
	if t.ID == ([16]byte{}) {
		return nil
	}
	if err := giveScript.Run(ctx, l.client, []string{l.prefix + t.Key}, "0", hex.EncodeToString(t.ID[:])).Err(); err != nil {
		return fmt.Errorf("redislimit: return: %w", err)
	}
	return nil
}
