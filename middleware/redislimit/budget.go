package redislimit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/middleware"
)

// A BudgetStore is a middleware.BudgetStore: one budget over all processes that
// share the Redis and the Prefix. All counts of a Prefix stand in one slot of a
// cluster, for a message is counted by several in one step.
type BudgetStore struct {
	client redis.UniversalClient
	prefix string
}

var _ middleware.BudgetStore = (*BudgetStore)(nil)

// NewBudgetStore makes a BudgetStore. It does no I/O.
func NewBudgetStore(c redis.UniversalClient, o Options) *BudgetStore {
	return &BudgetStore{client: c, prefix: prefixOf(o, "{budget}:")}
}

// The first key is the spend's ID, with what it was answered; then a count each.
// ARGV: the segments, how long the ID is known, and for each count its limit and
// how long it is kept, in milliseconds.
var spendScript = redis.NewScript(`
local known = redis.call('LRANGE', KEYS[1], 0, -1)
if #known > 0 then return known end
local add, reached, before = tonumber(ARGV[1]), false, {}
for i = 2, #KEYS do
  local have = tonumber(redis.call('GET', KEYS[i]) or '0')
  local limit = tonumber(ARGV[2 * i - 1])
  before[i - 1] = tostring(have)
  if limit > 0 and have >= limit then reached = true end
end
if add == 0 then return before end
if not reached then
  for i = 2, #KEYS do
    redis.call('SET', KEYS[i], string.format('%d', math.max(0, tonumber(before[i - 1]) + add)), 'PX', ARGV[2 * i])
  end
end
redis.call('RPUSH', KEYS[1], unpack(before))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return before`)

// Spend adds segments to counts, in one trip.
func (b *BudgetStore) Spend(ctx context.Context, s middleware.Spend) ([]int, error) {
	if len(s.Counts) == 0 {
		return nil, nil
	}
	now := time.Now()
	keys := []string{b.prefix + "id:" + hex.EncodeToString(s.ID[:])}
	args := []any{s.Segments, millis(repeatFor)}
	for _, c := range s.Counts {
		keys = append(keys, b.prefix+strconv.FormatInt(c.From.Unix(), 10)+":"+c.Name)
		args = append(args, c.Limit, millis(c.Until.Sub(now)+time.Hour))
	}
	v, err := spendScript.Run(ctx, b.client, keys, args...).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("redislimit: spend: %w", err)
	}
	before := make([]int, len(v))
	for i, text := range v {
		if before[i], err = strconv.Atoi(text); err != nil {
			return nil, errors.New("redislimit: spend: the script has answered something else than it should")
		}
	}
	return before, nil
}
