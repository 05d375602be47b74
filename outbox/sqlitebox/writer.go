package sqlitebox

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"

	"github.com/notifykit/notify/outbox/outboxtable"
)

// mostWrites bounds what one transaction holds.
const mostWrites = 256

// A writer commits what waits as a group: SQLite has one writer at a time, and a
// commit costs a sync of the disk, however much is in it.
type writer struct {
	db   *pool
	in   chan *write
	done chan struct{} // closed when the loop has ended
	mu   sync.RWMutex  // held for reading while handing a write over
	shut bool          // under mu
}

type write struct {
	ctx    context.Context
	do     func(ctx context.Context, c outboxtable.Conn) error
	answer chan error
}

func newWriter(db *sql.DB) *writer {
	w := &writer{db: newPool(db), in: make(chan *write), done: make(chan struct{})}
	go w.run()
	return w
}

var errShut = errors.New("the file is closed")

// Write runs do in a transaction with others that wait, and answers when it is on
// disk. A write that has begun is not interrupted: its answer would be unsure.
func (w *writer) Write(ctx context.Context, do func(ctx context.Context, c outboxtable.Conn) error) error {
	one := &write{ctx: ctx, do: do, answer: make(chan error, 1)}
	if err := w.hand(one); err != nil {
		return err
	}
	return <-one.answer
}

func (w *writer) hand(one *write) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.shut {
		return errShut
	}
	select {
	case w.in <- one:
		return nil
	case <-one.ctx.Done():
		return one.ctx.Err()
	}
}

func (w *writer) run() {
	defer close(w.done)
	for first := range w.in {
		all := []*write{first}
		runtime.Gosched() // whoever is about to write does it in this transaction
	gather:
		for len(all) < mostWrites {
			select {
			case next, ok := <-w.in:
				if !ok {
					break gather
				}
				all = append(all, next)
			default:
				break gather
			}
		}
		w.commit(all)
	}
}

// commit writes all in one transaction. Where one of them fails, each has one of
// its own, so that it fails alone.
func (w *writer) commit(all []*write) {
	var live []*write
	for _, one := range all {
		if err := one.ctx.Err(); err != nil {
			one.answer <- err
			continue
		}
		live = append(live, one)
	}
	if len(live) == 0 {
		return
	}
	err := w.transaction(live)
	if err == nil || len(live) == 1 {
		for _, one := range live {
			one.answer <- err
		}
		return
	}
	for _, one := range live {
		one.answer <- w.transaction([]*write{one})
	}
}

func (w *writer) transaction(all []*write) error {
	ctx := context.Background()
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	on := &prepared{Tx: tx, statements: w.db.statements, missed: map[string]bool{}}
	defer w.prepare(ctx, on.missed)
	for _, one := range all {
		if err := one.do(ctx, on); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		// SQLite keeps the transaction open after a COMMIT that failed, and
		// database/sql takes it for ended.
		_, _ = w.db.ExecContext(ctx, "ROLLBACK")
		return &outboxtable.UnsureError{Err: err}
	}
	return nil
}

// prepare prepares what a transaction had no statement for. It is called between
// transactions, by the loop alone.
func (w *writer) prepare(ctx context.Context, missed map[string]bool) {
	for query := range missed {
		_, _ = w.db.prepared(ctx, query) // the next transaction tells what is wrong with it
	}
}

func (w *writer) close() error {
	w.mu.Lock()
	again := w.shut
	w.shut = true
	if !again {
		close(w.in)
	}
	w.mu.Unlock()
	<-w.done
	return w.db.Close()
}
