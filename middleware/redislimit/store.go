package redislimit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/middleware"
)

// A Store is a middleware.Store for Deduplicate.
type Store struct {
	client redis.UniversalClient
	prefix string
	secret []byte
}

var _ middleware.Store = (*Store)(nil)

// NewStore makes a Store. secret is at least 32 random bytes, the same in every
// process: contents are kept as an HMAC under it, for whoever reads a plain hash
// of a known number and a six-digit code finds the code by trying all.
func NewStore(c redis.UniversalClient, o Options, secret []byte) (*Store, error) {
	if len(secret) < 32 {
		return nil, fmt.Errorf("redislimit: the secret has %d bytes: it needs at least 32 random ones", len(secret))
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("notify redislimit content"))
	return &Store{client: c, prefix: prefixOf(o, "sent:"), secret: mac.Sum(nil)}, nil
}

var (
	claimScript = redis.NewScript(`
local v = redis.call('HMGET', KEYS[1], 'id', 'content', 'answered', 'answer')
if not v[1] then
  redis.call('HSET', KEYS[1], 'id', ARGV[1], 'content', ARGV[2], 'answered', '0')
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return {1, ''}
end
if v[2] ~= ARGV[2] then return {4, ''} end
if v[3] == '1' then return {3, v[4]} end
if v[1] == ARGV[1] then return {1, ''} end
return {2, ''}`)
	keepScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'answered', '1', 'answer', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 0`)
	freeScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0`)
)

// Claim asks for a key.
func (s *Store) Claim(ctx context.Context, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error) {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write(c.Content[:])
	v, err := claimScript.Run(ctx, s.client, []string{s.prefix + c.Key}, hex.EncodeToString(c.ID[:]), hex.EncodeToString(mac.Sum(nil)), millis(ttl)).Slice()
	if err != nil {
		return middleware.Claimed{}, fmt.Errorf("redislimit: claim: %w", err)
	}
	state, _ := v[0].(int64)
	if state < int64(middleware.ClaimNew) || state > int64(middleware.ClaimOtherContent) || len(v) != 2 {
		return middleware.Claimed{}, errors.New("redislimit: claim: the script has answered something else than it should")
	}
	claimed := middleware.Claimed{State: middleware.ClaimState(state)}
	if text, _ := v[1].(string); claimed.State == middleware.ClaimAnswered {
		claimed.Answer = []byte(text)
	}
	return claimed, nil
}

// Keep writes an answer.
func (s *Store) Keep(ctx context.Context, key string, id [16]byte, answer []byte, ttl time.Duration) error {
	if err := keepScript.Run(ctx, s.client, []string{s.prefix + key}, hex.EncodeToString(id[:]), answer, millis(ttl)).Err(); err != nil {
		return fmt.Errorf("redislimit: keep: %w", err)
	}
	return nil
}

// Free forgets a claim.
func (s *Store) Free(ctx context.Context, key string, id [16]byte) error {
	if err := freeScript.Run(ctx, s.client, []string{s.prefix + key}, hex.EncodeToString(id[:])).Err(); err != nil {
		return fmt.Errorf("redislimit: free: %w", err)
	}
	return nil
}

// millis is a time to live, never shorter, at least a millisecond.
func millis(d time.Duration) int64 { return max(1, int64((d+time.Millisecond-1)/time.Millisecond)) }

// Format prints the prefix, and no secret, under every verb.
func (s *Store) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{store %s}", s.prefix) }
