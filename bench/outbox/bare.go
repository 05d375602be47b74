package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
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

// A Form is how the bare statements are committed.
type Form int

// The forms.
const (
	// Apart commits the marks of some messages, then their ends.
	Apart Form = iota + 1
	// AtOnce commits the ends of some messages with the marks of the next: in
	// PostgreSQL in one statement. It is the best form.
	AtOnce
)

// bare are the statements that an outbox needs and nothing else, in one loop on the
// table of ours: the same rows and indexes, each mark and each end committed, and the
// JSON of message and history.
type bare struct {
	db       *sql.DB
	postgres bool
	marked   []int64  // whose end is not committed
	stories  [][]byte // of those
}

// Bare takes n messages to their end, so many at a time.
func Bare(ctx context.Context, db *sql.DB, postgres bool, form Form, n, group int) error {
	b := &bare{db: db, postgres: postgres}
	for done := 0; done < n; {
		if form == Apart {
			if err := b.step(ctx, 0); err != nil {
				return err
			}
		}
		if err := b.step(ctx, group); err != nil {
			return err
		}
		if len(b.marked) == 0 {
			return fmt.Errorf("the table has %d messages, not %d", done, n)
		}
		done += len(b.marked)
	}
	return b.step(ctx, 0)
}

const (
	barePicked = "SELECT id FROM notify_outbox WHERE ready = 1 AND class = 'promotion' AND due <= $1 ORDER BY due, id LIMIT $2"
	bareMark   = "UPDATE notify_outbox SET state = 2, ready = 0, owner = 7, lease = 7, was_at = at, at = $1 WHERE id IN (" + barePicked + ") RETURNING id, data"
	bareEnd    = "UPDATE notify_outbox SET state = 3, at = $1, owner = NULL, tries = 1, story = $2, data = NULL WHERE state = 2 AND lease = 7 AND id = $3"
	bareAtOnce = `WITH e AS (SELECT * FROM unnest($3::bigint[], $4::bytea[]) AS v(id, story)),
s AS (UPDATE notify_outbox AS o SET state = 3, at = $1, owner = NULL, tries = 1, story = e.story, data = NULL FROM e WHERE o.state = 2 AND o.lease = 7 AND o.id = e.id)
`
)

// step commits the ends of what is marked and marks up to group more.
func (b *bare) step(ctx context.Context, group int) error {
	if len(b.marked) == 0 && group == 0 {
		return nil
	}
	now := time.Now().UnixMicro()
	if b.postgres {
		query := bareAtOnce + strings.ReplaceAll(strings.ReplaceAll(bareMark, "id IN (SELECT", "id = ANY(ARRAY(SELECT"), "LIMIT $2)", "LIMIT $2 FOR UPDATE SKIP LOCKED))")
		rows, err := b.db.QueryContext(ctx, query, now, group, b.marked, b.stories)
		if err != nil {
			return err
		}
		return b.read(rows)
	}
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to say
	if len(b.marked) > 0 {
		end, err := tx.PrepareContext(ctx, bareEnd)
		if err != nil {
			return err
		}
		defer end.Close()
		for i, id := range b.marked {
			if _, err := end.ExecContext(ctx, now, b.stories[i], id); err != nil {
				return err
			}
		}
	}
	b.marked, b.stories = b.marked[:0], b.stories[:0]
	if group > 0 {
		rows, err := tx.QueryContext(ctx, bareMark, now, group)
		if err != nil {
			return err
		}
		if err := b.read(rows); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// read does what an outbox must do with each message: read it, and write its history.
func (b *bare) read(rows *sql.Rows) error {
	defer rows.Close()
	b.marked, b.stories = b.marked[:0], b.stories[:0]
	var id int64
	var data sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&id, &data); err != nil {
			return err
		}
		var m struct {
			Message sms.Message `json:"message"`
			Kind    sms.Kind    `json:"kind"`
		}
		if err := json.Unmarshal(data[2:], &m); err != nil {
			return err
		}
		text, err := json.Marshal(bareStory{Version: 1, To: m.Message.To.String(), Template: m.Message.Template, Kind: m.Kind, Receipt: &sms.Receipt{Provider: "none"},
			Tries: []bareTry{{At: time.Now(), Took: time.Millisecond, Outcome: sms.Accepted, Provider: "none"}}})
		if err != nil {
			return err
		}
		b.marked, b.stories = append(b.marked, id), append(b.stories, text)
	}
	return rows.Err()
}

type bareStory struct {
	Version  int          `json:"v"`
	To       string       `json:"to"`
	Template string       `json:"template"`
	Kind     sms.Kind     `json:"kind"`
	Receipt  *sms.Receipt `json:"receipt"`
	Tries    []bareTry    `json:"tries"`
}

type bareTry struct {
	At       time.Time     `json:"at"`
	Took     time.Duration `json:"took"`
	Outcome  sms.Outcome   `json:"outcome"`
	Provider string        `json:"provider"`
}
