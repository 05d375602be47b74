package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/sms"
)

// Find implements delivery.Store.
func (s *Store) Find(ctx context.Context, q delivery.Query, n int) ([]delivery.Record, error) {
	where, args := "", []any(nil)
	switch {
	case q.Key != "":
		where, args = "message_key = ?", []any{q.Key}
	case q.VendorID != "":
		where, args = "vendor_id = ?", []any{q.VendorID}
	case len(q.Numbers) > 0:
		where, args = "number IN ("+marks(len(q.Numbers))+")", hashes(q.Numbers)
	default:
		return nil, wrapped("find", errors.New("the query selects nothing"))
	}
	found, err := s.query(ctx, s.db, "SELECT "+columns+" FROM notify_delivery WHERE "+where+" ORDER BY put DESC, id LIMIT ?", append(args, n)...)
	return found, wrapped("find", err)
}

func hashes(numbers []delivery.Hash) []any {
	args := make([]any, len(numbers))
	for i, h := range numbers {
		args[i] = slices.Clone(h[:])
	}
	return args
}

// Pending implements delivery.Store.
func (s *Store) Pending(ctx context.Context, after, before time.Time, n int) ([]delivery.Record, error) {
	found, err := s.query(ctx, s.db, "SELECT "+columns+" FROM notify_delivery WHERE own = 1 AND put >= ? AND put < ? AND answer <> ? AND state < ? ORDER BY put LIMIT ?",
		micros(after), micros(before), int(delivery.AnswerRejected), int(sms.StateLost), n)
	return found, wrapped("pending", err)
}

// Trim implements delivery.Store.
func (s *Store) Trim(ctx context.Context, own, foreign time.Time, n int) (removed int, err error) {
	for _, which := range []struct {
		own    int
		before time.Time
	}{{1, own}, {0, foreign}, {0, own}} {
		if removed == n {
			break
		}
		some, err := s.remove(ctx, "own = ? AND put < ? ORDER BY put LIMIT ?", which.own, micros(which.before), n-removed)
		removed += some
		if err != nil {
			return removed, wrapped("trim", err)
		}
	}
	return removed, nil
}

// Forget implements delivery.Store.
func (s *Store) Forget(ctx context.Context, numbers []delivery.Hash) (removed int, err error) {
	if len(numbers) == 0 {
		return 0, nil
	}
	for {
		some, err := s.remove(ctx, "number IN ("+marks(len(numbers))+") ORDER BY id LIMIT 500", hashes(numbers)...)
		removed += some
		if err != nil || some == 0 {
			return removed, wrapped("forget", err)
		}
	}
}

// remove removes the records that a condition selects, with their queued changes.
func (s *Store) remove(ctx context.Context, where string, args ...any) (removed int, err error) {
	err = s.change(ctx, "remove", func(tx *sql.Tx) error {
		removed = 0
		rows, err := s.query(ctx, tx, "SELECT "+columns+" FROM notify_delivery WHERE "+where+s.d.forUpdate(), args...)
		if err != nil || len(rows) == 0 {
			return err
		}
		ids := make([]any, len(rows))
		for i, r := range rows {
			ids[i] = slices.Clone(r.ID[:])
		}
		for _, table := range []string{"notify_delivery_event", "notify_delivery"} {
			if _, err := tx.ExecContext(ctx, s.d.rebind("DELETE FROM "+table+" WHERE id IN ("+marks(len(ids))+")"), ids...); err != nil {
				return err
			}
		}
		removed = len(rows)
		return nil
	})
	return removed, err
}

// Changes implements delivery.Store. The lease is by the database's clock.
func (s *Store) Changes(ctx context.Context, owner string, lease time.Duration, after int64, n int) (changes []delivery.Queued, err error) {
	err = s.change(ctx, "changes", func(tx *sql.Tx) error {
		changes = nil
		now := s.d.now()
		taken, err := tx.ExecContext(ctx, s.d.rebind("UPDATE notify_delivery_teller SET owner = ?, until = "+now+" + ? WHERE one = 1 AND (owner = ? OR until <= "+now+")"),
			owner, lease.Microseconds(), owner)
		if err != nil {
			return err
		}
		if one, err := taken.RowsAffected(); err != nil || one == 0 {
			return err
		}
		rows, err := tx.QueryContext(ctx, s.d.rebind("SELECT e.seq, "+prefixed+" FROM notify_delivery_event e JOIN notify_delivery d ON d.id = e.id WHERE e.seq > ? ORDER BY e.seq LIMIT ?"), after, n)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var q delivery.Queued
			if q.Record, err = scan(rows, &q.Seq); err != nil {
				return err
			}
			changes = append(changes, q)
		}
		return rows.Err()
	})
	return changes, err
}

// Tell implements delivery.Store.
func (s *Store) Tell(ctx context.Context, owner string, told []delivery.Queued) error {
	if len(told) == 0 {
		return nil
	}
	return s.change(ctx, "tell", func(tx *sql.Tx) error {
		var mine int
		err := tx.QueryRowContext(ctx, s.d.rebind("SELECT one FROM notify_delivery_teller WHERE one = 1 AND owner = ? AND until > "+s.d.now()+s.d.forUpdate()), owner).Scan(&mine)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		seqs, states := make([]any, len(told)), map[sms.DeliveryState][]any{}
		for i, q := range told {
			seqs[i] = q.Seq
			states[q.Record.Current()] = append(states[q.Record.Current()], slices.Clone(q.Record.ID[:]))
		}
		if _, err := tx.ExecContext(ctx, s.d.rebind("DELETE FROM notify_delivery_event WHERE seq IN ("+marks(len(seqs))+")"), seqs...); err != nil {
			return err
		}
		for state, ids := range states {
			args := append([]any{int(state), int(state)}, ids...)
			if _, err := tx.ExecContext(ctx, s.d.rebind("UPDATE notify_delivery SET told = ? WHERE told < ? AND id IN ("+marks(len(ids))+")"), args...); err != nil {
				return err
			}
		}
		return nil
	})
}
