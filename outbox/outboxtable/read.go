package outboxtable

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/notifykit/notify/outbox"
)

// Last gives the record of key.
func (e *Engine) Last(ctx context.Context, key string) (outbox.Record, error) {
	all, err := e.records(ctx, "{key} = ?", e.d.key(key))
	switch {
	case err != nil:
		return outbox.Record{}, err
	case len(all) == 0:
		return outbox.Record{}, outbox.ErrNotFound
	}
	return all[0], nil
}

// List gives records of a state by key.
func (e *Engine) List(ctx context.Context, state outbox.State, after string, n int) ([]outbox.Record, error) {
	return e.records(ctx, "state = ? AND {key} > ? ORDER BY {key} LIMIT ?", int(state), e.d.key(after), max(n, 0))
}

func (e *Engine) records(ctx context.Context, where string, args ...any) ([]outbox.Record, error) {
	done, err := e.use()
	if err != nil {
		return nil, err
	}
	defer done()
	r, err := e.store.Read().QueryContext(ctx, e.d.sql("SELECT "+rowColumns+" FROM notify_outbox WHERE "+where), args...)
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
	r, err := e.store.Read().QueryContext(ctx, e.d.sql("SELECT class, state, later, count(*), min(due) FROM"+
		" (SELECT class, state, due, CASE WHEN ready = 0 THEN 0 WHEN due > {now} THEN 2 ELSE 1 END AS later FROM notify_outbox) AS q GROUP BY class, state, later"))
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
