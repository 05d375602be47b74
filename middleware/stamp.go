package middleware

import (
	"math/rand/v2"
	"slices"
	"time"
)

// A stamp is one take: its time in milliseconds, rounded up, in the upper 42
// bits and 22 bits of its token's ID in the lower. It is never zero.
type stamp uint64

const tagBits = 22

// origin puts every time that a stamp may tell above zero, those of a clock that
// is decades behind the limiter's first included, such as testing/synctest's.
const origin = 60 * 365 * day

// since is the time of at on the limiter's scale.
func (l *MemoryLimiter) since(at time.Time) time.Duration { return origin + at.Sub(l.base) }

// stamp is what a token leaves behind.
func (l *MemoryLimiter) stamp(t Token) stamp {
	ms := (l.since(t.At) + time.Millisecond - 1) / time.Millisecond
	tag := uint64(t.ID[0]) | uint64(t.ID[1])<<8 | uint64(t.ID[2])<<16
	return stamp(uint64(max(ms, 1))<<tagBits | tag&(1<<tagBits-1))
}

func (s stamp) time() time.Duration { return time.Duration(s>>tagBits) * time.Millisecond }

// without takes s out of stamps, where it is, and keeps their order.
func without(stamps []stamp, s stamp) []stamp {
	for i := len(stamps) - 1; i >= 0 && stamps[i]>>tagBits >= s>>tagBits; i-- {
		if stamps[i] == s {
			return slices.Delete(stamps, i, i+1)
		}
	}
	return stamps
}

// A view is the limiter's windows at one instant.
type view struct {
	at      time.Duration // on the limiter's scale
	wall    int64         // Unix nanoseconds
	limiter *MemoryLimiter
	periods []period
}

// refresh computes the clock windows' spans that are over anew; the wall clock
// is asked, so they stay right when it is set.
func (v *view) refresh(now time.Time) {
	for i, w := range v.limiter.windows {
		if p := &v.periods[i]; w.Zone != nil && (v.wall < p.from || v.wall >= p.to) {
			from, to := w.period(now)
			p.from, p.to = from.UnixNano(), to.UnixNano()
		}
	}
}

// wait is how long until stamps, oldest first, leave room for one more in every
// window; zero where they do now.
func (v *view) wait(stamps []stamp) (wait time.Duration) {
	for i, w := range v.limiter.windows {
		if len(stamps) < w.Count {
			continue
		}
		oldest := stamps[len(stamps)-w.Count].time() // of as many as fill the window
		switch {
		case w.Zone == nil:
			wait = max(wait, oldest+w.Per-v.at)
		case oldest >= v.begins(i):
			wait = max(wait, time.Duration(v.periods[i].to-v.wall))
		}
	}
	return wait
}

// begins is the beginning of the ith window's present span, on the limiter's scale.
func (v *view) begins(i int) time.Duration {
	return v.at - time.Duration(v.wall-v.periods[i].from)
}

// dead is how many of stamps, from the oldest on, no window counts any more.
func (v *view) dead(stamps []stamp) int {
	horizon := v.horizon()
	for i, s := range stamps {
		if s.time() > horizon {
			return i
		}
	}
	return len(stamps)
}

// idle tells whether no window counts any of stamps any more.
func (v *view) idle(stamps []stamp) bool {
	return len(stamps) == 0 || stamps[len(stamps)-1].time() <= v.horizon()
}

// horizon is the latest time that no window counts any more.
func (v *view) horizon() time.Duration {
	horizon := v.at
	for i, w := range v.limiter.windows {
		if w.Zone == nil {
			horizon = min(horizon, v.at-w.Per)
		} else {
			horizon = min(horizon, v.begins(i)-1)
		}
	}
	return horizon
}

// newToken makes a token with a random ID. It names a take among those of one
// key, and guards nothing, so the faster generator will do.
func newToken(key string, at time.Time) Token {
	t := Token{Key: key, At: at}
	high, low := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		t.ID[i], t.ID[8+i] = byte(high>>(8*i)), byte(low>>(8*i))
	}
	return t
}
