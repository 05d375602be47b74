package servertest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/notifykit/notify/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// dial connects, and fails where nobody listens.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestPostgreSQL(t *testing.T) {
	first, second := servertest.PostgreSQL(t), servertest.PostgreSQL(t)
	a, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := url.Parse(second)
	if err != nil {
		t.Fatal(err)
	}
	if a.Host != b.Host || a.Path == b.Path {
		t.Errorf("%s and %s: it should be one server with two databases", first, second)
	}
	c := dial(t, a.Host)
	fmt.Fprint(c, "\x00\x00\x00\x08\x04\xd2\x16\x2f") // asks for TLS
	answer := make([]byte, 1)
	if _, err := io.ReadFull(c, answer); err != nil || answer[0] != 'N' {
		t.Errorf("it answers %q, %v: PostgreSQL says N", answer, err)
	}
}

func TestMariaDB(t *testing.T) {
	first, second := servertest.MariaDB(t), servertest.MariaDB(t)
	dsn := regexp.MustCompile(`^root@tcp\((127\.0\.0\.1:\d+)\)/(test_\d+)$`)
	a, b := dsn.FindStringSubmatch(first), dsn.FindStringSubmatch(second)
	if a == nil || b == nil || a[1] != b[1] || a[2] == b[2] {
		t.Fatalf("%s and %s: it should be one server with two databases", first, second)
	}
	greeting := make([]byte, 40) // a header, then the version
	if _, err := io.ReadFull(dial(t, a[1]), greeting); err != nil || !strings.Contains(string(greeting), "MariaDB") {
		t.Errorf("it greets with %q, %v", greeting, err)
	}
}

// ask does one Redis command, and gives the first line of the answer.
func ask(c net.Conn, command string) (string, error) {
	fmt.Fprintf(c, "%s\r\n", command)
	line, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line), err
}

func TestRedis(t *testing.T) {
	addr := servertest.Redis(t)
	if again := servertest.Redis(t); again != addr {
		t.Errorf("asked again it is another server")
	}
	if other := servertest.Redis(t, "--maxmemory", "100mb"); other == addr {
		t.Errorf("with other settings it is the same server")
	}
	if got, err := ask(dial(t, addr), "PING"); got != "+PONG" {
		t.Errorf("PING: %q, %v", got, err)
	}
}

func TestRedisCluster(t *testing.T) {
	addrs := servertest.RedisCluster(t)
	if len(addrs) != 3 {
		t.Fatalf("%d nodes", len(addrs))
	}
	here := 0
	for _, addr := range addrs {
		got, err := ask(dial(t, addr), "GET key")
		switch {
		case got == "$-1":
			here++
		case !strings.HasPrefix(got, "-MOVED "):
			t.Errorf("GET: %q, %v", got, err)
		}
	}
	if here != 1 {
		t.Errorf("%d nodes have the key's slot", here)
	}
}

func TestProxy(t *testing.T) {
	addr := servertest.Redis(t)
	setUp := func(t *testing.T) (p *servertest.Proxy, key string, direct net.Conn) {
		key = strings.ReplaceAll(t.Name(), " ", "_")
		return servertest.NewProxy(t, addr), key, dial(t, addr)
	}
	count := func(t *testing.T, direct net.Conn, key, want string) {
		t.Helper()
		if got, _ := ask(direct, "GET "+key); want == "" && got != "$-1" || want != "" && got != want {
			t.Errorf("the server has %s, want %s", got, want)
		}
	}
	t.Run("hands on", func(t *testing.T) {
		p, key, _ := setUp(t)
		if got, err := ask(dial(t, p.Addr()), "INCR "+key); got != ":1" {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("a lost request is not done", func(t *testing.T) {
		p, key, direct := setUp(t)
		done := p.Next(servertest.Cut{Match: "INCR"})
		c := dial(t, p.Addr())
		if got, err := ask(c, "PING"); got != "+PONG" {
			t.Errorf("before: %q, %v", got, err)
		}
		if got, err := ask(c, "INCR "+key); err == nil {
			t.Errorf("it was answered: %q", got)
		}
		<-done
		count(t, direct, key, "")
	})
	t.Run("a lost answer is to what was done", func(t *testing.T) {
		p, key, direct := setUp(t)
		done := p.Next(servertest.Cut{Answer: true, Skip: 1})
		c := dial(t, p.Addr())
		if got, err := ask(c, "SET "+key+" 7"); got != "+OK" {
			t.Errorf("before: %q, %v", got, err)
		}
		if got, err := ask(c, "INCR "+key); err == nil {
			t.Errorf("it was answered: %q", got)
		}
		<-done
		count(t, direct, key, "$1")
		if got, err := ask(dial(t, p.Addr()), "INCR "+key); got != ":9" {
			t.Errorf("afterwards: %q, %v", got, err)
		}
	})
	t.Run("down", func(t *testing.T) {
		p, _, _ := setUp(t)
		c := dial(t, p.Addr())
		if got, err := ask(c, "PING"); got != "+PONG" {
			t.Errorf("before: %q, %v", got, err)
		}
		p.Down()
		if got, err := ask(c, "PING"); err == nil {
			t.Errorf("an old connection was answered: %q", got)
		}
		if got, err := ask(dial(t, p.Addr()), "PING"); err == nil {
			t.Errorf("a new connection was answered: %q", got)
		}
		p.Up()
		if got, err := ask(dial(t, p.Addr()), "PING"); got != "+PONG" {
			t.Errorf("afterwards: %q, %v", got, err)
		}
	})
}

// childEnv has this test binary start a server and say where.
const childEnv = "NOTIFY_SERVERTEST_CHILD"

func TestChild(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		t.Skip("it is run by the tests of how servers end")
	}
	dsn, err := url.Parse(servertest.PostgreSQL(t))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\nservers %s %s\n", servertest.Redis(t), dsn.Host)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil { // until the parent says so
		t.Fatal(err)
	}
}

func TestServersEndWithTheTests(t *testing.T) {
	servertest.Redis(t) // skips if one of the child's servers is not installed
	servertest.PostgreSQL(t)
	for name, end := range map[string]func(c *exec.Cmd, in io.Closer){
		"when they are over":    func(_ *exec.Cmd, in io.Closer) { in.Close() },
		"when they were killed": func(c *exec.Cmd, _ io.Closer) { c.Process.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // PostgreSQL runs as another user
				t.Fatal(err)
			}
			c := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
			c.Env = append(os.Environ(), childEnv+"=1", "TMPDIR="+dir)
			c.Stderr = os.Stderr
			in, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			var redis, postgres string
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if n, _ := fmt.Sscanf(lines.Text(), "servers %s %s", &redis, &postgres); n == 2 {
					break
				}
			}
			if redis == "" {
				t.Fatalf("the child has ended without its servers: %v", c.Wait())
			}
			held := []net.Conn{dial(t, redis), dial(t, postgres)}
			if got, err := ask(held[0], "PING"); got != "+PONG" {
				t.Fatalf("PING: %q, %v", got, err)
			}
			end(c, in)
			for _, h := range held { // read until the server is gone
				io.Copy(io.Discard, h)
			}
			c.Wait()
		})
	}
}
