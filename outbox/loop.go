package outbox

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/middleware"
)

// A loop exchanges ends for messages with one engine. Its ends are gathered while
// the last Exchange lasts.
type loop struct {
	d       *dispatcher
	engine  Engine
	changed chan struct{} // holds one if there may be something to do
	clock   clock
	waiting waiting

	mu      sync.Mutex
	pending []ending // ends that are not on disk
	hands   int      // messages that workers have
}

// mostEnds bounds the ends of one Exchange.
const mostEnds = 512

func newLoop(d *dispatcher, e Engine) *loop {
	return &loop{d: d, engine: e, changed: make(chan struct{}, 1)}
}

// look makes the loop look anew.
func (l *loop) look() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// ended gives the end of a message to the loop.
func (l *loop) ended(e ending) {
	l.mu.Lock()
	l.pending = append(l.pending, e)
	l.hands--
	l.mu.Unlock()
	l.look()
}

// gathered returns the ends that wait, and whether workers have messages still.
func (l *loop) gathered() (ends []ending, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.pending), mostEnds)
	ends = slices.Clone(l.pending[:n])
	l.pending = slices.Delete(l.pending, 0, n)
	return ends, l.hands > 0 || len(l.pending) > 0
}

// settle lets workers that are about to end give their ends first: a group without a
// timer.
func (l *loop) settle() {
	for before, now := -1, 0; now > before; {
		runtime.Gosched()
		before = now
		l.mu.Lock()
		now = len(l.pending)
		l.mu.Unlock()
	}
}

func (l *loop) back(ends ...ending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(ends, l.pending...)
}

// run goes on until the dispatcher's life has ended and every end is recorded, or
// given up.
func (l *loop) run() {
	defer l.waiting.stop()
	known := true // there may be something to claim
	full, failures := false, 0
	for {
		l.settle()
		ends, more := l.gathered()
		if len(ends) == 0 && !more && l.d.life.Err() != nil {
			return
		}
		r := l.d.reserve(ends)
		if len(ends) == 0 && (r.n == 0 || !known) {
			l.d.exchanged(r, nil, nil)
			known = l.await(r)
			continue
		}
		tokens := l.pay(&r, full)
		if len(ends) == 0 && r.n == 0 {
			l.d.exchanged(r, nil, nil)
			l.await(reservation{}) // for a token
			continue
		}
		claimed, err := l.exchange(ends, r, tokens)
		full = err == nil && claimed > 0 && claimed == r.n
		known = full
		switch {
		case err == nil:
			failures = 0
		case errors.Is(err, ErrClosed) || l.d.store.Err() != nil:
			l.lose(err)
			return
		default:
			failures++
			known = true
			l.failed(err, failures)
		}
	}
}

// failed waits after the store has failed, longer every time.
func (l *loop) failed(err error, failures int) {
	wait := backoff(failures)
	l.d.b.log.Error("outbox: the store fails: nothing can be taken and no end recorded", "error", err, "again_in", wait)
	_ = sleep(l.d.store, wait) // the next Exchange sees its end
}

// pay takes a token for each message that may be claimed. While nothing is known to
// wait, one is enough.
func (l *loop) pay(r *reservation, full bool) []middleware.Token {
	if l.d.pace == nil || r.n == 0 {
		return nil
	}
	n := r.n
	if !full {
		n = 1
	}
	tokens := l.d.pace.take(n)
	l.d.shrink(r, len(tokens))
	return tokens
}

// shrink makes r smaller.
func (d *dispatcher) shrink(r *reservation, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hold(*r, -1)
	r.n = n
	d.hold(*r, +1)
}

// exchange records ends, claims, and hands to the workers what was claimed.
func (l *loop) exchange(ends []ending, r reservation, tokens []middleware.Token) (claimed int, err error) {
	all := make([]End, len(ends))
	for i, e := range ends {
		all[i] = e.End
	}
	before := time.Now()
	leases, answers, err := l.engine.Exchange(l.d.store, all, r.wants, r.n)
	got := time.Now()
	if l.d.pace != nil {
		l.d.pace.give(tokens[min(len(leases), len(tokens)):])
	}
	if err != nil {
		l.back(ends...)
		l.d.exchanged(r, nil, nil)
		return 0, err
	}
	recorded, failed := l.answered(ends, answers)
	l.d.exchanged(r, recorded, leases)
	if len(leases) > 0 {
		l.clock.saw(leases[0].Last.Now, before, got)
	}
	l.hand(leases, got)
	l.d.after(recorded)
	return len(leases), failed
}

// answered sorts ends by the store's answers: those that need no more, and those
// that go into the next Exchange.
func (l *loop) answered(ends []ending, answers []error) (recorded []ending, failed error) {
	for i, e := range ends {
		err := answers[i]
		switch {
		case err == nil:
			recorded = append(recorded, e)
		case errors.Is(err, ErrRival) && e.rival != nil:
			e.End, e.rival = *e.rival, nil
			l.back(e)
			l.look()
		case errors.Is(err, ErrState):
			l.d.b.log.Warn("outbox: another process has taken over this message", "key", e.Lease.Key, "state", e.State)
			e.State = 0
			recorded = append(recorded, e)
		default:
			failed = err
			l.back(e)
		}
	}
	return recorded, failed
}

// hand gives leases to the workers. After the end of the dispatcher's life nothing
// is begun any more, and leases go back as they were.
func (l *loop) hand(leases []Lease, got time.Time) {
	l.mu.Lock()
	l.hands += len(leases)
	l.mu.Unlock()
	for _, lease := range leases {
		class := l.d.place(lease)
		if l.d.life.Err() != nil {
			l.ended(ending{class: class, End: unchanged(lease)})
			continue
		}
		l.d.tasks <- task{b: l.d.b, loop: l, lease: lease, class: class, got: got, steady: l.clock.steady(got)}
	}
}

// unchanged puts a lease back as it was.
func unchanged(l Lease) End {
	state := Queued
	if l.Last.State == Sending {
		state = Sending
	}
	return End{Lease: l, Change: Change{State: state, Tries: l.Last.Tries, Story: l.Last.Story}}
}

// lose gives up what is not recorded.
func (l *loop) lose(err error) {
	for {
		ends, more := l.gathered()
		for _, e := range ends {
			l.d.lost.Add(1)
			l.d.b.log.Error("outbox: an end is not recorded: the message is in doubt, as after a crash", "key", e.Lease.Key, "state", e.State, "error", err)
		}
		if !more {
			return
		}
		<-l.changed
	}
}

// await waits until the engine may have something of what r wants, and reports
// whether it does. It returns false if something else has changed.
func (l *loop) await(r reservation) bool {
	var came <-chan struct{}
	if len(r.wants) > 0 {
		came = l.waiting.of(l.d, l.engine, r.wants)
	}
	var alarm <-chan time.Time
	if !r.wake.IsZero() {
		t := time.NewTimer(time.Until(r.wake))
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-l.changed:
	case <-alarm:
	case <-l.d.store.Done():
	case <-came:
		l.waiting.over()
		return true
	}
	return false
}

// waiting is an Await that goes on while the loop records ends.
type waiting struct {
	classes []string
	came    chan struct{} // closed when it has ended; nil: there is none
	cancel  context.CancelFunc
}

// of returns the Await for the classes of wants: the one under way, or another.
func (w *waiting) of(d *dispatcher, e Engine, wants []Want) <-chan struct{} {
	classes := make([]string, len(wants))
	for i, want := range wants {
		classes[i] = want.Class
	}
	if w.came != nil && slices.Equal(w.classes, classes) {
		return w.came
	}
	w.stop()
	ctx, cancel := context.WithCancel(d.store)
	came := make(chan struct{})
	w.classes, w.came, w.cancel = classes, came, cancel
	d.io.Go(func() {
		defer close(came)
		_ = e.Await(ctx, classes) // an error is that of the next Exchange too
	})
	return came
}

func (w *waiting) over() {
	w.cancel()
	w.came = nil
}

func (w *waiting) stop() {
	if w.came != nil {
		w.over()
	}
}

// A clock watches the store's clock beside this process's.
type clock struct {
	store  time.Time
	own    time.Time // when store was read, at the latest
	since  time.Time // since when both have run together
	before time.Time // when store was read, at the earliest
}

// saw takes in a time of the store's, read between before and after.
func (c *clock) saw(store, before, after time.Time) {
	passed := store.Sub(c.store)
	if c.since.IsZero() || passed > after.Sub(c.before)+steadySlack || passed < before.Sub(c.own)-steadySlack {
		c.since = after
	}
	c.store, c.before, c.own = store, before, after
}

// steady returns how long both have run together at now.
func (c *clock) steady(now time.Time) time.Duration { return now.Sub(c.since) }
