package redisstore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// A Redis that may not evict refuses what needs memory when it is full, whatever
// step asks for it, and grows no further. What needs none goes on.
func TestMaxmemory(t *testing.T) {
	const most = 3 << 20
	addr := servertest.Redis(t, "--maxmemory", fmt.Sprint(most), "--maxmemory-policy", "noeviction")
	c := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { c.Close() })
	s := fresh(c)
	used := func() (n int) {
		t.Helper()
		info, err := c.Info(t.Context(), "memory").Result()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Sscanf(info[strings.Index(info, "used_memory:"):], "used_memory:%d", &n)
		return n
	}
	id := func(i int) verify.ID { return verify.ID{1, byte(i), byte(i >> 8), byte(i >> 16)} }
	number := func(i int) sms.Number { return sms.Number(fmt.Sprintf("+86138%08d", i)) }
	limit := func(of string) []verify.Limit {
		return []verify.Limit{{Scope: "number", Of: of, Windows: []middleware.Window{{Count: 1 << 20, Per: time.Hour}}}}
	}
	ctx := t.Context()
	one := limit("one")
	if _, _, err := s.Take(ctx, id(1<<20), one); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(ctx, verify.BeginStep{Subject: verify.Subject{To: "+8613800000000"}, Nonce: id(1), TTL: time.Minute, Max: 5}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name string
		do   func(i int) error
	}{
		{"Take of many keys", func(i int) error { _, _, err := s.Take(ctx, id(i), limit(fmt.Sprint(i))); return err }},
		{"Take of one key", func(i int) error { _, _, err := s.Take(ctx, id(i), one); return err }},
		{"Take of several keys", func(i int) error {
			_, _, err := s.Take(ctx, id(i), append(limit(fmt.Sprint("a", i)), limit(fmt.Sprint("b", i))...))
			return err
		}},
		{"Begin", func(i int) error {
			_, err := s.Begin(ctx, verify.BeginStep{Subject: verify.Subject{To: number(i)}, Nonce: id(i), TTL: time.Minute, Max: 5})
			return err
		}},
		{"TakeSent", func(i int) error {
			_, _, _, err := s.TakeSent(ctx, id(i), nil, []verify.Cell{{Scope: "prefix", Of: fmt.Sprint(i), Per: time.Hour}})
			return err
		}},
		{"answers", func(i int) error {
			_, err := s.Check(ctx, verify.CheckStep{Subject: verify.Subject{To: number(i)}, ID: id(i), Max: 5, Answers: limit(fmt.Sprint("range", i))})
			return err
		}},
	} {
		t.Run(step.name, func(t *testing.T) {
			refused, i := 0, 0
			for ; refused < 500; i++ {
				if err := step.do(i); err != nil {
					if !strings.Contains(err.Error(), "OOM") {
						t.Fatalf("it is refused for another reason: %v", err)
					}
					refused++
				}
				if i%1000 == 999 && used() > most+1<<20 {
					break
				}
			}
			if now := used(); now > most+1<<20 || refused == 0 {
				t.Errorf("after %d steps, %d of them refused, %d bytes are used of %d", i, refused, now, most)
			}
		})
	}
	// A limit that refuses, and giving back, take no memory.
	full := []verify.Limit{{Scope: "number", Of: "one", Windows: []middleware.Window{{Count: 1, Per: time.Hour}}}}
	if _, wait, err := s.Take(ctx, id(9<<20), full); err != nil || wait <= 0 {
		t.Errorf("a limit that is used up answers %v, %v", wait, err)
	}
	if err := s.Return(ctx, id(1<<20), one); err != nil {
		t.Errorf("giving back: %v", err)
	}
	if checked, err := s.Check(ctx, verify.CheckStep{Subject: verify.Subject{To: "+8613800000009"}, ID: id(3), Max: 5}); err != nil || checked.Verdict != verify.NotFound {
		t.Errorf("an answer for a number without a code: %v, %v", checked.Verdict, err)
	}
}
