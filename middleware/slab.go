package middleware

// A slab holds runs of stamps of one size, in chunks, so that it grows without
// copying and wastes little.
type slab struct {
	size   int
	chunks [][]stamp
	next   uint32 // index of the first run never used
	freed  uint32 // index + 1 of a run given back; it holds the next one's
}

const perChunk = 64 // runs

// run gives the run at index.
func (s *slab) run(index uint32) []stamp {
	at := int(index%perChunk) * s.size
	return s.chunks[index/perChunk][at : at+s.size : at+s.size]
}

// alloc gives the index of a run that is all zero.
func (s *slab) alloc() uint32 {
	if s.freed != 0 {
		index := s.freed - 1
		run := s.run(index)
		s.freed = uint32(run[0])
		run[0] = 0
		return index
	}
	if int(s.next/perChunk) == len(s.chunks) {
		s.chunks = append(s.chunks, make([]stamp, perChunk*s.size))
	}
	s.next++
	return s.next - 1
}

// free takes the run at index back.
func (s *slab) free(index uint32) {
	run := s.run(index)
	clear(run)
	run[0] = stamp(s.freed)
	s.freed = index + 1
}

func (b block) slab() int     { return int(b & 15) }
func (b block) index() uint32 { return uint32(b >> 4) }

// fitting is the slab of the smallest runs that hold n stamps.
func (t *table) fitting(n int) int {
	for i := range t.slabs {
		if t.slabs[i].size >= n {
			return i
		}
	}
	return len(t.slabs) - 1 // never: no window lets more than the largest Count in
}

// alloc gives a block for n stamps, all zero.
func (t *table) alloc(n int) block {
	i := t.fitting(n)
	s := &t.slabs[i]
	switch {
	case s.freed != 0:
		t.waste -= s.size
	case int(s.next/perChunk) == len(s.chunks):
		t.room += perChunk * s.size
	}
	return block(s.alloc())<<4 | block(i)
}

// free takes b back.
func (t *table) free(b block) {
	s := &t.slabs[b.slab()]
	t.waste += s.size
	s.free(b.index())
}

// stamps gives the block of place i whole.
func (t *table) stamps(i int) []stamp {
	b := t.blocks[i]
	return t.slabs[b.slab()].run(b.index())
}

// inUse is the part of a block that holds stamps.
func inUse(run []stamp) []stamp {
	n := len(run)
	for n > 0 && run[n-1] == 0 {
		n--
	}
	return run[:n]
}
