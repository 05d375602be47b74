package redisstore_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/internal/cuttest"
	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/verify"
	"github.com/notifykit/notify/verify/redisstore"
	"github.com/notifykit/notify/verify/verifytest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

var prefixes atomic.Int64

// fresh is a Store that nobody else uses.
func fresh(c redis.UniversalClient) *redisstore.Store {
	return redisstore.New(c, redisstore.Options{Prefix: fmt.Sprintf("test%d:", prefixes.Add(1))})
}

func single(tb testing.TB) redis.UniversalClient {
	tb.Helper()
	c := redis.NewClient(&redis.Options{Addr: servertest.Redis(tb)})
	tb.Cleanup(func() { c.Close() })
	return c
}

func cluster(tb testing.TB) redis.UniversalClient {
	tb.Helper()
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: servertest.RedisCluster(tb)})
	tb.Cleanup(func() { c.Close() })
	return c
}

func TestStore(t *testing.T) {
	for name, client := range map[string]func(testing.TB) redis.UniversalClient{"one server": single, "a cluster of three": cluster} {
		t.Run(name, func(t *testing.T) {
			c := client(t)
			var by, advances atomic.Int64
			verifytest.Run(t, verifytest.Harness{
				New: func(testing.TB) verify.Store {
					by.Store(0)
					s := fresh(c)
					s.SetAhead(func() time.Duration { return time.Duration(by.Load()) })
					return s
				},
				Advance: func(tb testing.TB, d time.Duration) {
					by.Add(int64(d))
					if advances.Add(1)%20 == 0 { // half-way the servers forget the scripts
						if err := c.ScriptFlush(tb.Context()).Err(); err != nil {
							tb.Error(err)
						}
					}
				},
				Apart: true,
				Slack: 3 * time.Second,
				Seeds: 10,
			})
		})
	}
}

// A trips counts what goes to the server.
type trips struct{ n atomic.Int64 }

func (h *trips) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { h.n.Add(1); return next(ctx, cmd) }
}

func (h *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() != "hello" && cmds[0].Name() != "client" { // a connection's first words
			h.n.Add(1)
		}
		return next(ctx, cmds)
	}
}

// A Take of an address and a number is two trips, of a number alone one, and one
// if the address refuses; Check and Redeem are one, and a Check that counts two.
func TestTrips(t *testing.T) {
	c := single(t)
	h := &trips{}
	c.AddHook(h)
	s := fresh(c)
	to := verify.Subject{To: "+8613800000000", Purpose: "login"}
	number := verify.Limit{Scope: "number", Of: "+8613800000000", Windows: []middleware.Window{{Count: 5, Per: time.Hour}}}
	full := verify.Limit{Scope: "ip", Of: "192.0.2.1", Windows: []middleware.Window{{Count: 1, Per: time.Hour}}}
	count := func(what string, want int64, do func() error) {
		t.Helper()
		h.n.Store(0)
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := h.n.Load(); got != want {
			t.Errorf("%s takes %d trips, want %d", what, got, want)
		}
	}
	ctx := t.Context()
	warm := func() error {
		_, _, err := s.Take(ctx, verify.ID{9}, []verify.Limit{number, full})
		s.Return(ctx, verify.ID{9}, []verify.Limit{number, full})
		s.Begin(ctx, verify.BeginStep{Subject: to, Nonce: verify.ID{9}, TTL: time.Minute, Max: 5})
		s.Check(ctx, verify.CheckStep{Subject: to, ID: verify.ID{9}, Max: 5, Answers: []verify.Limit{number}})
		s.Redeem(ctx, to, verify.ID{1}, verify.ID{2})
		return err
	}
	if err := warm(); err != nil { // the scripts are known from now on
		t.Fatal(err)
	}
	count("Take", 2, func() error { _, _, err := s.Take(ctx, verify.ID{1}, []verify.Limit{full, number}); return err })
	count("Take of a number", 1, func() error { _, _, err := s.Take(ctx, verify.ID{3}, []verify.Limit{number}); return err })
	count("Begin", 1, func() error {
		_, err := s.Begin(ctx, verify.BeginStep{Subject: to, Nonce: verify.ID{1}, TTL: time.Minute, Max: 5})
		return err
	})
	refused := func(want int, limits ...verify.Limit) func() error {
		return func() error {
			refused, wait, err := s.Take(ctx, verify.ID{2}, limits)
			if refused != want || wait <= 0 {
				t.Errorf("refused by %d, wait %v", refused, wait)
			}
			return err
		}
	}
	count("a Take that the address refuses", 1, refused(0, full, number))
	count("a Take that another refuses", 2, refused(1, number, full))
	count("a Check that counts", 2, func() error {
		_, err := s.Check(ctx, verify.CheckStep{Subject: to, ID: verify.ID{7}, Max: 5, Answers: []verify.Limit{full}})
		return err
	})
	count("Check", 1, func() error {
		_, err := s.Check(ctx, verify.CheckStep{Subject: to, ID: verify.ID{1}, Max: 5})
		return err
	})
	count("Redeem", 1, func() error { _, err := s.Redeem(ctx, to, verify.ID{1}, verify.ID{2}); return err })
}

// A cut connection never lets a wrong code in, a right one be used twice, or locks
// its own user out.
func TestFault_cutConnections(t *testing.T) {
	for name, retries := range map[string]int{"a client that repeats": 3, "a client that does not": -1} {
		t.Run(name, func(t *testing.T) {
			proxy := servertest.NewProxy(t, servertest.Redis(t))
			c := redis.NewClient(&redis.Options{Addr: proxy.Addr(), MaxRetries: retries})
			defer c.Close()
			cuttest.Run(t, cuttest.Subject{Store: fresh(c), Proxy: proxy, Repeats: retries > 0, Matches: []string{"evalsha", "eval"}})
		})
	}
}
