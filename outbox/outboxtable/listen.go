package outboxtable

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	probeTime  = 5 * time.Second        // within which a notification of one's own must come
	probeEvery = 50 * time.Millisecond  // how often one is sent until then
	listenAt   = 500 * time.Millisecond // after a connection that listened has failed
)

// Wake makes the Awaits of this process look again, and those of the processes that
// listen.
func (e *Engine) Wake(ctx context.Context) error {
	done, err := e.use()
	if err != nil {
		return err
	}
	defer done()
	e.wakes.look()
	return e.failed(ctx, e.notify(ctx))
}

// notify wakes the processes that listen. Only PostgreSQL can. It is a transaction of
// its own: NOTIFY makes the commits of a database wait for each other.
func (e *Engine) notify(ctx context.Context) error {
	if e.d != PostgreSQL {
		return nil
	}
	_, err := e.exec(ctx, e.store.Read(), "notify")
	return err
}

// listen begins to listen. It returns an error if no notification comes: a pooler may
// take LISTEN, and give the connection to another.
func (e *Engine) listen(ctx context.Context) error {
	heard := make(chan struct{})
	hear := sync.OnceFunc(func() { close(heard) })
	e.loop.Go(func() {
		for e.life.Err() == nil {
			err := e.o.Listen(e.life, func() {
				e.wakes.look()
				hear()
			})
			if e.life.Err() == nil {
				e.o.Logger.Warn("outbox: Options.Listen has ended, it is called again", "error", err)
				wait(e.life, nil, listenAt)
			}
		}
	})
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	for ctx.Err() == nil {
		if err := e.notify(ctx); err != nil {
			return fmt.Errorf("notify: %w", err)
		}
		wait(ctx, heard, probeEvery)
		select {
		case <-heard:
			e.loop.Go(e.notifyPuts)
			return nil
		default:
		}
	}
	return errors.New("Options.Listen hears nothing: give it a connection to the database itself, not one through a pooler that changes connections after each transaction")
}

// notifyPuts wakes the others after Puts: once for all that have come meanwhile.
func (e *Engine) notifyPuts() {
	for {
		select {
		case <-e.life.Done():
			return
		case <-e.news:
		}
		e.try("other processes cannot be woken", e.notify)
	}
}
