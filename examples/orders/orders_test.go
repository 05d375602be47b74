package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// The built program, on real databases: the order that stands is told, the other
// is not.
func TestOrders(t *testing.T) {
	program := filepath.Join(t.TempDir(), "orders")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for driver, dsn := range map[string]func() string{
		"pgx":   func() string { return servertest.PostgreSQL(t) },
		"mysql": func() string { return servertest.MariaDB(t) },
	} {
		cmd := exec.CommandContext(t.Context(), program, "-driver", driver, "-dsn", dsn())
		cmd.Env = os.Environ()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", driver, err, out)
		}
		text := string(out)
		for _, want := range []string{"order A-1024 is committed", "order A-1025 is rolled back", "the vendor has: +86138****0001 【云通信】张三,您的订单A-1024已发货。"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in:\n%s", driver, want, text)
			}
		}
		if strings.Contains(text, "李四") {
			t.Errorf("%s: the order that was rolled back is told:\n%s", driver, text)
		}
	}
}
