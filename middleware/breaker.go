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
	// Failures is how many of the vendor's faults, with no accepted message
	// between them, open the breaker. Defaults to 5.
	Failures int `yaml:"failures" default:"5" doc:"a provider is passed over after so many faults of the vendor in a row"`
	// OpenFor is how long it stays open before one message is let through to see
	// whether the vendor is back. Defaults to 30 s.
	OpenFor time.Duration `yaml:"open_for" default:"30s" doc:"for so long"`
	// SlowAfter is how long a call must have run, when the caller's own deadline
	// ended it, to count as the vendor's fault: a caller with little patience says
	// nothing of the vendor. Defaults to 1 s.
	SlowAfter time.Duration `yaml:"slow_after" default:"1s" doc:"a call that had run longer when the caller's deadline ended it counts as a fault"`
	// OnChange is told of every change of state, in order and one at a time, by
	// one of the goroutines that send; no lock is held, so it may send. Nil: nobody
	// is told.
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

// Breaker keeps messages from a vendor that is down. After Failures faults of
// the vendor it is open: every message is refused at once, Unavailable and
// Rejected, with the time until the next try in RetryAfter. After OpenFor it is
// half-open: one message at a time goes through; accepted, it closes the
// breaker, and another fault of the vendor opens it again.
//
// Only the vendor's faults count ([sms.CountsAgainstVendor]): a thousand wrong
// numbers change nothing. What is nobody's fault counts nothing at all, neither
// failure nor success: only an accepted message closes the breaker or ends a row
// of failures. A caller who leaves counts nothing; a caller's deadline counts
// when the call had run longer than SlowAfter.
//
// The counting is github.com/sony/gobreaker's. A Sender that panics, or ends its
// goroutine, counts nothing and keeps no place.
//
// The Sender that it makes is a [Stater]. Each has a breaker of its own.
func Breaker(o BreakerOptions) sms.Middleware {
	o = o.withDefaults()
	return func(next sms.Sender) sms.Sender { return newBreaker(next, o) }
}

type breaker struct {
	next sms.Sender
	o    BreakerOptions
	gate *gobreaker.CircuitBreaker[struct{}]

	cause error // the fault being counted; only touched under gate's lock

	waiting atomic.Int32 // changes not yet told, so that sending need not lock
	mu      sync.Mutex   // guards what follows
	until   time.Time    // when open ends
	changes []BreakerChange
	telling bool
}

func newBreaker(next sms.Sender, o BreakerOptions) *breaker {
	b := &breaker{next: next, o: o}
	b.gate = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        o.Name,
		MaxRequests: 1,
		// gobreaker is still open at the very instant its Timeout ends; whoever
		// comes back exactly after RetryAfter shall be let through.
		Timeout:       max(o.OpenFor-1, 1),
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= uint32(o.Failures) },
		IsExcluded:    func(err error) bool { return err != nil && !isFault(err) },
		IsSuccessful:  b.isSuccessful,
		OnStateChange: b.changed,
	})
	return b
}

// State tells the state now; it implements Stater.
func (b *breaker) State() State {
	s := b.gate.State()
	b.tell()
	return State(s)
}

func (b *breaker) Send(ctx context.Context, m sms.Message) (receipt sms.Receipt, err error) {
	var way exit
	defer b.leave(&way)
	_, refused := b.gate.Execute(func() (struct{}, error) {
		defer way.open()
		b.tell()
		began := clock()
		receipt, err = b.next.Send(ctx, m)
		way.returned = true
		return struct{}{}, b.verdict(ctx, began, err)
	})
	if !way.returned {
		return sms.Receipt{}, b.refusal(m, refused)
	}
	if isFault(refused) && b.gate.State() == gobreaker.StateOpen {
		err = b.opened(err)
	}
	return receipt, err
}

// opened adds to the error of a call, after which the breaker is open, how long
// that lasts: the next try would be refused.
func (b *breaker) opened(err error) error {
	e := *sms.AsError(err)
	b.mu.Lock()
	e.RetryAfter = max(e.RetryAfter, time.Until(b.until), 1)
	b.mu.Unlock()
	return &e
}

// A fault is an error that gobreaker counts; it passes over every other.
type fault struct{ error }

func isFault(err error) bool { _, ok := err.(fault); return ok }

var errNobodysFault = errors.New("counts nothing")

// verdict tells gobreaker what err, of a call begun at began, counts for.
func (b *breaker) verdict(ctx context.Context, began time.Duration, err error) error {
	switch {
	case err == nil:
		return nil
	case sms.CountsAgainstVendor(err):
		return fault{err}
	case sms.ReasonOf(err) == sms.Canceled &&
		errors.Is(ctx.Err(), context.DeadlineExceeded) && clock()-began > b.o.SlowAfter:
		return fault{err}
	}
	return errNobodysFault
}

func (b *breaker) isSuccessful(err error) bool {
	b.cause = err
	return err == nil
}

// refusal is the error of a message that was not let through.
func (b *breaker) refusal(m sms.Message, refused error) error {
	e := sms.Refuse(m, sms.Unavailable, nil)
	e.Provider = b.o.Name
	if errors.Is(refused, gobreaker.ErrTooManyRequests) {
		e.RetryAfter = b.o.SlowAfter // by then the try has been answered, or is slow
		e.Err = errors.New("the breaker is half-open: another message is trying whether the vendor is back")
		return e
	}
	b.mu.Lock()
	e.RetryAfter = max(time.Until(b.until), 1)
	b.mu.Unlock()
	e.Err = ErrOpen
	return e
}

// changed is called by gobreaker under its lock, so it only writes down.
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
		b.waiting.Add(1)
	}
}

// tell hands the changes over in order. Where another goroutine is at it, that
// one tells these too.
func (b *breaker) tell() {
	if b.waiting.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.telling {
		return
	}
	b.telling = true
	defer func() { b.telling = false }()
	for len(b.changes) > 0 {
		c := b.changes[0]
		b.changes = b.changes[1:]
		b.waiting.Add(-1)
		b.unlocked(func() { b.o.OnChange(c) })
	}
}

// unlocked calls f without the lock and takes it again, however f ends.
func (b *breaker) unlocked(f func()) {
	b.mu.Unlock()
	defer b.mu.Lock()
	f()
}
