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
		e.try("what dead owners have cannot be freed", e.reclaim)
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
	t := e.tenure.Load()
	asked := time.Since(start)
	var found int64
	err := e.store.Write(ctx, func(ctx context.Context, c Conn) error {
		r, err := e.exec(ctx, c, "renew", t.owner, e.o.Lease.Microseconds(), e.ownMark())
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
	if err := e.undoAll(ctx); err != nil {
		return err
	}
	dead, err := e.dead(ctx)
	if err != nil {
		return fmt.Errorf("look for dead owners: %w", err)
	}
	for _, owner := range dead {
		// Only the process that takes the owner's row away frees what it had, and only
		// if it has not been renewed meanwhile.
		if _, err := e.bury(ctx, owner, e.gone(owner)); err != nil {
			return fmt.Errorf("free what a dead owner has: %w", err)
		}
	}
	if len(dead) > 0 {
		e.freed()
	}
	return e.strays(ctx)
}

// freed wakes those who wait for what dead owners had.
func (e *Engine) freed() {
	e.floors.drop()
	e.wakes.look()
}

// unlist takes an owner's row away and returns its mark.
func (e *Engine) unlist(ctx context.Context, c Conn, owner int64, gone bool) (mark string, found bool, err error) {
	if e.d == MySQL { // which cannot do both at once
		if mark, found, err = e.one(ctx, c, "mark of", owner); err != nil || !found {
			return "", false, err
		}
		r, err := e.exec(ctx, c, "bury", owner, gone)
		if err != nil {
			return "", false, err
		}
		n, err := r.RowsAffected()
		return mark, n > 0, err
	}
	return e.one(ctx, c, "bury", owner, gone)
}

// one returns the text that a statement returns, if any.
func (e *Engine) one(ctx context.Context, c Conn, name string, args ...any) (text string, found bool, err error) {
	r, err := e.query(ctx, c, name, args...)
	if err != nil {
		return "", false, err
	}
	defer r.Close()
	for r.Next() {
		found = true
		if err := r.Scan(&text); err != nil {
			return "", false, err
		}
	}
	return text, found, r.Err()
}

func (e *Engine) gone(owner int64) bool { return e.o.Gone != nil && e.o.Gone(owner) }

// dead gives the owners that are no more.
func (e *Engine) dead(ctx context.Context) (dead []int64, err error) {
	r, err := e.query(ctx, e.store.Read(), "owners")
	if err != nil {
		return nil, err
	}
	defer r.Close()
	mine := e.tenure.Load().owner
	for r.Next() {
		var owner int64
		var lapsed bool
		if err := r.Scan(&owner, &lapsed); err != nil {
			return nil, err
		}
		if owner != mine && (lapsed || e.gone(owner)) {
			dead = append(dead, owner)
		}
	}
	return dead, r.Err()
}

// strays frees what owners have who are in no list: a process that slept beyond its
// lease can claim in the moment in which others take it for dead. Holds keeps it from
// sending. Which configuration they had is not known.
func (e *Engine) strays(ctx context.Context) error {
	strays, err := e.ids(ctx, e.store.Read(), "strays")
	if err != nil || len(strays) == 0 {
		return err
	}
	defer e.freed()
	return e.store.Write(ctx, func(ctx context.Context, c Conn) error {
		for _, owner := range strays {
			if _, err := e.exec(ctx, c, "free", owner, strayMark); err != nil {
				return err
			}
		}
		return nil
	})
}

// strayMark is no configuration's mark.
const strayMark = "?"

// remove takes away what ended before the window, in small steps, so that the rows'
// locks are held for a short time.
func (e *Engine) remove(ctx context.Context) error {
	for {
		var n int
		err := e.store.Write(ctx, func(ctx context.Context, c Conn) error {
			ids, err := e.ids(ctx, c, "old", e.o.Keep.Microseconds(), removeSome)
			if n = len(ids); err != nil || n == 0 {
				return err
			}
			query, args := e.bind("remove", list(e, ids), 1, nil)
			_, err = c.ExecContext(ctx, query, args...)
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

func (e *Engine) ids(ctx context.Context, c Conn, name string, args ...any) (ids []int64, err error) {
	r, err := e.query(ctx, c, name, args...)
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
