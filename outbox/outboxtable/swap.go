package outboxtable

import (
	"context"
	"errors"
	"slices"
)

// mostWants is how many classes the statement of PostgreSQL claims from.
const mostWants = 3

// mostRuns bounds how often a statement that the database has undone is run.
const mostRuns = 10

// swapAtOnce is one statement of PostgreSQL, which is a transaction by itself. More
// classes than it has places for are claimed by further ones.
func (e *Engine) swapAtOnce(ctx context.Context, s *swap) error {
	quick := s.quick
	for from := 0; from == 0 || from < len(s.claims) && len(s.claimed) < s.n; from += mostWants {
		args := append(e.endArrays(s, quick), e.claimArgs(s, s.claims[from:min(from+mostWants, len(s.claims))])...)
		before := len(s.claimed)
		ended, err := e.runAlone(ctx, s, args, before)
		if err != nil {
			return err
		}
		s.matched(quick, ended)
		quick = nil
	}
	return nil
}

// runAlone runs the statement, again if the database has undone it: by itself if
// that is at read committed, else in a transaction.
func (e *Engine) runAlone(ctx context.Context, s *swap, args []any, before int) (ended []int64, err error) {
	once := func(ctx context.Context, c Conn) error {
		s.claimed = s.claimed[:before]
		r, err := c.QueryContext(ctx, e.q["exchange"], args...)
		if err == nil {
			ended, err = s.scan(r)
		}
		return err
	}
	if !e.o.Alone {
		return ended, e.store.Write(ctx, once)
	}
	for runs := 1; ; runs++ {
		err := once(ctx, e.store.Read())
		switch {
		case err == nil:
			return ended, nil
		case !sure(err):
			return nil, &UnsureError{err}
		case runs == mostRuns || !Undone(err):
			return nil, err
		}
	}
}

// matched sorts the ends whose rows were not as they had been handed out to those
// that are looked at one by one.
func (s *swap) matched(quick []int, ended []int64) {
	if len(ended) == len(quick) {
		return
	}
	for _, place := range quick {
		if !slices.Contains(ended, s.ends[place].Lease.Row) {
			s.slow = append(s.slow, place)
		}
	}
}

// endArrays are the parameters of ends.
func (e *Engine) endArrays(s *swap, quick []int) []any {
	n := len(quick)
	var ids, numbers, states, waits, tries, receipts = make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	stories := make([][]byte, n)
	for i, place := range quick {
		end := &s.ends[place]
		ids[i], numbers[i], states[i], waits[i], tries[i] = end.Lease.Row, end.Lease.Number, int64(end.State), micros(end.Wait), int64(end.Tries)
		stories[i], receipts[i] = end.Story, int64(end.Receipt) //nolint:gosec // it fits
	}
	return []any{e.array(ids), e.array(numbers), e.array(states), e.array(waits), e.array(tries), e.array(stories), e.array(receipts), s.owner}
}

func (e *Engine) claimArgs(s *swap, claims []claim) []any {
	args := []any{s.number, s.n - len(s.claimed)}
	for i := range mostWants {
		var c claim
		if i < len(claims) {
			c = claims[i]
		}
		args = append(args, c.class, c.floor, c.n)
	}
	return args
}

// swapEach is a statement for each end and each class, in a transaction with others:
// in SQLite a statement costs no trip.
func (e *Engine) swapEach(ctx context.Context, c Conn, s *swap) error {
	var slow []int
	for _, place := range s.quick {
		end := &s.ends[place]
		r, err := e.exec(ctx, c, "end", end.Lease.Row, end.Lease.Number, int(end.State), micros(end.Wait), end.Tries, end.Story, int64(end.Receipt), s.owner) //nolint:gosec // it fits
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			if err != nil {
				return err
			}
			slow = append(slow, place)
		}
	}
	for i := range s.claims {
		want := &s.claims[i]
		want.got, want.last = 0, 0
		n := min(want.n, s.n-len(s.claimed))
		if n <= 0 {
			continue
		}
		r, err := e.query(ctx, c, "claim", s.owner, s.number, want.class, want.floor, n)
		if err != nil {
			return err
		}
		if _, err := s.scan(r); err != nil {
			return err
		}
	}
	s.slow = append(s.slow, slow...)
	return nil
}

// mostRows bounds the rows of one statement of MySQL.
const mostRows = 256

// swapRows is a transaction of MySQL.
func (e *Engine) swapRows(ctx context.Context, c Conn, s *swap) error {
	mine, err := e.ids(ctx, c, "now of owner", s.owner)
	if err == nil && len(mine) == 0 { // taken for dead: nothing is claimed
		_, err = e.ids(ctx, c, "now")
	}
	if err != nil {
		return err
	}
	var slow []int
	for some := range slices.Chunk(s.quick, mostRows) {
		var rows []any
		for _, place := range some {
			end := &s.ends[place]
			rows = append(rows, end.Lease.Row, end.Lease.Number, int(end.State), micros(end.Wait), end.Tries, end.Story, int64(end.Receipt)) //nolint:gosec // it fits
		}
		query, args := e.bind("end", rows, 7, []any{s.owner})
		r, err := c.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		if n != int64(len(some)) { // those that are recorded now are known again
			slow = append(slow, some...)
		}
	}
	for i := range s.claims {
		want := &s.claims[i]
		want.got, want.last = 0, 0
		n := min(want.n, s.n-len(s.claimed))
		if n <= 0 || len(mine) == 0 {
			continue
		}
		r, err := e.query(ctx, c, "claim", want.class, want.floor, n)
		if err != nil {
			return err
		}
		if _, err := s.scan(r); err != nil {
			return err
		}
	}
	if len(s.claimed) > 0 {
		ids := make([]int64, len(s.claimed))
		for i, one := range s.claimed {
			ids[i] = one.id
		}
		query, args := e.bind("claimed", list(e, ids), 1, []any{s.owner, s.number})
		if _, err := c.ExecContext(ctx, query, args...); err != nil {
			return err
		}
	}
	s.slow = append(s.slow, slow...)
	return nil
}

// A stateError is an error of a PostgreSQL driver.
type stateError interface {
	error
	SQLState() string
}

// sure reports whether the database has answered that a statement failed.
func sure(err error) bool {
	s, ok := errors.AsType[stateError](err)
	return ok && s.SQLState()[:2] != "08" && s.SQLState() != "57P01" // a connection that broke, a server that stops
}
