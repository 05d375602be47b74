package main_test

import (
	"os"
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// docs/cli.md tells every command, and no other.
func TestDocsTellEveryCommand(t *testing.T) {
	page, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "## notify "); ok {
			told[name] = true
		}
	}
	w := newWorld(t, sandbox.Options{})
	_, rest, _ := strings.Cut(w.ok("--help"), "Available Commands:\n")
	list, _, _ := strings.Cut(rest, "\n\n")
	for line := range strings.Lines(list) {
		name := strings.Fields(line)[0]
		if name == "help" || name == "completion" {
			continue
		}
		if !told[name] {
			t.Errorf("docs/cli.md does not tell notify %s", name)
		}
		delete(told, name)
	}
	for name := range told {
		t.Errorf("docs/cli.md tells notify %s, which there is not", name)
	}
}
