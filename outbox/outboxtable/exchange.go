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

// A claimedRow is what a claim returns of a message, as it was before.
type claimedRow struct {
	id, at, due, born, now int64
	tries                  int
	before, repeat         int64
	key, hash, mark        string
	story, data            []byte
}

// took takes in a row of the claim at place.
func (s *swap) took(place int, r claimedRow) {
	c := &s.claims[place]
	l := outbox.Lease{Entry: outbox.Entry{Key: r.key, Hash: r.hash, Class: c.class, Repeat: r.repeat == 1, Data: r.data}, Row: r.id, Owner: s.owner, Number: s.number}
	if r.before != 0 {
		l.Last = outbox.Record{Key: r.key, Hash: r.hash, Class: c.class, State: outbox.State(r.before), At: time.UnixMicro(r.at), Tries: r.tries, Story: r.story, Mark: r.mark}
	}
	l.Last.Now, l.Last.Age = time.UnixMicro(r.now), span(r.now-r.born)
	c.got, c.last, c.observed = c.got+1, max(c.last, r.due), r.now
	s.claimed = append(s.claimed, claimed{place: place, id: r.id, due: r.due, lease: l})
}

// scan takes in the rows of the claim at place.
func (s *swap) scan(rows *sql.Rows, place int, now int64) error {
	defer rows.Close()
	var key, hash, mark sql.RawBytes
	var at sql.NullInt64
	one := claimedRow{now: now}
	for rows.Next() {
		one.story, one.data = nil, nil
		if err := rows.Scan(&one.id, &key, &hash, &one.before, &at, &one.due, &one.repeat, &one.tries, &one.story, &one.data, &mark, &one.born); err != nil {
			return err
		}
		one.key, one.hash, one.mark, one.at = string(key), string(hash), string(mark), at.Int64
		s.took(place, one)
	}
	return rows.Err()
}

// unpack takes in the rows of PostgreSQL, each of which is one value, and returns the
// IDs of the ends. from is the place of the statement's first claim.
func (s *swap) unpack(rows *sql.Rows, from int) (ended []int64, err error) {
	defer rows.Close()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		next := func(n int) (number int64) {
			for _, c := range b[:n] {
				number = number<<8 | int64(c)
			}
			b = b[n:]
			return number
		}
		if len(b) == 0 {
			continue // there are no ends
		}
		id := next(8)
		if id == 0 {
			for len(b) > 0 {
				ended = append(ended, next(8))
			}
			continue
		}
		r := claimedRow{id: id, at: next(8), due: next(8), born: next(8), now: next(8), tries: int(next(4)), before: next(2), repeat: next(2)}
		place := from + int(next(2))
		key, hash, story, mark := next(4), next(4), next(4), next(4)
		r.key, b = string(b[:key]), b[key:]
		r.hash, b = string(b[:hash]), b[hash:]
		r.story, b = b[:story:story], b[story:]
		r.mark, r.data = string(b[:mark]), b[mark:]
		s.took(place, r)
	}
	return ended, rows.Err()
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
	if len(u.lost) > 0 && e.d == MySQL {
		// On another node of a cluster the hand-out may not have arrived yet. After a write
		// that has committed there, everything has that the cluster had before it.
		if err := e.renew(ctx); err != nil {
			return fmt.Errorf("undo a hand-out that no caller got: %w", err)
		}
	}
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
