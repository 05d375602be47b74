package servertest

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Redis gives the address of the shared server, which keeps nothing on disk. What
// is in it is every test's, so each takes keys with a prefix of its own. Args such
// as "--appendonly", "yes" are for a server of its own.
func Redis(tb testing.TB, args ...string) (addr string) {
	tb.Helper()
	path := redisServer(tb)
	return shared(tb, "Redis", args, redisProgram(path, args).start).addr
}

// RedisCluster gives the addresses of the three nodes of the shared cluster, which
// have a third of the slots each and no replicas.
func RedisCluster(tb testing.TB, args ...string) (addrs []string) {
	tb.Helper()
	path := redisServer(tb)
	return slices.Clone(shared(tb, "Redis cluster", args, func() ([]string, error) { return startCluster(path, args) }))
}

func redisServer(tb testing.TB) string {
	tb.Helper()
	return Program(tb, "redis-server", "redis-server")
}

func redisProgram(path string, args []string) program {
	return program{
		path: path, quit: syscall.SIGKILL, ready: "Ready to accept connections",
		args: func(dir string, port int) []string {
			return append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir,
				"--save", "", "--appendonly", "no", "--daemonize", "no"}, args...)
		},
	}
}

// slots is how many a Redis cluster has.
const slots = 16384

func startCluster(path string, args []string) ([]string, error) {
	const nodes = 3
	all := make([]*process, nodes)
	for i := range all {
		p := redisProgram(path, slices.Concat([]string{"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(freePort()),
			"--cluster-node-timeout", "5000"}, args))
		var err error
		if all[i], err = p.start(); err != nil {
			return nil, err
		}
	}
	host, port, _ := strings.Cut(all[0].addr, ":")
	for i, s := range all {
		commands := [][]string{
			{"CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i + 1)},
			{"CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i * slots / nodes), strconv.Itoa((i+1)*slots/nodes - 1)},
		}
		if i > 0 {
			bus := argument(all[0].cmd.Args, "--cluster-port")
			commands = append(commands, []string{"CLUSTER", "MEET", host, port, bus})
		}
		for _, c := range commands {
			if err := redisCommand(s.addr, c...); err != nil {
				return nil, err
			}
		}
	}
	addrs := make([]string, nodes)
	for i, s := range all { // a node is content when it knows who has every slot
		if err := s.await("Cluster state changed: ok"); err != nil {
			return nil, err
		}
		addrs[i] = s.addr
	}
	return addrs, nil
}

// argument gives what follows name.
func argument(args []string, name string) string {
	if i := slices.Index(args, name); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

// redisCommand does one command whose answer is a status.
func redisCommand(addr string, words ...string) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "%s\r\n", strings.Join(words, " ")); err != nil {
		return err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && line[0] != '+' {
		err = fmt.Errorf("%s: %s", strings.Join(words, " "), strings.TrimSpace(line))
	}
	return err
}
