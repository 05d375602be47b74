package middleware

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"
)

// A MemoryLimiter is a hard [Limiter] in memory: per process, and forgotten with
// it. It never merges two keys. A key takes room only while a take of it still
// counts: telephone numbers 12 bytes and 8 for each take, other keys a map's
// entry, with 8 bytes for each take as well, and never more takes than the
// largest Count.
//
// Times are told apart to a millisecond, rounded so that a limit is rather kept
// a millisecond too long. It starts no goroutine: idle keys are forgotten by the
// way of others.
type MemoryLimiter struct {
	windows []Window
	most    int // the largest Count: as many takes as are kept for one key
	fault   error
	base    time.Time
	seed    maphash.Seed
	shards  [64]shard
}

// A shard is the part of a MemoryLimiter that one lock guards.
type shard struct {
	mu      sync.Mutex
	numbers table               // of keys that are numbers in E.164
	others  map[string]*history // of all other keys
	periods []period            // by window; of clock windows only
	_       [64]byte            // shards on cache lines of their own
}

// A history holds the stamps of one key, oldest first; those before head count
// no more.
type history struct {
	stamps []stamp
	head   int
}

func (h *history) live() []stamp { return h.stamps[h.head:] }

// forget drops dead stamps, and moves the others down when most are.
func (h *history) forget(dead int) {
	if h.head += dead; h.head*2 >= len(h.stamps) {
		h.stamps = h.stamps[:copy(h.stamps, h.live())]
		h.head = 0
	}
}

// A period is a clock window's span by the wall clock, kept until it is over.
type period struct{ from, to int64 }

// NewLimiter makes a MemoryLimiter in which all windows hold for each key. With
// a window that [Window.Validate] refuses, or none, every Take is an error that
// says so.
func NewLimiter(windows ...Window) *MemoryLimiter {
	l := &MemoryLimiter{windows: slices.Clone(windows), seed: maphash.MakeSeed(), base: time.Now()}
	l.fault = checkWindows(l.windows)
	for _, w := range l.windows {
		l.most = max(l.most, w.Count)
	}
	for i := range l.shards {
		l.shards[i].others = map[string]*history{}
		l.shards[i].periods = make([]period, len(windows))
		l.shards[i].numbers.setup(l.most, l.seed)
	}
	return l
}

// Take takes one of key's tokens if every window allows it. Of N callers at once
// exactly as many pass as the windows have room for.
func (l *MemoryLimiter) Take(_ context.Context, key string) (Token, error) {
	if l.fault != nil {
		return Token{}, l.fault
	}
	if err := checkKey(key); err != nil {
		return Token{}, err
	}
	number, hash, compact := l.place(key)
	s := &l.shards[hash%uint64(len(l.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	token := newToken(key, time.Now())
	v := view{at: l.since(token.At), wall: token.At.UnixNano(), limiter: l, periods: s.periods}
	v.refresh(token.At)
	if compact {
		token.Wait = s.numbers.take(number, l.stamp(token), &v)
	} else {
		token.Wait = s.take(key, l.stamp(token), &v)
	}
	return token, nil
}

// Return gives t back, as if it had never been taken.
func (l *MemoryLimiter) Return(_ context.Context, t Token) error {
	if l.fault != nil {
		return l.fault
	}
	number, hash, compact := l.place(t.Key)
	s := &l.shards[hash%uint64(len(l.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	if compact {
		s.numbers.drop(number, l.stamp(t))
		return nil
	}
	if h := s.others[t.Key]; h != nil {
		live := without(h.live(), l.stamp(t))
		h.stamps = h.stamps[:h.head+len(live)]
		if len(live) == 0 {
			delete(s.others, t.Key)
		}
	}
	return nil
}

// Len is how many keys are remembered now, some of which may be idle.
func (l *MemoryLimiter) Len() int {
	n := 0
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		n += s.numbers.used + len(s.others)
		s.mu.Unlock()
	}
	return n
}

// place tells where key is kept: as the number that it is, where that is worth
// while, else by its text.
func (l *MemoryLimiter) place(key string) (number, hash uint64, compact bool) {
	if l.most <= largestBlock {
		if number = packNumber(key); number != 0 {
			return number, maphash.Comparable(l.seed, number), true
		}
	}
	return 0, maphash.String(l.seed, key), false
}

// packNumber makes a number in E.164 an integer, one to one, because it never
// begins with a zero. What is none is 0.
func packNumber(key string) uint64 {
	if len(key) < 2 || len(key) > 16 || key[0] != '+' || key[1] == '0' {
		return 0
	}
	var n uint64
	for i := 1; i < len(key); i++ {
		digit := key[i] - '0'
		if digit > 9 {
			return 0
		}
		n = n*10 + uint64(digit)
	}
	return n
}

// take is the step of a key that is no number.
func (s *shard) take(key string, at stamp, v *view) time.Duration {
	h := s.others[key]
	if h == nil {
		s.sweep(v)
		h = &history{}
		s.others[strings.Clone(key)] = h
	}
	h.forget(v.dead(h.live()))
	if wait := v.wait(h.live()); wait > 0 {
		return wait
	}
	h.stamps = append(h.stamps, at)
	return 0
}

// sweep looks at a few of the other keys, wherever the map begins this time, and
// forgets the idle ones. Three for each new key keep the idle ones a third at most.
func (s *shard) sweep(v *view) {
	looked := 0
	for key, h := range s.others {
		if v.idle(h.live()) {
			delete(s.others, key)
		}
		if looked++; looked == 3 {
			return
		}
	}
}
