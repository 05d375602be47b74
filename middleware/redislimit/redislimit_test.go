package redislimit_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/middleware/redislimit"
	"github.com/notifykit/notify/middleware/storetest"
	"github.com/notifykit/notify/sms"
)

func TestMain(m *testing.M) {
	if plan, ok := os.LookupEnv(childEnv); ok {
		if err := child(plan); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	servertest.Main(m)
}

var prefixes atomic.Int64

func fresh() redislimit.Options {
	return redislimit.Options{Prefix: fmt.Sprintf("test%d:", prefixes.Add(1))}
}

func client(tb testing.TB) redis.UniversalClient {
	tb.Helper()
	c := redis.NewClient(&redis.Options{Addr: servertest.Redis(tb)})
	tb.Cleanup(func() { c.Close() })
	return c
}

// everywhere runs a check on one server and on a cluster of three.
func everywhere(t *testing.T, check func(t *testing.T, c redis.UniversalClient)) {
	t.Run("server", func(t *testing.T) { check(t, client(t)) })
	t.Run("cluster", func(t *testing.T) {
		c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: servertest.RedisCluster(t)})
		t.Cleanup(func() { c.Close() })
		check(t, c)
	})
}

func limiter(tb testing.TB, c redis.UniversalClient, o redislimit.Options, windows ...middleware.Window) *redislimit.Limiter {
	tb.Helper()
	l, err := redislimit.NewLimiter(c, o, windows...)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// The limit is hard: never more than Count in any span of Per, and what was given
// back may be taken again.
func TestLimiter(t *testing.T) { everywhere(t, testLimiter) }

func testLimiter(t *testing.T, c redis.UniversalClient) {
	l := limiter(t, c, fresh(), middleware.Window{Count: 2, Per: time.Hour}, middleware.Window{Count: 3, Per: 24 * time.Hour})
	ahead := time.Duration(0)
	take := func(want time.Duration) middleware.Token {
		t.Helper()
		got, err := l.Ahead(ahead).Take(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		if off := got.Wait - want; off < -10*time.Second || off > time.Second {
			t.Errorf("after %v: wait %v, want %v", ahead, got.Wait, want)
		}
		return got
	}
	take(0)
	ahead = 40 * time.Minute
	second := take(0)
	take(20 * time.Minute)
	if err := l.Return(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if err := l.Return(t.Context(), second); err != nil { // no error, and no second token
		t.Fatal(err)
	}
	take(0)
	take(20 * time.Minute)
	ahead = 61 * time.Minute
	take(0)
	take(23*time.Hour - time.Minute)
	if _, err := l.Take(t.Context(), "+86138****0000"); err == nil {
		t.Error("a masked number is a key")
	}
}

// Limits of one Prefix with other windows count apart: the shorter one takes
// nothing away from the longer.
func TestLimiter_twoOfOnePrefix(t *testing.T) {
	c, o := client(t), fresh()
	day := limiter(t, c, o, middleware.Window{Count: 3, Per: 24 * time.Hour})
	minute := limiter(t, c, o, middleware.Window{Count: 100, Per: time.Minute})
	passed := 0
	for i := range 8 {
		ahead := time.Duration(i) * 3 * time.Hour
		if got, err := minute.Ahead(ahead).Take(t.Context(), "k"); err != nil || got.Wait != 0 {
			t.Fatal(got, err)
		}
		if got, err := day.Ahead(ahead).Take(t.Context(), "k"); err != nil {
			t.Fatal(err)
		} else if got.Wait == 0 {
			passed++
		}
	}
	if passed != 3 {
		t.Errorf("%d passed in a day, of 3", passed)
	}
}

// A window in a zone counts anew with each day there.
func TestLimiter_inAZone(t *testing.T) {
	zone := time.FixedZone("UTC+8", 8*60*60)
	l := limiter(t, client(t), fresh(), middleware.Window{Count: 1, Per: 24 * time.Hour, Zone: zone})
	if got, err := l.Take(t.Context(), "k"); err != nil || got.Wait != 0 {
		t.Fatal(got, err)
	}
	local := time.Now().In(zone)
	rest := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, zone).Sub(local)
	got, err := l.Take(t.Context(), "k")
	if off := got.Wait - rest; err != nil || off.Abs() > 10*time.Second {
		t.Errorf("wait %v, %v: want %v", got.Wait, err, rest)
	}
	if got, err := l.Ahead(rest+time.Second).Take(t.Context(), "k"); err != nil || got.Wait != 0 {
		t.Errorf("the next day: %v, %v", got.Wait, err)
	}
}

func TestNewLimiter_faults(t *testing.T) {
	for _, windows := range [][]middleware.Window{{}, {{Count: 0, Per: time.Hour}}, {{Count: 1}}} {
		if _, err := redislimit.NewLimiter(nil, redislimit.Options{}, windows...); err == nil {
			t.Errorf("%v is taken", windows)
		}
	}
	if _, err := redislimit.NewStore(nil, redislimit.Options{}, []byte("short")); err == nil {
		t.Error("a short secret is taken")
	}
}

func TestStore(t *testing.T) { everywhere(t, testStore) }

func testStore(t *testing.T, c redis.UniversalClient) {
	storetest.Run(t, storetest.Subject{New: func(testing.TB) middleware.Store {
		s, err := redislimit.NewStore(c, fresh(), secret)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}})
}

func TestBudgetStore(t *testing.T) { everywhere(t, testBudgetStore) }

func testBudgetStore(t *testing.T, c redis.UniversalClient) {
	storetest.RunBudget(t, storetest.BudgetSubject{New: func(testing.TB) middleware.BudgetStore {
		return redislimit.NewBudgetStore(c, fresh())
	}})
}

// What is over is forgotten by itself.
func TestBudgetStore_expires(t *testing.T) {
	c, o := client(t), fresh()
	now := time.Now()
	_, err := redislimit.NewBudgetStore(c, o).Spend(t.Context(), middleware.Spend{Segments: 1, Counts: []middleware.BudgetCount{
		{Name: "hourly", From: now.Add(-time.Hour), Until: now.Add(time.Minute)}}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := c.Keys(t.Context(), o.Prefix+"*").Result()
	if err != nil || len(keys) != 2 {
		t.Fatalf("keys %q, %v: want a count and an ID", keys, err)
	}
	for _, key := range keys {
		if left, err := c.PTTL(t.Context(), key).Result(); err != nil || left <= 0 || left > time.Hour+time.Minute {
			t.Errorf("%s stays for %v, %v", key, left, err)
		}
	}
}

func TestSuppressions(t *testing.T) { everywhere(t, testSuppressions) }

func testSuppressions(t *testing.T, c redis.UniversalClient) {
	storetest.RunSuppressions(t, func(testing.TB) storetest.List { return redislimit.NewSuppressions(c, fresh()) })
	t.Run("stored under another writing by an earlier version", func(t *testing.T) {
		const to = sms.Number("+541123456789")
		o := fresh()
		if err := c.HSet(t.Context(), o.Prefix+"suppressed:"+to.E164(), sms.Promotion.String(), "0 opted out").Err(); err != nil {
			t.Fatal(err)
		}
		list := redislimit.NewSuppressions(c, o)
		if s, ok, err := list.Suppressed(t.Context(), to, sms.Promotion); err != nil || !ok || s.Reason != "opted out" {
			t.Errorf("%+v, %v, %v", s, ok, err)
		}
		if err := list.Remove(t.Context(), to); err != nil {
			t.Error(err)
		}
		if s, ok, err := list.Suppressed(t.Context(), to, sms.Promotion); err != nil || ok {
			t.Errorf("after Remove: %+v, %v, %v", s, ok, err)
		}
	})
}
