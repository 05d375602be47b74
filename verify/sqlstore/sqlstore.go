package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/notifykit/notify/verify"
)

//go:embed schema/*.sql
var schema embed.FS

// A Dialect is a kind of database.
type Dialect int

// The dialects.
const (
	PostgreSQL Dialect = iota + 1 // 12 and later
	MySQL                         // MySQL 8, MariaDB 10.6, and later
)

// Options are how a database is used.
type Options struct {
	// Dialect says which one it is. Required.
	Dialect Dialect
	// Timeout bounds one step, the wait for others included. Defaults to 5 seconds.
	Timeout time.Duration
}

// A Store is a verify.Store and a verify.Tally. Any number of goroutines and
// processes may use it at once. Two steps for the same number, or against the same
// limit, wait for one another: a limit on all (verify.Limits.All) is one row, and
// so a place where everybody queues.
type Store struct {
	db      *sql.DB
	timeout time.Duration
	words   words
	cleaner cleaner
}

var _ verify.Tally = (*Store)(nil)

// words are what the databases say differently.
type words struct{ now, keep, get, set, over, drop string }

var dialects = map[Dialect]words{
	PostgreSQL: {
		now:  "SELECT CAST(extract(epoch FROM clock_timestamp())*1000000 AS bigint)",
		keep: "INSERT INTO notify_verify (id, data, until) VALUES ($1, '', 0) ON CONFLICT (id) DO NOTHING",
		get:  "SELECT data FROM notify_verify WHERE id = $1 FOR UPDATE",
		set:  "UPDATE notify_verify SET data = $1, until = $2 WHERE id = $3",
		over: "SELECT id FROM notify_verify WHERE until < $1 ORDER BY until LIMIT 500 FOR UPDATE SKIP LOCKED",
		drop: "DELETE FROM notify_verify WHERE id = $1",
	},
	MySQL: {
		// Not by UNIX_TIMESTAMP, which goes through local time and is off by an hour
		// when clocks go back. It is a statement of its own, after the locks.
		now:  "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
		keep: "INSERT INTO notify_verify (id, data, until) VALUES (?, '', 0) ON DUPLICATE KEY UPDATE id = id",
		get:  "SELECT data FROM notify_verify WHERE id = ? FOR UPDATE",
		set:  "UPDATE notify_verify SET data = ?, until = ? WHERE id = ?",
		over: "SELECT id FROM notify_verify WHERE until < ? ORDER BY until LIMIT 500 FOR UPDATE SKIP LOCKED",
		drop: "DELETE FROM notify_verify WHERE id = ?",
	},
}

// New makes a Store on a database that Migrate has prepared. It does no I/O. db
// stays the caller's.
func New(db *sql.DB, o Options) (*Store, error) {
	w, ok := dialects[o.Dialect]
	var faults []error
	if db == nil {
		faults = append(faults, errors.New("sqlstore: the database is nil"))
	}
	if !ok {
		faults = append(faults, fmt.Errorf("sqlstore: there is no dialect %d: write sqlstore.PostgreSQL or sqlstore.MySQL", o.Dialect))
	}
	if o.Timeout < 0 {
		faults = append(faults, fmt.Errorf("sqlstore: the Timeout is %v: it is longer than 0", o.Timeout))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &Store{db: db, timeout: cmp.Or(o.Timeout, 5*time.Second), words: w}, nil
}

// Migrate makes the table where it is not there. It may be called at every start.
func Migrate(ctx context.Context, db *sql.DB, d Dialect) error {
	name, current := "postgresql", "current_schema()"
	if d == MySQL {
		name, current = "mysql", "DATABASE()"
	} else if d != PostgreSQL {
		return fmt.Errorf("sqlstore: there is no dialect %d: write sqlstore.PostgreSQL or sqlstore.MySQL", d)
	}
	there := func() (bool, error) {
		var n int
		err := db.QueryRowContext(ctx, "SELECT count(*) FROM information_schema.tables WHERE table_schema = "+current+" AND table_name = 'notify_verify'").Scan(&n)
		return n > 0, err
	}
	if ok, err := there(); err != nil || ok {
		return wrapped("migrate", err)
	}
	text, err := schema.ReadFile("schema/" + name + "-1.sql")
	if err != nil {
		return wrapped("migrate", err)
	}
	err = create(ctx, db, withoutComments(string(text)))
	if err != nil {
		if ok, again := there(); again == nil && ok { // another was quicker
			return nil
		}
	}
	return wrapped("migrate", err)
}

// create runs statements in one transaction, which in PostgreSQL is all or
// nothing; MySQL has one statement only.
func create(ctx context.Context, db *sql.DB, text string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to say
	for statement := range strings.SplitSeq(text, ";\n") {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if before, _, found := strings.Cut(line, "--"); found {
			line = before + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// wrapped names what failed. The database's words show no parameters.
func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlstore: %s: %w", what, err)
}
