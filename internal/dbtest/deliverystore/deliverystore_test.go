// Package deliverystore_test runs package delivery/sqlstore on real servers.
package deliverystore_test

import (
	"database/sql"
	"fmt"
	"io"
	"log"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/delivery/deliverytest"
	"github.com/notifykit/notify/delivery/sqlstore"
	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/sms"
)

func TestMain(m *testing.M) {
	_ = mysql.SetLogger(log.New(io.Discard, "", 0))
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

func openDatabase(tb testing.TB, driver, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	tb.Cleanup(func() { db.Close() })
	return db
}

func TestStore(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			db := openDatabase(t, on.driver, on.dsn(t))
			deliverytest.Run(t, func(t *testing.T) delivery.Store {
				t.Helper()
				if err := sqlstore.Migrate(t.Context(), db, on.dialect); err != nil {
					t.Fatal(err)
				}
				for _, statement := range []string{"DELETE FROM notify_delivery_event", "DELETE FROM notify_delivery", "UPDATE notify_delivery_teller SET owner = '', until = 0"} {
					if _, err := db.ExecContext(t.Context(), statement); err != nil {
						t.Fatal(err)
					}
				}
				s, err := sqlstore.New(db, on.dialect)
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}

// Two trackers on one database, as in two processes, are given the reports of the same
// messages at once. Whatever a report was answered, the state is the highest of all.
func TestTracker_twoReceivers(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			var trackers []*delivery.Tracker
			dsn := on.dsn(t)
			for range 2 {
				db := openDatabase(t, on.driver, dsn)
				if err := sqlstore.Migrate(t.Context(), db, on.dialect); err != nil {
					t.Fatal(err)
				}
				store, err := sqlstore.New(db, on.dialect)
				if err != nil {
					t.Fatal(err)
				}
				tracker, err := delivery.New(delivery.Options{Store: store, Secret: secret})
				if err != nil {
					t.Fatal(err)
				}
				trackers = append(trackers, tracker)
			}
			const messages = 30
			var wait sync.WaitGroup
			for i := range messages {
				key, id := fmt.Sprint("order-", i), fmt.Sprint("SM", i)
				wait.Go(func() {
					trackers[i%2].Note(t.Context(), sms.Message{Key: key, To: "+12025550123"}, sms.Receipt{Provider: "twilio", ID: id, To: "+12025550123"}, nil)
				})
				for j, state := range []sms.DeliveryState{sms.StateSent, sms.StateDelivered, sms.StateAccepted, sms.StateUndelivered} {
					wait.Go(func() {
						if err := trackers[(i+j)%2].Report(t.Context(), sms.Report{Provider: "twilio", ID: id, To: "+12025550123", State: state}); err != nil {
							t.Error(err)
						}
					})
				}
			}
			wait.Wait()
			for i := range messages {
				s, err := trackers[0].Status(t.Context(), fmt.Sprint("order-", i))
				if err != nil || s.State != sms.StateDelivered || s.Copies != 1 {
					t.Errorf("order-%d: %+v, %v", i, s, err)
				}
			}
			for _, tracker := range trackers {
				if err := tracker.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestMigrate(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			db := openDatabase(t, on.driver, on.dsn(t))
			var wait sync.WaitGroup
			for range 4 { // at once
				wait.Go(func() {
					if err := sqlstore.Migrate(t.Context(), db, on.dialect); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			if _, err := db.ExecContext(t.Context(), "UPDATE notify_delivery_schema SET version = 99"); err != nil {
				t.Fatal(err)
			}
			if err := sqlstore.Migrate(t.Context(), db, on.dialect); err == nil || !strings.Contains(err.Error(), "run a later one") {
				t.Errorf("a later version: %v", err)
			}
		})
	}
}

func TestNew_faults(t *testing.T) {
	if _, err := sqlstore.New(nil, sqlstore.PostgreSQL); err == nil {
		t.Error("no database")
	}
	if _, err := sqlstore.New(&sql.DB{}, 9); err == nil {
		t.Error("no such dialect")
	}
	if err := sqlstore.Migrate(t.Context(), nil, 9); err == nil {
		t.Error("no such dialect")
	}
}
