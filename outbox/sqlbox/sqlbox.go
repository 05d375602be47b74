package sqlbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/notifykit/notify/outbox/outboxtable"
)

// A Dialect is a kind of database.
type Dialect int

// The dialects.
const (
	PostgreSQL Dialect = iota + 1 // 12 and later
	MySQL                         // MySQL 8, MariaDB 10.6, and later
)

// String gives the name.
func (d Dialect) String() string {
	switch d {
	case PostgreSQL:
		return "PostgreSQL"
	case MySQL:
		return "MySQL"
	}
	return fmt.Sprintf("dialect(%d)", int(d))
}

func (d Dialect) table() (outboxtable.Dialect, error) {
	switch d {
	case PostgreSQL:
		return outboxtable.PostgreSQL, nil
	case MySQL:
		return outboxtable.MySQL, nil
	}
	return 0, fmt.Errorf("sqlbox: there is no %v: write sqlbox.PostgreSQL or sqlbox.MySQL", d)
}

// Options are how a database is used. The zero value is ready for use.
type Options struct {
	// Lease is how long a process that is dead, or stopped, keeps what it was handed.
	// It is renewed four times within it. Defaults to 10 seconds.
	Lease time.Duration
	// Keep is how long ended records are known: within it a Key is sent once.
	// Defaults to 24 hours, the least there is.
	Keep time.Duration
	// Poll is how often a process that waits looks for what other processes have put;
	// its own process wakes it. Defaults to 150 milliseconds.
	Poll time.Duration
	// Listen makes what another process has enqueued known at once, on PostgreSQL. It
	// runs LISTEN on the channel, on a connection of its own, and calls wake for each
	// notification, until ctx ends. docs/outbox-sql.md has it for pgx. Open checks that
	// notifications come: through a pooler in transaction mode none does. It is called
	// again after it has returned. Nil: others are found within Poll.
	Listen func(ctx context.Context, channel string, wake func()) error
	// Logger is told of failures that mend themselves. Nil: nobody.
	Logger *slog.Logger
}

// channel is that of the notifications.
const channel = "notify_outbox"

// completed is o as the table's Engine takes it.
func (o Options) completed() (outboxtable.Options, error) {
	return outboxtable.Options{Lease: o.Lease, Keep: o.Keep, Poll: o.Poll, Logger: o.Logger}.Completed(150 * time.Millisecond)
}

// An Engine is an outbox.Engine on a database. Close it after the Outbox; the
// *sql.DB stays open.
type Engine struct{ *outboxtable.Engine }

// Open opens the tables that Migrate has made, and says so where they are missing
// or of another version. db needs at least 4 connections for each Engine, and more
// where many goroutines enqueue; it is the caller's, who closes it after the
// Engine.
func Open(ctx context.Context, db *sql.DB, d Dialect, o Options) (*Engine, error) {
	options, err := o.completed()
	if err != nil {
		return nil, fmt.Errorf("sqlbox: %w", err)
	}
	table, err := d.table()
	if err != nil {
		return nil, err
	}
	switch has, err := schemaOf(d).Has(ctx, db); {
	case err != nil:
		return nil, fmt.Errorf("sqlbox: %w", err)
	case has == 0:
		return nil, errors.New("sqlbox: the tables are not there: call sqlbox.Migrate once, as a user who may create them")
	case has != version:
		return nil, fmt.Errorf("sqlbox: the tables are version %d, and this program reads version %d: call sqlbox.Migrate, or run a later program", has, version)
	}
	if o.Listen != nil {
		if d != PostgreSQL {
			return nil, fmt.Errorf("sqlbox: Options.Listen is for PostgreSQL: %v sends no notifications", d)
		}
		options.Listen = func(ctx context.Context, wake func()) error { return o.Listen(ctx, channel, wake) }
	}
	if d == PostgreSQL {
		if err := prepares(ctx, db); err != nil {
			return nil, fmt.Errorf("sqlbox: %w", err)
		}
		if options.Alone, err = readCommitted(ctx, db); err != nil {
			return nil, fmt.Errorf("sqlbox: %w", err)
		}
		options.Literals = strings.HasPrefix(fmt.Sprintf("%T", db.Driver()), "*pq.")
	}
	st := &store{db: db}
	if d == MySQL {
		if st.cluster, err = inCluster(ctx, db); err != nil {
			return nil, fmt.Errorf("sqlbox: %w", err)
		}
	}
	engine, err := outboxtable.New(ctx, table, st, options)
	if err != nil {
		return nil, fmt.Errorf("sqlbox: %w", err)
	}
	return &Engine{Engine: engine}, nil
}

// A store makes transactions on a database. It is an outboxtable.Store.
type store struct {
	db      *sql.DB
	cluster bool // the database is a node of Galera
}

// prepares returns an error if statements that one connection prepares are met by
// another, as through a pooler that changes connections after each transaction.
func prepares(ctx context.Context, db *sql.DB) (err error) {
	for range 2 {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close() //nolint:errcheck // it goes back to the pool; both are held, so that they are two
		var one int
		err = conn.QueryRowContext(ctx, "SELECT $1::integer", 1).Scan(&one)
		if s, ok := errors.AsType[stateError](err); ok && (s.SQLState() == "42P05" || s.SQLState() == "26000") {
			return fmt.Errorf("prepared statements do not work through this pooler: add default_query_exec_mode=exec to the DSN (pgx): %w", err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readCommitted reports whether a statement by itself runs at that level. At a higher
// one claims of several processes would undo each other.
func readCommitted(ctx context.Context, db *sql.DB) (bool, error) {
	var level string
	err := db.QueryRowContext(ctx, "SHOW default_transaction_isolation").Scan(&level)
	return level == "read committed", err
}

// inCluster reports whether the database is a node of a Galera cluster.
func inCluster(ctx context.Context, db *sql.DB) (bool, error) {
	var name, value string
	err := db.QueryRowContext(ctx, "SHOW STATUS LIKE 'wsrep_ready'").Scan(&name, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return value == "ON", err
}

// Read is for what changes nothing, and for single statements.
func (s *store) Read() outboxtable.Conn { return s.db }

// mostRuns bounds how often a transaction that the database has undone is run.
const mostRuns = 10

// Write runs do in a transaction, again where the database has undone it: a
// deadlock, or a transaction that cannot be serialized.
func (s *store) Write(ctx context.Context, do func(ctx context.Context, c outboxtable.Conn) error) error {
	for runs := 1; ; runs++ {
		err := s.once(ctx, do)
		if err == nil || runs == mostRuns || !outboxtable.Undone(err) || ctx.Err() != nil {
			return err
		}
		if runs > 1 { // two that undo each other begin at different times
			select {
			case <-ctx.Done():
			case <-time.After(rand.N(time.Duration(runs) * 2 * time.Millisecond)):
			}
		}
	}
}

func (s *store) once(ctx context.Context, do func(ctx context.Context, c outboxtable.Conn) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	err = s.savepoint(ctx, tx, "SAVEPOINT")
	if err == nil {
		err = do(ctx, tx)
	}
	if err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := s.savepoint(ctx, tx, "RELEASE SAVEPOINT"); err != nil {
		// The statements since then have committed one by one.
		err = fmt.Errorf("another node has undone a part of the transaction: add interpolateParams=true to the DSN: %w", err)
		return errors.Join(&outboxtable.UnsureError{Err: err}, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		if outboxtable.Undone(err) {
			return err
		}
		return &outboxtable.UnsureError{Err: err}
	}
	return nil
}

// savepoint makes or releases a savepoint in a cluster. Another node may undo a transaction
// while it is idle. If the driver's next command has no answer, such as the one that
// closes a prepared statement, nothing reports it, and later statements run outside
// a transaction. Then there is no savepoint to release.
func (s *store) savepoint(ctx context.Context, tx *sql.Tx, what string) error {
	if !s.cluster {
		return nil
	}
	_, err := tx.ExecContext(ctx, what+" notify_outbox")
	return err
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
