package kernel

import (
	"fmt"
	"testing"
	"time"
)

func yes(int, []time.Time) bool { return true }

func TestCounts_areBounded(t *testing.T) {
	c := NewCounts(24 * time.Hour)
	now := time.Now()
	for i := range 100_000 {
		if !c.Take(now, []string{fmt.Sprint(i)}, yes) {
			t.Fatal("not taken")
		}
	}
	if c.held > c.max || len(c.at)*(countsKeyBytes+8) != c.held {
		t.Errorf("%d bytes are counted for %d keys, at most %d are allowed", c.held, len(c.at), c.max)
	}
	const fresh = 10_000
	for i := range fresh {
		c.Take(now.Add(25*time.Hour), []string{fmt.Sprint("a day later ", i)}, yes)
	}
	for i := range fresh { // none of the fresh ones was forgotten for a stale one
		c.Take(now.Add(25*time.Hour), []string{fmt.Sprint("a day later ", i)}, func(_ int, earlier []time.Time) bool {
			if len(earlier) != 1 {
				t.Fatalf("%d: %d times, want 1", i, len(earlier))
			}
			return true
		})
	}
}

func TestCounts_takeAllOrNone(t *testing.T) {
	c := NewCounts(time.Hour)
	now := time.Now()
	atMostTwo := func(_ int, earlier []time.Time) bool { return len(earlier) < 2 }
	for i, step := range []struct {
		keys []string
		want bool
	}{{[]string{"a", "a"}, true}, {[]string{"b", "a"}, false}, {[]string{"b", "b"}, true}, {[]string{"b"}, false}} {
		if got := c.Take(now, step.keys, atMostTwo); got != step.want {
			t.Errorf("step %d: %v, want %v", i, got, step.want)
		}
	}
	if !c.Take(now.Add(time.Hour), []string{"a"}, atMostTwo) {
		t.Error("times count after their life")
	}
}
