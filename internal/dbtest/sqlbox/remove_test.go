package sqlbox_test

import (
	"testing"
	"time"

	"github.com/notifykit/notify/outbox/sqlbox"
)

// What ended before the window is removed, in steps, and nothing else.
func TestRemove(t *testing.T) {
	const now = "9000000000000000"
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			db := migrated(t, on.driver, on.dsn(t), on.dialect)
			key, numbers := "CAST('k' || n AS bytea)", "(SELECT generate_series(1, 1200) AS n) AS s"
			if on.dialect == sqlbox.MySQL {
				key, numbers = "CONCAT('k', n)", "(SELECT seq AS n FROM seq_1_to_1200) AS s"
			}
			column := map[sqlbox.Dialect]string{sqlbox.PostgreSQL: `"key"`, sqlbox.MySQL: "`key`"}[on.dialect]
			// Of every four one is dead and one is young: 600 of 1,200 are removed.
			_, err := db.ExecContext(t.Context(), "INSERT INTO notify_outbox ("+column+", hash, class, state, at, due, ready, rpt, lease, was_state, was_at, tries, put)"+
				" SELECT "+key+", 'h', 'c', CASE WHEN n % 4 = 0 THEN 6 ELSE 3 END, CASE WHEN n % 4 = 1 THEN "+now+" ELSE 1 END, 0, 0, 0, 1, 1, 1, 1, 1 FROM "+numbers)
			if err != nil {
				t.Fatal(err)
			}
			engine(t, db, on.dialect, sqlbox.Options{Lease: 400 * time.Millisecond})
			rows := 0
			for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
				if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM notify_outbox").Scan(&rows); err != nil {
					t.Fatalf("%d rows are left: %v", rows, err)
				}
				if rows == 600 {
					break
				}
			}
			var left int
			if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM notify_outbox WHERE state = 3 AND at = 1").Scan(&left); err != nil || left != 0 {
				t.Errorf("%d old ones are left, %v", left, err)
			}
		})
	}
}
