package outboxtable

import (
	"bytes"
	"context"
	"database/sql"
	"time"

	"github.com/notifykit/notify/outbox"
)

// A row is what an end or a change is judged by, and what it sets.
type row struct {
	id                   int64
	key, hash, class     string
	state                outbox.State
	at, due, born, now   int64
	ready                bool
	owner, unsure, lease int64 // zero: none
	tries                int
	story, data          []byte
	mark                 string
	receipt              int64 // zero: none
	changed              bool
}

// ends reports whether an end counts: by the hand-out that is the last one and has
// not been taken for dead, or has and no other process took it; or late, by one that
// was taken for dead, in the place of a Held, or of another that still finds out.
func (r *row) ends(l outbox.Lease, to outbox.State) bool {
	mine := r.state == outbox.Sending && r.lease == l.Number && (r.owner == l.Owner || r.unsure == l.Number)
	late := r.unsure == l.Number && (r.state == outbox.Held || r.state == outbox.Sending && to == outbox.Accepted)
	return mine || late
}

// recorded reports whether this very end is there already: its commit came about,
// and its answer was lost.
func (r *row) recorded(l outbox.Lease, to outbox.Change) bool {
	return r.owner == 0 && r.unsure != l.Number && r.lease == l.Number && r.state == to.State && bytes.Equal(r.story, to.Story)
}

// set gives r what to says.
func (r *row) set(to outbox.Change) {
	r.changed = true
	r.owner, r.due = 0, r.now+micros(to.Wait)
	r.ready = to.State == outbox.Queued || to.State == outbox.Sending
	switch to.State {
	case outbox.Sending: // since At nothing is known
	case outbox.Queued:
		r.at = r.due
	default:
		r.at = r.now
	}
	if to.State != outbox.Sending && to.State != outbox.Held {
		r.unsure = 0
	}
	r.state, r.tries, r.story = to.State, to.Tries, bytes.Clone(to.Story)
	if to.Receipt != 0 {
		r.receipt = int64(to.Receipt) //nolint:gosec // it fits
	}
	if to.State.Ended() {
		r.data = nil
	}
}

// micros is d in microseconds, never shorter than d, and not under zero.
func micros(d time.Duration) int64 {
	return int64((max(d, 0) + time.Microsecond - 1) / time.Microsecond)
}

// write sets a row that was changed.
func (e *Engine) write(ctx context.Context, c Conn, r *row) error {
	null := func(n int64) any { return sql.NullInt64{Int64: n, Valid: n != 0} }
	_, err := e.exec(ctx, c, "set", r.id, int(r.state), r.at, r.due, flag(r.ready), null(r.unsure), r.tries, r.story, r.data, null(r.receipt))
	return err
}

func scanRow(r *sql.Rows) (*row, error) {
	var one row
	var owner, unsure, receipt sql.NullInt64
	err := r.Scan(&one.id, &one.key, &one.hash, &one.class, (*int)(&one.state), &one.at, &one.due, &one.ready, &owner, &unsure, &one.lease,
		&one.tries, &one.story, &one.data, &one.mark, &one.born, &receipt, &one.now)
	one.owner, one.unsure, one.receipt = owner.Int64, unsure.Int64, receipt.Int64
	return &one, err
}

func (r *row) record() outbox.Record {
	return outbox.Record{Key: r.key, Hash: r.hash, Class: r.class, State: r.state, At: time.UnixMicro(r.at), Now: time.UnixMicro(r.now), Age: span(r.now - r.born),
		Tries: r.tries, Story: r.story, Mark: r.mark, Revision: r.lease, Data: r.data}
}

func span(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

// locked reads the rows of keys and keeps others from changing them.
func (e *Engine) locked(ctx context.Context, c Conn, keys []string) (map[string]*row, error) {
	query, args := e.bind("rows", list(e, keys), 1, nil)
	r, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	rows := make(map[string]*row, len(keys))
	for r.Next() {
		one, err := scanRow(r)
		if err != nil {
			return nil, err
		}
		rows[one.key] = one
	}
	return rows, r.Err()
}

// settle records ends one by one, and reports whether any row is ready again.
func (e *Engine) settle(ctx context.Context, c Conn, ends []outbox.End, answers []error) (back bool, err error) {
	keys := make([]string, 0, len(ends))
	for _, end := range ends {
		keys = append(keys, end.Lease.Key)
		if len(end.Rivals) > 0 && e.d != SQLite { // one such end at a time, in all processes
			if err := e.oneByOne(ctx, c); err != nil {
				return false, err
			}
		}
	}
	rows, err := e.locked(ctx, c, keys)
	if err != nil {
		return false, err
	}
	for i, end := range ends {
		r := rows[end.Lease.Key]
		switch {
		case r != nil && r.recorded(end.Lease, end.Change):
			continue
		case r == nil || !r.ends(end.Lease, end.State):
			answers[i] = outbox.ErrState
			continue
		}
		rivals, err := e.owned(ctx, c, end.Lease.Key, end.Rivals)
		if err != nil {
			return false, err
		}
		if len(rivals) > 0 {
			answers[i] = outbox.ErrRival
			continue
		}
		r.set(end.Change)
		back = back || r.ready
		if err := e.write(ctx, c, r); err != nil {
			return false, err
		}
	}
	return back, nil
}

// oneByOne makes transactions that call it follow one another. In MySQL it is a write,
// for a lock holds on one node of a cluster only.
func (e *Engine) oneByOne(ctx context.Context, c Conn) error {
	_, err := e.exec(ctx, c, "one by one")
	return err
}

// Change compares and sets.
func (e *Engine) Change(ctx context.Context, was outbox.Record, to outbox.Change) error {
	done, err := e.use()
	if err != nil {
		return err
	}
	defer done()
	var answer error
	err = e.store.Write(ctx, func(ctx context.Context, c Conn) error {
		rows, err := e.locked(ctx, c, []string{was.Key})
		if err != nil {
			return err
		}
		r := rows[was.Key]
		switch {
		case r == nil:
			answer = outbox.ErrNotFound
			return nil
		case r.state != was.State || r.lease != was.Revision || r.owner != 0:
			answer = outbox.ErrState
			return nil
		}
		answer = nil
		r.set(to)
		return e.write(ctx, c, r)
	})
	if err != nil {
		return e.failed(ctx, err)
	}
	if answer == nil {
		e.wakes.look()
	}
	return answer
}
