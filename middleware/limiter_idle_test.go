package middleware_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
)

// takeAll takes once for every key, and tells for how many there was room.
func takeAll(t *testing.T, l *middleware.MemoryLimiter, keys []string) int {
	t.Helper()
	passed := 0
	for _, key := range keys {
		token, err := l.Take(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if token.Wait == 0 {
			passed++
		}
	}
	return passed
}

// However full the tables are when their numbers become idle, those that come
// afterwards are counted right, and the idle ones are forgotten.
func TestLimiter_numbersInPlaceOfIdleOnes(t *testing.T) {
	for _, n := range []int{1, 100, 700, 850, 900, 1000, 5000} {
		synctest.Test(t, func(t *testing.T) {
			l := middleware.NewLimiter(middleware.Window{Count: 1, Per: time.Minute})
			old, fresh := numbersFrom(0, n), numbersFrom(1_000_000, n)
			if got := takeAll(t, l, old); got != n {
				t.Fatalf("%d of %d", got, n)
			}
			time.Sleep(time.Hour)
			if got := takeAll(t, l, fresh); got != n {
				t.Errorf("%d numbers: %d of the new ones passed", n, got)
			}
			if got := takeAll(t, l, fresh); got != 0 {
				t.Errorf("%d numbers: %d of the new ones passed twice", n, got)
			}
			if got := takeAll(t, l, old); got != n {
				t.Errorf("%d numbers: only %d of the old ones passed after an hour", n, got)
			}
		})
	}
}

// After a rush the tables grow small again, and what is counted is kept.
func TestLimiter_givesMemoryBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := heap()
		l := middleware.NewLimiter(middleware.Window{Count: 3, Per: time.Minute})
		rush, regular := numbersFrom(0, 30_000), numbersFrom(1_000_000, 2000)
		for range 3 {
			takeAll(t, l, rush)
		}
		full := heap() - before
		time.Sleep(time.Hour)
		if got := takeAll(t, l, regular); got != len(regular) {
			t.Fatalf("%d of the regular ones passed", got)
		}
		for i := range 500_000 { // sends that are refused, and give their tokens back
			token, err := l.Take(t.Context(), regular[i%len(regular)])
			if err != nil || token.Wait > 0 {
				t.Fatal(token, err)
			}
			if err := l.Return(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		if got := l.Len(); got != len(regular) {
			t.Errorf("%d keys are left, want %d", got, len(regular))
		}
		if left := heap() - before; left > full/3 {
			t.Errorf("%.0f kB of %.0f are still held", left/1e3, full/1e3)
		}
		for want := range 3 { // one take of each still counts: room for two
			got := takeAll(t, l, regular)
			if want < 2 && got != len(regular) || want == 2 && got != 0 {
				t.Errorf("take %d: %d of %d passed", want+2, got, len(regular))
			}
		}
	})
}

func TestWindowAndState_text(t *testing.T) {
	if got := (middleware.Window{Count: 5, Per: time.Hour}).String(); got != "5 per 1h0m0s" {
		t.Errorf("a window reads %q", got)
	}
	if text, err := middleware.StateHalfOpen.MarshalText(); err != nil || string(text) != "half-open" {
		t.Errorf("a state is written %q, %v", text, err)
	}
}
