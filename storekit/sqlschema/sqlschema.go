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

// Migrate makes the tables, or brings them up to Version. Any number may call it
// at once: one does it, and the others wait. Tables of a later version are an
// error.
func (s Schema) Migrate(ctx context.Context, db *sql.DB) (err error) {
	conn, err := db.Conn(ctx) // locks belong to a connection
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	unlock, err := s.lock(ctx, conn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	for {
		has, err := s.Has(ctx, conn)
		switch {
		case err != nil:
			return err
		case has == s.Version:
			return nil
		case has > s.Version:
			return fmt.Errorf("the tables are version %d, and this program reads version %d: run a later one", has, s.Version)
		}
		if err := s.step(ctx, conn, has+1); err != nil {
			return fmt.Errorf("to version %d: %w", has+1, err)
		}
	}
}

// step makes version to out of the one before, in PostgreSQL in one transaction.
func (s Schema) step(ctx context.Context, conn *sql.Conn, to int) error {
	dialect := "postgresql"
	if s.MySQL {
		dialect = "mysql"
	}
	text, err := fs.ReadFile(s.Files, fmt.Sprintf("schema/%s-%d.sql", dialect, to))
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to say
	statements := []string{"CREATE TABLE IF NOT EXISTS " + s.Table + " (version integer NOT NULL)"}
	for statement := range strings.SplitSeq(withoutComments(string(text)), ";\n") {
		statements = append(statements, statement)
	}
	statements = append(statements, "DELETE FROM "+s.Table, fmt.Sprintf("INSERT INTO %s (version) VALUES (%d)", s.Table, to))
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
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

// lock keeps others from migrating at the same time.
func (s Schema) lock(ctx context.Context, conn *sql.Conn) (unlock func() error, err error) {
	if !s.MySQL {
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(hashtext('"+s.Table+"'))"); err != nil {
			return nil, err
		}
		return func() error {
			_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(hashtext('"+s.Table+"'))")
			return err
		}, nil
	}
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK('"+s.Table+"', 60)").Scan(&got); err != nil {
		return nil, err
	}
	if got.Int64 != 1 {
		return nil, errors.New("another migrates, for a minute already")
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK('"+s.Table+"')")
		return err
	}, nil
}

// A Querier is a *sql.DB, a *sql.Conn or a *sql.Tx.
type Querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Has gives the version of the tables that are there; 0: there are none.
func (s Schema) Has(ctx context.Context, q Querier) (has int, err error) {
	here := "current_schema()"
	if s.MySQL {
		here = "DATABASE()"
	}
	var tables int
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM information_schema.tables WHERE table_schema = "+here+" AND table_name = '"+s.Table+"'").Scan(&tables)
	if err != nil || tables == 0 {
		return 0, err
	}
	err = q.QueryRowContext(ctx, "SELECT version FROM "+s.Table).Scan(&has)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return has, err
}
