package outboxtable

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/notifykit/notify/outbox"
)

// A row is what an end or a change is judged by, and what it sets.
type row struct {
	id                   int64
	key, hash, class     string
	state                outbox.State
	at, due              int64
	ready                bool
	owner, unsure, lease int64 // zero: none
	tries                int
	story, data          []byte
	changed              bool
	now                  int64
}

// ends tells whether an end counts: by the hand-out that is the last one and has
// not been taken for dead, or has and nobody else took it; or late, by one that
// was taken for dead, in the place of a Held, or of another who still finds out.
func (r *row) ends(t token, to outbox.State) bool {
	mine := r.state == outbox.Sending && r.lease == t.lease && (r.owner == t.owner || r.unsure == t.lease)
	late := r.unsure == t.lease && (r.state == outbox.Held || r.state == outbox.Sending && to == outbox.Accepted)
	return mine || late
}

// recorded tells whether this very end is there already: its commit came about,
// and its answer was lost.
func (r *row) recorded(t token, to outbox.Record) bool {
	return to.State.Ended() && r.state == to.State && r.lease == t.lease && bytes.Equal(r.story, to.Story)
}

// set gives r the State, At, Tries and Story of to.
func (r *row) set(to outbox.Record) {
	at := r.now
	if !to.At.IsZero() {
		at = micros(to.At)
	}
	r.changed = true
	r.owner, r.due = 0, at
	r.ready = to.State == outbox.Queued || to.State == outbox.Sending
	if to.State == outbox.Sending {
		at = r.at // since then nothing is known
	} else if to.State != outbox.Held {
		r.unsure = 0
	}
	r.state, r.at, r.tries, r.story = to.State, at, to.Tries, bytes.Clone(to.Story)
	if to.State.Ended() {
		r.data = nil
	}
}

// args are the values of setColumns.
func (r *row) args() []any {
	null := func(n int64) any { return sql.NullInt64{Int64: n, Valid: n != 0} }
	return []any{r.id, int(r.state), r.at, r.due, flag(r.ready), null(r.owner), null(r.unsure), r.tries, r.story, r.data}
}

const rowColumns = "id, {key}, hash, class, state, at, due, ready, owner, unsure, lease, tries, story, data, {now}"

func scanRow(r *sql.Rows) (*row, error) {
	var one row
	var state, ready int
	var owner, unsure sql.NullInt64
	err := r.Scan(&one.id, &one.key, &one.hash, &one.class, &state, &one.at, &one.due, &ready, &owner, &unsure, &one.lease, &one.tries, &one.story, &one.data, &one.now)
	one.state, one.ready, one.owner, one.unsure = outbox.State(state), ready == 1, owner.Int64, unsure.Int64
	return &one, err
}

func (r *row) record() outbox.Record {
	return outbox.Record{Key: r.key, Hash: r.hash, Class: r.class, State: r.state, At: time.UnixMicro(r.at), Tries: r.tries, Story: r.story, Data: r.data}
}

// locked reads the rows of keys and keeps others from changing them.
func (e *Engine) locked(ctx context.Context, c Conn, keys []any) (map[string]*row, error) {
	r, err := c.QueryContext(ctx, e.d.sql("SELECT "+rowColumns+" FROM notify_outbox WHERE {key} IN ("+marks(len(keys))+") ORDER BY id"+e.d.ForUpdate), keys...)
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

// write sets all rows that were changed.
func (e *Engine) write(ctx context.Context, c Conn, rows []*row) error {
	rows = slices.DeleteFunc(rows, func(r *row) bool { return !r.changed })
	for len(rows) > 0 {
		n, size := portion(len(rows))
		var args []any
		for _, r := range rows[:n] {
			args = append(args, r.args()...)
		}
		if _, err := c.ExecContext(ctx, e.d.sql(e.d.Update(size)), padded(args, size*len(setColumns))...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// Settle records ends.
func (e *Engine) Settle(ctx context.Context, ends []outbox.End) []error {
	answers := make([]error, len(ends))
	fill := func(err error) []error {
		for i := range answers {
			answers[i] = err
		}
		return answers
	}
	done, err := e.use()
	if err != nil {
		return fill(err)
	}
	defer done()
	if len(ends) == 0 {
		return answers
	}
	if e.d.Alone && e.quick(ctx, e.store.Read(), ends) == nil {
		return answers
	}
	back := false
	err = e.store.Write(ctx, func(ctx context.Context, c Conn) (err error) {
		clear(answers)
		back = false
		if !e.d.Alone && e.quick(ctx, c, ends) == nil {
			return nil
		}
		back, err = e.settle(ctx, c, ends, answers)
		return err
	})
	if err != nil {
		return fill(e.failed(ctx, fmt.Errorf("settle: %w", err)))
	}
	if back {
		e.changed()
	}
	return answers
}

// errSlow says that ends have to be looked at one by one.
var errSlow = errors.New("not all of them are final ends of what nobody has touched")

// quick records ends as nearly all of them are, in one statement: final, and of
// rows that nobody has touched since they were handed out. Where it gives an error
// it may have recorded some of them, which settle knows again.
func (e *Engine) quick(ctx context.Context, c Conn, ends []outbox.End) error {
	for _, end := range ends {
		if t, ok := end.Lease.Token.(token); !ok || t.id == 0 || !end.State.Ended() {
			return errSlow
		}
	}
	for len(ends) > 0 {
		n, size := portion(len(ends))
		args := make([]any, 0, size*len(endColumns))
		for _, end := range ends[:n] {
			t := end.Lease.Token.(token)
			at := sql.NullInt64{Int64: micros(end.At), Valid: !end.At.IsZero()}
			args = append(args, t.id, t.owner, t.lease, int(end.State), at, end.Tries, end.Story)
		}
		r, err := c.ExecContext(ctx, e.d.sql(e.d.End(size)), padded(args, size*len(endColumns))...)
		if err != nil {
			return err
		}
		if changed, err := r.RowsAffected(); err != nil || changed != int64(n) {
			return errSlow
		}
		ends = ends[n:]
	}
	return nil
}

// mostRows bounds how many rows one statement sets.
const mostRows = 256

// portion is how many of n rows the next statement is for, and for how many it is
// written: a power of two, so that statements have few different lengths and are
// prepared once by the drivers that prepare.
func portion(n int) (rows, size int) {
	n = min(n, mostRows)
	return n, 1 << bits.Len(uint(n-1))
}

// padded fills up the parameters of a statement with rows without an id, which are
// nowhere.
func padded(args []any, n int) []any {
	for len(args) < n {
		args = append(args, nil)
	}
	return args
}

// settle records ends one by one, and tells whether any row is ready again.
func (e *Engine) settle(ctx context.Context, c Conn, ends []outbox.End, answers []error) (back bool, err error) {
	keys := make([]any, 0, len(ends))
	for _, end := range ends {
		keys = append(keys, e.d.key(end.Lease.Key))
	}
	rows, err := e.locked(ctx, c, keys)
	if err != nil {
		return false, err
	}
	var changed []*row
	for i, end := range ends {
		r := rows[end.Lease.Key]
		t, ok := end.Lease.Token.(token)
		switch {
		case r != nil && ok && r.recorded(t, end.Record):
			continue
		case r == nil || !ok || !r.ends(t, end.State):
			answers[i] = outbox.ErrState
			continue
		}
		if !r.changed {
			changed = append(changed, r)
		}
		r.set(end.Record)
		back = back || r.ready
	}
	return back, e.write(ctx, c, changed)
}

// Change compares and sets.
func (e *Engine) Change(ctx context.Context, key string, from []outbox.State, to outbox.Record) error {
	done, err := e.use()
	if err != nil {
		return err
	}
	defer done()
	var answer error
	err = e.store.Write(ctx, func(ctx context.Context, c Conn) error {
		rows, err := e.locked(ctx, c, []any{e.d.key(key)})
		if err != nil {
			return err
		}
		r := rows[key]
		switch {
		case r == nil:
			answer = outbox.ErrNotFound
			return nil
		case r.state == outbox.Sending || !slices.Contains(from, r.state):
			answer = outbox.ErrState
			return nil
		}
		answer = nil
		r.set(to)
		return e.write(ctx, c, []*row{r})
	})
	if err != nil {
		return e.failed(ctx, fmt.Errorf("change: %w", err))
	}
	if answer == nil {
		e.changed()
	}
	return answer
}
