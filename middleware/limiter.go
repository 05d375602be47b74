package middleware

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// A MemoryLimiter is a hard [Limiter] in memory. Its counts are those of one
// process and end with it. It never merges two keys. A key is kept while a take of
// it still counts in a window, with at most as many takes as the largest Count: a
// telephone number with three takes needs about 120 bytes, and at most 160.
//
// It starts no goroutine: each take removes a few keys that are idle.
type MemoryLimiter struct {
	windows []Window
	fault   error
	base    time.Time
	seed    maphash.Seed
	shards  [64]shard
}

// A shard is the part of a MemoryLimiter that one lock guards.
type shard struct {
	mu    sync.Mutex
	takes map[string][]stamp // oldest first
	most  int                // the most keys since takes was made: a map never shrinks
	last  stamp              // of the latest take
	_     [64]byte           // shards on cache lines of their own
}

// A stamp is the time of a take in nanoseconds since the limiter was made. It is
// unique in its shard.
type stamp int64

// NewMemoryLimiter returns a MemoryLimiter in which all windows hold for each key. Its
// error lists every window that [Window.Validate] refuses. At least one window is needed.
func NewMemoryLimiter(windows ...Window) (*MemoryLimiter, error) {
	l := NewLimiter(windows...)
	if l.fault != nil {
		return nil, l.fault
	}
	return l, nil
}

// NewLimiter is [NewMemoryLimiter] for windows that are known to be right. If they are
// not, Err returns why, and so does every Take; a constructor that returns an error and
// is given the limiter, such as [NewRateLimit], returns it.
func NewLimiter(windows ...Window) *MemoryLimiter {
	l := &MemoryLimiter{windows: slices.Clone(windows), seed: maphash.MakeSeed(), base: time.Now()}
	l.fault = checkWindows(l.windows)
	for i := range l.shards {
		l.shards[i].takes, l.shards[i].last = map[string][]stamp{}, math.MinInt64
	}
	return l
}

// Err returns what is wrong with the windows; nil: nothing.
func (l *MemoryLimiter) Err() error { return l.fault }

// Take takes one of key's tokens if every window allows it. Of N concurrent
// callers exactly as many pass as the windows have room for.
func (l *MemoryLimiter) Take(_ context.Context, key string) (Token, error) {
	if l.fault != nil {
		return Token{}, l.fault
	}
	if err := checkKey(key); err != nil {
		return Token{}, err
	}
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	token := Token{Key: key, At: now}
	horizon := l.horizon(now)
	old, known := s.takes[key]
	takes := old[dead(old, horizon):]
	if token.Wait = l.wait(takes, now); token.Wait > 0 {
		return token, nil
	}
	s.last = max(l.stamp(now), s.last+1)
	token.ID, token.At = s.last.id(), now.Add(time.Duration(s.last-l.stamp(now)))
	if len(takes) <= len(old)-len(takes) { // there is room where the dead ones were
		takes = append(old[:0], takes...)
	}
	if !known {
		key = strings.Clone(key)
	}
	s.takes[key] = append(takes, s.last)
	s.most = max(s.most, len(s.takes))
	s.sweep(horizon)
	return token, nil
}

// Return gives t back, as if it had never been taken.
func (l *MemoryLimiter) Return(_ context.Context, t Token) error {
	if l.fault != nil {
		return l.fault
	}
	s := l.shard(t.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	takes := s.takes[t.Key]
	for i := len(takes) - 1; i >= 0; i-- {
		if takes[i].id() != t.ID {
			continue
		}
		if takes = slices.Delete(takes, i, i+1); len(takes) == 0 {
			delete(s.takes, t.Key)
		} else {
			s.takes[t.Key] = takes
		}
		break
	}
	return nil
}

// Len returns how many keys are kept, some of which may be idle.
func (l *MemoryLimiter) Len() int {
	n := 0
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		n += len(s.takes)
		s.mu.Unlock()
	}
	return n
}

func (l *MemoryLimiter) shard(key string) *shard {
	return &l.shards[maphash.String(l.seed, key)%uint64(len(l.shards))]
}

func (l *MemoryLimiter) stamp(at time.Time) stamp { return stamp(at.Sub(l.base)) }

// id returns a take's Token.ID, which is never zero.
func (s stamp) id() (id [16]byte) {
	binary.BigEndian.PutUint64(id[:], uint64(s))
	id[len(id)-1] = 1
	return id
}

// span returns the latest time that w does not count at now, and how long until a
// take of that moment on does not count any more.
func (l *MemoryLimiter) span(w Window, now time.Time) (before stamp, ends time.Time) {
	if w.Zone == nil {
		return l.stamp(now.Add(-w.Per)), time.Time{}
	}
	from, to := w.period(now) // by the wall clock, which may be set
	return l.stamp(now) - stamp(now.Round(0).Sub(from)) - 1, to
}

// wait returns how long until takes leave room for one more in every window; zero
// if they do now.
func (l *MemoryLimiter) wait(takes []stamp, now time.Time) (wait time.Duration) {
	for _, w := range l.windows {
		if len(takes) < w.Count {
			continue
		}
		oldest := takes[len(takes)-w.Count] // of as many as fill the window
		switch before, ends := l.span(w, now); {
		case oldest <= before:
		case w.Zone == nil:
			wait = max(wait, time.Duration(oldest-before))
		default:
			wait = max(wait, ends.Sub(now.Round(0)))
		}
	}
	return wait
}

// dead returns how many of takes, from the oldest on, are not after horizon.
func dead(takes []stamp, horizon stamp) int {
	for i, t := range takes {
		if t > horizon {
			return i
		}
	}
	return len(takes)
}

// horizon returns the latest time that no window counts at now.
func (l *MemoryLimiter) horizon(now time.Time) stamp {
	horizon := l.stamp(now)
	for _, w := range l.windows {
		before, _ := l.span(w, now)
		horizon = min(horizon, before)
	}
	return horizon
}

// sweep removes idle keys among three, wherever the map's order begins this time.
// New keys make a third of the keys idle at most. If most of the map is empty, its
// keys move to a smaller one.
func (s *shard) sweep(horizon stamp) {
	looked := 0
	for key, takes := range s.takes {
		if takes[len(takes)-1] <= horizon {
			delete(s.takes, key)
		}
		if looked++; looked == 3 {
			break
		}
	}
	if s.most < 64 || len(s.takes)*4 > s.most {
		return
	}
	smaller := make(map[string][]stamp, len(s.takes))
	maps.Copy(smaller, s.takes)
	s.takes, s.most = smaller, len(smaller)
}
