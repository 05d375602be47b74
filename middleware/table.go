package middleware

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"time"
)

// A table holds the stamps of telephone numbers by open addressing with linear
// probing, without a pointer for the garbage collector to follow: a number and
// where its block is take 12 bytes, whatever the library's map would take. Its
// methods are called under the shard's lock.
type table struct {
	seed   maphash.Seed
	keys   []uint64 // packed numbers; 0 is free
	blocks []block  // of the key at the same place
	used   int
	hand   int // the place that the sweep looks at next
	slabs  []slab
	waste  int // stamps in runs that were given back
	room   int // stamps in all runs
}

// A block names a run of stamps: its slab in the lower 4 bits, its index there
// above. What of it is not in use is zero.
type block uint32

// blockSizes are the stamps in a block of each slab, up to the largest Count,
// which comes last.
var blockSizes = [...]int{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48}

const (
	largestBlock = 64
	smallest     = 16 // places in a table
)

func (t *table) setup(most int, seed maphash.Seed) {
	t.seed = seed
	if most < 1 || most > largestBlock {
		return
	}
	for _, size := range blockSizes {
		if size < most {
			t.slabs = append(t.slabs, slab{size: size})
		}
	}
	t.slabs = append(t.slabs, slab{size: most})
}

// take adds at to key's stamps where every window has room, else it tells how
// long until it has.
func (t *table) take(key uint64, at stamp, v *view) time.Duration {
	i, found := t.find(key)
	if !found {
		defer t.sweep(4, v)
		if (t.used+1)*8 > len(t.keys)*7 {
			t.grow(v)
			i, _ = t.find(key)
		}
		t.keys[i], t.blocks[i] = key, t.alloc(1)
		t.stamps(i)[0] = at
		t.used++
		return 0
	}
	stamps := inUse(t.stamps(i))
	stamps = stamps[v.dead(stamps):]
	if wait := v.wait(stamps); wait > 0 {
		return wait
	}
	t.replace(i, stamps, at)
	if at%8 == 0 { // by the random part: now and then
		t.sweep(4, v)
	}
	return 0
}

// drop takes s out of key's stamps.
func (t *table) drop(key uint64, s stamp) {
	i, found := t.find(key)
	if !found {
		return
	}
	if len(without(inUse(t.stamps(i)), s)) == 0 { // slices.Delete leaves zeros behind
		t.remove(i)
	}
}

// replace makes stamps, which are part of place i's block, and at the block of i.
func (t *table) replace(i int, stamps []stamp, at stamp) {
	n := len(stamps) + 1
	old := t.blocks[i]
	if size := t.slabs[old.slab()].size; size >= n && t.fitting(n) == old.slab() {
		run := t.stamps(i)
		copy(run, stamps)
		run[n-1] = at
		clear(run[n:])
		return
	}
	t.blocks[i] = t.alloc(n)
	run := t.stamps(i)
	copy(run, stamps)
	run[n-1] = at
	t.free(old)
	if t.waste*8 > t.room+8*perChunk {
		t.compact()
	}
}

// find gives the place of key, or the one where it would be.
func (t *table) find(key uint64) (int, bool) {
	if len(t.keys) == 0 {
		return 0, false
	}
	for i := t.home(key); ; i = t.next(i) {
		switch t.keys[i] {
		case key:
			return i, true
		case 0:
			return i, false
		}
	}
}

// home is where key would be in an empty table: the upper part of its hash,
// since the lower has chosen the shard.
func (t *table) home(key uint64) int {
	high, _ := bits.Mul64(maphash.Comparable(t.seed, key), uint64(len(t.keys)))
	return int(high)
}

func (t *table) next(i int) int {
	if i++; i < len(t.keys) {
		return i
	}
	return 0
}

// remove takes place i out, and moves up what probing has put behind it.
func (t *table) remove(i int) {
	t.free(t.blocks[i])
	t.used--
	size := len(t.keys)
	for j := t.next(i); t.keys[j] != 0; j = t.next(j) {
		home := t.home(t.keys[j])
		if (j-home+size)%size >= (j-i+size)%size { // its way from home leads over i
			t.keys[i], t.blocks[i] = t.keys[j], t.blocks[j]
			i = j
		}
	}
	t.keys[i] = 0
}

// sweep looks at n places and forgets what is idle there. New numbers pay for
// four, so that idle ones never outgrow those in use; known ones now and then.
func (t *table) sweep(n int, v *view) {
	for range n {
		if t.hand >= len(t.keys) {
			t.hand = 0
		}
		if t.idle(t.hand, v) {
			t.remove(t.hand) // what moves up is looked at next
			continue
		}
		t.hand++
	}
	if len(t.keys) > smallest && t.used*8 < len(t.keys) {
		t.shrink()
	}
}

func (t *table) idle(i int, v *view) bool {
	return t.keys[i] != 0 && v.idle(inUse(t.stamps(i)))
}

// grow makes room: by forgetting idle keys, and where that is not enough by half as
// many places again.
func (t *table) grow(v *view) {
	for i := range t.keys {
		if t.idle(i, v) {
			t.free(t.blocks[i])
			t.keys[i] = 0
			t.used--
		}
	}
	size := max(len(t.keys), smallest)
	if t.used*8 >= size*5 {
		size += size / 2
	}
	t.resize(size)
}

// shrink gives memory back.
func (t *table) shrink() {
	t.compact()
	t.resize(max(t.used*2, smallest))
}

// compact moves all blocks together, so that what lies between is given back.
func (t *table) compact() {
	t.waste, t.room = 0, 0
	old := t.slabs
	t.slabs = slices.Clone(old)
	for i := range t.slabs {
		t.slabs[i] = slab{size: old[i].size}
	}
	for i, key := range t.keys {
		if key == 0 {
			continue
		}
		b := t.blocks[i]
		moved := t.alloc(old[b.slab()].size)
		copy(t.slabs[moved.slab()].run(moved.index()), old[b.slab()].run(b.index()))
		t.blocks[i] = moved
	}
}

// resize puts every key in its place among size places.
func (t *table) resize(size int) {
	keys, blocks := t.keys, t.blocks
	t.keys, t.blocks = make([]uint64, size), make([]block, size)
	t.hand = 0
	for i, key := range keys {
		if key != 0 {
			j, _ := t.find(key)
			t.keys[j], t.blocks[j] = key, blocks[i]
		}
	}
}
