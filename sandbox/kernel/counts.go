package kernel

import (
	"crypto/sha256"
	"maps"
	"slices"
	"sync"
	"time"
)

// Counts remembers when things happened, by a key such as a number and a sender,
// for the limits that vendors hold. Its memory is bounded: if it is full, the
// keys of which nothing counts any more are forgotten first, then any. The zero
// value is not usable: see NewCounts. It may be used by any number of goroutines.
type Counts struct {
	life time.Duration
	max  int

	mu   sync.Mutex
	held int // bytes, about
	at   map[[16]byte][]int64
}

const (
	countsBytes    = 4 << 20
	countsKeyBytes = 112 // a key and its slice in the map, about
)

// NewCounts returns Counts in which a time counts for life.
func NewCounts(life time.Duration) *Counts {
	return &Counts{life: life, max: countsBytes, at: map[[16]byte][]int64{}}
}

// Take counts now for every key, or for none if allow returns false for one of
// them. Allow gets the index of the key and the times that count for it, oldest
// first; of a key that occurs twice the second time counts the first.
func (c *Counts) Take(now time.Time, keys []string, allow func(i int, earlier []time.Time) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.makeRoom(len(keys), now)
	counted := make(map[[16]byte][]int64, len(keys))
	for i, key := range keys {
		full := sha256.Sum256([]byte(key))
		sum := [16]byte(full[:16])
		times, ok := counted[sum]
		if !ok {
			times = slices.DeleteFunc(slices.Clone(c.at[sum]), func(at int64) bool { return !c.counts(at, now) })
		}
		earlier := make([]time.Time, len(times))
		for j, at := range times {
			earlier[j] = time.UnixMilli(at)
		}
		if !allow(i, earlier) {
			return false
		}
		counted[sum] = append(times, now.UnixMilli())
	}
	for sum, times := range counted {
		c.held += weighTimes(times) - weighTimes(c.at[sum])
	}
	maps.Copy(c.at, counted)
	return true
}

func (c *Counts) counts(at int64, now time.Time) bool { return now.Sub(time.UnixMilli(at)) < c.life }

func weighTimes(times []int64) int {
	if times == nil {
		return 0
	}
	return countsKeyBytes + 8*len(times)
}

// makeRoom sweeps seldom: if it must, it leaves a quarter of the room free.
func (c *Counts) makeRoom(n int, now time.Time) {
	if c.held+n*(countsKeyBytes+8) <= c.max {
		return
	}
	remove := func(sum [16]byte) {
		c.held -= weighTimes(c.at[sum])
		delete(c.at, sum)
	}
	for sum, times := range c.at {
		if !c.counts(times[len(times)-1], now) {
			remove(sum)
		}
	}
	for sum := range c.at {
		if c.held <= c.max*3/4 {
			return
		}
		remove(sum)
	}
}
