package middleware

import (
	"cmp"
	"container/list"
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// PaceOptions set up a [Pace].
type PaceOptions struct {
	// Name is the configured name of the provider. It is the Provider of the pace's own
	// errors.
	Name string
	// PerSecond is how many calls a second the provider may be given. It must be above
	// zero; +Inf is no limit.
	PerSecond float64
	// Burst is how many calls may leave at once after a pause. In any second at most
	// PerSecond + Burst leave. Defaults to a tenth of PerSecond, at least 1.
	Burst int
	// Overflow reports whether m, instead of waiting for longer than MaxWait, is refused
	// as Paced, so that a [Failover] further out goes on to another vendor. It must be
	// false if no other vendor follows. Nil: every message waits.
	Overflow func(ctx context.Context, m sms.Message) bool
	// MaxWait is how long a message waits for which Overflow is true. Defaults to 500 ms.
	MaxWait time.Duration
	// Open reports whether the [Breaker] further in is open. While it is, nothing waits:
	// all messages pass on, and the breaker refuses them. Nil: it is never open.
	Open func() bool
}

const (
	openEvery = 250 * time.Millisecond // how often a wait looks whether the breaker is open
	heldFor   = 250 * time.Millisecond // how long a turn is kept for a message that waits elsewhere
	latest    = 10 * time.Minute       // how far ahead such a message is given a turn: then it asks again, whatever has happened
)

// A Pace keeps the calls to one provider within a number a second, in this process. A
// message waits for its turn until its context or Message.Expires ends. Verification codes
// have their turns before all other messages. Within each of the two lanes the order is
// first come, first served.
//
// A message that certainly has its turn too late is refused at once, Rejected: Canceled
// with context.DeadlineExceeded if the context ends before, and Expired if the message
// does. RetryAfter is then how long it would have waited.
//
// The wait is no time of the vendor's: put the Pace inside [Retry], whose MaxElapsed does
// not count it, and outside [Confirm], [Breaker] and [Timeout].
//
// All methods may be called by any number of goroutines. Several providers must not share
// a Pace.
type Pace struct {
	o        PaceOptions
	interval time.Duration // between two turns

	mu    sync.Mutex   // guards what follows
	full  time.Time    // when all of Burst is available again
	lanes [2]list.List // of *waiter: codes, and all others

	// Of messages that wait elsewhere (sms.WithTurn), by rank:
	given [3]time.Time // the latest turn given
	held  [2]time.Time // until when turns are kept for them
}

// A rank is who comes before whom.
type rank int

const (
	aCode rank = iota
	back       // has waited elsewhere for the turn it was given
	other
)

// A waiter is a message that waits here.
type waiter struct {
	wake  chan struct{} // it may be the first of all now
	lane  *list.List
	place *list.Element
}

// NewPace returns a Pace for one provider.
func NewPace(o PaceOptions) (*Pace, error) {
	if !(o.PerSecond > 0) {
		return nil, fmt.Errorf("middleware: pace %q: %v calls a second let nothing through: PerSecond must be above 0", o.Name, o.PerSecond)
	}
	if o.Burst <= 0 {
		o.Burst = int(min(math.Ceil(o.PerSecond/10), 1e6))
	}
	o.MaxWait = cmp.Or(max(o.MaxWait, 0), 500*time.Millisecond)
	const year = 365 * 24 * time.Hour // slower than that overflows, and sends nothing either
	interval := time.Duration(math.Ceil(min(float64(time.Second)/o.PerSecond, float64(year))))
	return &Pace{o: o, interval: interval}, nil
}

// Middleware puts the pace around next.
func (p *Pace) Middleware(next sms.Sender) sms.Sender {
	return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		waited, err := p.wait(ctx, m)
		if err != nil {
			return sms.Receipt{}, err
		}
		receipt, err := next.Send(ctx, m)
		if err != nil && waited > 0 {
			err = &pacedError{err, waited}
		}
		return receipt, err
	})
}

// Wait returns how long a message that is no code would wait now.
func (p *Pace) Wait() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	return p.turn(now, other).Sub(now)
}

// A pacedError is the error of a call that had waited for its turn. [Retry] takes the wait
// out of its own times.
type pacedError struct {
	error
	waited time.Duration
}

func (e *pacedError) Unwrap() error { return e.error }

// withoutWait returns err as the call returned it, and how long it had waited before.
func withoutWait(err error) (waited time.Duration, cause error) {
	if e, ok := err.(*pacedError); ok {
		return e.waited, e.error
	}
	return 0, err
}

// wait returns when m has its turn, and how long that took.
func (p *Pace) wait(ctx context.Context, m sms.Message) (time.Duration, error) {
	if cause := over(ctx, m); cause != nil {
		return 0, refuse(m, cause)
	}
	if p.open() {
		return 0, nil
	}
	began := time.Now()
	given, elsewhere := sms.TurnOf(ctx)
	returns := elsewhere && !given.IsZero() && !given.After(began)
	r := other
	switch {
	case m.Kind == sms.Verification:
		r = aCode
	case returns:
		r = back
	}

	p.mu.Lock()
	now := p.free(began, r, elsewhere) && p.take(began)
	p.mu.Unlock()
	if now {
		return 0, nil
	}
	spills := p.o.Overflow != nil && p.o.Overflow(ctx, m)
	var end time.Time // zero: it waits however long it takes
	if spills {
		end = began.Add(p.o.MaxWait)
	}

	p.mu.Lock()
	turn := p.turn(began, r)
	until, bounded := ctx.Deadline()
	if !bounded || elsewhere { // what waits elsewhere waits for longer than its call
		until = turn.Add(1)
	}
	err := p.tooLate(m, began, turn, until, spills, returns)
	if err == nil && elsewhere {
		err = p.refused(m, sms.Canceled, sms.ErrTurn, p.give(turn, r).Sub(began))
	}
	if err != nil {
		p.mu.Unlock()
		return 0, err
	}
	w := p.join(r)
	p.mu.Unlock()
	err = p.await(ctx, m, w, end)
	return time.Since(began), err
}

// free reports whether a message may have a turn now, if there is one: nothing that comes
// before it waits. p.mu is held.
func (p *Pace) free(now time.Time, r rank, elsewhere bool) bool {
	switch {
	case p.lanes[0].Len() > 0 || p.kept(r).After(now):
		return false
	case r != other:
		return true
	case p.lanes[1].Len() > 0:
		return false
	}
	return !elsewhere || !p.given[other].After(now) || !p.full.After(now)
}

// kept returns until when turns are kept for messages that come before those of r.
func (p *Pace) kept(r rank) (until time.Time) {
	for _, t := range p.held[:r] {
		until = later(until, t)
	}
	return until
}

// take takes a turn, if there is one now. p.mu is held.
func (p *Pace) take(now time.Time) bool {
	if p.next().After(now) {
		return false
	}
	if now.After(p.full) {
		p.full = now
	}
	p.full = p.full.Add(p.interval)
	return true
}

// next returns when there is a turn. p.mu is held.
func (p *Pace) next() time.Time {
	return p.full.Add(-time.Duration(p.o.Burst-1) * p.interval)
}

// turn returns when a message that joins now has its turn at the earliest. p.mu is held.
func (p *Pace) turn(now time.Time, r rank) time.Time {
	before := p.lanes[0].Len()
	if r == other {
		before += p.lanes[1].Len()
	}
	return later(later(now, p.next()), p.kept(r)).Add(p.times(before))
}

// times returns n intervals, or a century if that is shorter.
func (p *Pace) times(n int) time.Duration {
	const century = 100 * 365 * 24 * time.Hour
	if p.interval > 0 && n > int(century/p.interval) {
		return century
	}
	return time.Duration(n) * p.interval
}

// give returns the turn of a message that waits elsewhere, at the earliest turn. For a code,
// and for a message that came back, it is kept. p.mu is held.
func (p *Pace) give(turn time.Time, r rank) time.Time {
	turn = earlier(later(turn, p.given[r].Add(p.interval)), time.Now().Add(latest))
	p.given[r] = turn
	if r != other {
		p.held[r] = later(p.held[r], turn.Add(heldFor))
	}
	return turn
}

// tooLate returns the error of a message that must not wait until turn; nil: it may.
func (p *Pace) tooLate(m sms.Message, now, turn, deadline time.Time, spills, returns bool) error {
	d := turn.Sub(now)
	late := !turn.Before(deadline)
	switch {
	case spills && (returns || d > p.o.MaxWait || late || m.Expired(turn)):
		return p.overflow(m, d)
	case late:
		return p.refused(m, sms.Canceled, fmt.Errorf("its turn comes only in %v: %w", d.Round(time.Millisecond), context.DeadlineExceeded), d)
	case m.Expired(turn):
		return p.refused(m, sms.Expired, fmt.Errorf("its turn comes only in %v", d.Round(time.Millisecond)), d)
	}
	return nil
}

func (p *Pace) overflow(m sms.Message, after time.Duration) error {
	return p.refused(m, sms.Paced, fmt.Errorf("%v calls a second are used up", p.o.PerSecond), after)
}

func (p *Pace) refused(m sms.Message, r sms.Reason, cause error, after time.Duration) error {
	e := sms.Refuse(m, r, cause)
	e.Provider, e.RetryAfter = p.o.Name, max(after, 1)
	return e
}

// join puts a waiter at the end of its lane. p.mu is held.
func (p *Pace) join(r rank) *waiter {
	w := &waiter{wake: make(chan struct{}, 1), lane: &p.lanes[1]}
	if r == aCode {
		w.lane = &p.lanes[0]
	}
	w.place = w.lane.PushBack(w)
	return w
}

// leave takes w out of the queue, and wakes who is first then. p.mu is held.
func (p *Pace) leave(w *waiter) {
	w.lane.Remove(w.place)
	if first := p.first(); first != nil {
		select {
		case first.wake <- struct{}{}:
		default: // it will look again already
		}
	}
}

// first returns the waiter that has the next turn. p.mu is held.
func (p *Pace) first() *waiter {
	for i := range p.lanes {
		if e := p.lanes[i].Front(); e != nil {
			return e.Value.(*waiter)
		}
	}
	return nil
}

// await waits until w has its turn or the breaker is open, at the longest until end. Only
// the first in the queue looks at the clock and at the breaker; when it leaves it wakes the
// next, so that an opening breaker frees all of them one after the other.
func (p *Pace) await(ctx context.Context, m sms.Message, w *waiter, end time.Time) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		turn, left := p.try(ctx, m, w, end)
		switch {
		case left != nil:
			return left
		case turn.IsZero():
			return nil
		}
		timer.Reset(time.Until(turn))
		select {
		case <-w.wake:
		case <-timer.C:
		case <-ctx.Done():
		case <-waitsOf(ctx).Done():
		}
	}
}

// try lets w leave the queue if it has its turn, or must not wait any longer. Else it
// returns when to look again.
func (p *Pace) try(ctx context.Context, m sms.Message, w *waiter, end time.Time) (turn time.Time, left error) {
	open := p.open()
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	again := now.Add(time.Hour)
	if p.first() == w {
		turn = p.next()
		if w.lane == &p.lanes[1] {
			turn = later(turn, p.kept(other))
		}
		if open || !turn.After(now) && p.take(now) {
			p.leave(w)
			return time.Time{}, nil
		}
		if again = turn; p.o.Open != nil {
			again = earlier(again, now.Add(openEvery))
		}
	}
	if cause := over(ctx, m); cause != nil {
		p.leave(w)
		return time.Time{}, refuse(m, cause)
	}
	if !end.IsZero() {
		if !now.Before(end) {
			p.leave(w)
			return time.Time{}, p.overflow(m, p.next().Sub(now))
		}
		again = earlier(again, end)
	}
	if !m.Expires.IsZero() {
		again = earlier(again, m.Expires)
	}
	return again, nil
}

func (p *Pace) open() bool { return p.o.Open != nil && p.o.Open() }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
