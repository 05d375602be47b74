package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A clock moves the time of the databases that are opened with it: its connectors
// add by to the database's own time in every statement that reads it.
type clock struct {
	by     atomic.Int64 // nanoseconds
	read   atomic.Int64 // how often the time was read
	opened atomic.Bool  // false: the server is not installed
}

// open opens a database whose time is c's.
func (c *clock) open(tb testing.TB, driverName, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open(driverName, dsn) // names the driver, and is never used
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	connector, err := db.Driver().(driver.DriverContext).OpenConnector(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	c.opened.Store(true)
	return sql.OpenDB(clockConnector{connector, c})
}

type clockConnector struct {
	driver.Connector
	clock *clock
}

func (c clockConnector) Connect(ctx context.Context) (driver.Conn, error) {
	connection, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return clockConn{connection.(conn), c.clock}, nil
}

// conn is what both drivers' connections are.
type conn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
}

type clockConn struct {
	conn
	clock *clock
}

func (c clockConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.conn.QueryContext(ctx, c.clock.moved(query), args)
}

func (c clockConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.conn.ExecContext(ctx, c.clock.moved(query), args)
}

func (c clockConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.conn.PrepareContext(ctx, c.clock.moved(query))
}

// moved returns query with the database's time moved.
func (c *clock) moved(query string) string {
	us := time.Duration(c.by.Load()).Microseconds()
	for from, to := range map[string]string{
		"clock_timestamp()": "(clock_timestamp() + %d * interval '1 microsecond')",
		"UTC_TIMESTAMP(6)":  "(UTC_TIMESTAMP(6) + INTERVAL %d MICROSECOND)",
	} {
		if strings.Contains(query, from) {
			c.read.Add(1)
			query = strings.ReplaceAll(query, from, fmt.Sprintf(to, us))
		}
	}
	return query
}
