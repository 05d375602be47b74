package middleware

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A Store remembers, for [Deduplicate], which keys were sent and what came of
// them. Each step is atomic, also between processes where the Store is shared.
// storetest.Run checks one. All methods may be called by any number of
// goroutines; an error means that nobody knows.
type Store interface {
	// Claim asks for c.Key. Where the Store does not remember it, it is from now on
	// c.ID's for ttl, without an answer: Claimed. Else nothing changes, and the
	// answer is OtherContent where the key was claimed with another Content,
	// InFlight where it has no answer yet, and Answered, with the answer, where it
	// has. A claim made again with the same ID is Claimed as long as it has no
	// answer.
	Claim(ctx context.Context, c Claim, ttl time.Duration) (Claimed, error)
	// Keep writes the answer of the claim that has this ID, for ttl from now on.
	// It changes nothing where the key is another's, or forgotten.
	Keep(ctx context.Context, key string, id [16]byte, answer []byte, ttl time.Duration) error
	// Free forgets the claim that has this ID. It changes nothing where the key is
	// another's.
	Free(ctx context.Context, key string, id [16]byte) error
}

// A Claim is one message that wants to be the only one of its key.
type Claim struct {
	Key string
	ID  [16]byte // random, of this claim
	// Content is a SHA-256 of what is to be sent. Whoever reads it and knows the
	// number finds a six-digit code by trying all: a Store outside of the process
	// keeps an HMAC of it under a secret of its own instead, and compares those.
	Content [32]byte
}

// ClaimState is what a Store knows of a key.
type ClaimState int

// The states of a key. The zero value is none of them.
const (
	ClaimNew          ClaimState = iota + 1 // nobody had it: it is the caller's now
	ClaimInFlight                           // another claim of the same content has no answer yet
	ClaimAnswered                           // another claim of the same content has its answer
	ClaimOtherContent                       // the key is that of another message
)

// Claimed is the answer to a Claim.
type Claimed struct {
	State  ClaimState
	Answer []byte // of ClaimAnswered
}

// A MemoryStore is a [Store] per process: another process, and this one after a
// restart, knows nothing of it. It is bounded: full of keys whose time is not
// over, it fails rather than forget one, and what it cannot remember is not sent.
type MemoryStore struct {
	most int

	mu      sync.Mutex
	records map[string]record
}

type record struct {
	id       [16]byte
	content  [32]byte
	answered bool
	answer   []byte
	until    time.Time
}

// NewMemoryStore makes a MemoryStore of at most so many keys; zero or less is
// 1,000,000. A key takes some 300 bytes.
func NewMemoryStore(most int) *MemoryStore {
	if most <= 0 {
		most = 1_000_000
	}
	return &MemoryStore{most: most, records: map[string]record{}}
}

// Claim implements Store.
func (s *MemoryStore) Claim(_ context.Context, c Claim, ttl time.Duration) (Claimed, error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[c.Key]
	switch {
	case ok && now.Before(r.until):
		return r.claimed(c), nil
	case !ok && !s.room(now):
		return Claimed{}, fmt.Errorf("the store holds %d keys, which is the most it may: give it more, or a shorter time", s.most)
	}
	s.records[c.Key] = record{id: c.ID, content: c.Content, until: now.Add(ttl)}
	return Claimed{State: ClaimNew}, nil
}

func (r record) claimed(c Claim) Claimed {
	switch {
	case r.content != c.Content:
		return Claimed{State: ClaimOtherContent}
	case r.answered:
		return Claimed{State: ClaimAnswered, Answer: append([]byte(nil), r.answer...)}
	case r.id == c.ID:
		return Claimed{State: ClaimNew}
	}
	return Claimed{State: ClaimInFlight}
}

// room forgets a few of the keys whose time is over, or all of them where the
// store is full, and tells whether another fits.
func (s *MemoryStore) room(now time.Time) bool {
	looked := 0
	for key, r := range s.records {
		if looked++; looked > 3 && len(s.records) < s.most {
			break
		}
		if !now.Before(r.until) {
			delete(s.records, key)
		}
	}
	return len(s.records) < s.most
}

// Keep implements Store.
func (s *MemoryStore) Keep(_ context.Context, key string, id [16]byte, answer []byte, ttl time.Duration) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[key]; ok && r.id == id && now.Before(r.until) {
		r.answered, r.answer, r.until = true, append([]byte(nil), answer...), now.Add(ttl)
		s.records[key] = r
	}
	return nil
}

// Free implements Store.
func (s *MemoryStore) Free(_ context.Context, key string, id [16]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[key]; ok && r.id == id {
		delete(s.records, key)
	}
	return nil
}

// Len is how many keys are remembered now, some of which may be over.
func (s *MemoryStore) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.records)
}
