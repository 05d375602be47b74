package sqlbox_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/sms"
)

var figures = flag.Int("figures", 0, "how many messages to measure each database with, on servers that sync every commit")

// TestFigures prints what stands in docs/outbox-sql.md. It asserts nothing.
func TestFigures(t *testing.T) {
	if *figures == 0 {
		t.Skip("-figures says with how many messages to measure")
	}
	for name, on := range map[string]struct {
		dialect sqlbox.Dialect
		driver  string
		dsn     string
	}{
		"PostgreSQL": {sqlbox.PostgreSQL, "pgx", servertest.PostgreSQL(t, "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on", "-c", "shared_buffers=256MB", "-c", "autovacuum=on")},
		"MariaDB":    {sqlbox.MySQL, "mysql", servertest.MariaDB(t, "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=256M")},
	} {
		for _, workers := range []int{64, 256} {
			db, err := sql.Open(on.driver, on.dsn)
			if err != nil {
				t.Fatal(err)
			}
			db.SetMaxOpenConns(16)
			db.SetMaxIdleConns(16)
			if err := sqlbox.Migrate(t.Context(), db, on.dialect); err != nil {
				t.Fatal(err)
			}
			measure(t, name, db, on.dialect, workers)
			db.Close()
		}
	}
}

func measure(t *testing.T, name string, db *sql.DB, d sqlbox.Dialect, workers int) {
	t.Helper()
	e := engine(t, db, d, sqlbox.Options{})
	var sent atomic.Int64
	done := make(chan struct{})
	b, err := outbox.New(outbox.Options{Engine: e, Workers: workers, Classes: []outbox.Class{{Name: "notification"}}, Class: func(sms.Message, sms.Kind) string { return "notification" },
		Sender: sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
			if int(sent.Add(1)) == *figures {
				close(done)
			}
			return sms.Receipt{Provider: "none"}, nil
		})})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	batch := make([]sms.Message, 0, 1000)
	for i := range *figures {
		batch = append(batch, notice(fmt.Sprintf("%d-%d", workers, i)))
		if len(batch) == cap(batch) || i == *figures-1 {
			if err := b.Enqueue(t.Context(), batch...); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	enqueued := time.Since(began)
	began = time.Now()
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-done
	took := time.Since(began)
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	per := func(d time.Duration) int { return int(float64(*figures) / d.Seconds()) }
	t.Logf("%s, %d workers: enqueued %d a second in batches of 1,000; sent %d a second from a backlog of %d", name, workers, per(enqueued), per(took), *figures)
}
