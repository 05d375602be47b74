package sqlitebox_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/killtest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
)

var kills = flag.Int("kills", killtest.Kills(), "how many processes the tests kill, each of them twice: a vendor that can be asked, one that cannot")

func openKilled(path string) (outbox.Engine, error) {
	return sqlitebox.Open(path, sqlitebox.Options{Lease: time.Second})
}

func TestMain(m *testing.M) {
	killtest.Child(openKilled)
	os.Exit(m.Run())
}

func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills processes for a while")
	}
	for name, ask := range map[string]bool{"the vendor can be asked": true, "nobody can be asked": false} {
		t.Run(name, func(t *testing.T) {
			killtest.Run(t, killtest.Options{Place: filepath.Join(t.TempDir(), "outbox.db"), Open: openKilled, Kills: *kills, Ask: ask})
		})
	}
}

// Two, then ten processes share one file, and one is killed in the middle.
func TestKill_together(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills processes for a while")
	}
	for _, n := range []int{2, 10} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			killtest.RunTogether(t, killtest.Options{Place: filepath.Join(t.TempDir(), "outbox.db"), Open: openKilled, Together: n, Ask: true})
		})
	}
}
