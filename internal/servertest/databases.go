package servertest

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// databases counts those that were made, so that each test has one of its own.
var databases atomic.Int64

func nextDatabase() string { return fmt.Sprintf("test_%d", databases.Add(1)) }

// postgresPlace is where Debian has the programs of PostgreSQL, which are in no PATH.
const postgresPlace = "/usr/lib/postgresql/*/bin/"

// PostgreSQL gives the URL of a new, empty database on the shared server, as
// github.com/jackc/pgx takes it. Of its settings fsync and synchronous_commit are
// off; "-c", "fsync=on" as args turns it on, on a server of its own.
func PostgreSQL(tb testing.TB, args ...string) (dsn string) {
	tb.Helper()
	const debian = "postgresql"
	initdb := Program(tb, debian, "initdb", postgresPlace+"initdb")
	server := Program(tb, debian, "postgres", postgresPlace+"postgres")
	client := Program(tb, debian, "psql", postgresPlace+"psql")
	p := program{
		path: server, user: "postgres", quit: syscall.SIGQUIT, ready: "database system is ready to accept connections",
		setup: func(dir string, run func(string, ...string) error) error {
			return run(initdb, "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
		},
		args: func(dir string, port int) []string {
			return append([]string{"-D", filepath.Join(dir, "data"), "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", "",
				"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
				"-c", "shared_buffers=32MB", "-c", "max_connections=300", "-c", "autovacuum=off"}, args...)
		},
	}
	s := shared(tb, "PostgreSQL", args, p.start)
	host, port, _ := strings.Cut(s.addr, ":")
	name := nextDatabase()
	if err := run(diesWithParent(&syscall.SysProcAttr{}), "/", client, "-X", "-q", "-h", host, "-p", port, "-U", "postgres", "-c", "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("servertest: %v", err)
	}
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", s.addr, name)
}

// MariaDB gives the DSN of a new, empty database on the shared server, as
// github.com/go-sql-driver/mysql takes it. What is committed is written once a
// second; "--innodb-flush-log-at-trx-commit=1" as an arg has it on disk at once,
// on a server of its own.
func MariaDB(tb testing.TB, args ...string) (dsn string) {
	tb.Helper()
	const debian = "mariadb-server"
	install := Program(tb, debian, "mariadb-install-db")
	server := Program(tb, debian, "mariadbd", "/usr/sbin/mariadbd")
	client := Program(tb, debian, "mariadb")
	p := program{
		path: server, user: "mysql", quit: syscall.SIGKILL, ready: "ready for connections",
		setup: func(dir string, run func(string, ...string) error) error {
			return run(install, "--no-defaults", "--datadir="+filepath.Join(dir, "data"), "--auth-root-authentication-method=normal",
				"--skip-test-db", "--innodb-log-file-size=16M")
		},
		args: func(dir string, port int) []string {
			return append([]string{"--no-defaults", "--datadir=" + filepath.Join(dir, "data"), "--bind-address=127.0.0.1",
				"--port=" + strconv.Itoa(port), "--socket=" + filepath.Join(dir, "socket"), "--pid-file=" + filepath.Join(dir, "pid"),
				"--skip-name-resolve", "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M", "--max-connections=300",
				"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"}, args...)
		},
	}
	s := shared(tb, "MariaDB", args, p.start)
	host, port, _ := strings.Cut(s.addr, ":")
	name := nextDatabase()
	if err := run(diesWithParent(&syscall.SysProcAttr{}), "/", client, "--no-defaults", "--protocol=tcp", "--host="+host, "--port="+port, "--user=root",
		"--execute=CREATE DATABASE "+name); err != nil {
		tb.Fatalf("servertest: %v", err)
	}
	return fmt.Sprintf("root@tcp(%s)/%s", s.addr, name)
}
