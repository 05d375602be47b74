package servertest

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A GaleraNode is a MariaDB that is a node of a Galera cluster.
type GaleraNode struct {
	Addr string // host and port
	p    *process
}

// DSN returns the DSN of a database on the node, as github.com/go-sql-driver/mysql
// takes it.
func (n GaleraNode) DSN(database string) string {
	return fmt.Sprintf("root@tcp(%s)/%s", n.Addr, database)
}

// Kill ends the node by SIGKILL, and returns when its process has ended.
func (n GaleraNode) Kill() { n.p.stop() }

// Galera starts a cluster of three nodes with an empty database, which no other test
// has: a test may kill its nodes.
func Galera(tb testing.TB) (nodes []GaleraNode, database string) {
	tb.Helper()
	const debian = "mariadb-server galera-4"
	install := Program(tb, debian, "mariadb-install-db")
	server := Program(tb, debian, "mariadbd", "/usr/sbin/mariadbd")
	client := Program(tb, debian, "mariadb")
	provider := Program(tb, debian, "/usr/lib/galera/libgalera_smm.so")
	members := []string{} // where the nodes so far listen for each other
	for i := range 3 {
		group, transfer, state := freePort(), freePort(), freePort()
		members = append(members, "127.0.0.1:"+strconv.Itoa(group))
		p := program{
			path: server, user: "mysql", quit: syscall.SIGKILL, ready: "ready for connections",
			setup: func(dir string, run func(string, ...string) error) error {
				data := filepath.Join(dir, "data")
				if i > 0 { // it gets its files from another node
					return run("/bin/mkdir", data)
				}
				return run(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal",
					"--skip-test-db", "--innodb-log-file-size=16M")
			},
			args: func(dir string, port int) []string {
				args := []string{"--no-defaults", "--datadir=" + filepath.Join(dir, "data"), "--bind-address=127.0.0.1",
					"--port=" + strconv.Itoa(port), "--socket=" + filepath.Join(dir, "socket"), "--pid-file=" + filepath.Join(dir, "pid"),
					"--skip-name-resolve", "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M", "--max-connections=100",
					"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
					"--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-on=ON", "--wsrep-provider=" + provider,
					"--wsrep-sst-method=rsync", "--wsrep-sst-receive-address=127.0.0.1:" + strconv.Itoa(state), "--wsrep-node-address=127.0.0.1:" + strconv.Itoa(port),
					"--wsrep-cluster-address=gcomm://" + strings.Join(members[:i], ","),
					// A node that is silent for a second is suspected, and three keep-alives fit in that time.
					fmt.Sprintf("--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:%d;ist.recv_addr=127.0.0.1:%d;gcache.size=32M;"+
						"evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.2S;evs.suspect_timeout=PT1S;evs.inactive_timeout=PT5S", group, transfer)}
				return args
			},
		}
		s, err := p.start()
		if err != nil {
			tb.Fatalf("servertest: node %d of Galera: %v", i+1, err)
		}
		nodes = append(nodes, GaleraNode{s.addr, s})
	}
	execute := func(n GaleraNode, query string) error {
		host, port, _ := strings.Cut(n.Addr, ":")
		return run(diesWithParent(&syscall.SysProcAttr{}), "/", client, "--no-defaults", "--protocol=tcp", "--host="+host, "--port="+port, "--user=root", "--execute="+query)
	}
	for _, n := range nodes { // a node that is not in the group refuses statements
		began := time.Now()
		for err := error(nil); ; <-time.After(50 * time.Millisecond) {
			if err = execute(n, "SELECT count(*) FROM mysql.db"); err == nil {
				break
			}
			if time.Since(began) > patience {
				tb.Fatalf("servertest: a node of Galera does not join: %v: %s", err, n.p.said)
			}
		}
	}
	name := nextDatabase()
	if err := execute(nodes[0], "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("servertest: %v", err)
	}
	return nodes, name
}
