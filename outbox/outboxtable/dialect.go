package outboxtable

import (
	"context"
	"database/sql"
	"embed"
	"encoding/hex"
	"encoding/json"
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

// A Dialect is a kind of database. Its statements are in sql/.
type Dialect int

// The dialects.
const (
	SQLite     Dialect = iota + 1 // 3.42 and later
	PostgreSQL                    // 12 and later
	MySQL                         // MySQL 8, MariaDB 10.6, and later
)

//go:embed sql/*.sql
var files embed.FS

var fileOf = map[Dialect]string{SQLite: "sql/sqlite.sql", PostgreSQL: "sql/postgresql.sql", MySQL: "sql/mysql.sql"}

// statements reads the statements of d by their names.
func (d Dialect) statements() (map[string]string, error) {
	text, err := files.ReadFile(fileOf[d])
	if err != nil {
		return nil, fmt.Errorf("there is no dialect %d", d)
	}
	all := map[string]string{}
	for _, part := range strings.Split(string(text), "-- name: ")[1:] {
		name, query, _ := strings.Cut(part, "\n")
		all[name] = strings.TrimSpace(query)
	}
	return all, nil
}

// bind returns a statement and its parameters. args are ?1, ?2 and so on; rows are
// many values, as list makes them: of so many, n are a row.
func (e *Engine) bind(name string, rows []any, n int, args []any) (query string, all []any) {
	query = e.q[name]
	if e.d != MySQL {
		return query, append(args, rows...)
	}
	if n > 0 {
		query = repeated(query, len(rows)/n)
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String(), all
		}
		b.WriteByte('?')
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 {
			all, rows = append(all, rows[0]), rows[1:]
		} else {
			i, _ := strconv.Atoi(rest[:digits]) // digits are a number
			all = append(all, args[i-1])
		}
		query = rest[digits:]
	}
}

func (e *Engine) exec(ctx context.Context, c Conn, name string, args ...any) (sql.Result, error) {
	query, all := e.bind(name, nil, 0, args)
	return c.ExecContext(ctx, query, all...)
}

func (e *Engine) query(ctx context.Context, c Conn, name string, args ...any) (*sql.Rows, error) {
	query, all := e.bind(name, nil, 0, args)
	return c.QueryContext(ctx, query, all...)
}

// Statement returns a statement of d by its name, for tests that look at its plan.
func Statement(d Dialect, name string, args ...any) (query string, all []any, err error) {
	q, err := d.statements()
	if err != nil {
		return "", nil, err
	}
	if q[name] == "" {
		return "", nil, fmt.Errorf("there is no statement %q", name)
	}
	query, all = (&Engine{d: d, q: q}).bind(name, nil, 0, args)
	return query, all, nil
}

// repeated writes a statement for n rows: "{rows …}" is repeated with commas,
// "{more …}" once less and without.
func repeated(query string, n int) string {
	for _, mark := range []string{"{rows ", "{more "} {
		before, rest, found := strings.Cut(query, mark)
		if !found {
			continue
		}
		what, after, _ := strings.Cut(rest, "}")
		if mark == "{rows " {
			what = strings.TrimSuffix(strings.Repeat(what+",", n), ",")
		} else {
			what = strings.Repeat(what+" ", n-1)
		}
		query = before + what + after
	}
	return query
}

// key is a key as a parameter: bytes where the database compares text by a collation.
func (d Dialect) key(key string) any {
	if d == SQLite {
		return key
	}
	return []byte(key)
}

// list is many values for a statement: one parameter, except in MySQL.
func list[T any](e *Engine, values []T) []any {
	if e.d == MySQL {
		all := make([]any, len(values))
		for i, v := range values {
			all[i] = v
			if key, ok := any(v).(string); ok {
				all[i] = []byte(key)
			}
		}
		return all
	}
	if e.d == SQLite {
		text, err := json.Marshal(values)
		if err != nil {
			return []any{"[]"} // numbers and keys have a JSON form
		}
		return []any{string(text)}
	}
	if keys, ok := any(values).([]string); ok {
		all := make([][]byte, len(keys))
		for i, k := range keys {
			all[i] = []byte(k)
		}
		return []any{e.array(all)}
	}
	return []any{e.array(values)}
}

// array is a slice as PostgreSQL takes it: as it is, if the driver knows slices,
// else as a literal.
func (e *Engine) array(values any) any {
	if !e.o.Literals {
		return values
	}
	var b strings.Builder
	b.WriteByte('{')
	comma := func(i int) {
		if i > 0 {
			b.WriteByte(',')
		}
	}
	switch values := values.(type) {
	case []int64:
		for i, v := range values {
			comma(i)
			b.WriteString(strconv.FormatInt(v, 10))
		}
	case []string:
		for i, v := range values {
			comma(i)
			b.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`)
		}
	case [][]byte:
		for i, v := range values {
			comma(i)
			if v == nil {
				b.WriteString("NULL")
				continue
			}
			b.WriteString(`"\\x` + hex.EncodeToString(v) + `"`)
		}
	}
	b.WriteByte('}')
	return b.String()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
