package kit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestClaims_oneOwner(t *testing.T) {
	c := newClaims()
	now := time.Now()
	for range 2 {
		if !c.claim("id-1", "key-1", now) {
			t.Error("a key cannot claim a message, or not twice")
		}
	}
	if c.claim("id-1", "key-2", now) {
		t.Error("a second key claims the message too")
	}
	if mine, others := c.owner("id-1", "key-2"); mine || !others {
		t.Errorf("to the second key the message is mine %v, another's %v", mine, others)
	}
	if mine, others := c.owner("id-2", "key-1"); mine || others {
		t.Errorf("a message that nobody has claimed is mine %v, another's %v", mine, others)
	}
	if !c.has("key-1") || c.has("key-2") {
		t.Error("key-1 has a claim, and key-2 has none")
	}
}

func TestClaims_manyKeysAtOnce(t *testing.T) {
	c := newClaims()
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			if c.claim("id-1", fmt.Sprint("key-", i), time.Now()) {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d keys own one message", won.Load())
	}
}

// The claims of a process are bounded. What has been forgotten makes a question about
// that time undecided.
func TestClaims_bounded(t *testing.T) {
	const more = 500
	c := newClaims()
	start := time.Unix(1_700_000_000, 0)
	at := func(i int) time.Time { return start.Add(time.Duration(i) * time.Second) }
	for i := range claimsKept + more {
		c.claim(fmt.Sprint("id-", i), fmt.Sprint("key-", i/2), at(i))
	}
	if len(c.owners) != claimsKept || len(c.order) != claimsKept || len(c.perKey) != claimsKept/2 {
		t.Errorf("of %d claims %d owners, %d in order and %d keys are kept, want %d, %d and %d",
			claimsKept+more, len(c.owners), len(c.order), len(c.perKey), claimsKept, claimsKept, claimsKept/2)
	}
	if mine, others := c.owner(fmt.Sprint("id-", more-1), fmt.Sprint("key-", (more-1)/2)); mine || others {
		t.Error("the oldest claims are not the ones that are forgotten")
	}
	if mine, _ := c.owner(fmt.Sprint("id-", more), fmt.Sprint("key-", more/2)); !mine {
		t.Error("a claim is forgotten before an older one")
	}
	if c.remembers(at(more - 1)) {
		t.Error("it remembers every claim since a time at which one was made that is forgotten")
	}
	if !c.remembers(at(more)) {
		t.Error("it does not remember the claims since a time after which none is forgotten")
	}
}

// Sends in flight leave nothing behind.
func TestClaims_flying(t *testing.T) {
	c := newClaims()
	one, two := c.begin("+4479", "hello"), c.begin("+4479", "hello")
	c.end(one)
	if !c.isFlying("+4479", "hello") {
		t.Error("of two sends one has ended, and none is in flight")
	}
	c.end(two)
	if c.isFlying("+4479", "hello") || len(c.flying) != 0 {
		t.Errorf("both sends have ended, and %d are kept", len(c.flying))
	}
}
