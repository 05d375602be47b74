package outboxtable

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/outbox"
)

// exchangeTime bounds one Exchange, which the caller's context does not end: it
// would leave it unknown whether the Exchange had come about.
const exchangeTime = 30 * time.Second

// Exchange records ends and claims.
func (e *Engine) Exchange(ctx context.Context, ends []outbox.End, wants []outbox.Want, n int) ([]outbox.Lease, []error, error) {
	done, err := e.use()
	if err != nil {
		return nil, nil, err
	}
	defer done()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangeTime)
	defer cancel()
	if err := e.undoAll(ctx); err != nil {
		return nil, nil, e.failed(ctx, err)
	}
	if t := e.tenure.Load(); !t.holds() {
		if err := e.renew(ctx); err != nil {
			return nil, nil, e.failed(ctx, fmt.Errorf("renew the lease: %w", err))
		}
	}
	s := &swap{owner: e.tenure.Load().owner, number: rand.Int64N(1<<62) + 1, n: n, answers: make([]error, len(ends))}
	if n > 0 {
		s.claims = e.claims(wants, n)
	}
	seen := make([]int64, 0, len(ends))
	for i := range ends {
		l := &ends[i].Lease
		if len(ends[i].Rivals) > 0 || l.Owner != s.owner || l.Row == 0 || slices.Contains(seen, l.Row) {
			s.slow = append(s.slow, i)
			continue
		}
		s.quick, seen = append(s.quick, i), append(seen, l.Row)
	}
	s.ends = ends
	if err := e.swap(ctx, s); err != nil {
		return nil, nil, e.failed(ctx, fmt.Errorf("exchange: %w", err))
	}
	e.settleSlow(ctx, s)
	if slices.ContainsFunc(ends, func(end outbox.End) bool { return end.State == outbox.Queued || end.State == outbox.Sending }) {
		e.wakes.look()
	}
	return s.leases(), s.answers, nil
}

// A swap is one Exchange.
type swap struct {
	owner, number int64
	ends          []outbox.End
	quick, slow   []int // places of ends: by the statement for nearly all, one by one
	answers       []error
	claims        []claim
	n             int
	claimed       []claimed
}

// A claim is a want, and from which time of being due it is looked for.
type claim struct {
	class    string
	n        int
	floor    int64
	got      int   // how many
	last     int64 // when the last was due
	observed int64 // the store's time
}

type claimed struct {
	place int
	id    int64
	due   int64
	lease outbox.Lease
}

func (e *Engine) claims(wants []outbox.Want, n int) []claim {
	all := make([]claim, 0, len(wants))
	for _, w := range wants {
		if w.N > 0 {
			all = append(all, claim{class: w.Class, n: min(w.N, n), floor: e.floors.get(w.Class)})
		}
	}
	return all
}

// swap does what can be done in one step.
func (e *Engine) swap(ctx context.Context, s *swap) error {
	if len(s.quick) == 0 && len(s.claims) == 0 {
		return nil
	}
	began := time.Now()
	slow := len(s.slow)
	var err error
	switch {
	case e.d == PostgreSQL:
		err = e.swapAtOnce(ctx, s)
	default:
		err = e.store.Write(ctx, func(ctx context.Context, c Conn) error {
			s.claimed, s.slow = s.claimed[:0], s.slow[:slow]
			if e.d == MySQL {
				return e.swapRows(ctx, c, s)
			}
			return e.swapEach(ctx, c, s)
		})
	}
	if err != nil {
		if _, unsure := errors.AsType[*UnsureError](err); unsure {
			e.undone.add(s.owner, s.number)
		}
		return err
	}
	took := time.Since(began)
	for i := range s.claims {
		c := &s.claims[i]
		switch {
		case c.got == c.n:
			e.floors.set(c.class, c.floor, c.last, took)
		case c.observed > 0 && len(s.claimed) < s.n:
			e.floors.set(c.class, c.floor, c.observed-floorSlack, took)
		}
	}
	return nil
}

// settleSlow records the ends that need more than a statement. What cannot be
// recorded has the error as its answer.
func (e *Engine) settleSlow(ctx context.Context, s *swap) {
	if len(s.slow) == 0 {
		return
	}
	ends := make([]outbox.End, len(s.slow))
	for i, place := range s.slow {
		ends[i] = s.ends[place]
	}
	answers := make([]error, len(ends))
	err := e.store.Write(ctx, func(ctx context.Context, c Conn) error {
		clear(answers)
		_, err := e.settle(ctx, c, ends, answers)
		return err
	})
	for i, place := range s.slow {
		if s.answers[place] = answers[i]; err != nil {
			s.answers[place] = e.failed(ctx, fmt.Errorf("record an end: %w", err))
		}
	}
}

// leases are what was claimed, in the order of the wants.
func (s *swap) leases() []outbox.Lease {
	slices.SortFunc(s.claimed, func(a, b claimed) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id))
	})
	all := make([]outbox.Lease, len(s.claimed))
	for i, c := range s.claimed {
		all[i] = c.lease
	}
	return all
}

// took takes in a row as it was before it was claimed.
func (s *swap) took(one claimed, last outbox.Record, at, born, now, before int64) {
	l := &one.lease
	l.Row, l.Owner, l.Number = one.id, s.owner, s.number
	if before != 0 {
		l.Last = last
		l.Last.Key, l.Last.Hash, l.Last.Class, l.Last.State, l.Last.At = l.Key, l.Hash, l.Class, outbox.State(before), time.UnixMicro(at)
	}
	l.Last.Now, l.Last.Age = time.UnixMicro(now), span(now-born)
	one.place = slices.IndexFunc(s.claims, func(c claim) bool { return c.class == l.Class })
	c := &s.claims[one.place]
	c.got, c.last, c.observed = c.got+1, max(c.last, one.due), now
	s.claimed = append(s.claimed, one)
}

// scan takes in rows that were claimed, and returns the IDs of ends among them.
func (s *swap) scan(r *sql.Rows) (ended []int64, err error) {
	defer r.Close()
	var (
		one             claimed
		last            outbox.Record
		key, hash       sql.RawBytes
		class           sql.RawBytes
		mark            sql.RawBytes
		before, rpt     int64
		at, born, now   int64
		story, contents []byte
	)
	for r.Next() {
		story, contents = nil, nil
		if err := r.Scan(&one.id, &key, &hash, &class, &before, &at, &one.due, &rpt, &last.Tries, &story, &contents, &mark, &born, &now); err != nil {
			return nil, err
		}
		if now == 0 {
			ended = append(ended, one.id)
			continue
		}
		one.lease = outbox.Lease{Entry: outbox.Entry{Key: string(key), Hash: string(hash), Class: s.class(class), Repeat: rpt == 1, Data: contents}}
		last.Story, last.Mark = story, string(mark)
		s.took(one, last, at, born, now, before)
	}
	return ended, r.Err()
}

// class is the name of a class that was asked for.
func (s *swap) class(name []byte) string {
	for i := range s.claims {
		if s.claims[i].class == string(name) {
			return s.claims[i].class
		}
	}
	return string(name)
}

// undo are hand-outs that no caller got, because it is unknown whether their commit
// came about.
type undo struct {
	mu   sync.Mutex // held while undoing, so that nothing is claimed before it is done
	lost [][2]int64 // owner and number
}

func (u *undo) add(owner, number int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lost = append(u.lost, [2]int64{owner, number})
}

func (e *Engine) undoAll(ctx context.Context) error {
	u := &e.undone
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.lost) > 0 {
		one := u.lost[0]
		err := e.store.Write(ctx, func(ctx context.Context, c Conn) error {
			_, err := e.exec(ctx, c, "undo", one[0], one[1])
			return err
		})
		if err != nil {
			return fmt.Errorf("undo a hand-out that no caller got: %w", err)
		}
		e.floors.drop()
		u.lost = u.lost[1:]
	}
	return nil
}
