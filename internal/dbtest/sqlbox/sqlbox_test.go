// Package sqlbox_test runs package sqlbox on real servers.
package sqlbox_test

import (
	"database/sql"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
	"github.com/notifykit/notify/outbox/sqlbox"
)

// databases are what the tests run on, each with a new, empty database.
var databases = map[string]struct {
	dialect sqlbox.Dialect
	driver  string
	dsn     func(testing.TB) string
}{
	"PostgreSQL": {sqlbox.PostgreSQL, "pgx", func(tb testing.TB) string { return servertest.PostgreSQL(tb) }},
	"MariaDB":    {sqlbox.MySQL, "mysql", func(tb testing.TB) string { return servertest.MariaDB(tb) }},
}

func open(tb testing.TB, driver, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	tb.Cleanup(func() { db.Close() })
	return db
}

// engine opens an Engine, closed by the end of the test.
func engine(tb testing.TB, db *sql.DB, d sqlbox.Dialect, o sqlbox.Options) *sqlbox.Engine {
	tb.Helper()
	e, err := sqlbox.Open(tb.Context(), db, d, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { e.Close() })
	return e
}

func migrated(tb testing.TB, driver, dsn string, d sqlbox.Dialect) *sql.DB {
	tb.Helper()
	db := open(tb, driver, dsn)
	if err := sqlbox.Migrate(tb.Context(), db, d); err != nil {
		tb.Fatal(err)
	}
	return db
}

// occupied takes all connections of db, so that what works with it stands still as a
// stopped process does, until release.
func occupied(tb testing.TB, db *sql.DB) (release func()) {
	tb.Helper()
	var conns []*sql.Conn
	for range db.Stats().MaxOpenConnections {
		c, err := db.Conn(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		conns = append(conns, c)
	}
	return func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}
}

func TestEngine(t *testing.T) {
	const lease = 400 * time.Millisecond
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			outboxtest.Run(t, outboxtest.Harness{Lease: lease, New: func(tb testing.TB) outboxtest.Store {
				dsn := on.dsn(tb)
				migrated(tb, on.driver, dsn, on.dialect)
				dbs, resume := map[outbox.Engine]*sql.DB{}, map[outbox.Engine]func(){}
				return outboxtest.Store{
					Open: func() outbox.Engine {
						db := open(tb, on.driver, dsn)
						e := engine(tb, db, on.dialect, sqlbox.Options{Lease: lease, Poll: 5 * time.Millisecond})
						dbs[e] = db
						return e
					},
					Kill: func(e outbox.Engine) {
						_ = dbs[e].Close()
						if err := e.Close(); err == nil {
							tb.Error("an Engine without a database has given up what it was handed")
						}
					},
					Pause:  func(e outbox.Engine) { resume[e] = occupied(tb, dbs[e]) },
					Resume: func(e outbox.Engine) { resume[e]() },
				}
			}})
		})
	}
}
