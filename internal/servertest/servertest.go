// Package servertest starts real servers for tests: PostgreSQL, MariaDB, Galera, Redis
// and a Redis cluster, each on a free loopback port and in a temporary folder, once
// for a test binary however many tests ask for it.
//
//	func TestMain(m *testing.M) { servertest.Main(m) }
//
//	func TestStore(t *testing.T) {
//		db, err := sql.Open("pgx", servertest.PostgreSQL(t))
//
// [Main] stops them at the end. On Linux the kernel does so where the test binary
// is killed. Where a server is not installed the test is skipped, with the name of
// the Debian package; with NOTIFY_REQUIRE_SERVICES=1 in the environment it fails.
//
// The servers are set up for speed: what was committed may be lost when one is
// killed. Arguments that a caller adds come after those, and win; callers with
// other arguments have a server of their own.
//
// [Proxy] stands between a client and a server and cuts connections on demand.
package servertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Main runs the tests of m, stops what they have started and ends the process. It
// is called in TestMain.
func Main(m interface{ Run() int }) {
	servers.begin()
	code := m.Run()
	servers.stop()
	os.Exit(code)
}

// A fleet is what runs in this test binary.
type fleet struct {
	mu      sync.Mutex // guards what follows
	owned   bool       // Main will stop it
	started map[string]*started
	stops   []func()
}

// started is what became of one server.
type started struct {
	once sync.Once
	at   any // what the start gave: an address
	err  error
}

var servers = fleet{started: map[string]*started{}}

func (f *fleet) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.owned = true
}

func (f *fleet) stop() {
	f.mu.Lock()
	stops := f.stops
	f.stops, f.owned = nil, false
	f.mu.Unlock()
	for _, stop := range slices.Backward(stops) {
		stop()
	}
}

func (f *fleet) whenDone(stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stops = append(f.stops, stop)
}

// shared gives what start gave the first time that name and args were asked for.
func shared[T any](tb testing.TB, name string, args []string, start func() (T, error)) T {
	tb.Helper()
	servers.mu.Lock()
	owned := servers.owned
	key := name + "\x00" + strings.Join(args, "\x00")
	s := servers.started[key]
	if s == nil {
		s = &started{}
		servers.started[key] = s
	}
	servers.mu.Unlock()
	if !owned {
		tb.Fatal("servertest: nobody would stop the server: write func TestMain(m *testing.M) { servertest.Main(m) }")
	}
	s.once.Do(func() { s.at, s.err = start() })
	if s.err != nil {
		tb.Fatalf("servertest: %s: %v", name, s.err)
	}
	return s.at.(T)
}

// NPM skips the test if an npm package is not installed in folder, which is
// sandbox/oracle as the test sees it. With NOTIFY_REQUIRE_SERVICES=1 the test fails.
func NPM(tb testing.TB, folder, pkg string) {
	tb.Helper()
	if _, err := os.Stat(filepath.Join(folder, "node_modules", filepath.FromSlash(pkg))); err == nil {
		return
	}
	if os.Getenv("NOTIFY_REQUIRE_SERVICES") == "1" {
		tb.Fatalf("the npm package %s is missing: run npm ci in sandbox/oracle", pkg)
	}
	tb.Skipf("the npm package %s is missing: run npm ci in sandbox/oracle", pkg)
}

// Program returns the path of an installed program: the first of places, each of
// which is a name that is looked up in PATH, or the pattern of a path, of whose
// matches the last one counts. If there is none, the test is skipped, with the name
// of the Debian package; with NOTIFY_REQUIRE_SERVICES=1 it fails. Programs that
// NOTIFY_TEST_WITHOUT names, separated by commas, are taken for not installed, to try
// what the tests of a package do without them.
func Program(tb testing.TB, debian string, places ...string) string {
	tb.Helper()
	without := strings.Split(os.Getenv("NOTIFY_TEST_WITHOUT"), ",")
	for _, place := range places {
		if slices.Contains(without, filepath.Base(place)) {
			continue
		}
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
		if found, _ := filepath.Glob(place); len(found) > 0 && filepath.IsAbs(place) {
			return found[len(found)-1]
		}
	}
	if os.Getenv("NOTIFY_REQUIRE_SERVICES") == "1" {
		tb.Fatalf("%s is not installed: apt-get install %s", filepath.Base(places[0]), debian)
	}
	tb.Skipf("%s is not installed: apt-get install %s", filepath.Base(places[0]), debian)
	return ""
}
