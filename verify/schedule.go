package verify

import (
	"container/heap"
	"time"
)

// A schedule holds everything that a MemoryStore keeps by the time when it is to
// be looked at again. An entry that lasts longer than was thought stays where it
// is until then, and is put back: no step has to move it.
type schedule []kept

// kept is an entry of a MemoryStore.
type kept interface {
	scheduled() *due
	over() time.Time     // when it may be forgotten
	remove(*MemoryStore) // forgets it
}

// due is when an entry is to be looked at.
type due struct {
	at time.Time // zero: it is not in the schedule
}

func (d *due) scheduled() *due { return d }

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].scheduled().at.Before(s[j].scheduled().at) }
func (s schedule) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *schedule) Push(x any)        { *s = append(*s, x.(kept)) }

func (s *schedule) Pop() any {
	last := len(*s) - 1
	k := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return k
}

// put makes sure that k is looked at, at or before at. Later is not needed: what
// it then turns out to last is asked again.
func (s *schedule) put(k kept, at time.Time) {
	if d := k.scheduled(); d.at.IsZero() {
		d.at = at
		heap.Push(s, k)
	}
}

// atOnce is how many entries a step looks at: more than it can add, so that what
// is over does not pile up, and few enough that no step is long.
const atOnce = 8

// forget looks at a few entries whose time has come.
func (m *MemoryStore) forget(now time.Time) {
	for range atOnce {
		if !m.forgetOne(now) {
			return
		}
	}
}

// room tells whether n more may be kept, after everything that is over has been
// forgotten where that is needed.
func (m *MemoryStore) room(now time.Time, n int) bool {
	for m.used+n > m.size && m.forgetOne(now) {
	}
	return m.used+n <= m.size
}

// forgetOne looks at the first entry, and tells whether its time had come.
func (m *MemoryStore) forgetOne(now time.Time) bool {
	if len(m.due) == 0 || m.due[0].scheduled().at.After(now) {
		return false
	}
	first := m.due[0]
	if over := first.over(); over.After(now) {
		first.scheduled().at = over
		heap.Fix(&m.due, 0)
		return true
	}
	heap.Pop(&m.due)
	first.remove(m)
	return true
}

func (r *storedRecord) over() time.Time { return r.Record.Until() }
func (p *storedProof) over() time.Time  { return p.ProofRecord.Until }
func (c *storedCell) over() time.Time   { return c.Until(c.key.Per) }
func (t *storedTokens) over() time.Time {
	if len(t.Tokens) == 0 {
		return time.Time{}
	}
	return t.until
}

func (r *storedRecord) remove(m *MemoryStore) {
	delete(m.records, r.key)
	m.used--
}

func (p *storedProof) remove(m *MemoryStore) {
	delete(m.proofs, p.key)
	m.used--
}

func (c *storedCell) remove(m *MemoryStore) {
	delete(m.cells, c.key)
	m.used--
}

func (t *storedTokens) remove(m *MemoryStore) {
	delete(m.limits, t.key)
	m.used -= t.weight
}
