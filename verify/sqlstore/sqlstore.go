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

// A Store is a verify.Store, a verify.Tally and a verify.Starter. Any number of goroutines and
// processes may use it at once. Two steps for the same number, or against the same
// limit, are done one after the other: a limit on all (verify.Limits.All) is one row, and
// so a place where everybody queues.
type Store struct {
	db      *sql.DB
	timeout time.Duration
	words   words
	cleaner cleaner
}

var (
	_ verify.Tally   = (*Store)(nil)
	_ verify.Starter = (*Store)(nil)
)

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
