package redislimit_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/internal/storeclock"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/middleware/redislimit"
	"github.com/notifykit/notify/middleware/storetest"
	"github.com/notifykit/notify/sms"
)

// childEnv holds what a process of TestFourProcesses does: the address of Redis,
// a prefix, and how often.
const childEnv = "NOTIFY_REDISLIMIT_CHILD"

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
func TestLimiter(t *testing.T) {
	l := limiter(t, client(t), fresh(), middleware.Window{Count: 2, Per: time.Hour}, middleware.Window{Count: 3, Per: 24 * time.Hour})
	ahead := time.Duration(0)
	take := func(want time.Duration) middleware.Token {
		t.Helper()
		got, err := l.Take(storeclock.With(t.Context(), ahead), "k")
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
		ctx := storeclock.With(t.Context(), time.Duration(i)*3*time.Hour)
		if got, err := minute.Take(ctx, "k"); err != nil || got.Wait != 0 {
			t.Fatal(got, err)
		}
		if got, err := day.Take(ctx, "k"); err != nil {
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
	if got, err := l.Take(storeclock.With(t.Context(), rest+time.Second), "k"); err != nil || got.Wait != 0 {
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

const many = 200 // takes of each process, of a limit of 300

// child takes as often as it can and prints how many it got, and how many keys of
// Deduplicate.
func child(plan string) error {
	addr, prefix, _ := strings.Cut(plan, " ")
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	ctx := context.Background()
	l, err := redislimit.NewLimiter(c, redislimit.Options{Prefix: prefix + "limit:"}, middleware.Window{Count: 300, Per: time.Hour})
	if err != nil {
		return err
	}
	s, err := redislimit.NewStore(c, redislimit.Options{Prefix: prefix + "sent:"}, secret)
	if err != nil {
		return err
	}
	var taken, claimed atomic.Int64
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range many / 8 {
				if t, err := l.Take(ctx, "k"); err == nil && t.Wait == 0 {
					taken.Add(1)
				}
				var id [16]byte
				copy(id[:], sms.NewKey())
				got, err := s.Claim(ctx, middleware.Claim{Key: fmt.Sprint(g, "-", i), ID: id}, time.Hour)
				if err == nil && got.State == middleware.ClaimNew {
					claimed.Add(1)
				}
			}
		})
	}
	all.Wait()
	fmt.Println(taken.Load(), claimed.Load())
	return nil
}

var secret = []byte("0123456789abcdef0123456789abcdef")

// Of four processes at once exactly as many takes pass as the limit allows, and
// each key is one process's.
func TestFourProcesses(t *testing.T) {
	addr, prefix := servertest.Redis(t), fresh().Prefix
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	taken, claimed := 0, 0
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), childEnv+"="+addr+" "+prefix)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Error(err)
				return
			}
			var n, m int
			lines := bufio.NewScanner(strings.NewReader(string(out)))
			for lines.Scan() {
				fmt.Sscan(lines.Text(), &n, &m)
			}
			mu.Lock()
			defer mu.Unlock()
			taken, claimed = taken+n, claimed+m
		})
	}
	all.Wait()
	if taken != 300 || claimed != many {
		t.Errorf("%d takes passed of a limit of 300; %d keys were claimed of %d", taken, claimed, many)
	}
}

func TestStore(t *testing.T) {
	c := client(t)
	storetest.Run(t, storetest.Subject{New: func(testing.TB) middleware.Store {
		s, err := redislimit.NewStore(c, fresh(), secret)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}})
}

func TestSuppressions(t *testing.T) {
	ctx := t.Context()
	s := redislimit.NewSuppressions(client(t), fresh())
	const to = sms.Number("+8613800000000")
	suppressed := func(kind sms.Kind, want string) {
		t.Helper()
		got, ok, err := s.Suppressed(ctx, to, kind)
		if err != nil || ok != (want != "") || got.Reason != want || ok && time.Since(got.Since).Abs() > time.Minute {
			t.Errorf("%v: %+v, %v, %v: want %q", kind, got, ok, err, want)
		}
	}
	suppressed(sms.Promotion, "")
	if err := s.Add(ctx, to, sms.Promotion, "opted out"); err != nil {
		t.Fatal(err)
	}
	suppressed(sms.Promotion, "opted out")
	suppressed(sms.Verification, "")
	if err := s.Add(ctx, to, 0, "dead number"); err != nil {
		t.Fatal(err)
	}
	suppressed(sms.Verification, "dead number")
	suppressed(0, "dead number")
	if err := s.Remove(ctx, to, 0); err != nil {
		t.Fatal(err)
	}
	suppressed(sms.Verification, "")
	suppressed(sms.Promotion, "opted out")
}
