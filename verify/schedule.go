package verify

import "time"

// A schedule holds everything that a MemoryStore keeps by the minute in which it
// is to be looked at. An entry that lasts longer than was thought stays where it
// is until then, and is put back: no step has to move it.
type schedule struct {
	minutes map[int64][]kept
	next    int64 // the first minute that may hold entries
}

// kept is an entry of a MemoryStore.
type kept interface {
	scheduled() *due
	over() time.Time     // when it may be forgotten
	remove(*MemoryStore) // forgets it
}

// due is the part of an entry that a schedule needs.
type due struct {
	waits bool // it is in the schedule
}

func (d *due) scheduled() *due { return d }

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// put makes sure that k is looked at, in the minute after at or before. Later is
// not needed: how long it then turns out to last is asked again.
func (s *schedule) put(k kept, at time.Time) {
	d := k.scheduled()
	if d.waits {
		return
	}
	d.waits = true
	minute := minuteOf(at) + 1 // by then it is over
	if len(s.minutes) == 0 {
		s.next = minute
	}
	s.next = min(s.next, minute)
	if s.minutes == nil {
		s.minutes = map[int64][]kept{}
	}
	s.minutes[minute] = append(s.minutes[minute], k)
}

// pop takes an entry out whose minute has come.
func (s *schedule) pop(now time.Time) (kept, bool) {
	for len(s.minutes) > 0 && s.next <= minuteOf(now) {
		waiting := s.minutes[s.next]
		if len(waiting) == 0 {
			delete(s.minutes, s.next)
			s.next++
			continue
		}
		last := len(waiting) - 1
		k := waiting[last]
		waiting[last] = nil
		s.minutes[s.next] = waiting[:last]
		k.scheduled().waits = false
		return k, true
	}
	return nil, false
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

// forgetOne looks at one entry whose time may have come, and tells whether there
// was one.
func (m *MemoryStore) forgetOne(now time.Time) bool {
	k, ok := m.due.pop(now)
	if !ok {
		return false
	}
	if over := k.over(); over.After(now) {
		m.due.put(k, over)
	} else {
		k.remove(m)
	}
	return true
}

func (r *storedRecord) over() time.Time  { return r.Record.Until() }
func (p *storedProof) over() time.Time   { return p.ProofRecord.Until }
func (c *storedCell) over() time.Time    { return c.Until(c.key.Per) }
func (c *storedCounter) over() time.Time { return c.Until() }
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

func (c *storedCounter) remove(m *MemoryStore) {
	delete(m.counters, c.key)
	m.used--
}

func (t *storedTokens) remove(m *MemoryStore) {
	delete(m.limits, t.key)
	m.used -= t.weight
}
