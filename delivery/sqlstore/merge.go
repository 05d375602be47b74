package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/notifykit/notify/delivery"
)

// mostRows is how many records one transaction takes. It keeps the parameters of a
// statement below the bounds of every database.
const mostRows = 200

// Merge implements delivery.Store. It locks the records that are there in the order of
// their IDs, joins them in Go, and writes those that changed.
func (s *Store) Merge(ctx context.Context, records []delivery.Record, announce bool) error {
	if err := ctx.Err(); err != nil {
		return wrapped("merge", err)
	}
	records = delivery.JoinAll(records)
	if len(records) == 0 {
		return nil
	}
	return s.change(ctx, "merge", func(tx *sql.Tx) error {
		for part := range slices.Chunk(records, mostRows) {
			if err := s.merge(ctx, tx, part, announce); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) merge(ctx context.Context, tx *sql.Tx, records []delivery.Record, announce bool) error {
	ids := make([]any, len(records))
	for i, r := range records {
		ids[i] = slices.Clone(r.ID[:])
	}
	stored, err := s.query(ctx, tx, "SELECT "+columns+" FROM notify_delivery WHERE id IN ("+marks(len(ids))+") ORDER BY id"+s.d.forUpdate(), ids...)
	if err != nil {
		return err
	}
	byID := make(map[delivery.ID]delivery.Record, len(stored))
	for _, r := range stored {
		byID[r.ID] = r
	}
	var fresh, changed []delivery.Record
	var queue []any
	for _, added := range records {
		old, found := byID[added.ID]
		joined, differs := delivery.Join(old, added)
		switch {
		case !found:
			joined = added
			if joined.Current().Final() {
				joined.Sealed = ""
			}
			fresh = append(fresh, joined)
		case differs:
			changed = append(changed, joined)
		default:
			continue
		}
		if announce && joined.Own && (joined.Current() != old.Current() || !old.Own) {
			queue = append(queue, slices.Clone(joined.ID[:]))
		}
	}
	if err := s.write(ctx, tx, fresh, ""); err != nil { // one that another has made meanwhile fails: the transaction runs again
		return err
	}
	if err := s.write(ctx, tx, changed, s.d.replace()); err != nil {
		return err
	}
	if len(queue) == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, s.d.rebind("INSERT INTO notify_delivery_event (id) VALUES "+strings.TrimSuffix(strings.Repeat("(?), ", len(queue)), ", ")), queue...)
	return err
}

// replace ends an INSERT of records that are there, and locked.
func (d Dialect) replace() string {
	sets := make([]string, len(updates))
	for i, c := range updates {
		sets[i] = c + " = excluded." + c
		if d == MySQL {
			sets[i] = c + " = VALUES(" + c + ")"
		}
	}
	if d == MySQL {
		return " ON DUPLICATE KEY UPDATE " + strings.Join(sets, ", ")
	}
	return " ON CONFLICT (id) DO UPDATE SET " + strings.Join(sets, ", ")
}

// write inserts records; end says what becomes of those that are there.
func (s *Store) write(ctx context.Context, tx *sql.Tx, records []delivery.Record, end string) error {
	if len(records) == 0 {
		return nil
	}
	args := make([]any, 0, len(records)*width)
	for _, r := range records {
		row, err := values(r)
		if err != nil {
			return err
		}
		args = append(args, row...)
	}
	rows := strings.TrimSuffix(strings.Repeat("("+marks(width)+"), ", len(records)), ", ")
	_, err := tx.ExecContext(ctx, s.d.rebind("INSERT INTO notify_delivery ("+columns+") VALUES "+rows+end), args...)
	return err
}

// A reader is a *sql.DB or a *sql.Tx.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// query returns the records that a query selects.
func (s *Store) query(ctx context.Context, from reader, query string, args ...any) (records []delivery.Record, err error) {
	rows, err := from.QueryContext(ctx, s.d.rebind(query), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, rows.Err()
}
