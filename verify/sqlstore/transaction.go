package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// mostRuns bounds how often a step that the database has undone is run, and
// mostLost how often one is of which nobody knows: whose connection was lost,
// maybe after it was done.
const (
	mostRuns = 20
	mostLost = 3
)

// A step is what the rules work on: rows as they were read, and the database's time
// then.
type step struct {
	now  time.Time
	rows map[string]*row
}

// A row is one of the table notify_verify.
type row struct {
	id    string
	data  []byte // as it was read; empty: there is none
	next  []byte // what is to be written
	until time.Time
}

// sum is what a row is compared by, to find out whether it is as it was read.
func (r *row) sum() []byte {
	sum := sha256.Sum256(r.data)
	return sum[:]
}

// run reads the rows of ids, lets do change them, and writes what it has changed: two
// round trips, without a transaction, for the write is one statement that writes
// nothing if a row was changed in between. If it was, the step is done again on rows
// that are locked, so that steps that meet wait for one another. If the answer was
// lost, the step is run again too: it knows itself by its ID, and answers as before.
func (s *Store) run(ctx context.Context, ids []string, do func(*step) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	ids = slices.Compact(slices.Sorted(slices.Values(ids))) // in order, so that steps do not wait in a ring
	try := s.optimistic
	for runs, gone := 1, 0; ; runs++ {
		err := try(ctx, ids, do)
		switch {
		case err == nil:
			s.cleaner.maybe(s)
			return nil
		case s.words.changed(err) || undone(err):
			try = s.locked
		case lost(err):
			gone++
		default:
			return err
		}
		if runs == mostRuns || gone == mostLost || ctx.Err() != nil {
			return err
		}
	}
}

// optimistic runs a step without locking what it reads.
func (s *Store) optimistic(ctx context.Context, ids []string, do func(*step) error) error {
	st, err := s.peek(ctx, ids)
	if err != nil {
		return err
	}
	if err := do(st); err != nil {
		return err
	}
	return s.write(ctx, s.db, ids, st)
}

// locked runs a step in a transaction. A row that another step makes meanwhile fails
// it; the next time it is there, and locked.
func (s *Store) locked(ctx context.Context, ids []string, do func(*step) error) (err error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer func() {
		if failed := tx.Rollback(); err != nil && failed != nil && !errors.Is(failed, sql.ErrTxDone) {
			err = errors.Join(err, failed)
		}
	}()
	st, err := s.read(ctx, tx, ids, true)
	if err != nil {
		return err
	}
	if s.words.nowAtStart {
		var us int64
		if err := tx.QueryRowContext(ctx, s.words.now).Scan(&us); err != nil {
			return err
		}
		st.now = time.UnixMicro(us)
	}
	if err := do(st); err != nil {
		return err
	}
	if err := s.write(ctx, tx, ids, st); err != nil {
		return err
	}
	return tx.Commit()
}

// A querier is a *sql.DB or a *sql.Tx.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// peek reads rows without locking them.
func (s *Store) peek(ctx context.Context, ids []string) (*step, error) {
	if s.words.peek == nil {
		return s.read(ctx, s.db, ids, false)
	}
	st := newStep(ids)
	var us int64
	args, into := make([]any, len(ids)), make([]any, len(ids)+1)
	for i, id := range ids {
		args[i], into[i] = []byte(id), &st.rows[id].data
	}
	into[len(ids)] = &us
	if err := s.db.QueryRowContext(ctx, s.words.peek(len(ids)), args...).Scan(into...); err != nil {
		return nil, err
	}
	st.now = time.UnixMicro(us)
	return st, nil
}

func newStep(ids []string) *step {
	st := &step{rows: make(map[string]*row, len(ids))}
	made := make([]row, len(ids))
	for i, id := range ids {
		made[i].id = id
		st.rows[id] = &made[i]
	}
	return st
}

func (s *Store) read(ctx context.Context, q querier, ids []string, lock bool) (*step, error) {
	query, args := s.words.read(ids, lock)
	found, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	st := newStep(ids)
	for found.Next() {
		var id, data []byte
		var us sql.NullInt64
		if err := found.Scan(&id, &data, &us); err != nil {
			return nil, err
		}
		if r := st.rows[string(id)]; r != nil {
			r.data = data
		}
		if us.Valid {
			st.now = time.UnixMicro(us.Int64)
		}
	}
	return st, found.Err()
}

func (s *Store) write(ctx context.Context, q querier, ids []string, st *step) error {
	var changed []*row
	for _, id := range ids {
		if r := st.rows[id]; !r.until.IsZero() {
			changed = append(changed, r)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	query, args := s.words.write(changed)
	_, err := q.ExecContext(ctx, query, args...)
	return err
}

var errRow = errors.New("a row of the table notify_verify holds something else than this version writes")

// get reads a row into a value, which stays as it is if there is none.
func (s *step) get(id string, into any) error {
	row := s.rows[id]
	if len(row.data) == 0 {
		return nil
	}
	if err := json.Unmarshal(row.data, into); err != nil {
		// The JSON error may quote the row, which holds a number.
		return errRow
	}
	return nil
}

// put makes run write a row. It says nothing any more from until on.
func (s *step) put(id string, value any, until time.Time) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if until.IsZero() {
		until = s.now
	}
	r := s.rows[id]
	if bytes.Equal(data, r.data) || len(r.data) == 0 && !until.After(s.now) {
		return nil // nothing is changed, or nothing is there
	}
	// Up to the hour, so that most changes leave the index on until as it is.
	r.next, r.until = data, until.Add(time.Hour-1).Truncate(time.Hour)
	return nil
}

// undone reports whether the database has undone a step that may well succeed when
// it is run again: a deadlock, a serialization failure.
func undone(err error) bool {
	if state := stateOf(err); state != "" {
		return state == "40001" || state == "40P01"
	}
	text := err.Error()
	return strings.Contains(text, "Error 1213 ") || strings.Contains(text, "Error 1020 ") || strings.Contains(text, "Error 1205 ")
}

// lost tells whether it is the connection that failed: errors of the database
// itself have a state, or MySQL's number, and those of class 08 and 57P are of a
// connection, or of a server that goes.
func lost(err error) bool {
	if state := stateOf(err); state != "" {
		return strings.HasPrefix(state, "08") || strings.HasPrefix(state, "57P")
	}
	if errors.Is(err, errRow) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	text := err.Error() // of MySQL's server: "Error 1213 (40001)"
	return !strings.Contains(text, "Error ") || strings.Contains(text, " (08")
}

type stateError interface {
	error
	SQLState() string
}

// stateOf returns the SQLSTATE of an error of PostgreSQL's.
func stateOf(err error) string {
	if s, ok := errors.AsType[stateError](err); ok {
		return s.SQLState()
	}
	return ""
}

// A cleaner removes what is over, a little at a time, after the steps of others.
type cleaner struct{ next atomic.Int64 }

const cleanEvery = 10 * time.Second

// maybe removes some at most every cleanEvery, by whoever comes first, in the
// step's own time: no goroutine runs.
func (c *cleaner) maybe(s *Store) {
	now := time.Now().UnixNano()
	next := c.next.Load()
	if now < next || !c.next.CompareAndSwap(next, now+int64(cleanEvery)) || next == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Clean(ctx) // the next one does it
}

// Clean removes rows that say nothing any more, up to 500. Steps do it by themselves now and
// then; a program that has stopped making them may do it here. An hour is added,
// for clocks are set. Rows in use are left alone.
func (s *Store) Clean(ctx context.Context) error { return wrapped("clean", s.clean(ctx)) }

func (s *Store) clean(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to say
	var us int64
	if err := tx.QueryRowContext(ctx, s.words.now).Scan(&us); err != nil {
		return err
	}
	ids, err := over(ctx, tx, s.words.over, us-time.Hour.Microseconds())
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx, s.words.drop, id); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func over(ctx context.Context, tx *sql.Tx, query string, before int64) (ids [][]byte, err error) {
	rows, err := tx.QueryContext(ctx, query, before)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
