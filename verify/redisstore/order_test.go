package redisstore_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/verify"
)

// Between two trips of somebody's refused Take the number's owner takes, and is never
// refused for it: an address, a range, a purpose that has used up its limit keeps no
// number's tokens.
func TestTake_refusedKeepsNoNumber(t *testing.T) {
	for _, client := range []struct {
		name string
		dial func(testing.TB) redis.UniversalClient
	}{{"one server", single}, {"a cluster", cluster}} {
		for _, scope := range []string{verify.ScopeIP, verify.ScopeRange, verify.ScopePurpose, verify.ScopeAll, verify.ScopeCooldown, ""} {
			t.Run(client.name+" "+scope, func(t *testing.T) {
				one := func(scope, of string) verify.Limit {
					return verify.Limit{Scope: scope, Of: of, Windows: []middleware.Window{{Count: 1, Per: time.Hour}}}
				}
				number := one(verify.ScopeNumber, "+8613800000000")
				limits := []verify.Limit{one(verify.ScopeIP, "192.0.2.0/24 192.0.2.1"), one(verify.ScopeRange, "192.0.2.0/24"),
					one(verify.ScopeCooldown, "+8613800000000 login"), number, one(verify.ScopePurpose, "login"), one(verify.ScopeAll, "")}
				attacker, owner := client.dial(t), fresh(client.dial(t))
				s := owner.With(attacker)
				for i, l := range limits {
					if l.Scope == scope {
						if _, _, err := owner.Take(t.Context(), verify.ID{1}, limits[i:i+1]); err != nil {
							t.Fatal(err)
						}
					}
				}
				trips := 0
				attacker.AddHook(between(func() {
					trips++
					refused, wait, err := owner.Take(t.Context(), verify.ID{2}, []verify.Limit{number})
					if scope != "" && (err != nil || wait > 0) {
						t.Errorf("after trip %d the owner is refused by %d, for %v: %v", trips, refused, wait, err)
					}
					if err := owner.Return(t.Context(), verify.ID{2}, []verify.Limit{number}); err != nil {
						t.Error(err)
					}
				}))
				_, wait, err := s.Take(t.Context(), verify.ID{3}, limits)
				if err != nil || (wait > 0) != (scope != "") || trips == 0 {
					t.Errorf("the attacker waits %v after %d trips: %v", wait, trips, err)
				}
			})
		}
	}
}

// between is called after each pipeline.
type between func()

func (f between) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (f between) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (f between) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if cmds[0].Name() == "evalsha" || cmds[0].Name() == "eval" {
			f()
		}
		return err
	}
}
