package outbox

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// A dispatcher takes messages from the Engine as workers become free, the most
// urgent class first, and never claims one that no worker can begin at once.
type dispatcher struct {
	b       *Outbox
	pace    *pace
	settler *settler

	life, end   context.Context // the life of the loop; that of the sends, which is longer
	stop, abort context.CancelFunc
	loop        sync.WaitGroup
	workers     sync.WaitGroup

	mu      sync.Mutex         // guards what follows
	busy    []int              // workers of each class
	outages []outage           // of each class
	offered []bool             // classes that wanted last gave
	cancel  context.CancelFunc // of the Take under way; nil: there is none
	changed chan struct{}      // holds one when there may be more to ask for
}

func newDispatcher(b *Outbox) *dispatcher {
	d := &dispatcher{b: b, busy: make([]int, len(b.o.Classes)), outages: make([]outage, len(b.o.Classes)),
		offered: make([]bool, len(b.o.Classes)), changed: make(chan struct{}, 1)}
	d.life, d.stop = context.WithCancel(context.Background())
	d.end, d.abort = context.WithCancel(context.Background())
	d.pace = &pace{limiter: b.o.Limiter, key: b.o.LimiterKey}
	d.settler = newSettler(b.engine, b.log)
	return d
}

func (d *dispatcher) start() {
	d.settler.start()
	d.loop.Go(d.run)
}

// close stops the loop, waits for the workers, and in the end cuts them.
func (d *dispatcher) close(ctx context.Context) error {
	d.stop()
	d.loop.Wait()
	done := make(chan struct{})
	go func() { d.workers.Wait(); close(done) }()
	var cut error
	select {
	case <-done:
	case <-ctx.Done():
		cut = fmt.Errorf("outbox: sends in flight were ended: %w", ctx.Err())
		d.abort()
		late := time.AfterFunc(settleGrace, d.settler.giveUp)
		<-done
		late.Stop()
	}
	d.abort()
	return errors.Join(cut, d.settler.close())
}

// run takes and hands over until the loop's life ends.
func (d *dispatcher) run() {
	full := false // whether the last Take had all it asked for
	failures := 0
	for d.life.Err() == nil {
		runtime.Gosched() // workers whose ends came back together are all free first
		classes, n, wake := d.wanted()
		if n == 0 {
			d.idle(wake)
			continue
		}
		if !full {
			n = d.pace.first(n)
		}
		n, err := d.pace.tokens(d.life, n)
		if err == nil {
			var leases []Lease
			leases, err = d.take(classes, n, wake)
			full = len(leases) == n
			d.hand(leases)
		}
		switch {
		case err == nil:
			failures = 0
		case d.life.Err() == nil:
			failures++
			d.failed(err, failures)
		}
	}
	d.pace.release()
}

// wanted gives the classes that may be taken from, how many messages in all, and
// when that changes by itself.
func (d *dispatcher) wanted() (classes []string, n int, wake time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.changed: // it is looked at now
	default:
	}
	now := time.Now()
	free := d.b.o.Workers
	for _, busy := range d.busy {
		free -= busy
	}
	n = free
	clear(d.offered)
	for i, c := range d.b.o.Classes {
		room, until := d.outages[i].room(now, c.Workers-d.busy[i], d.busy[i])
		if !until.IsZero() && (wake.IsZero() || until.Before(wake)) {
			wake = until
		}
		if room <= 0 || free <= 0 {
			continue
		}
		d.offered[i] = true
		classes = append(classes, c.Name)
		n = min(n, room)
	}
	if len(classes) == 0 {
		n = 0
	}
	return classes, n, wake
}

// idle waits until something changes, at wake at the latest where there is one.
func (d *dispatcher) idle(wake time.Time) {
	var alarm <-chan time.Time
	if !wake.IsZero() {
		t := time.NewTimer(time.Until(wake))
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-d.life.Done():
	case <-d.changed:
	case <-alarm:
	}
}

// take asks the Engine, until a class may be taken from that it was not asked for.
func (d *dispatcher) take(classes []string, n int, wake time.Time) ([]Lease, error) {
	ctx, cancel := context.WithCancel(d.life)
	defer cancel()
	if !wake.IsZero() {
		t := time.AfterFunc(time.Until(wake), cancel)
		defer t.Stop()
	}
	d.mu.Lock()
	select {
	case <-d.changed: // since the classes were looked at
		cancel()
	default:
		d.cancel = cancel
	}
	d.mu.Unlock()
	leases, err := d.b.engine.Take(ctx, classes, n)
	d.mu.Lock()
	d.cancel = nil
	d.mu.Unlock()
	if err != nil && ctx.Err() != nil {
		err = nil // it was to look again
	}
	return leases, err
}

// failed waits after the store has failed, longer every time.
func (d *dispatcher) failed(err error, failures int) {
	delay := min(100*time.Millisecond<<min(failures-1, 10), 5*time.Second)
	d.b.log.Error("outbox: nothing can be taken", "error", err, "again_in", delay)
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-d.life.Done():
	case <-t.C:
	}
}

// hand gives each lease a worker. After the end of the loop's life nothing is
// begun any more, and leases go back as they were.
func (d *dispatcher) hand(leases []Lease) {
	ended := d.life.Err() != nil
	for _, l := range leases {
		class, ok := d.b.places[l.Class]
		if !ok { // not one of those asked for
			class = len(d.b.o.Classes) - 1
		}
		d.mu.Lock()
		d.busy[class]++
		d.mu.Unlock()
		d.pace.use(d.life)
		d.workers.Go(func() {
			defer d.free(class)
			if ended {
				d.settler.settle(unchanged(l))
				return
			}
			d.work(l, class)
		})
	}
}

// unchanged puts a lease back as it was.
func unchanged(l Lease) End {
	r := Record{State: Queued, At: l.At, Tries: l.Last.Tries, Story: l.Last.Story}
	if l.Last.State == Sending {
		r.State = Sending
	}
	if l.Last.State == Queued {
		r.At = l.Last.At
	}
	return End{Lease: l, Record: r}
}

// free gives a worker back, and lets the loop look again where that matters.
func (d *dispatcher) free(class int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy[class]--
	d.look(class)
}

// look wakes the loop, unless it asks for class anyhow. Under mu.
func (d *dispatcher) look(class int) {
	switch {
	case d.offered[class]:
		return
	case d.cancel != nil:
		d.cancel()
		return
	}
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// came tells the outage of a class what a call came to, and gives until when the
// class pauses; zero: it does not.
func (d *dispatcher) came(class int, v verdict) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.outages[class].until
	until := d.outages[class].came(time.Now(), v, d.b.o)
	if until.IsZero() != was.IsZero() {
		name := d.b.o.Classes[class].Name
		if until.IsZero() {
			d.b.log.Info("outbox: the class goes on", "class", name)
		} else {
			d.b.log.Warn("outbox: the class pauses: its vendors fail", "class", name, "until", until, "reason", v.reason)
		}
		d.look(class)
	}
	return until
}
