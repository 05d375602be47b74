package killtest

import (
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

const (
	oneDies   = 600 * time.Millisecond  // from the start
	othersDie = 2500 * time.Millisecond // longer than a lease after it: they have what it had
)

// RunTogether lets o.Together processes work on one store at once, kills one of
// them in the middle, and the others, which have gone on with what it had, later.
// Then it judges as Run does. Each of them has to have got work.
func RunTogether(t *testing.T, o Options) Counts {
	t.Helper()
	sb := sandboxtest.StartWith(t, sandbox.Options{MaxMessages: 1_000_000})
	log := newLog()
	var all sync.WaitGroup
	for run := range o.Together {
		all.Go(func() {
			after := othersDie
			if run == 0 {
				after = oneDies
			}
			if err := log.kill(t, plan{Place: o.Place, Endpoint: sb.URL, Ask: o.Ask, Run: run}, after); err != nil {
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
