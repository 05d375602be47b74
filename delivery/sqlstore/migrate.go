package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"github.com/notifykit/notify/storekit/sqlschema"
)

//go:embed schema/*.sql
var files embed.FS

// version is the schema that this package reads: the highest file of schema/.
const version = 1

// Migrate makes the tables, or brings them up to the version that this package reads.
// It may be called by many at once and at every start. Tables of a later version are
// an error.
func Migrate(ctx context.Context, db *sql.DB, d Dialect) (err error) {
	switch d {
	case PostgreSQL, MySQL:
		err = sqlschema.Schema{Files: files, Version: version, Table: "notify_delivery_schema", MySQL: d == MySQL}.Migrate(ctx, db)
	case SQLite:
		for done := false; err == nil && !done; {
			done, err = step(ctx, db)
		}
	default:
		err = noDialect(d)
	}
	return wrapped("migrate", err)
}

// step makes one version of a SQLite file out of the one before. PRAGMA user_version is
// the version.
func step(ctx context.Context, db *sql.DB) (done bool, err error) {
	tx, err := db.BeginTx(ctx, nil) // immediate: another process waits
	if err != nil {
		return false, err
	}
	defer func() {
		if end := tx.Rollback(); !errors.Is(end, sql.ErrTxDone) {
			err = errors.Join(err, end)
		}
	}()
	var has int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&has); err != nil {
		return false, fmt.Errorf("it is no SQLite database: %w", err)
	}
	switch {
	case has == version:
		return true, nil
	case has > version:
		return false, fmt.Errorf("its tables are version %d, and this program reads version %d: run a later one", has, version)
	}
	text, err := files.ReadFile(fmt.Sprintf("schema/sqlite-%d.sql", has+1))
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return false, fmt.Errorf("to version %d: %w", has+1, err)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", has+1)); err != nil {
		return false, err
	}
	return false, tx.Commit()
}
