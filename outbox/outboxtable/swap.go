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
		claims := s.claims[from:min(from+mostWants, len(s.claims))]
		args := append(e.endArrays(s, quick), e.claimArgs(s, claims)...)
		before := len(s.claimed)
		var ended []int64
		once := func(ctx context.Context, c Conn) error {
			s.claimed = s.claimed[:before]
			for i := range claims {
				claims[i].got, claims[i].last = 0, 0
			}
			r, err := c.QueryContext(ctx, e.q["exchange"], args...)
			if err == nil {
				ended, err = s.unpack(r, from)
			}
			return err
		}
		if err := e.runAlone(ctx, once); err != nil {
			return err
		}
		s.matched(quick, ended)
		quick = nil
	}
	return nil
}

// runAlone runs a statement, again if the database has undone it: by itself if that
// is at read committed, else in a transaction.
func (e *Engine) runAlone(ctx context.Context, once func(context.Context, Conn) error) error {
	if !e.o.Alone {
		return e.store.Write(ctx, once)
	}
	for runs := 1; ; runs++ {
		err := once(ctx, e.store.Read())
		switch {
		case err == nil:
			return nil
		case !sure(err):
			return &UnsureError{err}
		case runs == mostRuns || !Undone(err) || ctx.Err() != nil:
			return err
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
	now, mine, err := e.now(ctx, c, s.owner)
	if err != nil {
		return err
	}
	var owner, at any = s.owner, now // boxed once
	for _, place := range s.quick {
		end := &s.ends[place]
		r, err := e.exec(ctx, c, "end", end.Lease.Row, end.Lease.Number, int(end.State), micros(end.Wait), end.Tries, end.Story, int64(end.Receipt), owner, at) //nolint:gosec // it fits
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			if err != nil {
				return err
			}
			s.slow = append(s.slow, place)
		}
	}
	return e.claimEach(ctx, c, s, now, mine)
}

// now returns the store's time, and whether owner is still one: one that was taken for
// dead must claim nothing.
func (e *Engine) now(ctx context.Context, c Conn, owner int64) (now int64, mine bool, err error) {
	at, err := e.ids(ctx, c, "now of owner", owner)
	if mine = len(at) > 0; err == nil && !mine {
		at, err = e.ids(ctx, c, "now")
	}
	if err != nil {
		return 0, false, err
	}
	return at[0], mine, nil
}

// claimEach claims by a statement for each class.
func (e *Engine) claimEach(ctx context.Context, c Conn, s *swap, now int64, mine bool) error {
	for i := range s.claims {
		want := &s.claims[i]
		want.got, want.last = 0, 0
		n := min(want.n, s.n-len(s.claimed))
		if n <= 0 || !mine {
			continue
		}
		r, err := e.query(ctx, c, "claim", want.class, want.floor, n, now, s.owner, s.number)
		if err != nil {
			return err
		}
		if err := s.scan(r, i, now); err != nil {
			return err
		}
	}
	return nil
}

// mostRows bounds the rows of one statement of MySQL.
const mostRows = 256

// swapRows is a transaction of MySQL.
func (e *Engine) swapRows(ctx context.Context, c Conn, s *swap) error {
	now, mine, err := e.now(ctx, c, s.owner)
	if err != nil {
		return err
	}
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
			s.slow = append(s.slow, some...)
		}
	}
	if err := e.claimEach(ctx, c, s, now, mine); err != nil {
		return err
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
