//go:build unix

package sqlbox_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
)

// bouncer starts a PgBouncer in transaction mode before a database, and returns the
// DSN through it.
func bouncer(t *testing.T, dsn string) string {
	t.Helper()
	path := servertest.Program(t, "pgbouncer", "pgbouncer", "/usr/sbin/pgbouncer")
	at, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{T: t, dir: openDir(t), bin: filepath.Dir(path), primary: freePort(t)}
	config := fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
auth_type = any
pool_mode = transaction
default_pool_size = 8
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
unix_socket_dir =
`, at.Hostname(), at.Port(), p.primary)
	// With auth_type any the server's user is named.
	config = strings.Replace(config, "port="+at.Port(), "port="+at.Port()+" user=postgres", 1)
	file := filepath.Join(p.dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil { //nolint:gosec // another user reads it
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil { //nolint:gosec // whatever the umask is
		t.Fatal(err)
	}
	cmd := p.program(filepath.Base(path), "-q", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); _ = cmd.Wait() })
	at.Host = fmt.Sprintf("127.0.0.1:%d", p.primary)
	db := open(t, "pgx", at.String()+"&default_query_exec_mode=exec")
	for tick := time.NewTicker(20 * time.Millisecond); db.PingContext(t.Context()) != nil; <-tick.C {
		if t.Context().Err() != nil {
			t.Fatal("PgBouncer does not start")
		}
	}
	return at.String()
}

// Through PgBouncer in transaction mode many migrate at once, and messages are sent.
func TestPgBouncer(t *testing.T) {
	plain := bouncer(t, databases["PostgreSQL"].dsn(t))
	dsn := plain + "&default_query_exec_mode=exec"
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if err := sqlbox.Migrate(t.Context(), open(t, "pgx", dsn), sqlbox.PostgreSQL); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := sqlbox.Open(t.Context(), open(t, "pgx", plain), sqlbox.PostgreSQL, sqlbox.Options{}); err == nil || !strings.Contains(err.Error(), "default_query_exec_mode=exec") {
		t.Errorf("Open with prepared statements: %v", err)
	}
	db := open(t, "pgx", dsn)
	b, f := box(t, engine(t, db, sqlbox.PostgreSQL, sqlbox.Options{}))
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 16 {
		all.Go(func() {
			for j := range 20 {
				if err := b.Enqueue(t.Context(), notice(fmt.Sprintf("k%d-%d", i, j))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for i := range 16 {
		for j := range 20 {
			await(t, b, fmt.Sprintf("k%d-%d", i, j), outbox.Accepted)
		}
	}
	if n := len(f.Sent()); n != 320 {
		t.Errorf("%d were sent of 320", n)
	}
}

// The tables may lie in a later schema of the search path: no second outbox is made.
func TestSearchPath(t *testing.T) {
	dsn := databases["PostgreSQL"].dsn(t)
	public := migrated(t, "pgx", dsn, sqlbox.PostgreSQL)
	if _, err := public.ExecContext(t.Context(), "CREATE SCHEMA app"); err != nil {
		t.Fatal(err)
	}
	db := migrated(t, "pgx", dsn+"&search_path=app,public", sqlbox.PostgreSQL)
	var tables int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'notify_outbox%'").Scan(&tables); err != nil || tables != 3 {
		t.Errorf("%d tables, %v: want 3", tables, err)
	}
	engine(t, db, sqlbox.PostgreSQL, sqlbox.Options{})
}
