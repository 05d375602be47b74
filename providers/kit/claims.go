package kit

import (
	"hash/maphash"
	"sync"
	"time"
)

// claimsKept is how many messages a provider remembers the owners of: 2 minutes at
// 500 messages a second. Ask cannot decide by content about an older time.
const claimsKept = 1 << 16

// claims records which of the vendor's messages belong to which of our keys, and
// which contents are being sent at this moment, so that Ask never takes one
// message for two. It covers one process; between processes the evidence is the
// outbox's. It keeps hashes only.
type claims struct {
	seed maphash.Seed

	mu      sync.Mutex
	flying  map[uint64]int    // sends in flight, by number and text
	owners  map[uint64]uint64 // key by mark
	perKey  map[uint64]int    // number of claims of a key
	order   []claim           // of owners; a ring once it is full
	oldest  int               // index into order, once it is full
	dropped time.Time         // when the newest forgotten claim was made
}

type claim struct {
	mark, key uint64
	at        time.Time
}

func newClaims() *claims {
	return &claims{seed: maphash.MakeSeed(), flying: map[uint64]int{}, owners: map[uint64]uint64{}, perKey: map[uint64]int{}}
}

// begin records that a text is being sent to a number, until end is called with the
// result.
func (c *claims) begin(number, text string) (content uint64) {
	content = c.hash(number) ^ c.hash(text)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flying[content]++
	return content
}

func (c *claims) end(content uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flying[content]--; c.flying[content] == 0 {
		delete(c.flying, content)
	}
}

// isFlying reports whether a text is being sent to a number.
func (c *claims) isFlying(number, text string) bool {
	h := c.hash(number) ^ c.hash(text)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flying[h] > 0
}

// claim records that the vendor's message with that mark is key's. It returns
// false and changes nothing if it is another key's.
func (c *claims) claim(mark, key string, at time.Time) bool {
	m, k := c.hash(mark), c.hash(key)
	c.mu.Lock()
	defer c.mu.Unlock()
	if owner, ok := c.owners[m]; ok {
		return owner == k
	}
	c.owners[m] = k
	c.perKey[k]++
	if len(c.order) < claimsKept {
		c.order = append(c.order, claim{m, k, at})
		return true
	}
	old := &c.order[c.oldest]
	delete(c.owners, old.mark)
	if c.perKey[old.key]--; c.perKey[old.key] == 0 {
		delete(c.perKey, old.key)
	}
	c.dropped = old.at
	*old = claim{m, k, at}
	c.oldest = (c.oldest + 1) % claimsKept
	return true
}

// owner reports whether a message is key's or another key's. Both are false if no
// key has claimed it.
func (c *claims) owner(mark, key string) (mine, others bool) {
	m, k := c.hash(mark), c.hash(key)
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, claimed := c.owners[m]
	return claimed && owner == k, claimed && owner != k
}

// remembers reports whether every claim since then is known.
func (c *claims) remembers(since time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return since.After(c.dropped)
}

// has reports whether key has claimed any message.
func (c *claims) has(key string) bool {
	k := c.hash(key)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.perKey[k] > 0
}

func (c *claims) hash(s string) uint64 { return maphash.String(c.seed, s) }
