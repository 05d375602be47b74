// Package sqlschema brings the tables of a package up to the version that it
// reads, on PostgreSQL and on MySQL. It links no driver.
//
// It is support code for the stores of this project. It is public because some of
// them are modules of their own. Its API may change in any release.
package sqlschema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// A Schema is a package's tables, in versions.
type Schema struct {
	// Files hold schema/postgresql-1.sql, schema/mysql-1.sql and so on, each of
	// which makes the version before it into its own: statements that end with ";"
	// and a line's end, and comments from "--" to a line's end. In MySQL every
	// CREATE commits by itself, so statements are such as may be run again.
	Files fs.FS
	// Version is the one that the package reads.
	Version int
	// Table holds the version that is there. It is the name of the lock too.
	Table string
	// MySQL tells the two databases apart.
	MySQL bool
}

// Migrate makes the tables, or brings them up to Version. Any number may call it at
// once, through a pooler that changes connections after each transaction and on
// several nodes of a cluster too. Tables of a later version are an error.
//
// In PostgreSQL each version is one transaction, which holds a lock. In MySQL every
// statement commits by itself, so those that another call was faster with are passed
// over.
func (s Schema) Migrate(ctx context.Context, db *sql.DB) error {
	for runs := 1; ; {
		done, err := s.step(ctx, db)
		switch {
		case err != nil && s.MySQL && raced(err) && runs < mostRuns && ctx.Err() == nil:
			runs++
		case err != nil:
			return err
		case done:
			return nil
		}
	}
}

// mostRuns bounds how often a step is run that lost a race.
const mostRuns = 20

// step makes one version out of the one before, if that is needed.
func (s Schema) step(ctx context.Context, db *sql.DB) (done bool, err error) {
	conn, err := db.Conn(ctx) // the lock of MySQL belongs to a connection
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	lock := "SELECT pg_advisory_xact_lock(hashtext('" + s.Table + "'))"
	if s.MySQL { // of one node: other nodes of a cluster are met by the statements
		lock = "DO GET_LOCK('" + s.Table + "', 60)"
		defer conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK('"+s.Table+"')") //nolint:errcheck // it ends with the connection
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to say
	if _, err := tx.ExecContext(ctx, lock); err != nil {
		return false, err
	}
	has, there, err := s.has(ctx, tx)
	switch {
	case err != nil:
		return false, err
	case has == s.Version:
		return true, nil
	case has > s.Version:
		return false, fmt.Errorf("the tables are version %d, and this program reads version %d: run a later one", has, s.Version)
	}
	statements, err := s.statements(has+1, there)
	if err != nil {
		return false, err
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil && (!s.MySQL || !exists(err)) {
			return false, fmt.Errorf("to version %d: %w", has+1, err)
		}
	}
	return false, tx.Commit()
}

// statements are those of a version. there: the table of the version exists.
func (s Schema) statements(to int, there bool) (all []string, err error) {
	dialect := "postgresql"
	if s.MySQL {
		dialect = "mysql"
	}
	text, err := fs.ReadFile(s.Files, fmt.Sprintf("schema/%s-%d.sql", dialect, to))
	if err != nil {
		return nil, err
	}
	if !there { // in the first schema of the search path, and only once in all of it
		all = append(all, "CREATE TABLE IF NOT EXISTS "+s.Table+" (version integer PRIMARY KEY)")
	}
	for statement := range strings.SplitSeq(withoutComments(string(text)), ";\n") {
		all = append(all, statement)
	}
	return append(all, fmt.Sprintf("INSERT INTO %s (version) VALUES (%d)", s.Table, to), fmt.Sprintf("DELETE FROM %s WHERE version < %d", s.Table, to)), nil
}

// raced reports whether another was faster, so that the step may be run again:
// a deadlock, a certification of a cluster that failed, a definition that changed, a
// statement that another node's change of a definition interrupted.
func raced(err error) bool {
	return is(err, "Error 1213 ", "Error 1205 ", "Error 1412 ", "Error 1020 ", "Error 1047 ", "Error 1317 ")
}

// exists reports whether what a statement of MySQL makes is there: a table, a column, a row,
// an index.
func exists(err error) bool {
	return is(err, "Error 1050 ", "Error 1060 ", "Error 1061 ", "Error 1062 ")
}

func is(err error, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(err.Error(), part) {
			return true
		}
	}
	return false
}

func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if before, _, found := strings.Cut(line, "--"); found {
			line = before + "\n"
		}
		b.WriteString(line)
	}
	return strings.TrimSuffix(strings.TrimSpace(b.String()), ";")
}

// A Querier is a *sql.DB, a *sql.Conn or a *sql.Tx.
type Querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Has returns the version of the tables that are there; 0: there are none. Tables in
// any schema of PostgreSQL's search path count.
func (s Schema) Has(ctx context.Context, q Querier) (has int, err error) {
	has, _, err = s.has(ctx, q)
	return has, err
}

func (s Schema) has(ctx context.Context, q Querier) (version int, there bool, err error) {
	// Not by to_regclass: it does not look again for a table that this session has
	// missed before, so a call that waited for the lock would not see the holder's table.
	query := "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relname = '" + s.Table + "' AND pg_catalog.pg_table_is_visible(oid))"
	if s.MySQL {
		query = "SELECT count(*) > 0 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '" + s.Table + "'"
	}
	if err := q.QueryRowContext(ctx, query).Scan(&there); err != nil || !there {
		return 0, false, err
	}
	var has sql.NullInt64
	err = q.QueryRowContext(ctx, "SELECT max(version) FROM "+s.Table).Scan(&has)
	return int(has.Int64), true, err
}
