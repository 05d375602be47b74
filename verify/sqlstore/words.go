package sqlstore

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// words are what the databases say differently.
type words struct {
	now, over, drop string
	// read returns the statement that reads rows and the database's time, which is that
	// of its last row; with lock it waits for other steps and locks the rows. MySQL's time
	// is that of the statement's beginning, so that it is read again after a wait.
	read       func(ids []string, lock bool) (query string, args []any)
	nowAtStart bool
	// peek is optional: it returns a statement that reads n rows without locking them, by
	// their ids as arguments, into one row: the data of each, and the time.
	peek func(n int) string
	// write returns the statement that writes all rows, or none and an error for which
	// changed is true, if one of them is not as it was read.
	write   func(rows []*row) (query string, args []any)
	changed func(error) bool
}

// most is the number of rows up to which the texts of statements are kept.
const most = 16

// kept returns text, whose results up to most are made once.
func kept(text func(n int) string) func(n int) string {
	var made [most + 1]string
	for n := 1; n <= most; n++ {
		made[n] = text(n)
	}
	return func(n int) string {
		if n <= most {
			return made[n]
		}
		return text(n)
	}
}

var dialects = map[Dialect]words{
	PostgreSQL: {
		now:  "SELECT " + postgresNow,
		over: "SELECT id FROM notify_verify WHERE until < $1 ORDER BY until LIMIT 500 FOR UPDATE SKIP LOCKED",
		drop: "DELETE FROM notify_verify WHERE id = $1",
		read: postgresRead, peek: kept(postgresPeek), write: postgresWrite(kept(postgresWriteText)),
		changed: func(err error) bool { return stateOf(err) == "22P02" },
	},
	MySQL: {
		now:  "SELECT " + mysqlNow,
		over: "SELECT id FROM notify_verify WHERE until < ? ORDER BY until LIMIT 500 FOR UPDATE SKIP LOCKED",
		drop: "DELETE FROM notify_verify WHERE id = ?",
		read: mysqlRead, nowAtStart: true, write: mysqlWrite,
		changed: func(err error) bool { return strings.Contains(err.Error(), "Error 1242 ") },
	},
}

const (
	postgresNow = "CAST(extract(epoch FROM clock_timestamp())*1000000 AS bigint)"
	// Not by UNIX_TIMESTAMP, which goes through local time and is off by an hour when
	// clocks go back.
	mysqlNow = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"
)

// Each row is looked up by itself. A plan for an IN list that was made, and kept, while
// the table was small would read the whole table.
func postgresRead(ids []string, lock bool) (string, []any) {
	var b strings.Builder
	args := make([]any, len(ids))
	for i, id := range ids {
		fmt.Fprintf(&b, "SELECT * FROM (SELECT id, data, CAST(NULL AS bigint) FROM notify_verify WHERE id = $%d", i+1)
		if lock {
			b.WriteString(" FOR UPDATE")
		}
		fmt.Fprintf(&b, ") AS r%d UNION ALL ", i)
		args[i] = []byte(id)
	}
	b.WriteString("SELECT NULL, NULL, " + postgresNow)
	return b.String(), args
}

func postgresPeek(n int) string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i := range n {
		fmt.Fprintf(&b, "(SELECT data FROM notify_verify WHERE id = $%d), ", i+1)
	}
	b.WriteString(postgresNow)
	return b.String()
}

func postgresWrite(text func(n int) string) func(rows []*row) (string, []any) {
	return func(rows []*row) (string, []any) {
		args := make([]any, 0, 4*len(rows))
		for _, r := range rows {
			args = append(args, []byte(r.id), r.next, r.until.UnixMicro(), r.sum())
		}
		return text(len(rows)), args
	}
}

// A row that is not as it was read makes a cast fail, with words for the database's
// log; they are not constant, or the planner would cast them.
func postgresWriteText(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO notify_verify AS t (id, data, until) VALUES ")
	for i := range n {
		comma(&b, i)
		fmt.Fprintf(&b, "($%d, $%d, $%d)", 4*i+1, 4*i+2, 4*i+3)
	}
	b.WriteString(" ON CONFLICT (id) DO UPDATE SET data = excluded.data, until = excluded.until WHERE CASE WHEN sha256(t.data) = CASE t.id")
	for i := range n {
		fmt.Fprintf(&b, " WHEN $%d THEN CAST($%d AS bytea)", 4*i+1, 4*i+4)
	}
	b.WriteString(" END THEN true ELSE CAST('another step was first, and this one is done again: row of ' || length(t.data) || ' bytes' AS boolean) END")
	return b.String()
}

// MySQL's drivers may take two trips for a statement with arguments. So there are
// none: bytes are written in hexadecimal digits.
func mysqlRead(ids []string, lock bool) (string, []any) {
	var b strings.Builder
	b.WriteString("SELECT t.id, t.data, " + mysqlNow + " FROM (SELECT 1) AS one LEFT JOIN notify_verify t ON t.id IN (")
	for i, id := range ids {
		comma(&b, i)
		hexTo(&b, []byte(id))
	}
	b.WriteString(") ORDER BY t.id")
	if lock {
		b.WriteString(" FOR UPDATE")
	}
	return b.String(), nil
}

func mysqlWrite(rows []*row) (string, []any) {
	var b strings.Builder
	b.WriteString("INSERT INTO notify_verify (id, data, until) VALUES ")
	for i, r := range rows {
		comma(&b, i)
		b.WriteByte('(')
		hexTo(&b, []byte(r.id))
		b.WriteString(", ")
		hexTo(&b, r.next)
		fmt.Fprintf(&b, ", %d)", r.until.UnixMicro())
	}
	b.WriteString(" ON DUPLICATE KEY UPDATE data = CASE WHEN SHA2(data, 256) = CASE id")
	for _, r := range rows {
		b.WriteString(" WHEN ")
		hexTo(&b, []byte(r.id))
		fmt.Fprintf(&b, " THEN '%x'", r.sum())
	}
	b.WriteString(" END THEN VALUES(data) ELSE (SELECT 1 UNION SELECT 2) END, until = VALUES(until)")
	return b.String(), nil
}

func comma(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

func hexTo(b *strings.Builder, data []byte) {
	b.WriteString("X'")
	b.WriteString(hex.EncodeToString(data))
	b.WriteByte('\'')
}
