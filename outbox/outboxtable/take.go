package outboxtable

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/outbox"
)

// claimTime bounds one claim, which the caller's context does not end: it would
// leave nobody knowing whether it had come about.
const claimTime = 30 * time.Second

// Take claims.
func (e *Engine) Take(ctx context.Context, classes []string, n int) ([]outbox.Lease, error) {
	done, err := e.use()
	if err != nil {
		return nil, err
	}
	defer done()
	var leases []outbox.Lease
	err = e.await(ctx, classes, func(ready []string) (bool, error) {
		leases, err = e.claim(ctx, ready, n)
		e.more.Store(err == nil && len(leases) == n)
		return len(leases) > 0, err
	})
	return leases, e.failed(ctx, err)
}

// Peek looks.
func (e *Engine) Peek(ctx context.Context, classes []string) (string, error) {
	done, err := e.use()
	if err != nil {
		return "", err
	}
	defer done()
	class := ""
	err = e.await(ctx, classes, func([]string) (bool, error) {
		ready, _, err := e.look(ctx, classes)
		if len(ready) > 0 {
			class = ready[0]
		}
		return len(ready) > 0, err
	})
	return class, e.failed(ctx, err)
}

// await calls try with the classes that may have something, until it says that it
// is done. It looks again when something was put here, when the next is due, and
// every Poll, for what others have put.
func (e *Engine) await(ctx context.Context, classes []string, try func(ready []string) (bool, error)) error {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wake := e.woken()
		ready, next := classes, e.o.Poll
		var err error
		sure := e.more.Swap(false)
		if e.o.PeekFirst && !sure {
			if ready, next, err = e.look(ctx, classes); err != nil {
				return err
			}
		}
		if len(ready) > 0 {
			if done, err := try(ready); done || err != nil {
				return err
			}
			if sure { // it was not
				continue
			}
			if !e.o.PeekFirst {
				if ready, next, err = e.look(ctx, classes); err != nil {
					return err
				}
				if len(ready) > 0 { // it came in between, or others hold it
					next = min(e.o.Poll, 5*time.Millisecond)
				}
			}
		}
		wait(ctx, wake, min(next, e.o.Poll))
	}
}

func wait(ctx context.Context, wake <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-t.C:
	}
}

// look gives those of the classes that have something due, in their order, and
// how long until the next is due where none has.
func (e *Engine) look(ctx context.Context, classes []string) (ready []string, next time.Duration, err error) {
	if len(classes) == 0 {
		return nil, e.o.Poll, nil
	}
	const one = "(SELECT ? AS place, (SELECT due FROM notify_outbox WHERE ready = 1 AND class = ? ORDER BY due LIMIT 1) AS due, {now} AS now)"
	var args []any
	for i, c := range classes {
		args = append(args, i, c)
	}
	query := strings.TrimSuffix(strings.Repeat("SELECT * FROM "+one+" AS q UNION ALL ", len(classes)), " UNION ALL ")
	if e.d.Numbered { // which has to know the types of parameters
		query = strings.ReplaceAll(query, "SELECT ? AS place", "SELECT CAST(? AS integer) AS place")
	}
	r, err := e.store.Read().QueryContext(ctx, e.d.sql(query), args...)
	if err != nil {
		return nil, 0, fmt.Errorf("look for what is due: %w", err)
	}
	defer r.Close()
	next = e.o.Poll
	found := make([]bool, len(classes))
	for r.Next() {
		var place int
		var due sql.NullInt64
		var now int64
		if err := r.Scan(&place, &due, &now); err != nil {
			return nil, 0, err
		}
		switch left := time.Duration(due.Int64-now) * time.Microsecond; {
		case !due.Valid:
		case left <= 0:
			found[place] = true
		default:
			next = min(next, left+time.Millisecond)
		}
	}
	for i, c := range classes {
		if found[i] {
			ready = append(ready, c)
		}
	}
	return ready, next, r.Err()
}

// claim hands out up to n, class by class.
func (e *Engine) claim(ctx context.Context, classes []string, n int) ([]outbox.Lease, error) {
	if err := e.undo.all(ctx); err != nil {
		return nil, err
	}
	if t := e.tenure.Load(); !t.Valid() && !e.paused.Load() {
		if err := e.renew(ctx); err != nil {
			return nil, fmt.Errorf("renew the lease: %w", err)
		}
	}
	t := token{tenure: e.tenure.Load(), lease: rand.Int64N(1<<62) + 1}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTime)
	defer cancel()
	leases, err := e.claimBy(ctx, t, classes, n)
	if err != nil {
		if _, unsure := errors.AsType[*UnsureError](err); unsure {
			e.undo.add(t)
		}
		return nil, fmt.Errorf("claim: %w", err)
	}
	return leases, nil
}

// claimed are the columns of a claimed row as it was before.
const claimed = "id, {key}, hash, class, state, at, due, lease, rpt, tries, story, data"

// handOut is what a claim sets. The order matters in MySQL, which sees what was
// set before.
const handOut = "was_state = CASE WHEN lease = 0 THEN 0 ELSE state END, was_at = at, at = CASE WHEN state = 2 THEN at ELSE {now} END, state = 2, ready = 0, owner = ?, lease = ?"

func (e *Engine) claimBy(ctx context.Context, t token, classes []string, n int) (leases []outbox.Lease, err error) {
	if e.d.Returning {
		for _, class := range classes {
			some, err := e.claimAtOnce(ctx, t, class, n-len(leases))
			if err != nil {
				return nil, &UnsureError{err} // of this class or one before it
			}
			if leases = append(leases, some...); len(leases) == n {
				break
			}
		}
		return leases, nil
	}
	err = e.store.Write(ctx, func(ctx context.Context, c Conn) error {
		leases = nil
		var ids []any
		for _, class := range classes {
			some, of, err := e.pick(ctx, c, t, class, n-len(leases))
			if err != nil {
				return err
			}
			leases, ids = append(leases, some...), append(ids, of...)
			if len(leases) == n {
				break
			}
		}
		if len(ids) == 0 {
			return nil
		}
		_, err := c.ExecContext(ctx, e.d.sql("UPDATE notify_outbox SET "+handOut+" WHERE id IN ("+marks(len(ids))+")"), append([]any{t.owner, t.lease}, ids...)...)
		return err
	})
	return leases, err
}

// claimAtOnce is one statement, which is a transaction by itself. It gives rows as
// they are after it: what they were before stands in columns of its own. The rows
// are named by an array, and the time by a subquery, so that no plan reads the
// whole table, or what is due tomorrow.
func (e *Engine) claimAtOnce(ctx context.Context, t token, class string, n int) ([]outbox.Lease, error) {
	query := "UPDATE notify_outbox SET " + handOut + " WHERE id = ANY(ARRAY(SELECT id FROM notify_outbox WHERE ready = 1 AND class = ? AND due <= (SELECT {now}) ORDER BY due, id LIMIT ?" + e.d.SkipLocked + "))" +
		" RETURNING id, {key}, hash, class, was_state, was_at, due, was_state, rpt, tries, story, data"
	r, err := e.store.Read().QueryContext(ctx, e.d.sql(query), t.owner, t.lease, class, n)
	if err != nil {
		return nil, err
	}
	leases, _, err := scanClaimed(r, t)
	return leases, err
}

// pick locks what is to be claimed of a class.
func (e *Engine) pick(ctx context.Context, c Conn, t token, class string, n int) (leases []outbox.Lease, ids []any, err error) {
	query := e.d.sql("SELECT " + claimed + " FROM notify_outbox WHERE ready = 1 AND class = ? AND due >= ? AND due <= {now} ORDER BY due, id LIMIT ?" + e.d.SkipLocked)
	for from := e.floors.get(class); ; from = 0 {
		r, err := c.QueryContext(ctx, query, class, from, n)
		if err != nil {
			return nil, nil, err
		}
		if leases, ids, err = scanClaimed(r, t); err != nil {
			return nil, nil, err
		}
		if len(leases) == n {
			e.floors.set(class, from, leases[n-1].At.UnixMicro())
			return leases, ids, nil
		}
		if from == 0 {
			return leases, ids, nil
		}
	}
}

// scanClaimed reads rows as they were before they were claimed, in the order in
// which they are due.
func scanClaimed(r *sql.Rows, t token) (leases []outbox.Lease, ids []any, err error) {
	defer r.Close()
	type row struct {
		id, due int64
		lease   outbox.Lease
	}
	var all []row
	for r.Next() {
		var one row
		var state, repeat, tries int
		var at, lease int64
		var story []byte
		l := &one.lease
		if err := r.Scan(&one.id, &l.Key, &l.Hash, &l.Class, &state, &at, &one.due, &lease, &repeat, &tries, &story, &l.Data); err != nil {
			return nil, nil, err
		}
		t.id = one.id
		l.At, l.Repeat, l.Token = time.UnixMicro(one.due), repeat == 1, t
		if lease != 0 {
			l.Last = outbox.Record{Key: l.Key, Hash: l.Hash, Class: l.Class, State: outbox.State(state), At: time.UnixMicro(at), Tries: tries, Story: story}
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id)) })
	for _, one := range all {
		leases, ids = append(leases, one.lease), append(ids, one.id)
	}
	return leases, ids, r.Err()
}

// A mend undoes hand-outs that nobody got, because nobody knows whether their
// commit came about.
type mend struct {
	engine *Engine
	mu     sync.Mutex // held while undoing, so that nobody takes before it is done
	tokens []token
}

func (m *mend) add(t token) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens = append(m.tokens, t)
}

func (m *mend) all(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.tokens) > 0 {
		t := m.tokens[0]
		err := m.engine.store.Write(ctx, func(ctx context.Context, c Conn) error {
			_, err := c.ExecContext(ctx, m.engine.d.sql("UPDATE notify_outbox SET owner = NULL, ready = 1, at = was_at, state = CASE WHEN was_state = 0 THEN 1 ELSE was_state END,"+
				" lease = CASE WHEN was_state = 0 THEN 0 ELSE lease END WHERE owner = ? AND lease = ?"), t.owner, t.lease)
			return err
		})
		if err != nil {
			return fmt.Errorf("undo a hand-out that nobody got: %w", err)
		}
		m.tokens = m.tokens[1:]
	}
	return nil
}

// woken is closed at the next change here.
func (e *Engine) woken() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.wake
}

// changed wakes every Take that waits here.
func (e *Engine) changed() {
	e.mu.Lock()
	defer e.mu.Unlock()
	close(e.wake)
	e.wake = make(chan struct{})
}
