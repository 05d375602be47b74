package sqlstore_test

import (
	"database/sql"
	"strings"
	"sync"
	"testing"

	"github.com/notifykit/notify/verify/sqlstore"
)

// Many programs that start at once make one table; a table of a later version is
// refused, and one whose making was cut off is gone on with.
func TestMigrate(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			db, err := sql.Open(on.driver, on.dsn(t))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			execute := func(statement string) {
				t.Helper()
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					if err := sqlstore.Migrate(t.Context(), db, on.dialect); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			var versions, version int
			if err := db.QueryRowContext(t.Context(), "SELECT count(*), max(version) FROM notify_verify_schema").Scan(&versions, &version); err != nil || versions != 1 || version != 1 {
				t.Fatalf("%d versions, the last %d, %v: want one", versions, version, err)
			}
			if on.dialect == sqlstore.MySQL { // a CREATE commits by itself: cut off before the version was written
				execute("DELETE FROM notify_verify_schema")
				if err := sqlstore.Migrate(t.Context(), db, on.dialect); err != nil {
					t.Errorf("it was cut off: %v", err)
				}
			}
			execute("UPDATE notify_verify_schema SET version = 9")
			if err := sqlstore.Migrate(t.Context(), db, on.dialect); err == nil || !strings.Contains(err.Error(), "the tables are version 9, and this program reads version 1: run a later one") {
				t.Errorf("a later table: %v", err)
			}
		})
	}
	if err := sqlstore.Migrate(t.Context(), nil, 7); err == nil || !strings.Contains(err.Error(), "no dialect 7") {
		t.Errorf("no dialect: %v", err)
	}
}
