package sqlitebox_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox/outboxtable"
	"github.com/notifykit/notify/outbox/sqlitebox"
)

// plans are what each statement must use, as SQLite names it; nil: nothing but no scan
// of the messages.
var plans = map[string]struct {
	args []any
	uses []string
}{
	"free":                 {[]any{7, "m"}, []string{"INDEX notify_outbox_owner_of (owner=?)"}},
	"strays":               {nil, []string{"INDEX notify_outbox_owner_of"}},
	"undo":                 {[]any{7, 7}, []string{"INDEX notify_outbox_owner_of (owner=?)"}},
	"put":                  {[]any{"new", "h", "c1", 0, 0, []byte("d")}, nil},
	"put in a transaction": {[]any{"new", "h", "c1", 0, 0, []byte("d")}, nil},
	"there":                {[]any{`["k1"]`}, []string{"INDEX sqlite_autoindex_notify_outbox_1 (key=?)"}},
	"look":                 {[]any{`[["c1",0],["c2",0]]`}, []string{"INDEX notify_outbox_ready (class=? AND due>?)"}},
	"end":                  {[]any{3, 7, 3, 0, 1, []byte("s"), 0, 7, 0}, []string{"INTEGER PRIMARY KEY (rowid=?)"}},
	"claim":                {[]any{"c1", 0, 64, time.Now().UnixMicro(), 7, 8}, []string{"INDEX notify_outbox_ready (class=? AND due>? AND due<?)", "INTEGER PRIMARY KEY (rowid=?)"}},
	"rows":                 {[]any{`["k1"]`}, []string{"INDEX sqlite_autoindex_notify_outbox_1 (key=?)"}},
	"set":                  {[]any{1, 2, 0, 0, 1, nil, 1, []byte("s"), []byte("d"), nil}, []string{"INTEGER PRIMARY KEY (rowid=?)"}},
	"owned":                {[]any{"k1", `[5]`}, []string{"INDEX notify_outbox_receipt (receipt=?)"}},
	"last":                 {[]any{"k1"}, []string{"INDEX sqlite_autoindex_notify_outbox_1 (key=?)"}},
	"list":                 {[]any{6, "k1", 10}, nil},
	"old":                  {[]any{int64(86400e6), 500}, []string{"INDEX notify_outbox_ended (at<?)"}},
	"remove":               {[]any{`[1,2]`}, []string{"INTEGER PRIMARY KEY (rowid=?)"}},
}

// On 100,000 records every statement uses the index that it is made for, and none
// reads the table from one end to the other.
func TestExplain(t *testing.T) {
	db := filled(t, 100_000)
	for statement, p := range plans {
		query, args, err := outboxtable.Statement(outboxtable.SQLite, statement, p.args...)
		if err != nil {
			t.Fatal(err)
		}
		got := explain(t, db, query, args)
		for _, index := range p.uses {
			if !strings.Contains(got, index) {
				t.Errorf("%q does not use %s:\n%s", statement, index, got)
			}
		}
		for line := range strings.Lines(got) {
			if line = strings.TrimSpace(line); line == "SCAN notify_outbox" || line == "SCAN o" {
				t.Errorf("%q reads the whole table:\n%s", statement, got)
			}
		}
	}
}

// explain returns the plan of a statement, a line for each step.
func explain(t *testing.T, db *sql.DB, query string, args []any) string {
	t.Helper()
	r, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer r.Close()
	var b strings.Builder
	for r.Next() {
		var id, parent, unused int
		var detail string
		if err := r.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		b.WriteString(detail + "\n")
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// filled is a file with records: of each hundred 60 have ended, 30 wait, 5 are handed
// out and 5 are dead.
func filled(t *testing.T, rows int) *sql.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outbox.db")
	e, err := sqlitebox.Open(path, sqlitebox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	now := time.Now().UnixMicro()
	_, err = db.ExecContext(t.Context(), fmt.Sprintf(`WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d)
INSERT INTO notify_outbox ("key", hash, class, state, at, due, born, ready, rpt, owner, lease, was_state, was_at, tries, put, data, receipt)
SELECT 'k' || n, 'h', CASE WHEN n %% 2 = 0 THEN 'c1' ELSE 'c2' END,
  CASE WHEN n %% 100 < 60 THEN 3 WHEN n %% 100 < 90 THEN 1 WHEN n %% 100 < 95 THEN 2 ELSE 6 END,
  %[2]d - n * 1000, %[2]d - n * 1000, %[2]d - n * 1000, CASE WHEN n %% 100 BETWEEN 60 AND 89 THEN 1 ELSE 0 END, 0,
  CASE WHEN n %% 100 BETWEEN 90 AND 94 THEN n %% 50 ELSE NULL END, n, 1, 1, 1, 1, 'data', CASE WHEN n %% 100 < 60 THEN n ELSE NULL END
FROM s`, rows, now))
	if err != nil {
		t.Fatal(err)
	}
	return db
}
