package outboxtable

import (
	"sync"
	"time"
)

// floorFor is how long a floor holds: messages that are due before it, which dead
// owners have left, wait that much longer.
const floorFor = 100 * time.Millisecond

// floors remember, for each class, before which time of being due nothing was ready
// a moment ago. InnoDB leaves what was handed out in the index until it is purged,
// and a look from the beginning reads all of that again.
type floors struct {
	mu sync.Mutex
	of map[string]floor
}

type floor struct {
	due   int64
	until time.Time
}

// get gives the floor of a class; zero: there is none.
func (f *floors) get(class string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one := f.of[class]; time.Now().Before(one.until) {
		return one.due
	}
	return 0
}

// set says that everything before due has been handed out, by a look from a floor;
// zero: from the beginning.
func (f *floors) set(class string, from, due int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.of[class]
	one.due = due
	if from == 0 {
		one.until = time.Now().Add(floorFor)
	}
	if f.of == nil {
		f.of = map[string]floor{}
	}
	f.of[class] = one
}
