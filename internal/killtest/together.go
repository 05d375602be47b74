package killtest

import (
	"sync"
	"testing"
	"time"
)

// othersDie is how long after the first one the others are killed: longer than a
// lease, so that they have got what it had.
const othersDie = 2 * time.Second

// RunTogether lets o.Together processes work on one store at once, kills one of
// them in the middle, and the others, which have gone on with what it had, later.
// Then it judges as Run does. Each of them has to have got work.
func RunTogether(t *testing.T, o Options) Counts {
	t.Helper()
	sb := o.sandbox(t)
	log := newLog()
	first := make(chan struct{}) // closed when it has been dead for a while
	var all sync.WaitGroup
	for run := range o.Together {
		come := log.working(run)
		all.Go(func() {
			due, ended := come, make(chan struct{})
			if run == 0 {
				defer time.AfterFunc(othersDie, func() { close(first) })
			} else {
				due = both(first, come, ended)
			}
			defer close(ended)
			if err := log.kill(t, o.plan(sb, run), due); err != nil {
				t.Errorf("process %d: %v", run, err)
			}
		})
	}
	all.Wait()
	for run := range o.Together {
		if log.takes[run] == 0 {
			t.Errorf("process %d of %d was handed nothing", run, o.Together)
		}
	}
	c := Counts{Kills: o.Together, Acknowledged: len(log.acknowledged), HandedOut: len(log.taken), EndedSeen: len(log.ended)}
	finish(t, o, sb, log, &c)
	return c
}

// both is closed when a and b are, unless the third is before.
func both(a, b, ended <-chan struct{}) chan struct{} {
	c := make(chan struct{})
	go func() {
		for _, one := range []<-chan struct{}{a, b} {
			select {
			case <-one:
			case <-ended:
				return
			}
		}
		close(c)
	}()
	return c
}
