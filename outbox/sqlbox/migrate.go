package sqlbox

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"
)

//go:embed schema/*.sql
var schema embed.FS

// version is the schema that this package reads: the highest file of schema/.
const version = 1

// Migrate makes the tables, or brings them up to the version that this package
// reads. It may be called by many at once and at every start: one does it, and the
// others wait. Tables of a later version are an error. In PostgreSQL it is one
// transaction; MySQL commits each CREATE by itself, so one that was cut off is
// gone on with by hand: the files of schema/ are in the source.
func Migrate(ctx context.Context, db *sql.DB, d Dialect) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("sqlbox: migrate: %w", err)
		}
	}()
	if _, err := d.table(); err != nil {
		return err
	}
	conn, err := db.Conn(ctx) // locks belong to a connection
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	unlock, err := lock(ctx, conn, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	for {
		has, err := versionOf(ctx, conn, d)
		switch {
		case err != nil:
			return err
		case has == version:
			return nil
		case has > version:
			return fmt.Errorf("the tables are version %d, and this program reads version %d: run a later one", has, version)
		}
		if err := step(ctx, conn, d, has+1); err != nil {
			return fmt.Errorf("to version %d: %w", has+1, err)
		}
	}
}

func step(ctx context.Context, conn *sql.Conn, d Dialect, to int) error {
	text, err := schema.ReadFile(fmt.Sprintf("schema/%s-%d.sql", strings.ToLower(d.String()), to))
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to say
	statements := []string{"CREATE TABLE IF NOT EXISTS notify_outbox_schema (version integer NOT NULL)"}
	for statement := range strings.SplitSeq(withoutComments(string(text)), ";\n") {
		statements = append(statements, statement)
	}
	statements = append(statements, "DELETE FROM notify_outbox_schema", fmt.Sprintf("INSERT INTO notify_outbox_schema (version) VALUES (%d)", to))
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
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
	return b.String()
}

// lock keeps others from migrating at the same time.
func lock(ctx context.Context, conn *sql.Conn, d Dialect) (unlock func() error, err error) {
	const name = "notify_outbox_schema"
	if d == PostgreSQL {
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(hashtext('"+name+"'))"); err != nil {
			return nil, err
		}
		return func() error {
			_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(hashtext('"+name+"'))")
			return err
		}, nil
	}
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK('"+name+"', 60)").Scan(&got); err != nil {
		return nil, err
	}
	if got.Int64 != 1 {
		return nil, errors.New("another migrates, for a minute already")
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK('"+name+"')")
		return err
	}, nil
}

// querier is a *sql.DB or a *sql.Conn.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// versionOf gives the version of the tables; 0: they are not there.
func versionOf(ctx context.Context, q querier, d Dialect) (has int, err error) {
	schemaName := "current_schema()"
	if d == MySQL {
		schemaName = "DATABASE()"
	}
	var tables int
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM information_schema.tables WHERE table_schema = "+schemaName+" AND table_name = 'notify_outbox_schema'").Scan(&tables)
	if err != nil || tables == 0 {
		return 0, err
	}
	err = q.QueryRowContext(ctx, "SELECT version FROM notify_outbox_schema").Scan(&has)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return has, err
}
