package sqlstore

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
const version = 1

// Migrate makes the table, or brings it up to the version that this package reads.
// It may be called by many at once and at every start: one does it, and the others
// wait. A table of a later version is an error.
func Migrate(ctx context.Context, db *sql.DB, d Dialect) error {
	if _, ok := dialects[d]; !ok {
		return fmt.Errorf("sqlstore: migrate: %w", noDialect(d))
	}
	schema := sqlschema.Schema{Files: files, Version: version, Table: "notify_verify_schema", MySQL: d == MySQL}
	return wrapped("migrate", schema.Migrate(ctx, db))
}
