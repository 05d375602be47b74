package sqlstore

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/verify"
)

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
		faults = append(faults, fmt.Errorf("sqlstore: %w", noDialect(o.Dialect)))
	}
	if o.Timeout < 0 {
		faults = append(faults, fmt.Errorf("sqlstore: the Timeout is %v: it is longer than 0", o.Timeout))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &Store{db: db, timeout: cmp.Or(o.Timeout, 5*time.Second), words: w}, nil
}

func noDialect(d Dialect) error {
	return fmt.Errorf("there is no dialect %d: write sqlstore.PostgreSQL or sqlstore.MySQL", d)
}

// wrapped names what failed. The database's words show no parameters.
func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlstore: %s: %w", what, err)
}
