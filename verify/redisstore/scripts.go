package redisstore

import (
	"context"
	_ "embed"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/storekit/redislua"
)

var (
	//go:embed record.lua
	recordLua string
	//go:embed begin.lua
	beginLua string
	//go:embed check.lua
	checkLua string
	//go:embed redeem.lua
	redeemLua string
	//go:embed count.lua
	countLua string
	//go:embed answers.lua
	answersLua string
)

var (
	beginScript   = redis.NewScript(redislua.Script(recordLua + beginLua))
	checkScript   = redis.NewScript(redislua.Script(recordLua + checkLua))
	redeemScript  = redis.NewScript(redislua.Script(redeemLua))
	takeScript    = redis.NewScript(redislua.Take())
	giveScript    = redis.NewScript(redislua.Give())
	countScript   = redis.NewScript(redislua.Script(countLua))
	answersScript = redis.NewScript(redislua.Script(answersLua))
)

// A call is one script on keys of one hash tag.
type call struct {
	script *redis.Script
	keys   []string
	args   []any
	answer *redis.Cmd
}

// run sends the calls in one pipeline, by the scripts' hashes. Those that a
// server does not know, after a restart or a SCRIPT FLUSH, are sent again with
// their text, and no others.
func run(ctx context.Context, c redis.UniversalClient, calls ...*call) error {
	send := func(do func(p redis.Pipeliner, one *call) *redis.Cmd, some []*call) {
		_, _ = c.Pipelined(ctx, func(p redis.Pipeliner) error { // each answer has its own error
			for _, one := range some {
				one.answer = do(p, one)
			}
			return nil
		})
	}
	send(func(p redis.Pipeliner, one *call) *redis.Cmd {
		return one.script.EvalSha(ctx, p, one.keys, one.args...)
	}, calls)
	var unknown []*call
	for _, one := range calls {
		if err := one.answer.Err(); err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT") {
			unknown = append(unknown, one)
		}
	}
	if len(unknown) > 0 {
		send(func(p redis.Pipeliner, one *call) *redis.Cmd { return one.script.Eval(ctx, p, one.keys, one.args...) }, unknown)
	}
	var faults []error
	for _, one := range calls {
		faults = append(faults, one.answer.Err())
	}
	return errors.Join(faults...)
}
