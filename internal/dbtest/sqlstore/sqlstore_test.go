// Package sqlstore_test runs package sqlstore on real servers.
package sqlstore_test

import (
	"database/sql"
	"io"
	"log"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/notifykit/notify/internal/aheadtest"
	"github.com/notifykit/notify/internal/cuttest"
	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/verify"
	"github.com/notifykit/notify/verify/sqlstore"
	"github.com/notifykit/notify/verify/verifytest"
)

func TestMain(m *testing.M) {
	_ = mysql.SetLogger(log.New(io.Discard, "", 0)) // the tests cut connections: it would tell of each
	servertest.Main(m)
}

var databases = map[string]struct {
	dialect sqlstore.Dialect
	driver  string
	dsn     func(testing.TB) string
}{
	"PostgreSQL": {sqlstore.PostgreSQL, "pgx", func(tb testing.TB) string { return servertest.PostgreSQL(tb) }},
	"MariaDB":    {sqlstore.MySQL, "mysql", func(tb testing.TB) string { return servertest.MariaDB(tb) }},
}

func open(tb testing.TB, driver, dsn string, d sqlstore.Dialect) *sqlstore.Store {
	tb.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
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
			var by atomic.Int64
			verifytest.Run(t, verifytest.Harness{
				New: func(tb testing.TB) verify.Store {
					by.Store(0)
					return aheadtest.Store{Tally: open(tb, on.driver, on.dsn(tb), on.dialect), By: &by}
				},
				Advance: func(_ testing.TB, d time.Duration) { by.Add(int64(d)) },
				Slack:   3 * time.Second,
				Seeds:   10,
			})
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
			cuttest.Run(t, s, proxy, 10, "notify_verify", "COMMIT", "commit", "UPDATE notify_verify")
		})
	}
}
