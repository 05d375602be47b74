package sqlitebox

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
)

//go:embed schema/*.sql
var schema embed.FS

// version is the schema that this package reads: the highest file of schema/.
const version = 2

// migrate runs the files of schema/ that the database has not had yet, each in a
// transaction. PRAGMA user_version is the last it had.
func migrate(ctx context.Context, db *sql.DB) error {
	for {
		done, err := step(ctx, db)
		if err != nil || done {
			return err
		}
	}
}

func step(ctx context.Context, db *sql.DB) (done bool, err error) {
	tx, err := db.BeginTx(ctx, nil) // immediate: another process waits
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rollback(tx)) }()
	var has int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&has); err != nil {
		return false, fmt.Errorf("it is no database of this package: %w", err)
	}
	switch {
	case has == version:
		return true, nil
	case has > version:
		return false, fmt.Errorf("its schema is version %d, and this program reads version %d: run a later one", has, version)
	}
	text, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", has+1))
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return false, fmt.Errorf("schema version %d: %w", has+1, err)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", has+1)); err != nil {
		return false, err
	}
	return false, tx.Commit()
}

func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}
