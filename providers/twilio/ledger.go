package twilio

import (
	"hash/maphash"
	"sync"
	"time"
)

// claimsKept is how many messages a Provider remembers whose they are. It covers
// FindAfter at 500 messages a second; what is older Find cannot decide.
const claimsKept = 1 << 15

// A ledger knows which of Twilio's messages belong to which of our keys, and
// what is being sent just now, so that Find does not take one message for two.
// It keeps hashes only.
type ledger struct {
	seed maphash.Seed

	mu     sync.Mutex
	flying map[uint64]int    // sends in flight, by number and text
	owners map[uint64]uint64 // key by Message SID
	order  []claim           // of owners: a ring once it is full
	oldest int               // of order, once it is full
	forgot time.Time         // when the last claim was made that is forgotten by now
}

type claim struct {
	sid uint64
	at  time.Time
}

func newLedger() *ledger {
	return &ledger{seed: maphash.MakeSeed(), flying: map[uint64]int{}, owners: map[uint64]uint64{}}
}

// begin notes that a text is on its way to a number, until the returned function
// is called.
func (l *ledger) begin(to, text string) (end func()) {
	h := l.hash(to, text)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flying[h]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.flying[h]--; l.flying[h] == 0 {
			delete(l.flying, h)
		}
	}
}

// isFlying tells whether that text is on its way to that number.
func (l *ledger) isFlying(to, text string) bool {
	h := l.hash(to, text)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.flying[h] > 0
}

// claim notes that a message is key's. It answers false, and changes nothing,
// where it is another key's.
func (l *ledger) claim(sid, key string, at time.Time) bool {
	s, k := l.hash(sid, ""), l.hash(key, "")
	l.mu.Lock()
	defer l.mu.Unlock()
	if owner, ok := l.owners[s]; ok {
		return owner == k
	}
	l.owners[s] = k
	if len(l.order) < claimsKept {
		l.order = append(l.order, claim{s, at})
		return true
	}
	old := &l.order[l.oldest]
	delete(l.owners, old.sid)
	l.forgot = old.at
	*old = claim{s, at}
	l.oldest = (l.oldest + 1) % claimsKept
	return true
}

// owner tells whether a message is key's, or another's; neither where nobody
// has claimed it.
func (l *ledger) owner(sid, key string) (mine, others bool) {
	s, k := l.hash(sid, ""), l.hash(key, "")
	l.mu.Lock()
	defer l.mu.Unlock()
	owner, claimed := l.owners[s]
	return claimed && owner == k, claimed && owner != k
}

// remembers tells whether every claim since then is known.
func (l *ledger) remembers(since time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return since.After(l.forgot)
}

func (l *ledger) hash(a, b string) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	h.WriteString(a)
	h.WriteByte(0)
	h.WriteString(b)
	return h.Sum64()
}
