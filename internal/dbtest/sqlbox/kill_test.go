package sqlbox_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/notifykit/notify/internal/killtest"
	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
)

var kills = flag.Int("kills", killtest.Kills(), "how many processes the tests kill on each database")

// A killed is an Engine whose database is closed with it.
type killed struct {
	*sqlbox.Engine
	db *sql.DB
}

func (k killed) Close() error {
	err := k.Engine.Close()
	k.db.Close()
	return err
}

// openKilled opens "driver dsn".
func openKilled(place string) (outbox.Engine, error) {
	driver, dsn, _ := strings.Cut(place, " ")
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(6) // ten processes share one server
	dialect := sqlbox.PostgreSQL
	if driver == "mysql" {
		dialect = sqlbox.MySQL
	}
	e, err := sqlbox.Open(context.Background(), db, dialect, sqlbox.Options{Lease: time.Second})
	if err != nil {
		return nil, err
	}
	return killed{e, db}, nil
}

func TestMain(m *testing.M) {
	if _, child := os.LookupEnv("NOTIFY_KILLTEST_PLAN"); child {
		killtest.Child(openKilled)
	}
	_ = mysql.SetLogger(log.New(io.Discard, "", 0)) // the tests cut connections: it would tell of each
	servertest.Main(m)
}

func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills processes for a while")
	}
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			dsn := on.dsn(t)
			migrated(t, on.driver, dsn, on.dialect)
			killtest.Run(t, killtest.Options{Place: on.driver + " " + dsn, Open: openKilled, Kills: *kills, Ask: true})
		})
	}
}

// Two, then ten processes work on one database, and one is killed in the middle.
func TestKill_together(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills processes for a while")
	}
	for name, on := range databases {
		for _, n := range []int{2, 10} {
			t.Run(fmt.Sprintf("%s, %d", name, n), func(t *testing.T) {
				dsn := on.dsn(t)
				migrated(t, on.driver, dsn, on.dialect)
				killtest.RunTogether(t, killtest.Options{Place: on.driver + " " + dsn, Open: openKilled, Together: n, Ask: true})
			})
		}
	}
}
