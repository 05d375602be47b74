package middleware_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func TestMemoryStore_isBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := middleware.NewMemoryStore(100)
		claim := func(i int) error {
			_, err := store.Claim(t.Context(), middleware.Claim{Key: fmt.Sprint(i)}, time.Minute)
			return err
		}
		for i := range 100 {
			if err := claim(i); err != nil {
				t.Fatal(err)
			}
		}
		if err := claim(100); err == nil || store.Len() != 100 {
			t.Errorf("one too many: %v, %d keys", err, store.Len())
		}
		if err := claim(0); err != nil {
			t.Errorf("a known key in a full store: %v", err)
		}
		time.Sleep(time.Minute)
		for i := range 100 {
			if err := claim(1000 + i); err != nil || store.Len() > 100 {
				t.Errorf("when all are over: %v, %d keys", err, store.Len())
			}
		}
	})
}

// filled returns a store that is full of keys "0", "1" and so on, with an answer each.
func filled(tb testing.TB, most int, ttl time.Duration) *middleware.MemoryStore {
	tb.Helper()
	s := middleware.NewMemoryStore(most)
	for i := range most {
		key := fmt.Sprint(i)
		if _, err := s.Claim(tb.Context(), middleware.Claim{Key: key}, ttl); err != nil {
			tb.Fatal(err)
		}
		if err := s.Keep(tb.Context(), key, [16]byte{}, []byte(key), ttl); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

// A full store refuses new keys without a look at those that it holds: half a
// million refusals by a store of 50,000 keys would take hours otherwise. What it
// holds it goes on answering for.
func TestMemoryStore_fullRefusesNewKeysOnly(t *testing.T) {
	const most = 50_000
	s := filled(t, most, time.Hour)
	for i := range 10 * most {
		if _, err := s.Claim(t.Context(), middleware.Claim{Key: "new", ID: [16]byte{byte(i)}}, time.Hour); err == nil {
			t.Fatal("a new key is taken")
		}
	}
	for _, key := range []string{"0", "777", fmt.Sprint(most - 1)} {
		got, err := s.Claim(t.Context(), middleware.Claim{Key: key, ID: [16]byte{1}}, time.Hour)
		if err != nil || got.State != middleware.ClaimAnswered || string(got.Answer) != key {
			t.Errorf("key %s: %+v, %v", key, got, err)
		}
		other, err := s.Claim(t.Context(), middleware.Claim{Key: key, ID: [16]byte{1}, Content: [32]byte{1}}, time.Hour)
		if err != nil || other.State != middleware.ClaimOtherContent {
			t.Errorf("key %s with another content: %+v, %v", key, other, err)
		}
	}
	if err := s.Free(t.Context(), "777", [16]byte{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(t.Context(), middleware.Claim{Key: "new"}, time.Hour); err != nil {
		t.Errorf("after one was freed: %v", err)
	}
}

// Keys end at their own time, also those that came after longer ones, and as many
// new ones are taken as have ended.
func TestMemoryStore_keysEndAtTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := middleware.NewMemoryStore(30)
		claim := func(key string, ttl time.Duration) error {
			_, err := s.Claim(t.Context(), middleware.Claim{Key: key}, ttl)
			return err
		}
		for i := range 10 {
			for kind, ttl := range map[string]time.Duration{"long": 24 * time.Hour, "short": time.Minute, "kept": time.Minute} {
				if err := claim(fmt.Sprint(kind, i), ttl); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(30 * time.Second)
		for i := range 10 { // an answer begins the time anew
			if err := s.Keep(t.Context(), fmt.Sprint("kept", i), [16]byte{}, nil, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		taken := func() (n int) {
			for claim(fmt.Sprint("new", time.Now(), n), time.Hour) == nil {
				n++
			}
			return n
		}
		if n := taken(); n != 0 {
			t.Errorf("%d new keys in a full store", n)
		}
		time.Sleep(30 * time.Second)
		if n := taken(); n != 10 {
			t.Errorf("%d new keys after 10 have ended", n)
		}
		time.Sleep(30 * time.Second)
		if n := taken(); n != 10 {
			t.Errorf("%d new keys after 10 others have ended", n)
		}
		if err := claim("long3", time.Minute); err != nil {
			t.Errorf("a key that is held: %v", err)
		}
	})
}

// A warning is given once when the store is 80 % full, and again after it was half
// empty.
func TestMemoryStore_warns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s := middleware.NewMemoryStore(100)
		s.Logger = slog.New(slog.NewTextHandler(&log, nil))
		warnings := func() int { return strings.Count(log.String(), "level=WARN") }
		fill := func(n int) {
			for range n {
				if _, err := s.Claim(t.Context(), middleware.Claim{Key: sms.NewKey()}, time.Minute); err != nil {
					t.Fatal(err)
				}
			}
		}
		fill(79)
		if warnings() != 0 {
			t.Errorf("a warning below 80 %%:\n%s", log.String())
		}
		fill(1)
		if warnings() != 1 || !strings.Contains(log.String(), "keys=80") || !strings.Contains(log.String(), "most=100") {
			t.Errorf("at 80 %%:\n%s", log.String())
		}
		fill(20)
		time.Sleep(time.Minute)
		fill(90)
		if warnings() != 2 {
			t.Errorf("%d warnings after it was filled twice, want 2:\n%s", warnings(), log.String())
		}
	})
}

// Deduplicate over a full store sends nothing that it cannot remember, and passes
// messages without a Key.
func TestDeduplicate_fullStore(t *testing.T) {
	v := newVendor("a")
	s := sms.Chain(v, middleware.Deduplicate(middleware.NewMemoryStore(1), time.Hour))
	m := message
	for _, key := range []string{"first", "first", ""} {
		m.Key = key
		if _, err := s.Send(t.Context(), m); err != nil {
			t.Errorf("key %q: %v", key, err)
		}
	}
	m.Key = "second"
	_, err := s.Send(t.Context(), m)
	wantReason(t, err, sms.Internal, sms.Rejected)
	if v.calls() != 2 || errors.Is(err, middleware.ErrKeyTaken) {
		t.Errorf("%d calls, %v", v.calls(), err)
	}
}

// BenchmarkMemoryStore_full refuses a new key.
func BenchmarkMemoryStore_full(b *testing.B) {
	for _, most := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprint(most), func(b *testing.B) {
			before := heap()
			s := filled(b, most, time.Hour)
			each := (heap() - before) / float64(most)
			for b.Loop() {
				if _, err := s.Claim(b.Context(), middleware.Claim{Key: "new"}, time.Hour); err == nil {
					b.Fatal("it is taken")
				}
			}
			b.ReportMetric(each, "B/key")
		})
	}
}
