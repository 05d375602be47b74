package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/delivery"
)

// A Dialect is a kind of database.
type Dialect int

// The dialects.
const (
	PostgreSQL Dialect = iota + 1 // 12 and later
	MySQL                         // MySQL 8, MariaDB 10.6, and later
	SQLite                        // 3.35 and later
)

// A Store is a delivery.Store. Any number of goroutines and processes may use it at
// once.
type Store struct {
	db *sql.DB
	d  Dialect
}

var _ delivery.Store = (*Store)(nil)

// New returns a Store on a database that Migrate has prepared. It does no I/O. db
// stays the caller's.
func New(db *sql.DB, d Dialect) (*Store, error) {
	if db == nil {
		return nil, errors.New("sqlstore: the database is nil")
	}
	if d != PostgreSQL && d != MySQL && d != SQLite {
		return nil, wrapped("new", noDialect(d))
	}
	return &Store{db: db, d: d}, nil
}

func noDialect(d Dialect) error {
	return fmt.Errorf("there is no dialect %d: write sqlstore.PostgreSQL, sqlstore.MySQL or sqlstore.SQLite", d)
}

// wrapped names what failed. The database's words show no parameters.
func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("delivery/sqlstore: %s: %w", what, err)
}

// now is the database's time in microseconds since 1970.
func (d Dialect) now() string {
	switch d {
	case PostgreSQL:
		return "CAST(extract(epoch from clock_timestamp()) * 1000000 AS bigint)"
	case MySQL:
		return "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"
	}
	return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
}

// rebind numbers the placeholders as PostgreSQL wants them.
func (d Dialect) rebind(query string) string {
	if d != PostgreSQL {
		return query
	}
	var b strings.Builder
	n := 0
	for _, c := range query {
		if c != '?' {
			b.WriteRune(c)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String()
}

// forUpdate locks the rows that a query reads. SQLite has one writer.
func (d Dialect) forUpdate() string {
	if d == SQLite {
		return ""
	}
	return " FOR UPDATE"
}

// marks returns n placeholders.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// mostRuns bounds how often a transaction is run that met another one.
const mostRuns = 20

// change runs do in a transaction, and again if another one was in its way.
func (s *Store) change(ctx context.Context, what string, do func(tx *sql.Tx) error) error {
	for run := 1; ; run++ {
		err := s.once(ctx, do)
		if err == nil || run == mostRuns || !met(err) || ctx.Err() != nil {
			return wrapped(what, err)
		}
		select {
		case <-time.After(time.Duration(rand.Int64N(int64(run) * int64(2*time.Millisecond)))):
		case <-ctx.Done():
			return wrapped(what, ctx.Err())
		}
	}
}

func (s *Store) once(ctx context.Context, do func(tx *sql.Tx) error) error {
	var o *sql.TxOptions
	if s.d != SQLite {
		// Whatever the database's default is: each statement must see what others committed.
		o = &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	}
	tx, err := s.db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the first error says more
		return err
	}
	return tx.Commit()
}

// met reports whether another transaction was in the way: a deadlock, a record that it
// made at the same time, a database that is busy.
func met(err error) bool {
	for _, part := range []string{"SQLSTATE 23505", "SQLSTATE 40P01", "SQLSTATE 40001", "Error 1062 ", "Error 1213 ", "Error 1205 ", "Error 1020 ", "SQLITE_BUSY", "database is locked"} {
		if strings.Contains(err.Error(), part) {
			return true
		}
	}
	return false
}
