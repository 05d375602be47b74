package sqlitebox

import "database/sql"

// Databases returns what e writes through, one connection, and what it reads through.
func (e *Engine) Databases() (writer, readers *sql.DB) {
	return e.files.writer.db.DB, e.files.readers.DB
}
