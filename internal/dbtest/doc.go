// Package dbtest runs the stores that are written on database/sql against real
// PostgreSQL and MariaDB servers, through the drivers people use. It is a module
// of its own, so that the root module requires no driver.
package dbtest

import (
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
)
