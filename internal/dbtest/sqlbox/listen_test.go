//go:build unix

package sqlbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
)

// listen is Options.Listen for pgx, as docs/outbox-sql.md has it.
func listen(dsn string) func(ctx context.Context, channel string, wake func()) error {
	return func(ctx context.Context, channel string, wake func()) error {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only listened
		if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
			return err
		}
		for {
			if _, err := conn.WaitForNotification(ctx); err != nil {
				return err
			}
			wake()
		}
	}
}

// A process that listens needs no Poll: what another enqueues wakes it, and what another
// commits after EnqueueTx once that calls Wake.
func TestListen(t *testing.T) {
	dsn := databases["PostgreSQL"].dsn(t)
	db := migrated(t, "pgx", dsn, sqlbox.PostgreSQL)
	o := sqlbox.Options{Poll: time.Hour, Listen: listen(dsn)}
	from, _ := box(t, engine(t, db, sqlbox.PostgreSQL, o))
	to, _ := box(t, engine(t, open(t, "pgx", dsn), sqlbox.PostgreSQL, o))
	if err := to.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := from.Enqueue(t.Context(), notice("first")); err != nil {
		t.Fatal(err)
	}
	await(t, from, "first", outbox.Accepted)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlbox.EnqueueTx(t.Context(), from, tx, notice("in a transaction")); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := from.Wake(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, from, "in a transaction", outbox.Accepted)
}

// LISTEN through PgBouncer in transaction mode succeeds and nothing comes: Open says so.
func TestListen_throughPgBouncer(t *testing.T) {
	direct := databases["PostgreSQL"].dsn(t)
	migrated(t, "pgx", direct, sqlbox.PostgreSQL)
	pooled := bouncer(t, direct) + "&default_query_exec_mode=exec"
	e, err := sqlbox.Open(t.Context(), open(t, "pgx", pooled), sqlbox.PostgreSQL, sqlbox.Options{Listen: listen(pooled)})
	if err == nil {
		e.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "Options.Listen hears nothing") {
		t.Errorf("through the pooler: %v", err)
	}
	engine(t, open(t, "pgx", pooled), sqlbox.PostgreSQL, sqlbox.Options{Listen: listen(direct)})
}
