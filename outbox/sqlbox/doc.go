// Package sqlbox keeps an outbox in PostgreSQL or MySQL (MariaDB too), for any
// number of workers on any number of machines, and lets a message commit with the
// rows that it speaks of: EnqueueTx writes it in a transaction of the caller's,
// on these and on the file of package sqlitebox.
//
// It is given a *sql.DB and links no driver. For PostgreSQL that is pgx's stdlib
// or lib/pq; for MySQL go-sql-driver/mysql. What it keeps are two tables,
// notify_outbox and notify_outbox_owner, made by Migrate.
package sqlbox
