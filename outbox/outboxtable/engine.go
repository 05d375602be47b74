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
	// Read is for what changes nothing, and for single statements.
	Read() Conn
}

// An UnsureError is the failure of a commit, which may have come about.
type UnsureError struct{ Err error }

// Error says so.
func (e *UnsureError) Error() string {
	return fmt.Sprintf("the commit may have come about: %v", e.Err)
}

// Unwrap returns the failure.
func (e *UnsureError) Unwrap() error { return e.Err }

// Options are how an Engine works. Lease, Keep, Poll and Logger are needed:
// Completed fills them in.
type Options struct {
	Lease  time.Duration // of an owner; renewed four times within it
	Keep   time.Duration // the window of ended records
	Poll   time.Duration // how often an Await looks for what others have put
	Logger *slog.Logger
	// Gone reports whether the process of an owner is certainly gone. Nil: that is
	// not known before its lease has lapsed.
	Gone func(owner int64) bool
	// Own is called with each owner that this Engine becomes, before it owns
	// anything. Nil: nothing needs to know.
	Own func(owner int64) error
	// Listen calls wake for each notification of the database, until ctx ends. Nil:
	// others are found by Poll.
	Listen func(ctx context.Context, wake func()) error
	// Literals: the driver of PostgreSQL does not know slices.
	Literals bool
	// Alone: a single statement outside a transaction runs at read committed.
	Alone bool
}

// An Engine is an outbox.Engine on a table.
type Engine struct {
	d     Dialect
	store Store
	o     Options
	q     map[string]string // the statements

	life   context.Context // ends with Close
	end    context.CancelFunc
	loop   sync.WaitGroup
	calls  sync.RWMutex // held for reading by each call, for writing by Close
	closed bool         // under calls

	tenure atomic.Pointer[tenure]
	undone undo
	floors floors
	wakes  wakes

	calling chan *call    // Puts that are written in groups
	news    chan struct{} // holds one if others are to be woken; used with Options.Listen

	mu   sync.Mutex
	mark string // of what this Engine hands out; under mu
}

var _ outbox.Engine = (*Engine)(nil)

// A tenure is a time as an owner.
type tenure struct {
	owner int64
	until atomic.Int64 // of the lease, by this process's clock, monotonic: since start
}

var start = time.Now()

// holds reports whether the lease holds for a while yet.
func (t *tenure) holds() bool { return int64(time.Since(start)) < t.until.Load() }

// New opens an Engine on tables that are there.
func New(ctx context.Context, d Dialect, s Store, o Options) (*Engine, error) {
	q, err := d.statements()
	if err != nil {
		return nil, err
	}
	e := &Engine{d: d, store: s, o: o, q: q, wakes: wakes{change: make(chan struct{})}, calling: make(chan *call), news: make(chan struct{}, 1)}
	e.life, e.end = context.WithCancel(context.Background())
	if err := e.begin(ctx); err != nil {
		e.end()
		return nil, err
	}
	if err := e.reclaim(ctx); err != nil {
		e.end()
		return nil, err
	}
	if o.Listen != nil {
		if err := e.listen(ctx); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	e.loop.Go(e.maintain)
	if d == PostgreSQL {
		for range groupWriters {
			e.loop.Go(e.writeGroups)
		}
	}
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
		_, err := e.exec(ctx, c, "own", t.owner, e.o.Lease.Microseconds(), e.ownMark())
		return err
	})
	if err != nil {
		return fmt.Errorf("become an owner: %w", err)
	}
	t.until.Store(int64(asked + e.o.Lease - e.o.Lease/8))
	e.tenure.Store(t)
	return nil
}

func (e *Engine) ownMark() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mark
}

// SetMark sets the mark of what this Engine hands out.
func (e *Engine) SetMark(ctx context.Context, mark string) error {
	done, err := e.use()
	if err != nil {
		return err
	}
	defer done()
	e.mu.Lock()
	e.mark = mark
	e.mu.Unlock()
	return e.failed(ctx, e.renew(ctx))
}

// Holds reports whether l is certainly still this Engine's.
func (e *Engine) Holds(l outbox.Lease) bool {
	t := e.tenure.Load()
	return t.owner == l.Owner && t.holds()
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

// failed is the error of a call: ErrClosed if that is why.
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
	if again {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.o.Lease)
	defer cancel()
	err := e.undoAll(ctx)
	if err == nil {
		_, err = e.bury(ctx, e.tenure.Load().owner, true)
	}
	if err != nil {
		return fmt.Errorf("what was handed out is given up when its lease lapses: %w", err)
	}
	return nil
}

// bury ends an owner: what it has is free, of unknown outcome. It reports whether
// the owner was there, and has lapsed unless it is certainly gone.
func (e *Engine) bury(ctx context.Context, owner int64, gone bool) (buried bool, err error) {
	err = e.store.Write(ctx, func(ctx context.Context, c Conn) (err error) {
		var mark string
		if mark, buried, err = e.unlist(ctx, c, owner, gone); err != nil || !buried {
			return err
		}
		_, err = e.exec(ctx, c, "free", owner, mark)
		return err
	})
	return buried, err
}
