package outboxtable

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/notifykit/notify/outbox"
)

// Last returns the record of key.
func (e *Engine) Last(ctx context.Context, key string) (outbox.Record, error) {
	all, err := e.records(ctx, "last", e.d.key(key))
	switch {
	case err != nil:
		return outbox.Record{}, err
	case len(all) == 0:
		return outbox.Record{}, outbox.ErrNotFound
	}
	return all[0], nil
}

// List returns records of a state by key.
func (e *Engine) List(ctx context.Context, state outbox.State, after string, n int) ([]outbox.Record, error) {
	return e.records(ctx, "list", int(state), e.d.key(after), max(n, 0))
}

// Owned returns the receipts that other records have.
func (e *Engine) Owned(ctx context.Context, key string, receipts []uint64) ([]uint64, error) {
	done, err := e.use()
	if err != nil {
		return nil, err
	}
	defer done()
	owned, err := e.owned(ctx, e.store.Read(), key, receipts)
	return owned, e.failed(ctx, err)
}

func (e *Engine) owned(ctx context.Context, c Conn, key string, receipts []uint64) (owned []uint64, err error) {
	if len(receipts) == 0 {
		return nil, nil
	}
	all := make([]int64, len(receipts))
	for i, r := range receipts {
		all[i] = int64(r) //nolint:gosec // a Receipt fits
	}
	query, args := e.bind("owned", list(e, all), 1, []any{e.d.key(key)})
	r, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("look for receipts: %w", err)
	}
	defer r.Close()
	for r.Next() {
		var one int64
		if err := r.Scan(&one); err != nil {
			return nil, err
		}
		owned = append(owned, uint64(one)) //nolint:gosec // it was one
	}
	return owned, r.Err()
}

func (e *Engine) records(ctx context.Context, name string, args ...any) ([]outbox.Record, error) {
	done, err := e.use()
	if err != nil {
		return nil, err
	}
	defer done()
	r, err := e.query(ctx, e.store.Read(), name, args...)
	if err != nil {
		return nil, e.failed(ctx, fmt.Errorf("read: %w", err))
	}
	defer r.Close()
	var all []outbox.Record
	for r.Next() {
		one, err := scanRow(r)
		if err != nil {
			return nil, e.failed(ctx, fmt.Errorf("read: %w", err))
		}
		all = append(all, one.record())
	}
	return all, e.failed(ctx, r.Err())
}

// Count counts all records in one pass.
func (e *Engine) Count(ctx context.Context) (outbox.Counts, error) {
	done, err := e.use()
	if err != nil {
		return outbox.Counts{}, err
	}
	defer done()
	r, err := e.query(ctx, e.store.Read(), "count")
	if err != nil {
		return outbox.Counts{}, e.failed(ctx, fmt.Errorf("count: %w", err))
	}
	defer r.Close()
	c := outbox.Counts{States: map[outbox.State]int64{}, Classes: map[string]outbox.ClassCount{}}
	for r.Next() {
		var class string
		var state, later int
		var n int64
		var due sql.NullInt64
		if err := r.Scan(&class, &state, &later, &n, &due); err != nil {
			return outbox.Counts{}, e.failed(ctx, fmt.Errorf("count: %w", err))
		}
		c.States[outbox.State(state)] += n
		if s := outbox.State(state); s != outbox.Queued && s != outbox.Sending {
			continue
		}
		of := c.Classes[class]
		switch later {
		case 0:
			of.Sending += n
		case 2:
			of.Later += n
		default:
			of.Ready += n
			if at := time.UnixMicro(due.Int64); of.Oldest.IsZero() || at.Before(of.Oldest) {
				of.Oldest = at
			}
		}
		c.Classes[class] = of
	}
	return c, e.failed(ctx, r.Err())
}
