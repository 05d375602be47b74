package sqlbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// through gives a DSN that goes through a proxy to the server.
func through(tb testing.TB, driver, dsn string) (*servertest.Proxy, string) {
	tb.Helper()
	begin, end := "@", "/"
	if driver == "mysql" {
		begin, end = "tcp(", ")"
	}
	_, rest, _ := strings.Cut(dsn, begin)
	addr, _, _ := strings.Cut(rest, end)
	p := servertest.NewProxy(tb, addr)
	return p, strings.Replace(dsn, addr, p.Addr(), 1)
}

// However a connection ends in the middle of a statement or of a commit, what
// Put has answered is there once, and what it has not may be put again.
func TestFault_cutConnections(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			dsn := on.dsn(t)
			migrated(t, on.driver, dsn, on.dialect)
			proxy, proxied := through(t, on.driver, dsn)
			e := engine(t, open(t, on.driver, proxied), on.dialect, sqlbox.Options{Lease: 2 * time.Second, Poll: 5 * time.Millisecond})
			b, f := box(t, e)
			cuts := []servertest.Cut{{Match: "INSERT INTO notify_outbox"}, {Match: "INSERT INTO notify_outbox", Answer: true}, {Match: "COMMIT", Answer: true}, {Match: "commit", Answer: true},
				{Match: "SET was_state", Answer: true}, {Match: "UPDATE notify_outbox AS o", Answer: true}}
			if err := b.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i := range 60 {
				proxy.Next(cuts[i%len(cuts)])
				key := fmt.Sprint("k", i)
				for tries := 0; ; tries++ {
					err := b.Enqueue(t.Context(), notice(key))
					if err == nil {
						break
					}
					if tries > 20 {
						t.Fatalf("%s: %v", key, err)
					}
				}
			}
			proxy.Disarm()
			for i := range 60 {
				await(t, b, fmt.Sprint("k", i), outbox.Accepted)
			}
			sent := map[string]int{}
			for _, m := range f.Sent() {
				sent[m.Key]++
			}
			for key, n := range sent {
				if n != 1 {
					t.Errorf("%s was sent %d times", key, n)
				}
			}
			if len(sent) != 60 {
				t.Errorf("%d of 60 were sent", len(sent))
			}
		})
	}
}

// The database is gone for longer than a lease: Enqueue answers an error, and
// what was acknowledged goes out when it is back, by itself.
func TestFault_databaseGone(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			dsn := on.dsn(t)
			migrated(t, on.driver, dsn, on.dialect)
			proxy, proxied := through(t, on.driver, dsn)
			e := engine(t, open(t, on.driver, proxied), on.dialect, sqlbox.Options{Lease: 500 * time.Millisecond, Poll: 5 * time.Millisecond})
			b, f := box(t, e)
			if err := b.EnqueueAt(t.Context(), time.Now().Add(time.Second), notice("before")); err != nil {
				t.Fatal(err)
			}
			if err := b.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			proxy.Down()
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond) // longer than the lease
			defer cancel()
			for ctx.Err() == nil {
				if err := b.Enqueue(ctx, notice("during")); err == nil {
					t.Fatal("it was acknowledged without a database")
				} else if refused, ok := errors.AsType[*outbox.EnqueueError](err); ok {
					t.Fatalf("the message is called at fault: %v", refused)
				}
			}
			proxy.Up()
			await(t, b, "before", outbox.Accepted)
			if err := b.Enqueue(t.Context(), notice("after")); err != nil {
				t.Fatal(err)
			}
			await(t, b, "after", outbox.Accepted)
			if n := len(f.Sent()); n != 2 {
				t.Errorf("%d sent, of two", n)
			}
		})
	}
}

// Ten Engines on one database: each message once.
func TestTenEngines(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			dsn := on.dsn(t)
			db := migrated(t, on.driver, dsn, on.dialect)
			const n = 2000
			first, _ := box(t, engine(t, db, on.dialect, sqlbox.Options{}))
			var all []sms.Message
			for i := range n {
				all = append(all, notice(fmt.Sprint("k", i)))
			}
			if err := first.Enqueue(t.Context(), all...); err != nil {
				t.Fatal(err)
			}
			var fakes []*fake.Provider
			for range 10 {
				b, f := box(t, engine(t, db, on.dialect, sqlbox.Options{Poll: 10 * time.Millisecond}))
				if err := b.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				fakes = append(fakes, f)
			}
			for i := range n {
				await(t, first, fmt.Sprint("k", i), outbox.Accepted)
			}
			sent, busy := map[string]int{}, 0
			for _, f := range fakes {
				if len(f.Sent()) > 0 {
					busy++
				}
				for _, m := range f.Sent() {
					if sent[m.Key]++; sent[m.Key] > 1 {
						t.Errorf("%s was sent twice", m.Key)
					}
				}
			}
			if len(sent) != n || busy < 2 {
				t.Errorf("%d of %d were sent, by %d of ten", len(sent), n, busy)
			}
		})
	}
}
