package kernel

import (
	"container/list"
	"context"
	"sync"
)

// What the sandbox holds beside messages, in bytes, about. With what it remembers
// (refused messages, faults, waiting reports, and what vendors remember) this is
// below 64 MiB: TestMemory holds it.
const (
	requestRoom = 16 << 20 // requests to vendors: bodies, and answers on their way
	listRoom    = 8 << 20  // listings of vendors
	controlRoom = 6 << 20  // requests to the control API and the inbox, and their answers
	connRoom    = 12 << 20 // connections and their headers

	requestBytes = 4 << 10 // a request without its body
	bodyFactor   = 8       // what parsing takes for each byte of a body
	listBytes    = 4 << 20 // a listing while it is made
	connBytes    = 12 << 10
	tlsBytes     = 36 << 10 // a connection by TLS, in all
)

// A room is so many bytes, of which requests take a part. If there are not enough
// left, they wait in order.
type room struct {
	size int

	mu      sync.Mutex
	taken   int
	waiting list.List // of *waiter
}

type waiter struct {
	n    int
	turn chan struct{} // closed when it has its bytes
}

func newRoom(size int) *room { return &room{size: size} }

// take waits until n bytes are left, or all if that is less, and returns the claim.
func (r *room) take(ctx context.Context, n int) (*claim, error) {
	n = min(n, r.size)
	r.mu.Lock()
	if r.waiting.Len() == 0 && r.taken+n <= r.size {
		r.taken += n
		r.mu.Unlock()
		return &claim{room: r, n: n}, nil
	}
	w := &waiter{n: n, turn: make(chan struct{})}
	place := r.waiting.PushBack(w)
	r.mu.Unlock()
	select {
	case <-w.turn:
		return &claim{room: r, n: n}, nil
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-w.turn: // it came at the same time
		r.give(n)
	default:
		r.waiting.Remove(place)
		r.give(0) // those behind it may have room now
	}
	return nil, ctx.Err()
}

// grow takes n bytes more at once, and reports whether they were left.
func (c *claim) grow(n int) bool {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	if c.room.taken+n > c.room.size {
		return false
	}
	c.room.taken += n
	c.n += n
	return true
}

// give returns bytes, and lets those in that now have room. The lock is held.
func (r *room) give(n int) {
	r.taken -= n
	for first := r.waiting.Front(); first != nil; first = r.waiting.Front() {
		w := first.Value.(*waiter)
		if r.taken+w.n > r.size {
			return
		}
		r.taken += w.n
		r.waiting.Remove(first)
		close(w.turn)
	}
}

// A claim is a part of a room.
type claim struct {
	room *room
	n    int
}

// shrink returns what is above n bytes. Nil is nothing that was claimed.
func (c *claim) shrink(n int) {
	if c == nil {
		return
	}
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	if n < c.n {
		c.room.give(c.n - n)
		c.n = n
	}
}
