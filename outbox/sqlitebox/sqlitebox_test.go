package sqlitebox_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtable"
	"github.com/notifykit/notify/outbox/outboxtest"
	"github.com/notifykit/notify/outbox/sqlitebox"
)

func TestEngine(t *testing.T) {
	const lease = 300 * time.Millisecond
	outboxtest.Run(t, outboxtest.Harness{Lease: lease, New: func(tb testing.TB) outboxtest.Store {
		path := filepath.Join(tb.TempDir(), "outbox.db")
		return outboxtest.Store{
			Open: func() outbox.Engine {
				e, err := sqlitebox.Open(path, sqlitebox.Options{Lease: lease, Poll: 5 * time.Millisecond})
				if err != nil {
					tb.Fatal(err)
				}
				tb.Cleanup(func() { e.Close() })
				return e
			},
			Kill:  func(e outbox.Engine) { outboxtable.Kill(e.(*sqlitebox.Engine).Engine) },
			Pause: func(e outbox.Engine) { outboxtable.Pause(e.(*sqlitebox.Engine).Engine) },
		}
	}})
}
