// Package sqlstore_test runs package sqlstore on real servers.
package sqlstore_test

import (
	"database/sql"
	"io"
	"log"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/notifykit/notify/internal/cuttest"
	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/verify"
	"github.com/notifykit/notify/verify/sqlstore"
	"github.com/notifykit/notify/verify/verifytest"
)

func TestMain(m *testing.M) {
	_ = mysql.SetLogger(log.New(io.Discard, "", 0)) // the tests cut connections: it would tell of each
	servertest.Main(m)
}

type database struct {
	dialect sqlstore.Dialect
	driver  string
	dsn     func(testing.TB) string
}

var databases = map[string]database{
	"PostgreSQL": {sqlstore.PostgreSQL, "pgx", func(tb testing.TB) string { return servertest.PostgreSQL(tb) }},
	"MariaDB":    {sqlstore.MySQL, "mysql", func(tb testing.TB) string { return servertest.MariaDB(tb) }},
}

func open(tb testing.TB, driver, dsn string, d sqlstore.Dialect) *sqlstore.Store {
	tb.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	return prepared(tb, db, d)
}

// prepared migrates db, and opens a Store on it.
func prepared(tb testing.TB, db *sql.DB, d sqlstore.Dialect) *sqlstore.Store {
	tb.Helper()
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	tb.Cleanup(func() { db.Close() })
	if err := sqlstore.Migrate(tb.Context(), db, d); err != nil {
		tb.Fatal(err)
	}
	s, err := sqlstore.New(db, sqlstore.Options{Dialect: d})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			var c clock
			verifytest.Run(t, verifytest.Harness{
				New: func(tb testing.TB) verify.Store {
					c.by.Store(0)
					return prepared(tb, c.open(tb, on.driver, on.dsn(tb)), on.dialect)
				},
				Advance: func(_ testing.TB, d time.Duration) { c.by.Add(int64(d)) },
				Slack:   3 * time.Second,
				Seeds:   10,
			})
			if c.opened.Load() && c.read.Load() == 0 {
				t.Error("no statement has read the database's time: the clock was never moved")
			}
		})
	}
}

// A cut connection never lets a wrong code in, a right one be used twice, or locks
// its own user out.
func TestFault_cutConnections(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			dsn := on.dsn(t)
			open(t, on.driver, dsn, on.dialect) // migrates
			begin, end := "@", "/"
			if on.driver == "mysql" {
				begin, end = "tcp(", ")"
			}
			_, rest, _ := strings.Cut(dsn, begin)
			addr, _, _ := strings.Cut(rest, end)
			proxy := servertest.NewProxy(t, addr)
			s := open(t, on.driver, strings.Replace(dsn, addr, proxy.Addr(), 1), on.dialect)
			cuttest.Run(t, cuttest.Subject{Store: s, Proxy: proxy, Repeats: true,
				Matches: []string{"notify_verify", "stmtcache", "stmtcache", "ON DUPLICATE"}})
		})
	}
}

// What is over is removed, and a refused step leaves no row: numbers do not lie there
// for ever.
func TestClean(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			dsn := on.dsn(t)
			var c clock
			s := prepared(t, c.open(t, on.driver, dsn), on.dialect)
			to := verify.Subject{To: "+8613800000000", Purpose: "login"}
			one := verify.Limit{Scope: "number", Of: "+8613800000000", Windows: []middleware.Window{{Count: 1, Per: time.Hour}}}
			ctx := t.Context()
			for i := range 3 {
				if _, _, err := s.Take(ctx, verify.ID{byte(i + 1)}, []verify.Limit{one, {Scope: "ip", Of: "192.0.2." + string(rune('1'+i)), Windows: one.Windows}}); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Check(ctx, verify.CheckStep{Subject: to, ID: verify.ID{byte(i + 1)}, Max: 5, Proof: verify.ID{byte(i + 1)}, ProofFor: time.Minute}); err != nil {
					t.Fatal(err)
				}
			}
			db, err := sql.Open(on.driver, dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			rows := func() (n int) {
				t.Helper()
				if err := db.QueryRowContext(ctx, "SELECT count(*) FROM notify_verify").Scan(&n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			before := rows()
			if err := s.Clean(ctx); err != nil {
				t.Fatal(err)
			}
			if rows() != before || before != 2 {
				t.Errorf("%d rows, and %d after Clean: the live ones stay, and refused steps make none", before, rows())
			}
			c.by.Store(int64(48 * time.Hour))
			if err := s.Clean(ctx); err != nil {
				t.Fatal(err)
			}
			if n := rows(); n != 0 {
				t.Errorf("two days later %d rows are left", n)
			}
		})
	}
}
