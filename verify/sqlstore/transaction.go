package sqlstore

import (
	"context"
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

// A step is what a transaction works on: rows that nobody else changes before it
// ends, and the database's time, read after they were locked.
type step struct {
	now  time.Time
	rows map[string]*locked
}

type locked struct {
	data  []byte
	until time.Time // set: the row is written
}

// run locks the rows of ids, lets do change them, and commits. Rows are made
// before they are locked, so that two first steps wait for one another, and in
// order, so that they do not wait in a ring. Where the answer of the commit was
// lost, the step is run again: it knows itself by its ID, and answers as before.
func (s *Store) run(ctx context.Context, ids []string, do func(*step) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for runs, gone := 1, 0; ; runs++ {
		err := s.once(ctx, ids, do)
		if err == nil {
			s.cleaner.maybe(s)
			return nil
		}
		if lost(err) {
			gone++
		} else if !undone(err) {
			return err
		}
		if runs == mostRuns || gone == mostLost || ctx.Err() != nil {
			return err
		}
	}
}

func (s *Store) once(ctx context.Context, ids []string, do func(*step) error) (err error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer func() {
		if failed := tx.Rollback(); err != nil && failed != nil && !errors.Is(failed, sql.ErrTxDone) {
			err = errors.Join(err, failed)
		}
	}()
	st := &step{rows: make(map[string]*locked, len(ids))}
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx, s.words.keep, []byte(id)); err != nil {
			return err
		}
		row := &locked{}
		if err := tx.QueryRowContext(ctx, s.words.get, []byte(id)).Scan(&row.data); err != nil {
			return err
		}
		st.rows[id] = row
	}
	var us int64
	if err := tx.QueryRowContext(ctx, s.words.now).Scan(&us); err != nil {
		return err
	}
	st.now = time.UnixMicro(us)
	if err := do(st); err != nil {
		return err
	}
	for _, id := range ids {
		if row := st.rows[id]; !row.until.IsZero() {
			if _, err := tx.ExecContext(ctx, s.words.set, row.data, row.until.UnixMicro(), []byte(id)); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

var errRow = errors.New("a row of the table notify_verify holds something else than this version writes")

// get reads a row into a value, which stays as it is where there is none.
func (s *step) get(id string, into any) error {
	row := s.rows[id]
	if len(row.data) == 0 {
		return nil
	}
	if err := json.Unmarshal(row.data, into); err != nil {
		// The JSON error may quote the row, which holds a number: it is not told.
		return errRow
	}
	return nil
}

// put has a row written. It says nothing any more from until on.
func (s *step) put(id string, value any, until time.Time) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if until.IsZero() {
		until = s.now
	}
	row := s.rows[id]
	row.data, row.until = data, until
	return nil
}

// undone tells whether the database has undone a transaction that may well
// succeed when it is run again: a deadlock, a serialization failure, a row that
// was removed between two statements.
func undone(err error) bool {
	if errors.Is(err, sql.ErrNoRows) {
		return true // removed as over between being made and being locked
	}
	if s, ok := errors.AsType[stateError](err); ok {
		return s.SQLState() == "40001" || s.SQLState() == "40P01"
	}
	text := err.Error()
	return strings.Contains(text, "Error 1213 ") || strings.Contains(text, "Error 1020 ") || strings.Contains(text, "Error 1205 ")
}

// lost tells whether it is the connection that failed: errors of the database
// itself have a state, or MySQL's number, and those of class 08 and 57P are of a
// connection, or of a server that goes.
func lost(err error) bool {
	if s, ok := errors.AsType[stateError](err); ok {
		return strings.HasPrefix(s.SQLState(), "08") || strings.HasPrefix(s.SQLState(), "57P")
	}
	if errors.Is(err, errRow) || errors.Is(err, sql.ErrNoRows) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	text := err.Error() // of MySQL's server: "Error 1213 (40001)"
	return !strings.Contains(text, "Error ") || strings.Contains(text, " (08")
}

type stateError interface {
	error
	SQLState() string
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

// Clean removes rows that say nothing any more, up to 500, those among them that
// a refused step has only made to lock them. Steps do it by themselves now and
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
