package sqlitebox_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
	"github.com/notifykit/notify/outbox/sqlitebox"
)

func TestEngine(t *testing.T) {
	const lease = 300 * time.Millisecond
	outboxtest.Run(t, outboxtest.Harness{Lease: lease, New: func(tb testing.TB) outboxtest.Store {
		path := filepath.Join(tb.TempDir(), "outbox.db")
		paused := map[outbox.Engine]*sql.Conn{}
		return outboxtest.Store{
			Open: func() outbox.Engine {
				e, err := sqlitebox.Open(path, sqlitebox.Options{Lease: lease, Poll: 5 * time.Millisecond})
				if err != nil {
					tb.Fatal(err)
				}
				tb.Cleanup(func() { e.Close() })
				return e
			},
			// The lock on its owner's file is held until the cleanup, so the lease has to lapse.
			Kill: func(e outbox.Engine) {
				killed := e.(*sqlitebox.Engine)
				writer, readers := killed.Databases()
				if err := errors.Join(writer.Close(), readers.Close()); err != nil {
					tb.Error(err)
				}
				if err := killed.Engine.Close(); err == nil {
					tb.Error("an Engine without a database has given up what it was handed")
				}
			},
			// An Engine without a connection to write through is one that is stopped.
			Pause: func(e outbox.Engine) {
				writer, _ := e.(*sqlitebox.Engine).Databases()
				c, err := writer.Conn(tb.Context())
				if err != nil {
					tb.Fatal(err)
				}
				paused[e] = c
			},
			Resume: func(e outbox.Engine) { _ = paused[e].Close() },
		}
	}})
}

// A process that was killed leaves a file that no row speaks of.
func TestOwnerFiles_areSweptAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	stale := path + "-owner-5"
	if err := os.WriteFile(stale, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	first, err := sqlitebox.Open(path, sqlitebox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there still: %v", err)
	}
	second, err := sqlitebox.Open(path, sqlitebox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if left, err := filepath.Glob(path + "-owner-*"); err != nil || len(left) != 2 {
		t.Errorf("beside two processes that live: %v, %v", left, err)
	}
}
