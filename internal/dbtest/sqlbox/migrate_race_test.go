package sqlbox_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/notifykit/notify/storekit/sqlschema"
)

// A process that waits for the lock of a migration sees the tables that the holder of
// the lock made meanwhile, although it has looked for them before and PostgreSQL
// remembers that they were missing.
func TestMigrate_seesWhatWasMadeWhileItWaited(t *testing.T) {
	on := databases["PostgreSQL"]
	dsn := on.dsn(t)
	holder, waiter := open(t, on.driver, dsn), open(t, on.driver, dsn)
	waiter.SetMaxOpenConns(1) // one session, which remembers
	schema := sqlschema.Schema{Table: "race_schema", Version: 1, Files: fstest.MapFS{"schema/postgresql-1.sql": {Data: []byte("CREATE TABLE race (id integer);\n")}}}
	if has, err := schema.Has(t.Context(), waiter); has != 0 || err != nil {
		t.Fatal(has, err)
	}
	tx, err := holder.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("SELECT pg_advisory_xact_lock(hashtext('race_schema'))"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- schema.Migrate(t.Context(), waiter) }()
	for waiting := 0; waiting == 0; time.Sleep(time.Millisecond) {
		if err := holder.QueryRow("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	for _, statement := range []string{"CREATE TABLE race_schema (version integer PRIMARY KEY)", "INSERT INTO race_schema VALUES (1)", "CREATE TABLE race (id integer)"} {
		if _, err := tx.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
