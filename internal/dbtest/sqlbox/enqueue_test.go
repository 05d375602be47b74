package sqlbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// box is an Outbox on a database, not started, and what it sends through.
func box(tb testing.TB, e outbox.Engine) (*outbox.Outbox, *fake.Provider) {
	tb.Helper()
	f, err := fake.New(fake.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	b, err := outbox.New(outbox.Options{Engine: e, Sender: f})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { b.Close(context.WithoutCancel(tb.Context())) })
	return b, f
}

func notice(key string) sms.Message {
	return sms.Message{To: "+8613800000000", Body: "Order " + key + " is on its way.", Key: key}
}

// A message is in the outbox when the caller's transaction commits, and never was
// when it does not.
func TestEnqueueTx(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			db := migrated(t, on.driver, on.dsn(t), on.dialect)
			b, f := box(t, engine(t, db, on.dialect, sqlbox.Options{Poll: 5 * time.Millisecond}))
			if _, err := db.ExecContext(t.Context(), "CREATE TABLE orders (id varchar(20) PRIMARY KEY)"); err != nil {
				t.Fatal(err)
			}
			order := func(id string, commit bool, messages ...sms.Message) error {
				tx, err := db.BeginTx(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer tx.Rollback()
				if _, err := tx.ExecContext(t.Context(), "INSERT INTO orders (id) VALUES ('"+id+"')"); err != nil {
					t.Fatal(err)
				}
				if err := sqlbox.EnqueueTx(t.Context(), b, tx, messages...); err != nil {
					return err
				}
				if commit {
					return tx.Commit()
				}
				return nil
			}
			for _, c := range []struct {
				order  string
				commit bool
				m      sms.Message
				want   error
			}{
				{"o1", true, notice("k1"), nil},
				{"o2", false, notice("k2"), nil},
				{"o3", true, notice("k1"), nil}, // the same message again
				{"o4", true, sms.Message{To: "+8613800000000", Body: "Something else.", Key: "k1"}, outbox.ErrKeyTaken},
				{"o5", true, sms.Message{To: "+8613800000000", Body: "No key."}, sms.InvalidMessage},
			} {
				if err := order(c.order, c.commit, c.m); !errors.Is(err, c.want) {
					t.Errorf("%s: %v, want %v", c.order, err, c.want)
				}
			}
			if _, err := b.Status(t.Context(), "k2"); !errors.Is(err, outbox.ErrNotFound) {
				t.Errorf("what was rolled back is there: %v", err)
			}
			var orders int
			if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM orders").Scan(&orders); err != nil || orders != 2 {
				t.Errorf("%d orders, %v: those of k1 alone", orders, err)
			}
			if err := b.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			await(t, b, "k1", outbox.Accepted)
			if sent := f.Sent(); len(sent) != 1 || sent[0].Body != notice("k1").Body {
				t.Errorf("sent: %v", sent)
			}
		})
	}
}

// await waits until a message is in a state.
func await(tb testing.TB, b *outbox.Outbox, key string, want outbox.State) outbox.Status {
	tb.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		st, err := b.Status(tb.Context(), key)
		if err == nil && st.State == want {
			return st
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			tb.Fatalf("%s is %v, %v: it should become %v", key, st.State, err, want)
		}
	}
}

func TestMigrate(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t, on.driver, on.dsn(t))
			if _, err := sqlbox.Open(t.Context(), db, on.dialect, sqlbox.Options{}); err == nil {
				t.Error("it opens a database without tables")
			}
			done := make(chan error)
			for range 4 { // at once, as the processes of a deployment do
				go func() { done <- sqlbox.Migrate(t.Context(), db, on.dialect) }()
			}
			for range 4 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			engine(t, db, on.dialect, sqlbox.Options{})
			if _, err := db.ExecContext(t.Context(), "UPDATE notify_outbox_schema SET version = 99"); err != nil {
				t.Fatal(err)
			}
			if _, err := sqlbox.Open(t.Context(), db, on.dialect, sqlbox.Options{}); err == nil {
				t.Error("it opens the tables of a later version")
			}
			if err := sqlbox.Migrate(t.Context(), db, on.dialect); err == nil {
				t.Error("it migrates the tables of a later version")
			}
		})
	}
	if err := sqlbox.Migrate(t.Context(), nil, 0); err == nil {
		t.Error("it migrates no dialect")
	}
}
