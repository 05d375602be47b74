package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrFull is why a MemoryStore takes nothing new.
var ErrFull = errors.New("verify: the memory store is full: it forgets no limit and no failure to make room")

// memorySize is how much a MemoryStore keeps: codes, proofs, tokens of limits,
// counters of answers and cells of the tally together. Full, it holds some 250 MB.
const memorySize = 1 << 20

// A MemoryStore is a Store, and a Tally, per process: another process neither
// knows its codes nor shares its limits, and a restart forgets all of it. It is
// for programs that run as one process, and for tests.
//
// It is bounded. Full, it refuses to take, and so Start refuses to send, until
// enough of what it keeps is over: a flood of other numbers must not be a way to
// reset a count. It never refuses the check of a code that waits: answers of an
// address that it has no room to count are counted for their number alone. What is over is forgotten along the way; no goroutine runs.
type MemoryStore struct {
	mu       sync.Mutex // guards what follows; every step runs under it
	size     int        // how much may be kept
	used     int        // codes, proofs, tokens and cells
	records  map[Subject]*storedRecord
	proofs   map[proofKey]*storedProof
	limits   map[limitKey]*storedTokens
	counters map[limitKey]*storedCounter
	cells    map[Cell]*storedCell
	due      schedule
}

type proofKey struct {
	Subject
	id ID
}

type limitKey struct{ scope, of string }

type storedRecord struct {
	due
	key Subject
	Record
}

type storedProof struct {
	due
	key proofKey
	ProofRecord
}

type storedTokens struct {
	due
	key limitKey
	Tokens
	until  time.Time
	weight int // what it adds to used
}

type storedCounter struct {
	due
	key limitKey
	Counter
}

type storedCell struct {
	due
	key Cell
	Slots
}

var _ Tally = (*MemoryStore)(nil)

// NewMemoryStore makes an empty MemoryStore. It may hold a million codes, proofs
// and uses of a limit, some 250 MB; a first Start needs five of them.
func NewMemoryStore() *MemoryStore { return newMemoryStore(memorySize) }

// NewMemoryStoreSize makes a MemoryStore that holds at most size codes, proofs
// and uses of a limit together. A size below 1 is 1, and room for nothing.
func NewMemoryStoreSize(size int) *MemoryStore { return newMemoryStore(max(1, size)) }

func newMemoryStore(size int) *MemoryStore {
	return &MemoryStore{
		size:     size,
		records:  map[Subject]*storedRecord{},
		proofs:   map[proofKey]*storedProof{},
		limits:   map[limitKey]*storedTokens{},
		counters: map[limitKey]*storedCounter{},
		cells:    map[Cell]*storedCell{},
	}
}

// Take takes one token of every limit, or none.
func (m *MemoryStore) Take(ctx context.Context, id ID, limits []Limit) (refused int, wait time.Duration, err error) {
	if err := ctx.Err(); err != nil {
		return -1, 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.take(time.Now(), id, limits)
}

func (m *MemoryStore) take(now time.Time, id ID, limits []Limit) (refused int, wait time.Duration, err error) {
	m.forget(now)
	fits := m.room(now, len(limits)) // before the look-ups: it may forget what they find
	found := make([]*storedTokens, 0, 8)
	refused = -1
	for i, l := range limits {
		s := m.limits[limitKey{l.Scope, l.Of}]
		found = append(found, s)
		if s == nil {
			continue
		}
		if w := s.Wait(now, l.Windows, id); w > wait {
			refused, wait = i, w
		}
	}
	if wait > 0 {
		return refused, wait, nil
	}
	if !fits {
		return -1, 0, ErrFull
	}
	for i, l := range limits {
		s := found[i]
		if s == nil {
			s = &storedTokens{key: limitKey{l.Scope, l.Of}}
			m.limits[s.key] = s
		}
		s.Tokens = s.take(now, l.Windows, id)
		s.until = latest(s.until, s.Until(l.Windows))
		m.weigh(s)
		m.due.put(s, s.until)
	}
	return -1, 0, nil
}

// Return gives back the tokens of id.
func (m *MemoryStore) Return(ctx context.Context, id ID, limits []Limit) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.giveBack(id, limits)
	return nil
}

func (m *MemoryStore) giveBack(id ID, limits []Limit) {
	for _, l := range limits {
		if s := m.limits[limitKey{l.Scope, l.Of}]; s != nil {
			s.Tokens = s.Return(id)
			m.weigh(s)
		}
	}
}

// weigh counts what s holds. An entry counts also while it is empty: it takes
// room until its time comes.
func (m *MemoryStore) weigh(s *storedTokens) {
	weight := max(1, len(s.Tokens))
	m.used += weight - s.weight
	s.weight = weight
}

// Begin gives the code that counts.
func (m *MemoryStore) Begin(ctx context.Context, s BeginStep) (Begun, error) {
	if err := ctx.Err(); err != nil {
		return Begun{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.forget(now)
	stored := m.records[s.Subject]
	if stored == nil {
		if !m.room(now, 1) {
			return Begun{}, ErrFull
		}
		stored = &storedRecord{key: s.Subject}
		m.records[s.Subject] = stored
		m.used++
	}
	next, begun := stored.Begin(now, s)
	m.keep(stored, next)
	return begun, nil
}

// Check judges an answer.
func (m *MemoryStore) Check(ctx context.Context, s CheckStep) (Checked, error) {
	return m.CheckVerified(ctx, s, nil)
}

// Redeem takes a proof away.
func (m *MemoryStore) Redeem(ctx context.Context, to Subject, proof, id ID) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	stored := m.proofs[proofKey{to, proof}]
	if stored == nil {
		return false, nil
	}
	next, ok := stored.ProofRecord.Redeem(time.Now(), id)
	stored.ProofRecord = next
	return ok, nil
}

// TakeSent takes and counts.
func (m *MemoryStore) TakeSent(ctx context.Context, id ID, limits []Limit, cells []Cell) (refused int, wait time.Duration, shares []Share, err error) {
	if err := ctx.Err(); err != nil {
		return -1, 0, nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	refused, wait, err = m.take(now, id, limits)
	if err != nil || wait > 0 {
		return refused, wait, nil, err
	}
	shares = make([]Share, len(cells))
	for i, c := range cells {
		if stored := m.cells[c]; stored != nil {
			shares[i] = stored.Sum(now, c.Per)
		}
		m.count(now, c, 1, 0)
	}
	return refused, 0, shares, nil
}

// ReturnSent gives back and counts.
func (m *MemoryStore) ReturnSent(ctx context.Context, id ID, limits []Limit, cells []Cell) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.giveBack(id, limits)
	for _, c := range cells {
		m.count(time.Now(), c, -1, 0)
	}
	return nil
}

// CheckVerified judges and counts.
func (m *MemoryStore) CheckVerified(ctx context.Context, s CheckStep, cells []Cell) (Checked, error) {
	if err := ctx.Err(); err != nil {
		return Checked{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.forget(now)
	var record Record
	stored := m.records[s.Subject]
	if stored != nil {
		record = stored.Record
	}
	counters := make([]Counter, len(s.Answers), 2)
	for i, l := range s.Answers {
		if c := m.counters[limitKey{l.Scope, l.Of}]; c != nil {
			counters[i] = c.Counter
		}
	}
	record, counters, checked := Judge(now, record, counters, s)
	if stored != nil {
		m.keep(stored, record)
	}
	if checked.Verdict != Limited {
		m.countAnswer(now, s.Answers, counters)
	}
	if checked.Verdict != Right || checked.Again {
		return checked, nil
	}
	if s.Proof != (ID{}) {
		m.prove(now, s)
	}
	for _, c := range cells {
		m.count(now, c, 0, 1)
	}
	return checked, nil
}

// countAnswer stores counters. A new one that there is no room for is left out: the
// check of a waiting code must not fail for it. Counters fill no more than a quarter
// of the store, so that answers cannot keep others from signing in.
func (m *MemoryStore) countAnswer(now time.Time, limits []Limit, counters []Counter) {
	for i, l := range limits {
		key := limitKey{l.Scope, l.Of}
		stored := m.counters[key]
		if stored == nil {
			if len(m.counters) >= m.size/4 || !m.room(now, 1) {
				continue
			}
			stored = &storedCounter{key: key}
			m.counters[key] = stored
			m.used++
		}
		stored.Counter = counters[i]
		m.due.put(stored, stored.Until())
	}
}

// keep stores what a step has made of a record.
func (m *MemoryStore) keep(stored *storedRecord, next Record) {
	stored.Record = next
	m.due.put(stored, next.Until())
}

// prove stores a proof. It asks for no room: the code that it comes from had it,
// and a right answer must not fail for others' numbers.
func (m *MemoryStore) prove(now time.Time, s CheckStep) {
	key := proofKey{s.Subject, s.Proof}
	stored := m.proofs[key]
	if stored == nil {
		stored = &storedProof{key: key}
		m.proofs[key] = stored
		m.used++
	}
	stored.ProofRecord = NewProof(now, s)
	m.due.put(stored, stored.ProofRecord.Until)
}

func (m *MemoryStore) count(now time.Time, c Cell, sent, verified int) {
	stored := m.cells[c]
	if stored == nil {
		if sent < 0 || !m.room(now, 1) {
			return
		}
		stored = &storedCell{key: c}
		m.cells[c] = stored
		m.used++
	}
	stored.Slots = stored.Add(now, c.Per, sent, verified)
	m.due.put(stored, stored.Until(c.Per))
}

// Format prints how much is kept, under every verb: numbers are not shown.
func (m *MemoryStore) Format(f fmt.State, _ rune) {
	if m == nil {
		fmt.Fprint(f, "no memory store")
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	fmt.Fprintf(f, "memory store: %d of %d in use", m.used, m.size)
}
