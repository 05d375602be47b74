package sqlbox_test

import (
	"database/sql"
	"fmt"
	"os"
	"testing"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
)

// While a snapshot is held elsewhere, as pg_dump holds one, no dead row of the index is
// purged. Claims must not read more of the index for each message as dead entries
// gather: entries are counted, not time. If every claim began at the index's beginning,
// a message would cost 350 entries after 24,000 and 4,000 after 300,000. A look from the
// beginning takes its share of the time, which is some 20 entries for a message.
func TestSnapshotHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("it sends for a while")
	}
	const most = 80
	chunks, size := 6, 4_000
	long := os.Getenv("NOTIFY_LONG") == "1"
	if long {
		chunks, size = 10, 30_000
	}
	dsn := databases["PostgreSQL"].dsn(t)
	db := migrated(t, "pgx", dsn, sqlbox.PostgreSQL)
	snapshot, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Rollback() //nolint:errcheck // it has changed nothing
	var n int
	if err := snapshot.QueryRowContext(t.Context(), "SELECT count(*) FROM notify_outbox").Scan(&n); err != nil {
		t.Fatal(err)
	}
	perMessage := make([]float64, chunks)
	for i := range chunks {
		put(t, dsn, i, size)
		before := read(t, db)
		drain(t, dsn, size)
		perMessage[i] = float64(read(t, db)-before) / float64(size)
	}
	t.Logf("entries read for each message, by chunks of %d: %.0f", size, perMessage)
	first, last := perMessage[1], perMessage[chunks-1] // the first chunk meets no dead entries
	if last > most || long && last > 1.5*first {
		t.Errorf("a message costs %.0f entries, and %.0f after %d messages: want at most %d", first, last, chunks*size, most)
	}
}

// closed is an Engine on connections of its own, which done closes: PostgreSQL counts
// what a connection has read when it ends.
func closed(t *testing.T, dsn string) (e *sqlbox.Engine, done func()) {
	t.Helper()
	db, err := sql.Open("pgx", dsn+"&application_name=counted")
	if err != nil {
		t.Fatal(err)
	}
	if e, err = sqlbox.Open(t.Context(), db, sqlbox.PostgreSQL, sqlbox.Options{}); err != nil {
		t.Fatal(err)
	}
	return e, func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		db.Close()
	}
}

func put(t *testing.T, dsn string, chunk, size int) {
	t.Helper()
	e, done := closed(t, dsn)
	defer done()
	entries := make([]outbox.Entry, size)
	for i := range entries {
		entries[i] = outbox.Entry{Key: fmt.Sprintf("k%d-%d", chunk, i), Hash: "h", Class: "c", Data: []byte("data")}
	}
	for i, err := range e.Put(t.Context(), entries) {
		if err != nil {
			t.Fatal(entries[i].Key, err)
		}
	}
}

// drain claims and ends so many.
func drain(t *testing.T, dsn string, size int) {
	t.Helper()
	e, done := closed(t, dsn)
	defer done()
	var ends []outbox.End
	for claimed := 0; claimed < size || len(ends) > 0; {
		leases, answers, err := e.Exchange(t.Context(), ends, []outbox.Want{{Class: "c", N: 64}}, 64)
		if err != nil {
			t.Fatal(err)
		}
		for i, err := range answers {
			if err != nil {
				t.Fatal(ends[i].Lease.Key, err)
			}
		}
		ends = ends[:0]
		for _, l := range leases {
			ends = append(ends, outbox.End{Lease: l, Change: outbox.Change{State: outbox.Accepted, Tries: 1, Story: []byte("story")}})
		}
		claimed += len(leases)
	}
}

// read is how many entries of the index of what is ready were read, by connections
// that have ended.
func read(t *testing.T, db *sql.DB) (n int64) {
	t.Helper()
	for left := 1; left > 0; {
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'counted'").Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
	err := db.QueryRowContext(t.Context(), "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'notify_outbox_ready'").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
