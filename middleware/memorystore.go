package middleware

import (
	"container/list"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// A MemoryStore is a [Store] in the memory of one process. It holds a bounded number of
// keys. A full one forgets no key before its time is over: it returns an error for every
// new key, and works as before for the keys that it holds. Every method takes constant
// time.
type MemoryStore struct {
	// Logger logs a warning when the store is 80 % full. Set it before the first Claim.
	// If it is nil, nothing is logged.
	Logger *slog.Logger

	most   int
	mu     sync.Mutex // guards what follows
	keys   map[string]*record
	queues map[time.Duration]*list.List // of *record by ttl, in the order in which they end
	warned bool
}

// A record is a key and its answer.
type record struct {
	key      string
	id       [16]byte
	content  [32]byte
	answered bool
	answer   []byte
	until    time.Time

	queue *list.List
	place *list.Element
}

// NewMemoryStore returns a MemoryStore of at most so many keys. Zero or less means
// 1,000,000. A key with its answer needs about 400 bytes.
func NewMemoryStore(most int) *MemoryStore {
	if most <= 0 {
		most = 1_000_000
	}
	return &MemoryStore{most: most, keys: map[string]*record{}, queues: map[time.Duration]*list.List{}}
}

// Claim implements Store.
func (s *MemoryStore) Claim(_ context.Context, c Claim, ttl time.Duration) (Claimed, error) {
	claimed, warn, err := s.claim(c, ttl, time.Now())
	if warn && s.Logger != nil {
		s.Logger.Warn("the store of Deduplicate is 80 % full: when it is full, messages with a new Key are refused; allow more keys (DeduplicateKeys), or keep them for a shorter time",
			"keys", s.most*4/5, "most", s.most)
	}
	return claimed, err
}

func (s *MemoryStore) claim(c Claim, ttl time.Duration, now time.Time) (claimed Claimed, warn bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.keys[c.Key]; r != nil {
		if now.Before(r.until) {
			return r.claimed(c), false, nil
		}
		s.forget(r)
	}
	s.expire(now)
	if len(s.keys) >= s.most {
		return Claimed{}, false, fmt.Errorf("the store holds %d keys, which is the most that it may hold: allow more keys, or keep them for a shorter time", s.most)
	}
	r := &record{key: c.Key, id: c.ID, content: c.Content}
	s.keys[c.Key] = r
	s.append(r, ttl, now)
	warn = !s.warned && len(s.keys)*5 >= s.most*4
	s.warned = s.warned && len(s.keys)*2 > s.most || warn
	return Claimed{State: ClaimNew}, warn, nil
}

func (r *record) claimed(c Claim) Claimed {
	switch {
	case r.content != c.Content:
		return Claimed{State: ClaimOtherContent}
	case r.answered:
		return Claimed{State: ClaimAnswered, Answer: slices.Clone(r.answer)}
	case r.id == c.ID:
		return Claimed{State: ClaimNew}
	}
	return Claimed{State: ClaimInFlight}
}

// expire forgets a few of the keys whose time is over. Each claim adds at most one key
// and calls expire once, so such keys do not accumulate.
func (s *MemoryStore) expire(now time.Time) {
	for ttl, q := range s.queues {
		if q.Len() == 0 && len(s.queues) > 1 {
			delete(s.queues, ttl)
		}
		for n := 0; n < 4 && q.Len() > 0; n++ {
			first := q.Front().Value.(*record)
			if now.Before(first.until) {
				break
			}
			s.forget(first)
		}
	}
}

// append puts r last in the queue of ttl.
func (s *MemoryStore) append(r *record, ttl time.Duration, now time.Time) {
	q := s.queues[ttl]
	if q == nil {
		q = list.New()
		s.queues[ttl] = q
	}
	r.until = now.Add(ttl)
	if r.queue == q {
		q.MoveToBack(r.place)
		return
	}
	if r.queue != nil {
		r.queue.Remove(r.place)
	}
	r.queue, r.place = q, q.PushBack(r)
}

func (s *MemoryStore) forget(r *record) {
	r.queue.Remove(r.place)
	delete(s.keys, r.key)
}

// Keep implements Store.
func (s *MemoryStore) Keep(_ context.Context, key string, id [16]byte, answer []byte, ttl time.Duration) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.keys[key]; r != nil && r.id == id && now.Before(r.until) {
		r.answered, r.answer = true, slices.Clone(answer)
		s.append(r, ttl, now)
	}
	return nil
}

// Free implements Store.
func (s *MemoryStore) Free(_ context.Context, key string, id [16]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.keys[key]; r != nil && r.id == id {
		s.forget(r)
	}
	return nil
}

// Len returns how many keys are held, some of whose times may be over.
func (s *MemoryStore) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.keys)
}
