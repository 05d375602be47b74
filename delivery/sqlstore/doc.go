// Package sqlstore keeps the records of package delivery in PostgreSQL, MySQL, MariaDB
// or SQLite, through database/sql. It links no driver.
//
//	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
//	err = sqlstore.Migrate(ctx, db, sqlstore.PostgreSQL)
//	store, err := sqlstore.New(db, sqlstore.PostgreSQL)
//	tracker, err := delivery.New(delivery.Options{Store: store, Secret: secret})
//
// Any number of processes may use the tables at once. A record that Merge returned nil
// for survives a crash, if the database's own settings keep commits. The tables hold no
// telephone number in clear: delivery hashes and seals them.
//
// SQLite needs a file of its own, transactions that begin as immediate ones, and a
// busy timeout. With the driver modernc.org/sqlite:
//
//	sql.Open("sqlite", "file:notify-delivery.db?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
package sqlstore
