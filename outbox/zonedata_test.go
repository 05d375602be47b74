//go:build unix

package outbox_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
	"github.com/notifykit/notify/sms"
)

const inEmptyRoot = "OUTBOX_TEST_IN_EMPTY_ROOT"

// This test's program, alone with its shared libraries in a root directory of its
// own, has no zone data.
func TestNew_inAnEmptyRoot(t *testing.T) {
	if os.Getenv(inEmptyRoot) != "" {
		_, err := outbox.New(outbox.Options{Engine: outboxtest.NewDisk().Open(), Sender: &vendor{},
			QuietHours: map[sms.Kind]outbox.QuietHours{sms.Promotion: {From: 21 * time.Hour, To: 8 * time.Hour}}})
		if err == nil || !strings.Contains(err.Error(), "time/tzdata") {
			t.Errorf("%v, want an error that says to import time/tzdata", err)
		}
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root may change the root directory")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	needed := []string{self}
	libraries, err := exec.Command("ldd", self).Output()
	if err == nil { // else it is a static one
		needed = append(needed, regexp.MustCompile(`/[^ \n]+`).FindAllString(string(libraries), -1)...)
	}
	for _, file := range needed {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if file == self {
			file = "/self"
		}
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, file), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("/self", "-test.run=^"+t.Name()+"$")
	c.Dir, c.Env, c.SysProcAttr = "/", []string{inEmptyRoot + "=1"}, &syscall.SysProcAttr{Chroot: root}
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
		t.Errorf("%v\n%s", err, out)
	}
}
