package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/providers/fake"
)

// A file with very many faults is reported in MaxFaults of them, and the others are
// counted. This bounds the work too: the text of a fault costs more than its line.
func TestParse_boundsFaults(t *testing.T) {
	const n = 5000
	for name, c := range map[string]struct {
		text string
		want int // faults in all; -1: one a line
	}{
		"unknown keys":     {numbered(n*14, "", "key%06d: val\n"), -1},
		"repeated keys":    {strings.Repeat("dry_run: true\n", n), n - 1},
		"unknown settings": {"templates:\n  t:\n    text: x\n" + numbered(n*14, "", "    b%06d: x\n"), -1},
		"wrong values":     {"allow:\n" + strings.Repeat("- [x]\n", n), n},
		"anchors":          {"allow:\n" + strings.Repeat("- &a x\n", n), 2 * n}, // each item is missing too,
	} {
		_, _, faults := parse("f", c.text, config.Options{Getenv: getenv()})
		if c.want < 0 {
			c.want = strings.Count(c.text, "x\n") + strings.Count(c.text, "val\n") - strings.Count(c.text, "text: x\n")
		}
		if len(faults) != config.MaxFaults+1 {
			t.Errorf("%s: %d faults reported", name, len(faults))
			continue
		}
		more, ok := errors.AsType[*config.MoreError](faults[config.MaxFaults].Err)
		if !ok || config.MaxFaults+more.Faults != c.want || more.Missing != 0 {
			t.Errorf("%s: the last fault is %v, and %d are wanted in all", name, faults[config.MaxFaults], c.want)
		}
	}
}

// Variables without a value are counted by themselves, so that they hide no fault.
func TestFaults_missingVariables(t *testing.T) {
	text := "allow: [x]\nallowed_numbers:\n" + numbered(300*12, "", "- \"${N%04d}\"\n")
	_, _, faults := parse("f", text, config.Options{Getenv: getenv()})
	if got := words(faults); !strings.Contains(got, `"x" is none of the values`) || !strings.Contains(got, "variable N0005 is not set") {
		t.Errorf("%s", got)
	}
	more, ok := errors.AsType[*config.MoreError](faults[len(faults)-1].Err)
	if !ok || more.Faults != 0 || more.Missing == 0 {
		t.Errorf("%v", faults[len(faults)-1])
	}
}

// The whole error names how many faults there are.
func TestOpen_boundsFaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.yaml")
	text := "providers: {a: {driver: fake}}\nroutes: [{providers: [a]}]\ntemplates:\n" + numbered(500*23, "", "  t%06d: {text: Hello}\n")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := notify.Open(path, fake.Driver())
	all, ok := errors.AsType[*notify.ConfigError](err)
	if !ok || len(all.Faults) != config.MaxFaults+1 {
		t.Fatalf("%v", err)
	}
	n := strings.Count(text, "Hello")
	if got := err.Error(); !strings.Contains(got, fmt.Sprintf(" has %d faults:", n)) || !strings.HasSuffix(got, fmt.Sprintf("\n  and %d more", n-config.MaxFaults)) {
		t.Errorf("%s", got)
	}
}

// A file of ten thousand templates is read and opened.
func TestOpen_tenThousandTemplates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.yaml")
	var b strings.Builder
	b.WriteString("providers: {a: {driver: fake}, b: {driver: fake}}\nroutes:\n  - {templates: [t00000, t00999], providers: [b]}\n  - {regions: [CN], providers: [a, b]}\n  - {providers: [b]}\ntemplates:\n")
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	for i := range n {
		fmt.Fprintf(&b, "  t%05d:\n    kind: notification\n    text: Your order ${order} of the shop %d has left our warehouse.\n    bindings:\n      a: {id: SMS_%d, order: [order]}\n      b: {}\n", i, i, i)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := notify.Open(path, fake.Driver())
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("%d KiB", b.Len()>>10)
}

// Names are found without comparing each with all others.
func TestNearest_ofVeryMany(t *testing.T) {
	known := make([]string, 20_000)
	for i := range known {
		known[i] = fmt.Sprint("template", i)
	}
	if got := config.Nearest("tempalte5", known); got != "" {
		t.Errorf("of more than 10,000: %q", got)
	}
	if got := config.Nearest("tempalte5", known[:9_000]); got != "template5" {
		t.Errorf("%q", got)
	}
	if got, want := config.Known("x", known), "there are 20000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
