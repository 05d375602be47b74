package delivery

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// A MemoryStore keeps records in this process. It is bounded: the oldest record makes
// room for a new one.
type MemoryStore struct {
	max int

	mu      sync.Mutex // guards what follows
	records map[ID]*Record
	byKey   map[string][]ID
	own     []ID // in the order of arrival; some may be gone
	foreign []ID
	strange int // how many of records are not Own
	seq     int64
	queue   []queuedID
	owner   string
	until   time.Time
}

type queuedID struct {
	seq int64
	id  ID
}

var _ Store = (*MemoryStore)(nil)

// NewMemoryStore returns a store of at most max records, each of about a kilobyte.
// Records of other applications may be a tenth of them. A max below 10 is 10.
func NewMemoryStore(max int) *MemoryStore {
	if max < 10 {
		max = 10
	}
	return &MemoryStore{max: max, records: map[ID]*Record{}, byKey: map[string][]ID{}}
}

// Merge implements Store.
func (s *MemoryStore) Merge(ctx context.Context, records []Record, announce bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		s.merge(r, announce)
	}
	return nil
}

func (s *MemoryStore) merge(r Record, announce bool) {
	old, found := s.records[r.ID]
	if !found {
		old = &Record{}
	}
	joined, changed := Join(*old, r)
	switch {
	case !found:
		joined = r.fresh()
	case !changed:
		return
	}
	before := old.Current()
	if found {
		s.unindex(*old)
	} else {
		s.strange++
		s.foreign = append(s.foreign, r.ID)
	}
	if joined.Own && !old.Own {
		s.strange--
		s.own = append(s.own, r.ID)
	}
	s.records[r.ID] = &joined
	if joined.Key != "" {
		s.byKey[joined.Key] = append(s.byKey[joined.Key], r.ID)
	}
	if announce && joined.Own && (joined.Current() != before || !old.Own) {
		s.seq++
		s.queue = append(s.queue, queuedID{s.seq, r.ID})
	}
	s.makeRoom()
}

// makeRoom removes the oldest records that are too many.
func (s *MemoryStore) makeRoom() {
	for s.strange > max(1, s.max/10) && len(s.foreign) > 0 {
		if r, ok := s.records[s.foreign[0]]; ok && !r.Own {
			s.remove(*r)
		}
		s.foreign = s.foreign[1:]
	}
	for len(s.records) > s.max && len(s.own) > 0 {
		if r, ok := s.records[s.own[0]]; ok && r.Own {
			s.remove(*r)
		}
		s.own = s.own[1:]
	}
	if len(s.queue) > s.max {
		s.queue = slices.Clone(s.queue[len(s.queue)-s.max:])
	}
}

func (s *MemoryStore) unindex(r Record) {
	if r.Key == "" {
		return
	}
	ids := slices.DeleteFunc(s.byKey[r.Key], func(id ID) bool { return id == r.ID })
	if s.byKey[r.Key] = ids; len(ids) == 0 {
		delete(s.byKey, r.Key)
	}
}

func (s *MemoryStore) remove(r Record) {
	s.unindex(r)
	delete(s.records, r.ID)
	if !r.Own {
		s.strange--
	}
}

// tidy drops the places of records that are gone, so that they need no memory.
func (s *MemoryStore) tidy() {
	gone := func(id ID) bool { return s.records[id] == nil }
	s.own, s.foreign = slices.DeleteFunc(s.own, gone), slices.DeleteFunc(s.foreign, gone)
	s.queue = slices.DeleteFunc(s.queue, func(q queuedID) bool { return gone(q.id) })
}

// Find implements Store.
func (s *MemoryStore) Find(ctx context.Context, q Query, n int) ([]Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Record
	switch {
	case q.Key != "":
		for _, id := range s.byKey[q.Key] {
			found = append(found, *s.records[id])
		}
	case q.VendorID != "":
		found = s.all(func(r *Record) bool { return r.VendorID == q.VendorID })
	case len(q.Numbers) > 0:
		found = s.all(func(r *Record) bool { return r.Number != Hash{} && slices.Contains(q.Numbers, r.Number) })
	default:
		return nil, errors.New("delivery: the query selects nothing")
	}
	return first(found, n), nil
}

func (s *MemoryStore) all(match func(*Record) bool) (found []Record) {
	for _, r := range s.records {
		if match(r) {
			found = append(found, *r)
		}
	}
	return found
}

// first sorts records, the newest first, and returns up to n.
func first(records []Record, n int) []Record {
	slices.SortFunc(records, func(a, b Record) int {
		if c := b.Put.Compare(a.Put); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	return records[:min(n, len(records))]
}

// Pending implements Store.
func (s *MemoryStore) Pending(ctx context.Context, after, before time.Time, n int) ([]Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return first(s.all(func(r *Record) bool {
		return r.Own && r.Answer != AnswerRejected && r.State < sms.StateLost && !r.Put.Before(after) && r.Put.Before(before)
	}), n), nil
}

// Trim implements Store.
func (s *MemoryStore) Trim(ctx context.Context, own, foreign time.Time, n int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.all(func(r *Record) bool { return r.Put.Before(own) || !r.Own && r.Put.Before(foreign) })
	old = old[:min(n, len(old))]
	for _, r := range old {
		s.remove(r)
	}
	s.tidy()
	return len(old), nil
}

// Forget implements Store.
func (s *MemoryStore) Forget(ctx context.Context, numbers []Hash) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	theirs := s.all(func(r *Record) bool { return r.Number != Hash{} && slices.Contains(numbers, r.Number) })
	for _, r := range theirs {
		s.remove(r)
	}
	s.tidy()
	return len(theirs), nil
}

// Changes implements Store.
func (s *MemoryStore) Changes(ctx context.Context, owner string, lease time.Duration, after int64, n int) ([]Queued, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.owner != owner && s.until.After(now) {
		return nil, nil
	}
	s.owner, s.until = owner, now.Add(lease)
	var changes []Queued
	s.queue = slices.DeleteFunc(s.queue, func(q queuedID) bool { return s.records[q.id] == nil })
	for _, q := range s.queue {
		if q.seq > after && len(changes) < n {
			changes = append(changes, Queued{Seq: q.seq, Record: *s.records[q.id]})
		}
	}
	return changes, nil
}

// Tell implements Store.
func (s *MemoryStore) Tell(ctx context.Context, owner string, told []Queued) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner != owner || !s.until.After(time.Now()) {
		return nil
	}
	for _, q := range told {
		s.queue = slices.DeleteFunc(s.queue, func(one queuedID) bool { return one.seq == q.Seq })
		if r := s.records[q.Record.ID]; r != nil {
			r.Told = max(r.Told, q.Record.Current())
		}
	}
	return nil
}
