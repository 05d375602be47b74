package sqlbox_test

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox/outboxtable"
	"github.com/notifykit/notify/outbox/sqlbox"
)

// On 20,000 records, and on 100,000 with NOTIFY_LONG=1, every statement uses the index that it is made for, and none
// reads the table from one end to the other.
func TestExplain(t *testing.T) {
	rows := 20_000
	if os.Getenv("NOTIFY_LONG") == "1" {
		rows = 100_000
	}
	now := time.Now().UnixMicro()
	type plan struct {
		args []any
		uses []string
	}
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			db := migrated(t, on.driver, on.dsn(t), on.dialect)
			my := on.dialect == sqlbox.MySQL
			fill(t, db, my, rows, now)
			table := outboxtable.PostgreSQL
			plans := map[string]plan{
				"free":                 {[]any{int64(7), "m"}, []string{"notify_outbox_owner_of"}},
				"undo":                 {[]any{int64(7), int64(7)}, []string{"notify_outbox_owner_of"}},
				"there":                {[]any{[][]byte{[]byte("k1")}}, []string{"notify_outbox_key_key"}},
				"look":                 {[]any{[]string{"c1", "c2"}, []int64{0, 0}}, []string{"notify_outbox_ready"}},
				"rows":                 {[]any{[][]byte{[]byte("k1")}}, []string{"notify_outbox_key_key"}},
				"set":                  {[]any{int64(1), 2, now, now, 1, nil, 1, []byte("s"), []byte("d"), nil}, []string{"notify_outbox_pkey"}},
				"owned":                {[]any{[]byte("k1"), []int64{5}}, []string{"notify_outbox_receipt"}},
				"last":                 {[]any{[]byte("k1")}, []string{"notify_outbox_key_key"}},
				"list":                 {[]any{6, []byte("k1"), 10}, nil},
				"old":                  {[]any{int64(86400e6), 500}, []string{"notify_outbox_ended"}},
				"remove":               {[]any{[]int64{1, 2}}, []string{"notify_outbox_pkey"}},
				"put in a transaction": {[]any{[]byte("new"), "h", "c1", int64(0), int64(0), []byte("d")}, nil},
				"put":                  {[]any{[][]byte{[]byte("new")}, []string{"h"}, []string{"c1"}, []int64{0}, []int64{0}, [][]byte{[]byte("d")}}, []string{"notify_outbox_key_key"}},
				"exchange": {[]any{[]int64{3}, []int64{7}, []int64{3}, []int64{0}, []int64{1}, [][]byte{[]byte("s")}, []int64{0}, int64(7), int64(8), 64,
					"c1", int64(0), 64, "c2", int64(0), 64, "", int64(0), 0}, []string{"notify_outbox_pkey", "notify_outbox_ready", "notify_outbox_owner_pkey"}},
			}
			if my {
				table = outboxtable.MySQL
				plans = map[string]plan{
					"free":  {[]any{int64(7), "m"}, []string{"notify_outbox_owner_of"}},
					"undo":  {[]any{int64(7), int64(7)}, []string{"notify_outbox_owner_of"}},
					"look":  {nil, nil},
					"last":  {[]any{[]byte("k1")}, []string{"notify_outbox_key"}},
					"list":  {[]any{6, []byte("k1"), 10}, nil},
					"claim": {[]any{[]byte("c1"), int64(0), 64}, []string{"notify_outbox_ready"}},
					"set":   {[]any{int64(1), 2, now, now, 1, nil, 1, []byte("s"), []byte("d"), nil}, []string{"PRIMARY"}},
					"old":   {[]any{int64(86400e6), 500}, []string{"notify_outbox_state"}},
				}
				delete(plans, "look")
			}
			for statement, p := range plans {
				query, args, err := outboxtable.Statement(table, statement, p.args...)
				if err != nil {
					t.Fatal(err)
				}
				got := explain(t, db, strings.ReplaceAll(query, "@now", fmt.Sprint(now)), args)
				for _, index := range p.uses {
					if !strings.Contains(got, index) {
						t.Errorf("%q does not use %s:\n%s", statement, index, got)
					}
				}
				if strings.Contains(got, "Seq Scan on notify_outbox ") || strings.Contains(got, "type=ALL") {
					t.Errorf("%q reads the whole table:\n%s", statement, got)
				}
			}
		})
	}
}

// explain returns the plan of a statement, a line for each row.
func explain(t *testing.T, db *sql.DB, query string, args []any) string {
	t.Helper()
	r, err := db.QueryContext(t.Context(), "EXPLAIN "+query, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer r.Close()
	columns, err := r.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for r.Next() {
		values := make([]sql.NullString, len(columns))
		at := make([]any, len(columns))
		for i := range values {
			at[i] = &values[i]
		}
		if err := r.Scan(at...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			fmt.Fprintf(&b, "%s=%s ", columns[i], v.String)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// fill makes records: of each hundred 60 have ended, 30 wait, 5 are handed out and 5
// are dead.
func fill(t *testing.T, db *sql.DB, my bool, rows int, now int64) {
	t.Helper()
	key, numbers, column := "CAST('k' || n AS bytea)", fmt.Sprintf("(SELECT generate_series(1, %d) AS n) AS s", rows), `"key"`
	if my {
		key, numbers, column = "CONCAT('k', n)", fmt.Sprintf("(SELECT seq AS n FROM seq_1_to_%d) AS s", rows), "`key`"
	}
	query := fmt.Sprintf(`INSERT INTO notify_outbox (%s, hash, class, state, at, due, born, ready, rpt, owner, lease, was_state, was_at, tries, put, data, receipt)
SELECT %s, 'h', CASE WHEN n %% 2 = 0 THEN 'c1' ELSE 'c2' END,
  CASE WHEN n %% 100 < 60 THEN 3 WHEN n %% 100 < 90 THEN 1 WHEN n %% 100 < 95 THEN 2 ELSE 6 END,
  %d - n * 1000, %d - n * 1000, %d - n * 1000, CASE WHEN n %% 100 BETWEEN 60 AND 89 THEN 1 ELSE 0 END, 0,
  CASE WHEN n %% 100 BETWEEN 90 AND 94 THEN n %% 50 ELSE NULL END, n, 1, 1, 1, 1, 'data', CASE WHEN n %% 100 < 60 THEN n ELSE NULL END
FROM %s`, column, key, now, now, now, numbers)
	statements := []string{query, "ANALYZE notify_outbox"}
	if my {
		statements[1] = "ANALYZE TABLE notify_outbox"
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%v\n%s", err, s)
		}
	}
}
