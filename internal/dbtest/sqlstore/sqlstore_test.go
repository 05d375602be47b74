// Package sqlstore_test runs package sqlstore on real servers.
package sqlstore_test

import (
	"context"
	"database/sql"
	"io"
	"log"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/internal/storeclock"
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

// An ahead is a Store whose database's clock a test moves.
type ahead struct {
	verify.Tally
	by *atomic.Int64
}

func (a ahead) ctx(ctx context.Context) context.Context {
	return storeclock.With(ctx, time.Duration(a.by.Load()))
}

func (a ahead) Take(ctx context.Context, id verify.ID, limits []verify.Limit) (int, time.Duration, error) {
	return a.Tally.Take(a.ctx(ctx), id, limits)
}

func (a ahead) Return(ctx context.Context, id verify.ID, limits []verify.Limit) error {
	return a.Tally.Return(a.ctx(ctx), id, limits)
}

func (a ahead) Begin(ctx context.Context, s verify.BeginStep) (verify.Begun, error) {
	return a.Tally.Begin(a.ctx(ctx), s)
}

func (a ahead) Check(ctx context.Context, s verify.CheckStep) (verify.Checked, error) {
	return a.Tally.Check(a.ctx(ctx), s)
}

func (a ahead) Redeem(ctx context.Context, to verify.Subject, proof, id verify.ID) (bool, error) {
	return a.Tally.Redeem(a.ctx(ctx), to, proof, id)
}

func (a ahead) TakeSent(ctx context.Context, id verify.ID, limits []verify.Limit, cells []verify.Cell) (int, time.Duration, []verify.Share, error) {
	return a.Tally.TakeSent(a.ctx(ctx), id, limits, cells)
}

func (a ahead) ReturnSent(ctx context.Context, id verify.ID, limits []verify.Limit, cells []verify.Cell) error {
	return a.Tally.ReturnSent(a.ctx(ctx), id, limits, cells)
}

func (a ahead) CheckVerified(ctx context.Context, s verify.CheckStep, cells []verify.Cell) (verify.Checked, error) {
	return a.Tally.CheckVerified(a.ctx(ctx), s, cells)
}

func TestStore(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			var by atomic.Int64
			verifytest.Run(t, verifytest.Harness{
				New: func(tb testing.TB) verify.Store {
					by.Store(0)
					return ahead{open(tb, on.driver, on.dsn(tb), on.dialect), &by}
				},
				Advance: func(_ testing.TB, d time.Duration) { by.Add(int64(d)) },
				Slack:   3 * time.Second,
				Seeds:   10,
			})
		})
	}
}
