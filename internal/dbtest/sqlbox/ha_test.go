//go:build unix

package sqlbox_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/sms"
)

// A pair is a PostgreSQL with a synchronous replica.
type pair struct {
	*testing.T
	dir, bin         string
	primary, replica int // ports
	first            *exec.Cmd
}

// program is a program of PostgreSQL, run as the user that it wants.
func (p *pair) program(name string, args ...string) *exec.Cmd {
	p.Helper()
	cmd := exec.CommandContext(p.Context(), filepath.Join(p.bin, name), args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			p.Fatal(err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)} //nolint:gosec // they fit
		if err := os.Chown(p.dir, uid, gid); err != nil {
			p.Fatal(err)
		}
	}
	return cmd
}

func (p *pair) run(name string, args ...string) {
	p.Helper()
	if out, err := p.program(name, args...).CombinedOutput(); err != nil {
		p.Fatalf("%s: %v: %s", name, err, out)
	}
}

// serve starts a server, which is killed with all of its processes by the end of the test.
func (p *pair) serve(data string, port int, args ...string) *exec.Cmd {
	p.Helper()
	cmd := p.program("postgres", append([]string{"-D", filepath.Join(p.dir, data), "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", "",
		"-c", "shared_buffers=32MB", "-c", "wal_retrieve_retry_interval=100ms", "-c", "fsync=off"}, args...)...)
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { p.kill(cmd) })
	p.answers(port)
	return cmd
}

func (p *pair) kill(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait()
}

// answers waits until a server takes statements.
func (p *pair) answers(port int) {
	p.Helper()
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		if p.program("pg_isready", "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(port)).Run() == nil {
			return
		}
		if p.Context().Err() != nil {
			p.Fatal("it does not start")
		}
	}
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func newPair(t *testing.T) *pair {
	t.Helper()
	backup := servertest.Program(t, "postgresql", "/usr/lib/postgresql/*/bin/pg_basebackup")
	p := &pair{T: t, dir: openDir(t), bin: filepath.Dir(backup), primary: freePort(t), replica: freePort(t)}
	p.run("initdb", "-D", filepath.Join(p.dir, "one"), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--no-locale")
	p.first = p.serve("one", p.primary)
	p.run("pg_basebackup", "-D", filepath.Join(p.dir, "two"), "-h", "127.0.0.1", "-p", strconv.Itoa(p.primary), "-U", "postgres", "-R", "-c", "fast")
	// Without synchronous_standby_names of its own, for nothing would commit after the promotion.
	p.serve("two", p.replica, "-c", "synchronous_standby_names=")
	db := open(t, "pgx", fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", p.primary))
	for _, query := range []string{"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	for tick, state := time.NewTicker(20*time.Millisecond), ""; state != "sync"; <-tick.C {
		_ = db.QueryRowContext(t.Context(), "SELECT COALESCE(max(sync_state), '') FROM pg_stat_replication").Scan(&state) // not yet
	}
	return p
}

// dsn reaches whichever of the two takes writes.
func (p *pair) dsn() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable&target_session_attrs=read-write&connect_timeout=2", p.primary, p.replica)
}

// The primary is killed under load and the replica promoted: nothing that was
// acknowledged is lost, and nothing is sent twice.
func TestHA_promotedReplica(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts two servers")
	}
	p := newPair(t)
	db := migrated(t, "pgx", p.dsn(), sqlbox.PostgreSQL)
	e := engine(t, db, sqlbox.PostgreSQL, sqlbox.Options{Lease: 2 * time.Second})
	sent := map[string]int{}
	var mu sync.Mutex
	b, err := outbox.New(outbox.Options{Engine: e, Sender: sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
		mu.Lock()
		defer mu.Unlock()
		sent[m.Key]++
		return sms.Receipt{Provider: "fake", ID: m.Key}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.WithoutCancel(t.Context())) })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	acknowledged := make(chan string, 1_000_000)
	failures := make(chan error, 1_000_000)
	for i := range 8 {
		all.Go(func() {
			for j := 0; ctx.Err() == nil; j++ {
				m := notice(fmt.Sprintf("k%d-%d", i, j))
				for ctx.Err() == nil { // the same key again
					if err := b.Enqueue(ctx, m); err != nil {
						failures <- err
						continue
					}
					acknowledged <- m.Key
					break
				}
			}
		})
	}
	enough := func(n int) {
		for tick := time.NewTicker(20 * time.Millisecond); len(acknowledged) < n; <-tick.C {
			if t.Context().Err() != nil {
				t.Fatal("nothing is acknowledged")
			}
		}
	}
	enough(500)
	p.kill(p.first)
	p.run("pg_ctl", "promote", "-D", filepath.Join(p.dir, "two"), "-w")
	enough(len(acknowledged) + 500)
	stop()
	all.Wait()
	close(acknowledged)
	n := 0
	for key := range acknowledged {
		n++
		await(t, b, key, outbox.Accepted)
	}
	mu.Lock()
	defer mu.Unlock()
	twice := 0
	for key, times := range sent {
		if times > 1 {
			twice++
			t.Errorf("%s was sent %d times", key, times)
		}
	}
	t.Logf("%d acknowledged, 0 lost, %d twice, %d errors of Enqueue", n, twice, len(failures))
}
