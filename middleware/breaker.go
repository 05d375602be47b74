package middleware

import (
	"cmp"
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/notifykit/notify/sms"
)

// BreakerOptions set up a [Breaker]. A zero or negative number is its default.
type BreakerOptions struct {
	// Name is the configured name of the provider behind the breaker. It is the
	// Provider of the breaker's own errors.
	Name string
	// Failures is how many of the vendor's faults, without an accepted message
	// between them, open the breaker. Defaults to 5.
	Failures int `yaml:"failures" default:"5" doc:"a provider is passed over after so many faults of the vendor in a row"`
	// OpenFor is how long the breaker stays open before it lets one message through
	// to test the vendor. Defaults to 30 s.
	OpenFor time.Duration `yaml:"open_for" default:"30s" doc:"for so long"`
	// SlowAfter is how long a call must have run to count as the vendor's fault if
	// the caller's own deadline ended it. A shorter call says nothing about the
	// vendor. Defaults to 1 s.
	SlowAfter time.Duration `yaml:"slow_after" default:"1s" doc:"a call that had run longer when the caller's deadline ended it counts as a fault"`
	// OnChange is called for every change of state, in order and one at a time, by
	// one of the goroutines that send. No lock is held, so it may send. Nil is not
	// called.
	OnChange func(BreakerChange)
}

func (o BreakerOptions) withDefaults() BreakerOptions {
	o.Failures = min(cmp.Or(max(o.Failures, 0), 5), math.MaxInt32)
	o.OpenFor = cmp.Or(max(o.OpenFor, 0), 30*time.Second)
	o.SlowAfter = cmp.Or(max(o.SlowAfter, 0), time.Second)
	return o
}

// ErrOpen is the cause of the refusal of a [Breaker] that is open. [Retry] ends at
// it: the breaker stays open for longer than a retry waits.
var ErrOpen = errors.New("the breaker is open")

// A BreakerChange is one change of a breaker's state.
type BreakerChange struct {
	// Name is BreakerOptions.Name.
	Name string
	// From and To are the states before and after.
	From, To State
	// Err is the vendor's fault that opened the breaker; nil for other changes.
	Err error
}

// Breaker stops sending to a vendor that is down. After Failures faults of the
// vendor the breaker is open: it refuses every message at once, Unavailable and
// Rejected, with the time until the next try in RetryAfter. After OpenFor it is
// half-open: it lets one message at a time through. An accepted message closes the
// breaker, and another fault of the vendor opens it again.
//
// Only the vendor's faults count ([sms.CountsAgainstVendor]), so wrong numbers do
// not open the breaker. Only an accepted message closes it or ends a row of
// failures. Every other result counts as neither. If the caller cancels, the call
// does not count. If the caller's deadline ends the call, it counts as a failure
// if it had run longer than SlowAfter.
//
// Breaker counts with github.com/sony/gobreaker. A Sender that panics, or ends its
// goroutine, does not count, and the next message may be let through in its place.
//
// The Sender that Breaker returns is a [Stater]. Each has a breaker of its own.
func Breaker(o BreakerOptions) sms.Middleware {
	o = o.withDefaults()
	return func(next sms.Sender) sms.Sender { return newBreaker(next, o) }
}

type breaker struct {
	next sms.Sender
	o    BreakerOptions
	gate *gobreaker.CircuitBreaker[struct{}]

	cause error // the fault that gate counts; guarded by gate's lock

	pending atomic.Int32 // length of changes, so that sending need not lock
	mu      sync.Mutex   // guards what follows
	until   time.Time    // when the state open ends
	changes []BreakerChange
	calling bool // a goroutine calls OnChange
}

func newBreaker(next sms.Sender, o BreakerOptions) *breaker {
	b := &breaker{next: next, o: o}
	b.gate = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        o.Name,
		MaxRequests: 1,
		// gobreaker is still open at the very instant at which its Timeout ends. A
		// message that comes exactly after RetryAfter must be let through.
		Timeout:       max(o.OpenFor-1, 1),
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= uint32(o.Failures) },
		IsExcluded:    func(err error) bool { return err != nil && !isFault(err) },
		IsSuccessful:  b.isSuccessful,
		OnStateChange: b.changed,
	})
	return b
}

// State returns the current state. It implements Stater.
func (b *breaker) State() State {
	s := b.gate.State()
	b.report()
	return State(s)
}

func (b *breaker) Send(ctx context.Context, m sms.Message) (receipt sms.Receipt, err error) {
	var how exit
	defer b.finish(&how)
	_, refused := b.gate.Execute(func() (struct{}, error) {
		defer how.intercept()
		b.report()
		began := clock()
		receipt, err = b.next.Send(ctx, m)
		how.returned = true
		return struct{}{}, b.classify(ctx, began, err)
	})
	if !how.returned {
		return sms.Receipt{}, b.refusal(m, refused)
	}
	if isFault(refused) && b.gate.State() == gobreaker.StateOpen {
		err = b.opened(err)
	}
	return receipt, err
}

// opened returns err, after which the breaker is open, with the time that the breaker
// stays open in RetryAfter.
func (b *breaker) opened(err error) error {
	e := *sms.AsError(err)
	b.mu.Lock()
	e.RetryAfter = max(e.RetryAfter, time.Until(b.until), 1)
	b.mu.Unlock()
	return &e
}

// A fault is an error that gobreaker counts. It ignores every other one.
type fault struct{ error }

func isFault(err error) bool { _, ok := err.(fault); return ok }

var errNotCounted = errors.New("does not count")

// classify returns what gobreaker must count for err, the error of a call that began
// at began.
func (b *breaker) classify(ctx context.Context, began time.Duration, err error) error {
	switch {
	case err == nil:
		return nil
	case sms.CountsAgainstVendor(err):
		return fault{err}
	case sms.ReasonOf(err) == sms.Canceled &&
		errors.Is(ctx.Err(), context.DeadlineExceeded) && clock()-began > b.o.SlowAfter:
		return fault{err}
	}
	return errNotCounted
}

func (b *breaker) isSuccessful(err error) bool {
	b.cause = err
	return err == nil
}

// refusal returns the error of a message that was not let through.
func (b *breaker) refusal(m sms.Message, refused error) error {
	e := sms.Refuse(m, sms.Unavailable, nil)
	e.Provider = b.o.Name
	if errors.Is(refused, gobreaker.ErrTooManyRequests) {
		e.RetryAfter = b.o.SlowAfter // by then the vendor has answered, or is slow
		e.Err = errors.New("the breaker is half-open: another message is trying whether the vendor is back")
		return e
	}
	b.mu.Lock()
	e.RetryAfter = max(time.Until(b.until), 1)
	b.mu.Unlock()
	e.Err = ErrOpen
	return e
}

// changed records a change of state. gobreaker calls it under its lock.
func (b *breaker) changed(_ string, from, to gobreaker.State) {
	c := BreakerChange{Name: b.o.Name, From: State(from), To: State(to)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.To == StateOpen {
		b.until = time.Now().Add(b.o.OpenFor)
		if f, ok := b.cause.(fault); ok {
			c.Err = f.error
		}
	}
	if b.o.OnChange != nil {
		b.changes = append(b.changes, c)
		b.pending.Add(1)
	}
}

// report calls OnChange for the recorded changes, in order. If another goroutine does
// so already, that one reports these too.
func (b *breaker) report() {
	if b.pending.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calling {
		return
	}
	b.calling = true
	defer func() { b.calling = false }()
	for len(b.changes) > 0 {
		c := b.changes[0]
		b.changes = b.changes[1:]
		b.pending.Add(-1)
		b.unlocked(func() { b.o.OnChange(c) })
	}
}

// unlocked calls f without the lock, and locks again even if f panics.
func (b *breaker) unlocked(f func()) {
	b.mu.Unlock()
	defer b.mu.Lock()
	f()
}
