package outboxtable

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/outbox"
)

// A Store makes transactions.
type Store interface {
	// Write runs do in a transaction of its own, or in one with others, and commits
	// it. It may run do again after the database has undone it. An error means that
	// nothing was done; an *UnsureError, that the commit may have come about.
	Write(ctx context.Context, do func(ctx context.Context, c Conn) error) error
	// Read is for what changes nothing.
	Read() Conn
}

// An UnsureError is the failure of a commit, which may have come about.
type UnsureError struct{ Err error }

// Error says so.
func (e *UnsureError) Error() string {
	return fmt.Sprintf("the commit may have come about: %v", e.Err)
}

// Unwrap gives the failure.
func (e *UnsureError) Unwrap() error { return e.Err }

// Options are how an Engine works. Lease, Keep, Poll and Logger are needed:
// Completed fills them in.
type Options struct {
	Lease  time.Duration // of an owner; renewed four times within it
	Keep   time.Duration // the window of ended records
	Poll   time.Duration // how often a Take that waits looks for what others have put
	Logger *slog.Logger
	// Gone tells whether the process of an owner is certainly gone. Nil: nobody knows
	// before its lease has lapsed.
	Gone func(owner int64) bool
	// Own is told of each owner that this Engine becomes, before it owns anything.
	// Nil: nobody needs to know.
	Own func(owner int64) error
	// PeekFirst: a look is cheap beside a transaction, so Take looks first.
	PeekFirst bool
}

// An Engine is an outbox.Engine on a table.
type Engine struct {
	d     Dialect
	store Store
	o     Options

	life   context.Context // ends with Close
	end    context.CancelFunc
	loop   sync.WaitGroup
	calls  sync.RWMutex // held for reading by each call, for writing by Close
	closed bool         // under calls
	paused atomic.Bool  // by tests: nothing is renewed
	killed atomic.Bool  // by tests: nothing is given up
	more   atomic.Bool  // the last claim got all it asked for: a look before the next tells nothing

	tenure atomic.Pointer[tenure]
	undo   mend
	floors floors

	mu   sync.Mutex
	wake chan struct{} // closed when something was put here
}

var (
	_ outbox.Engine = (*Engine)(nil)
	_ outbox.Peeker = (*Engine)(nil)
)

// A tenure is a time as an owner.
type tenure struct {
	owner int64
	until atomic.Int64 // of the lease, by this process's clock, monotonic: since start
}

var start = time.Now()

// Valid tells whether the lease holds for a while yet.
func (t *tenure) Valid() bool { return int64(time.Since(start)) < t.until.Load() }

// A token is a Lease.Token.
type token struct {
	*tenure
	lease int64
	id    int64 // of the row
}

// New opens an Engine on tables that are there.
func New(ctx context.Context, d Dialect, s Store, o Options) (*Engine, error) {
	e := &Engine{d: d, store: s, o: o, wake: make(chan struct{})}
	e.undo.engine = e
	e.life, e.end = context.WithCancel(context.Background())
	if err := e.begin(ctx); err != nil {
		e.end()
		return nil, err
	}
	if err := e.reclaim(ctx); err != nil {
		e.end()
		return nil, err
	}
	e.loop.Go(e.maintain)
	return e, nil
}

// begin makes the Engine a new owner.
func (e *Engine) begin(ctx context.Context) error {
	t := &tenure{owner: rand.Int64N(1<<62) + 1}
	if e.o.Own != nil {
		if err := e.o.Own(t.owner); err != nil {
			return err
		}
	}
	asked := time.Since(start)
	err := e.store.Write(ctx, func(ctx context.Context, c Conn) error {
		_, err := c.ExecContext(ctx, e.d.sql("INSERT INTO notify_outbox_owner (id, until) VALUES (?, {now} + ?)"), t.owner, e.o.Lease.Microseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("become an owner: %w", err)
	}
	t.until.Store(int64(asked + e.o.Lease - e.o.Lease/8))
	e.tenure.Store(t)
	return nil
}

// use is called by every method, and its answer when it is done.
func (e *Engine) use() (done func(), err error) {
	e.calls.RLock()
	if e.closed {
		e.calls.RUnlock()
		return nil, outbox.ErrClosed
	}
	return e.calls.RUnlock, nil
}

// bounded ends with ctx and with the Engine.
func (e *Engine) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(e.life, cancel)
	return ctx, func() { stop(); cancel() }
}

// failed is the error of a call: ErrClosed where that is why.
func (e *Engine) failed(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case e.life.Err() != nil:
		return outbox.ErrClosed
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return ctx.Err()
	}
	return err
}

// Close gives up what was handed out.
func (e *Engine) Close() error {
	e.end() // wakes those who wait, who let go of calls
	e.calls.Lock()
	again := e.closed
	e.closed = true
	e.calls.Unlock()
	e.loop.Wait()
	if again || e.killed.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.o.Lease)
	defer cancel()
	err := e.undo.all(ctx)
	if err == nil {
		err = e.giveUp(ctx, e.tenure.Load().owner)
	}
	if err != nil {
		return fmt.Errorf("what was handed out is given up when its lease lapses: %w", err)
	}
	return nil
}

// giveUp ends an owner: what it has is free, of unknown outcome.
func (e *Engine) giveUp(ctx context.Context, owner int64) error {
	return e.store.Write(ctx, func(ctx context.Context, c Conn) error {
		if err := e.free(ctx, c, owner); err != nil {
			return err
		}
		_, err := c.ExecContext(ctx, e.d.sql("DELETE FROM notify_outbox_owner WHERE id = ?"), owner)
		return err
	})
}

// free makes everything of an owner ready, taken for dead.
func (e *Engine) free(ctx context.Context, c Conn, owner int64) error {
	_, err := c.ExecContext(ctx, e.d.sql("UPDATE notify_outbox SET owner = NULL, ready = 1, due = at, unsure = lease WHERE owner = ?"), owner)
	return err
}

// Kill and Pause are for the suite: an Engine as after kill -9, and one that
// renews nothing.
func Kill(e *Engine) {
	e.killed.Store(true)
	e.paused.Store(true)
	_ = e.Close() // which gives nothing up
}

// Pause stops the renewal of the lease.
func Pause(e *Engine) { e.paused.Store(true) }
