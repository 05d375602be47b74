package aliyun

import (
	"hash/maphash"
	"sync"
	"time"
)

// claimsKept is how many messages a Provider remembers whose they are: those of
// 65 full calls. What is older Find cannot decide.
const claimsKept = 1 << 16

// A ledger knows which message of a call for several is whose, by the call's
// OutId and the number, so that Find does not take one for another. It keeps
// hashes only. A call with one message needs no claim: its OutId is the key.
type ledger struct {
	seed maphash.Seed

	mu     sync.Mutex
	owners map[uint64]uint64 // key by OutId and number
	claims map[uint64]int    // of each key
	order  []claim           // of owners: a ring once it is full
	oldest int               // of order, once it is full
	forgot time.Time         // when the last claim was made that is forgotten by now
}

type claim struct {
	message, key uint64
	at           time.Time
}

func newLedger() *ledger {
	return &ledger{seed: maphash.MakeSeed(), owners: map[uint64]uint64{}, claims: map[uint64]int{}}
}

// claim notes that a message is key's. It answers false, and changes nothing,
// where it is another key's.
func (l *ledger) claim(outID, phone, key string, at time.Time) bool {
	message, k := l.hash(outID, phone), l.hash(key, "")
	l.mu.Lock()
	defer l.mu.Unlock()
	if owner, ok := l.owners[message]; ok {
		return owner == k
	}
	l.owners[message] = k
	l.claims[k]++
	if len(l.order) < claimsKept {
		l.order = append(l.order, claim{message, k, at})
		return true
	}
	old := &l.order[l.oldest]
	delete(l.owners, old.message)
	if l.claims[old.key]--; l.claims[old.key] == 0 {
		delete(l.claims, old.key)
	}
	l.forgot = old.at
	*old = claim{message, k, at}
	l.oldest = (l.oldest + 1) % claimsKept
	return true
}

// owner tells whether a message is key's, or another's; neither where nobody has
// claimed it.
func (l *ledger) owner(outID, phone, key string) (mine, others bool) {
	message, k := l.hash(outID, phone), l.hash(key, "")
	l.mu.Lock()
	defer l.mu.Unlock()
	owner, claimed := l.owners[message]
	return claimed && owner == k, claimed && owner != k
}

// stranger tells whether a message that nobody has claimed may be key's: every
// claim since then is remembered, and none is key's.
func (l *ledger) stranger(key string, since time.Time) bool {
	k := l.hash(key, "")
	l.mu.Lock()
	defer l.mu.Unlock()
	return since.After(l.forgot) && l.claims[k] == 0
}

func (l *ledger) hash(a, b string) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	h.WriteString(a)
	h.WriteByte(0)
	h.WriteString(b)
	return h.Sum64()
}
