package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

// The built program is killed twice in the middle and run again: everybody gets
// the message, and nobody twice.
func TestKilledAndResumed(t *testing.T) {
	people := "20000"
	if testing.Short() {
		people = "2000"
	}
	n := map[string]int{"20000": 20000, "2000": 2000}[people]
	dir := t.TempDir()
	program := filepath.Join(dir, "campaign")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sb := sandboxtest.StartWith(t, sandbox.Options{MaxMessages: 2 * n})
	command := func() *exec.Cmd {
		return exec.CommandContext(t.Context(), program, "-endpoint", sb.URL, "-file", filepath.Join(dir, "campaign.db"), "-people", people, "-find-after", "1s")
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for kill := range 2 {
		cmd := command()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for len(sb.Messages("")) < (kill+1)*n/4 {
			<-tick.C
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if cmd.Wait() == nil {
			t.Fatal("it ended before it was killed")
		}
	}
	out, err := command().CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen := map[string]int{}
	for _, m := range sb.Messages("") {
		seen[m.Key]++
	}
	twice := 0
	for _, k := range seen {
		if k > 1 {
			twice++
		}
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\r")
	t.Logf("%d people, two kills: %d have it, %d twice\n%s", n, len(seen), twice, lines[len(lines)-1])
	if len(seen) != n || twice > 0 || !strings.Contains(string(out), people+" of "+people) {
		t.Errorf("%d of %d have it, %d twice", len(seen), n, twice)
	}
}
