package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// OpenSQLite opens a file for the bare statements, with the engine's settings.
func OpenSQLite(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(2000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// Bare takes what an outbox has in its table to its end with the statements that
// this needs and nothing else: the same rows and indexes, so many at a time, each
// mark and each end committed. It gives how many a second.
func Bare(ctx context.Context, db *sql.DB, postgres bool, n, group int) (float64, error) {
	began := time.Now()
	for done := 0; done < n; {
		ids, err := markSome(ctx, db, postgres, group)
		if err != nil {
			return 0, err
		}
		if len(ids) == 0 {
			return 0, fmt.Errorf("the table has %d messages, not %d", done, n)
		}
		if err := endThem(ctx, db, postgres, ids); err != nil {
			return 0, err
		}
		done += len(ids)
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// markSome is the commit before the call.
func markSome(ctx context.Context, db *sql.DB, postgres bool, group int) ([]int64, error) {
	query := "UPDATE notify_outbox SET state = 2, ready = 0, owner = 7, lease = 7, was_at = at, at = $1 WHERE id IN (SELECT id FROM notify_outbox WHERE ready = 1 AND class = 'promotion' AND due <= $1 ORDER BY due, id LIMIT $2) RETURNING id, data"
	if postgres {
		query = strings.ReplaceAll(strings.ReplaceAll(query, "id IN (SELECT", "id = ANY(ARRAY(SELECT"), "LIMIT $2)", "LIMIT $2 FOR UPDATE SKIP LOCKED))")
	}
	rows, err := db.QueryContext(ctx, query, time.Now().UnixMicro(), group)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		var data []byte
		if err := rows.Scan(&id, &data); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// story is as long as that of a message which was accepted at once.
var story = make([]byte, 220)

// endThem is the commit after it: in SQLite a statement for each row, in PostgreSQL,
// where each is a trip, one for all.
func endThem(ctx context.Context, db *sql.DB, postgres bool, ids []int64) error {
	const query = "UPDATE notify_outbox SET state = 3, at = $1, owner = NULL, tries = 1, story = $2, data = NULL WHERE state = 2 AND lease = 7 AND id "
	now := time.Now().UnixMicro()
	if postgres {
		_, err := db.ExecContext(ctx, query+"= ANY($3)", now, story, ids)
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to say
	end, err := tx.PrepareContext(ctx, query+"= $3")
	if err != nil {
		return err
	}
	defer end.Close()
	for _, id := range ids {
		if _, err := end.ExecContext(ctx, now, story, id); err != nil {
			return err
		}
	}
	return tx.Commit()
}
