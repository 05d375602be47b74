package outboxtable

import (
	"sync"
	"time"
)

const (
	// floorShare is how many times as long as a look from the beginning has taken its
	// floor holds, so that such looks cost a tenth at most. What is due before the
	// floor, such as what a dead owner has left or a long transaction has put, waits
	// that much longer.
	floorShare = 10
	// floorSlack is how far under the store's time the floor of an empty class is.
	floorSlack = int64(time.Second / time.Microsecond)
)

// floors remember, for each class, before which time of being due nothing was ready
// a moment ago. What was handed out stays in the index until it is purged, as long
// as any snapshot needs it, and a look from the beginning reads all of that again.
type floors struct {
	mu sync.Mutex
	of map[string]floor
}

type floor struct {
	due   int64
	until time.Time
}

// get returns the floor of a class; zero: there is none.
func (f *floors) get(class string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one := f.of[class]; time.Now().Before(one.until) {
		return one.due
	}
	return 0
}

// set says that nothing due before due is ready, by a look from a floor that took so
// long; a floor of zero is the beginning.
func (f *floors) set(class string, from, due int64, took time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.of[class]
	if due < one.due && from != 0 {
		return
	}
	one.due = due
	if from == 0 {
		one.until = time.Now().Add(floorShare * took)
	}
	if f.of == nil {
		f.of = map[string]floor{}
	}
	f.of[class] = one
}

// drop forgets all floors: something was made ready that may be due before them.
func (f *floors) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.of)
}
