package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/sms"
)

// A dispatcher is one pool of workers, and a loop for each engine that takes
// messages for them, the most urgent class first. It never claims a message that
// no worker can begin at once. A worker is free when the end of its message is on
// disk, or about to be.
type dispatcher struct {
	b     *Outbox
	pace  *pace // nil: no limit
	loops []*loop
	tasks chan task

	// life ends when no more messages are begun; call when calls are cut off; store
	// when Close waits no longer for the store.
	life, call, store           context.Context
	stopLife, stopCall, giveUp  context.CancelFunc
	running, workers, hooks, io sync.WaitGroup
	lost                        atomic.Int64 // ends that could not be recorded

	mu       sync.Mutex // guards what follows
	busy     []int      // messages of each class whose end is not on disk
	reserved []int      // of each class, by Exchanges under way
	outages  []outage   // of each class
}

func newDispatcher(b *Outbox) *dispatcher {
	n := len(b.o.Classes)
	d := &dispatcher{b: b, tasks: make(chan task, b.o.Workers), busy: make([]int, n), reserved: make([]int, n), outages: make([]outage, n)}
	d.life, d.stopLife = context.WithCancel(context.Background())
	// A message must not wait for our own pace in a worker. It is put back until its turn.
	d.call, d.stopCall = context.WithCancel(sms.WithTurn(context.Background(), time.Time{}))
	d.store, d.giveUp = context.WithCancel(context.Background())
	if b.o.Limiter != nil {
		d.pace = newPace(b.o.Limiter, b.o.LimiterKey, func(err error, again time.Duration) {
			b.log.Error("outbox: the limit of calls cannot be counted", "error", err, "again_in", again)
		}, d.look)
	}
	for _, e := range parts(b.engine) {
		d.loops = append(d.loops, newLoop(d, e))
	}
	return d
}

func (d *dispatcher) start() {
	if d.pace != nil {
		d.io.Go(func() { d.pace.run(d.life) })
	}
	for range d.b.o.Workers {
		d.workers.Go(d.work)
	}
	for _, l := range d.loops {
		d.running.Go(l.run)
	}
}

// work does one task after another.
func (d *dispatcher) work() {
	for t := range d.tasks {
		class := t.class
		one := t.run(d.call, func(r result) time.Duration { return d.came(class, r) })
		t.loop.ended(one)
	}
}

// close stops the loops, waits for the workers, and in the end cuts them.
func (d *dispatcher) close(ctx context.Context) error {
	d.stopLife()
	d.look()
	done := make(chan struct{})
	go func() {
		d.running.Wait()
		close(d.tasks)
		d.workers.Wait()
		d.hooks.Wait()
		d.io.Wait()
		close(done)
	}()
	var cut error
	select {
	case <-done:
	case <-ctx.Done():
		cut = fmt.Errorf("outbox: sends in flight were ended: %w", ctx.Err())
		d.stopCall()
		late := time.AfterFunc(settleGrace, d.giveUp)
		<-done
		late.Stop()
	}
	d.stopCall()
	d.giveUp()
	if n := d.lost.Load(); n > 0 {
		cut = errors.Join(cut, fmt.Errorf("outbox: %d ends could not be recorded: these messages are in doubt, as after a crash", n))
	}
	return cut
}

// look makes every loop look anew at what it may take.
func (d *dispatcher) look() {
	for _, l := range d.loops {
		l.look()
	}
}

// A reservation is what one Exchange may claim.
type reservation struct {
	wants []Want
	n     int
	wake  time.Time // when there may be more by itself; zero: never
	place []int     // of each want in Options.Classes
}

// heldLook is how long after a class was found held that is asked again.
const heldLook = time.Second

// reserve returns what may be claimed beside ends, whose workers are free when
// they are recorded, and keeps it from other loops.
func (d *dispatcher) reserve(ends []ending) (r reservation) {
	if d.life.Err() != nil {
		return r
	}
	now := time.Now()
	held := make([]bool, len(d.b.o.Classes))
	for i, c := range d.b.o.Classes {
		if held[i] = d.b.o.Held != nil && d.b.o.Held(c.Name); held[i] {
			r.wake = now.Add(heldLook)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	busy := slices.Clone(d.busy)
	for _, e := range ends {
		busy[e.class]--
	}
	free := d.b.o.Workers
	for i := range busy {
		busy[i] += d.reserved[i]
		free -= busy[i]
	}
	for i, c := range d.b.o.Classes {
		if held[i] {
			continue
		}
		room, until := d.outages[i].room(now, min(free, c.Workers-busy[i]), busy[i])
		if !until.IsZero() && (r.wake.IsZero() || until.Before(r.wake)) {
			r.wake = until
		}
		if room > 0 {
			r.wants, r.place = append(r.wants, Want{Class: c.Name, N: room}), append(r.place, i)
		}
	}
	if len(r.wants) > 0 {
		r.n = free
	}
	d.hold(r, +1)
	return r
}

// hold keeps, or frees, what r may claim: no more than r.n in all, which is counted
// for its first classes.
func (d *dispatcher) hold(r reservation, sign int) {
	left := r.n
	for i, w := range r.wants {
		n := min(w.N, left)
		d.reserved[r.place[i]] += sign * n
		left -= n
	}
}

// exchanged counts what an Exchange has recorded and claimed.
func (d *dispatcher) exchanged(r reservation, recorded []ending, leases []Lease) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hold(r, -1)
	for _, e := range recorded {
		d.busy[e.class]--
	}
	for _, l := range leases {
		d.busy[d.place(l)]++
	}
}

// place is that of a lease's class in Options.Classes.
func (d *dispatcher) place(l Lease) int {
	if i, ok := d.b.places[l.Class]; ok {
		return i
	}
	return len(d.b.o.Classes) - 1 // not one of those asked for
}

// came takes the result of a call in, and returns how long the class pauses.
func (d *dispatcher) came(class int, r result) time.Duration {
	d.mu.Lock()
	was := d.outages[class].until
	pause := d.outages[class].came(time.Now(), r, d.b.o)
	until := d.outages[class].until
	d.mu.Unlock()
	if until.IsZero() != was.IsZero() {
		name := d.b.o.Classes[class].Name
		if until.IsZero() {
			d.b.log.Info("outbox: the class goes on", "class", name)
		} else {
			d.b.log.Warn("outbox: the class pauses: its vendors fail", "class", name, "until", until, "reason", r.reason)
		}
		d.look()
	}
	return pause
}

// after calls Options.OnEnd for what has ended.
func (d *dispatcher) after(recorded []ending) {
	if d.b.o.OnEnd == nil || len(recorded) == 0 {
		return
	}
	d.hooks.Go(func() {
		for _, e := range recorded {
			if s := e.State; s.Ended() || s == Held || s == Dead {
				d.b.onEnd(d.call, Record{Key: e.Lease.Key, Class: e.Lease.Class, State: s, At: time.Now(), Tries: e.Tries, Story: e.Story})
			}
		}
	})
}
