package outboxtable

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	removeSome  = 500              // ended records removed in one step
	removeEvery = 10 * time.Second // at most
)

// maintain renews the lease, frees what dead owners have, and removes what ended
// long ago, until Close.
func (e *Engine) maintain() {
	tick := time.NewTicker(max(e.o.Lease/4, time.Millisecond))
	defer tick.Stop()
	var removed time.Time
	for {
		select {
		case <-e.life.Done():
			return
		case <-tick.C:
		}
		e.try("the lease cannot be renewed", e.renew)
		if !e.paused.Load() {
			e.try("what dead owners have cannot be freed", e.reclaim)
		}
		if time.Since(removed) > removeEvery {
			removed = time.Now()
			e.try("ended records cannot be removed", e.remove)
		}
	}
}

// try tells the log of a failure, which the next tick mends.
func (e *Engine) try(what string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(e.life, max(e.o.Lease/2, time.Second))
	defer cancel()
	if err := do(ctx); err != nil && e.life.Err() == nil {
		e.o.Logger.Warn("outbox: "+what+", it is tried again", "error", err)
	}
}

// renew prolongs the lease. An owner that others have taken for dead begins anew:
// what it had is another's, or will be.
func (e *Engine) renew(ctx context.Context) error {
	if e.paused.Load() {
		return nil
	}
	t := e.tenure.Load()
	asked := time.Since(start)
	var found int64
	err := e.store.Write(ctx, func(ctx context.Context, c Conn) error {
		r, err := c.ExecContext(ctx, e.d.sql("UPDATE notify_outbox_owner SET until = {now} + ? WHERE id = ?"), e.o.Lease.Microseconds(), t.owner)
		if err != nil {
			return err
		}
		found, err = r.RowsAffected()
		return err
	})
	switch {
	case err != nil:
		return err
	case found == 0:
		e.o.Logger.Warn("outbox: this process was taken for dead, and goes on as another owner")
		return e.begin(ctx)
	}
	t.until.Store(int64(asked + e.o.Lease - e.o.Lease/8))
	return nil
}

// reclaim frees what owners have whose lease has lapsed, or who are certainly gone.
func (e *Engine) reclaim(ctx context.Context) error {
	if err := e.undo.all(ctx); err != nil {
		return err
	}
	dead, err := e.dead(ctx)
	if err != nil {
		return fmt.Errorf("look for dead owners: %w", err)
	}
	for _, owner := range dead {
		err := e.store.Write(ctx, func(ctx context.Context, c Conn) error {
			// Only who takes its row away frees what it had, and only if it has not been
			// renewed meanwhile.
			lapsed := " AND until < {now}"
			if e.gone(owner) {
				lapsed = ""
			}
			r, err := c.ExecContext(ctx, e.d.sql("DELETE FROM notify_outbox_owner WHERE id = ?"+lapsed), owner)
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil || n == 0 {
				return err
			}
			return e.free(ctx, c, owner)
		})
		if err != nil {
			return fmt.Errorf("free what a dead owner has: %w", err)
		}
	}
	if len(dead) > 0 {
		e.changed()
	}
	return e.strays(ctx)
}

func (e *Engine) gone(owner int64) bool { return e.o.Gone != nil && e.o.Gone(owner) }

// dead gives the owners that are no more.
func (e *Engine) dead(ctx context.Context) (dead []int64, err error) {
	r, err := e.store.Read().QueryContext(ctx, e.d.sql("SELECT id, CASE WHEN until < {now} THEN 1 ELSE 0 END FROM notify_outbox_owner"))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	mine := e.tenure.Load().owner
	for r.Next() {
		var owner int64
		var lapsed int
		if err := r.Scan(&owner, &lapsed); err != nil {
			return nil, err
		}
		if owner != mine && (lapsed == 1 || e.gone(owner)) {
			dead = append(dead, owner)
		}
	}
	return dead, r.Err()
}

// strays frees what owners have who are in no list: a process that slept beyond
// its lease can claim in the moment in which others take it for dead. Its Fence
// keeps it from sending.
func (e *Engine) strays(ctx context.Context) error {
	strays, err := e.ids(ctx, e.store.Read(), "SELECT DISTINCT owner FROM notify_outbox WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM notify_outbox_owner)")
	if err != nil || len(strays) == 0 {
		return err
	}
	defer e.changed()
	return e.store.Write(ctx, func(ctx context.Context, c Conn) error {
		for _, owner := range strays {
			if err := e.free(ctx, c, owner.(int64)); err != nil {
				return err
			}
		}
		return nil
	})
}

// remove takes away what ended before the window, in small steps, so that nobody
// waits long for the rows' locks. The time is a subquery, so that PostgreSQL looks
// it up once, and stops at the first record that is younger.
func (e *Engine) remove(ctx context.Context) error {
	for {
		var n int64
		err := e.store.Write(ctx, func(ctx context.Context, c Conn) error {
			ids, err := e.ids(ctx, c, "SELECT id FROM notify_outbox WHERE state IN (3,4,7,8) AND at < (SELECT {now} - ?) ORDER BY at LIMIT ?"+e.d.SkipLocked, e.o.Keep.Microseconds(), removeSome)
			if n = int64(len(ids)); err != nil || n == 0 {
				return err
			}
			_, err = c.ExecContext(ctx, e.d.sql("DELETE FROM notify_outbox WHERE id IN ("+marks(len(ids))+")"), ids...)
			return err
		})
		if err != nil || n < removeSome {
			return err
		}
		select { // others first
		case <-ctx.Done():
			return nil
		case <-time.After(rand.N(20 * time.Millisecond)):
		}
	}
}

func (e *Engine) ids(ctx context.Context, c Conn, query string, args ...any) (ids []any, err error) {
	r, err := c.QueryContext(ctx, e.d.sql(query), args...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for r.Next() {
		var id int64
		if err := r.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, r.Err()
}
