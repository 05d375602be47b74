package servertest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a server may take to say that it is ready.
const patience = 90 * time.Second

// A program is a server to be started.
type program struct {
	path  string
	args  func(dir string, port int) []string
	setup func(dir string, run func(path string, args ...string) error) error // nil: nothing to prepare
	user  string                                                              // whom it runs as where the tests run as root; empty: root
	ready string                                                              // what it says when it is ready
	quit  syscall.Signal                                                      // what ends it at once
}

// A process is a server that runs.
type process struct {
	addr string
	dir  string
	quit syscall.Signal
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	said *log
}

// start starts p in a folder of its own and waits until it is ready. A port that
// was free a moment ago may be taken now, so that it is tried more than once.
func (p program) start() (*process, error) {
	dir, err := os.MkdirTemp("", "notify-server-")
	if err != nil {
		return nil, err
	}
	servers.whenDone(func() { os.RemoveAll(dir) })
	attr, err := p.attributes(dir)
	if err != nil {
		return nil, err
	}
	if p.setup != nil {
		if err := p.setup(dir, func(path string, args ...string) error { return run(attr, dir, path, args...) }); err != nil {
			return nil, err
		}
	}
	for try := 1; ; try++ {
		s, err := p.startAt(dir, attr, freePort())
		if err == nil {
			servers.whenDone(s.stop)
			return s, nil
		}
		if try == 3 {
			return nil, err
		}
	}
}

// attributes makes the child another user's where it must not be root's, and
// gives it the folder.
func (p program) attributes(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 || p.user == "" {
		return diesWithParent(&syscall.SysProcAttr{}), nil
	}
	attr, uid, gid, err := asUser(p.user)
	if err != nil {
		return nil, err
	}
	return diesWithParent(attr), os.Chown(dir, uid, gid)
}

func (p program) startAt(dir string, attr *syscall.SysProcAttr, port int) (*process, error) {
	s := &process{
		addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), dir: dir, quit: p.quit,
		cmd: exec.Command(p.path, p.args(dir, port)...), done: make(chan struct{}), said: &log{},
	}
	s.cmd.Dir, s.cmd.SysProcAttr = dir, attr
	s.cmd.Env = append(os.Environ(), "LC_ALL=C")
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	s.cmd.WaitDelay = 5 * time.Second
	begun := make(chan error)
	go func() {
		// The kernel ends the child with the thread that has made it.
		runtime.LockOSThread()
		err := s.cmd.Start()
		begun <- err
		if err == nil {
			s.cmd.Wait() //nolint:errcheck // how it ended is in what it said
			close(s.done)
		}
	}()
	if err := <-begun; err != nil {
		return nil, err
	}
	if err := s.await(p.ready); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// await waits until the server has said text.
func (s *process) await(text string) error {
	select {
	case <-s.said.holds(text):
		return nil
	case <-s.done:
		return fmt.Errorf("%s ended: %s", filepath.Base(s.cmd.Path), s.said)
	case <-time.After(patience):
		return fmt.Errorf("%s did not say %q within %v: %s", filepath.Base(s.cmd.Path), text, patience, s.said)
	}
}

func (s *process) stop() {
	s.cmd.Process.Signal(s.quit) //nolint:errcheck // it has ended already
	<-s.done
}

// run runs a program to its end.
func run(attr *syscall.SysProcAttr, dir, path string, args ...string) error {
	runtime.LockOSThread() // see startAt
	defer runtime.UnlockOSThread()
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.SysProcAttr = dir, attr
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(path), err, bytes.TrimSpace(out))
	}
	return nil
}

// freePort gives a loopback port that nobody listens on; 0 where there is none,
// on which no server starts.
func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// A log is what a server says, and who waits for what.
type log struct {
	mu    sync.Mutex // guards what follows
	text  []byte
	waits map[string]chan struct{}
}

// keepLog is how much of what a server says is kept at most.
const keepLog = 1 << 20

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.text) > keepLog {
		l.text = append(l.text[:0], l.text[len(l.text)-keepLog/2:]...)
	}
	l.text = append(l.text, p...)
	for text, c := range l.waits {
		if bytes.Contains(l.text, []byte(text)) {
			close(c)
			delete(l.waits, text)
		}
	}
	return len(p), nil
}

// holds gives a channel that is closed when text was said.
func (l *log) holds(text string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.waits[text]
	if c == nil {
		c = make(chan struct{})
		if bytes.Contains(l.text, []byte(text)) {
			close(c)
			return c
		}
		if l.waits == nil {
			l.waits = map[string]chan struct{}{}
		}
		l.waits[text] = c
	}
	return c
}

// String gives the last lines.
func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(l.text)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "; ")
}
