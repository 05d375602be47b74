package sqlbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/killtest"
	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
)

// skewed starts a PostgreSQL whose clock is so far ahead of this process's.
func skewed(t *testing.T, ahead time.Duration) (dsn string) {
	t.Helper()
	faketime := servertest.Program(t, "faketime", "faketime")
	postgres := servertest.Program(t, "postgresql", "/usr/lib/postgresql/*/bin/postgres")
	dir := openDir(t)
	script := fmt.Sprintf("#!/bin/sh\nexec %s -f '%+ds' %s \"$@\"\n", faketime, int(ahead.Seconds()), postgres)
	if err := os.WriteFile(filepath.Join(dir, "postgres"), []byte(script), 0o755); err != nil { //nolint:gosec // another user runs it
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "postgres"), 0o755); err != nil { //nolint:gosec // whatever the umask is
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return servertest.PostgreSQL(t, "-c", fmt.Sprintf("application_name=clock%+d", int(ahead.Seconds())))
}

// openDir is a folder that the user of a server may read.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // another user reads it
		t.Fatal(err)
	}
	return dir
}

// The database's clock is ahead of the program's or behind it, and processes are
// killed in the middle of sends. The vendor is asked by content, and lists what it took
// seconds later.
func TestClock_killed(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills processes for a while")
	}
	rounds := 1
	if os.Getenv("NOTIFY_LONG") == "1" {
		rounds = 3
	}
	for _, ahead := range []time.Duration{time.Minute, -2 * time.Minute} {
		for _, vendor := range []string{"twilio", "aliyun"} {
			t.Run(fmt.Sprint(vendor, " ", ahead), func(t *testing.T) {
				place := "pgx " + skewed(t, ahead)
				migrated(t, "pgx", place[len("pgx "):], sqlbox.PostgreSQL)
				killtest.Run(t, killtest.Options{Place: place, Open: openKilled, Kills: rounds, Ask: true, Vendor: vendor, Lag: 4 * time.Second, Step: "after send"})
			})
		}
	}
}

// What is due now leaves now, whatever the database's clock says.
func TestClock_dueNow(t *testing.T) {
	for _, ahead := range []time.Duration{20 * time.Second, -20 * time.Second, -6 * time.Minute} {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			dsn := skewed(t, ahead)
			db := migrated(t, "pgx", dsn, sqlbox.PostgreSQL)
			b, f := box(t, engine(t, db, sqlbox.PostgreSQL, sqlbox.Options{}))
			if err := b.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			m := notice("code")
			m.Expires = time.Now().Add(time.Minute)
			began := time.Now()
			if err := b.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			await(t, b, "code", outbox.Accepted)
			if sent := f.Sent(); len(sent) != 1 || time.Since(began) > 15*time.Second {
				t.Errorf("%d sent after %v", len(sent), time.Since(began))
			}
		})
	}
}
