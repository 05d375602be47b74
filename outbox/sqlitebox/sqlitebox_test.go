package sqlitebox_test

import (
	"errors"
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

// An end whose answer was lost is recorded again: it is the same, and no other's.
func TestSettle_again(t *testing.T) {
	e, err := sqlitebox.Open(filepath.Join(t.TempDir(), "outbox.db"), sqlitebox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ctx := t.Context()
	if err := e.Put(ctx, []outbox.Entry{{Key: "k", Hash: "h", Class: "c", Data: []byte("data")}})[0]; err != nil {
		t.Fatal(err)
	}
	leases, err := e.Take(ctx, []string{"c"}, 1)
	if err != nil || len(leases) != 1 {
		t.Fatal(leases, err)
	}
	end := outbox.End{Lease: leases[0], Record: outbox.Record{State: outbox.Accepted, Tries: 1, Story: []byte("sent")}}
	other := end
	other.Story = []byte("another story")
	for _, c := range []struct {
		end  outbox.End
		want error
	}{{end, nil}, {end, nil}, {other, outbox.ErrState}} {
		if err := e.Settle(ctx, []outbox.End{c.end})[0]; !errors.Is(err, c.want) {
			t.Errorf("settle with %q: %v, want %v", c.end.Story, err, c.want)
		}
	}
}
