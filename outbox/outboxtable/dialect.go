package outboxtable

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// A Conn runs statements: a *sql.DB, *sql.Conn or *sql.Tx.
type Conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// A Dialect is how a database differs from the others. Queries are written with ?
// for a parameter.
type Dialect struct {
	Name string
	// Now is the time in microseconds since 1970, read when the statement begins or
	// later, and not when its transaction began.
	Now string
	// Numbered: parameters are $1, $2, …
	Numbered bool
	// Binary: keys are bytes to the database, so that they are compared byte by byte.
	Binary bool
	// Quote is put around the column called key, which is a word of SQL in MySQL.
	Quote string
	// Keep is what an INSERT says so that a key that is there stays as it is.
	Keep string
	// Same is what an INSERT says so that a key that is there with the same hash
	// stays as it is, and one with another hash is an error.
	Same string
	// ForUpdate and SkipLocked lock the rows of a SELECT; empty where a transaction
	// is alone anyhow.
	ForUpdate, SkipLocked string
	// Returning: an UPDATE takes its rows from an array that a subquery makes, and
	// gives them back as they are afterwards.
	Returning bool
	// Alone: a statement by itself is a transaction that costs one trip.
	Alone bool
	// Update gives the statement that sets n rows at once, with the parameters of
	// each in the order of setColumns, id first.
	Update func(n int) string
	// End gives the statement that ends n rows which are still as they were handed
	// out, with the parameters of each in the order of endColumns.
	End func(n int) string
}

// setColumns are what an end or a change sets; id says of which row.
var setColumns = []string{"id", "state", "at", "due", "ready", "owner", "unsure", "tries", "story", "data"}

// endColumns are what an end is: of which row and hand-out, and what it sets.
var endColumns = []string{"id", "owner", "lease", "state", "at", "tries", "story"}

// ended is what an end sets, of the row o, by the values v.
const ended = "state=v.state, at=COALESCE(v.at,{now}), due=COALESCE(v.at,{now}), ready=0, owner=NULL, unsure=NULL, tries=v.tries, story=v.story, data=NULL"

// still says that a row is as it was handed out.
const still = "o.id = v.id AND o.state = 2 AND o.owner = v.owner AND o.lease = v.lease"

// SQLite is the dialect of SQLite 3.42 and later.
var SQLite = Dialect{
	Name:  "sqlite",
	Now:   "CAST(unixepoch('subsec')*1000000 AS INTEGER)",
	Quote: `"`,
	Keep:  "ON CONFLICT(\"key\") DO NOTHING",
	Same:  "ON CONFLICT(\"key\") DO UPDATE SET \"key\" = CASE WHEN notify_outbox.hash = excluded.hash THEN notify_outbox.\"key\" ELSE NULL END",
	Update: func(n int) string {
		return "UPDATE notify_outbox SET state=v.column2, at=v.column3, due=v.column4, ready=v.column5, owner=v.column6, unsure=v.column7, tries=v.column8, story=v.column9, data=v.column10" +
			" FROM (VALUES " + rows(n, len(setColumns)) + ") AS v WHERE notify_outbox.id = v.column1"
	},
	End: func(n int) string {
		return "WITH v(" + strings.Join(endColumns, ",") + ") AS (VALUES " + rows(n, len(endColumns)) + ")" +
			" UPDATE notify_outbox AS o SET " + ended + " FROM v WHERE " + still
	},
}

// PostgreSQL is the dialect of PostgreSQL 12 and later.
var PostgreSQL = Dialect{
	Name:       "postgresql",
	Binary:     true,
	Now:        "CAST(extract(epoch FROM clock_timestamp())*1000000 AS bigint)",
	Numbered:   true,
	Quote:      `"`,
	Keep:       "ON CONFLICT (\"key\") DO NOTHING",
	Same:       "ON CONFLICT (\"key\") DO UPDATE SET \"key\" = CASE WHEN notify_outbox.hash = excluded.hash THEN notify_outbox.\"key\" ELSE NULL END",
	ForUpdate:  " FOR UPDATE",
	SkipLocked: " FOR UPDATE SKIP LOCKED",
	Returning:  true,
	Alone:      true,
	Update: func(n int) string {
		row := typed("bigint", "smallint", "bigint", "bigint", "smallint", "bigint", "bigint", "integer", "bytea", "bytea")
		return "UPDATE notify_outbox AS o SET state=v.state, at=v.at, due=v.due, ready=v.ready, owner=v.owner, unsure=v.unsure, tries=v.tries, story=v.story, data=v.data" +
			" FROM (VALUES " + repeated(n, row) + ") AS v(" + strings.Join(setColumns, ",") + ") WHERE o.id = v.id"
	},
	End: func(n int) string {
		row := typed("bigint", "bigint", "bigint", "smallint", "bigint", "integer", "bytea")
		return "UPDATE notify_outbox AS o SET " + ended + " FROM (VALUES " + repeated(n, row) + ") AS v(" + strings.Join(endColumns, ",") + ") WHERE " + still
	},
}

// typed is a row of parameters of these types.
func typed(types ...string) string {
	row := make([]string, len(types))
	for i, t := range types {
		row[i] = "CAST(? AS " + t + ")"
	}
	return "(" + strings.Join(row, ",") + ")"
}

// MySQL is the dialect of MySQL 8 and of MariaDB 10.6 and later.
var MySQL = Dialect{
	Name:   "mysql",
	Binary: true,
	// Not by UNIX_TIMESTAMP, which goes through local time and is off by an hour
	// when clocks go back.
	Now:        "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
	Quote:      "`",
	Keep:       "ON DUPLICATE KEY UPDATE id=id",
	Same:       "ON DUPLICATE KEY UPDATE `key` = IF(hash = VALUES(hash), `key`, NULL)",
	ForUpdate:  " FOR UPDATE",
	SkipLocked: " FOR UPDATE SKIP LOCKED",
	Alone:      true,
	Update: func(n int) string {
		return "UPDATE notify_outbox AS o JOIN (" + selected(n, setColumns) + ") AS v ON o.id = v.id" +
			" SET o.state=v.state, o.at=v.at, o.due=v.due, o.ready=v.ready, o.owner=v.owner, o.unsure=v.unsure, o.tries=v.tries, o.story=v.story, o.data=v.data"
	},
	End: func(n int) string {
		set := "o." + strings.ReplaceAll(ended, ", ", ", o.")
		return "UPDATE notify_outbox AS o JOIN (" + selected(n, endColumns) + ") AS v ON " + still + " SET " + set
	},
}

// selected are n rows of parameters as a table with these columns.
func selected(n int, columns []string) string {
	return "SELECT ? AS " + strings.Join(columns, ", ? AS ") + strings.Repeat(" UNION ALL SELECT "+marks(len(columns)), n-1)
}

// sql turns a query as it is written here into the database's.
func (d *Dialect) sql(query string) string {
	query = strings.NewReplacer("{now}", d.Now, "{key}", d.Quote+"key"+d.Quote).Replace(query)
	if !d.Numbered {
		return query
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// marks are n parameters: "?,?,?".
func marks(n int) string { return repeated(n, "?") }

// rows are n rows of so many parameters: "(?,?),(?,?)".
func rows(n, columns int) string { return repeated(n, "("+marks(columns)+")") }

func repeated(n int, what string) string {
	return strings.TrimSuffix(strings.Repeat(what+",", n), ",")
}

// insertColumns are what an INSERT of an entry gives, in order; due is a time or
// zero for now.
const insertColumns = "{key}, hash, class, state, at, due, ready, rpt, lease, was_state, was_at, tries, put, data"

// entryMarks are the parameters of one entry. The time of one that is due now is
// the database's.
func (d *Dialect) entryMarks(e entryRow) string {
	due := "?"
	if e.Due == 0 {
		due = "{now}"
	}
	return fmt.Sprintf("(?,?,?,1,%s,%s,1,?,0,0,0,0,?,?)", due, due)
}

// An entryRow is an entry as it is stored.
type entryRow struct {
	Key, Hash, Class string
	Due              int64 // zero: now
	Repeat           bool
	Put              int64 // of the call that stores it
	Data             []byte
}

func (d *Dialect) args(e entryRow) []any {
	args := []any{d.key(e.Key), e.Hash, e.Class}
	if e.Due != 0 {
		args = append(args, e.Due, e.Due)
	}
	return append(args, flag(e.Repeat), e.Put, e.Data)
}

// key is a key as a parameter.
func (d *Dialect) key(key string) any {
	if d.Binary {
		return []byte(key)
	}
	return key
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
