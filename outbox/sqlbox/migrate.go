package sqlbox

import (
	"context"
	"database/sql"
	"embed"
	"fmt"

	"github.com/notifykit/notify/storekit/sqlschema"
)

//go:embed schema/*.sql
var files embed.FS

// version is the schema that this package reads: the highest file of schema/.
const version = 2

func schemaOf(d Dialect) sqlschema.Schema {
	return sqlschema.Schema{Files: files, Version: version, Table: "notify_outbox_schema", MySQL: d == MySQL}
}

// Migrate makes the tables, or brings them up to the version that this package
// reads. It may be called by many at once and at every start: one does it, and the
// others wait. Tables of a later version are an error. In PostgreSQL it is one
// transaction; in MySQL, where each CREATE commits by itself, a call that was cut
// off is gone on with by the next one.
func Migrate(ctx context.Context, db *sql.DB, d Dialect) error {
	if _, err := d.table(); err != nil {
		return fmt.Errorf("sqlbox: migrate: %w", err)
	}
	if err := schemaOf(d).Migrate(ctx, db); err != nil {
		return fmt.Errorf("sqlbox: migrate: %w", err)
	}
	return nil
}
