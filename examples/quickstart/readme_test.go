package main

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write README.md's output anew")

// README.md shows what the program prints; what differs from run to run (ports,
// the vendors' IDs) is not compared.
func TestREADMEShowsWhatItPrints(t *testing.T) {
	out, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	const path = "../../README.md"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- quickstart -->\n```\n"
	before, rest, found := strings.Cut(string(data), mark)
	shown, after, closed := strings.Cut(rest, "```\n")
	if !found || !closed {
		t.Fatalf("README.md has no block after %q", mark)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+mark+string(out)+"```\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, want := lasting(shown), lasting(string(out)); got != want {
		t.Errorf("README.md does not show what the program prints: run go test ./examples/quickstart -update\nREADME:\n%s\nprogram:\n%s", got, want)
	}
}

// lasting gives what each run prints alike.
func lasting(out string) string {
	return regexp.MustCompile(`127\.0\.0\.1:\d+|ID \S+|request \S+`).ReplaceAllString(out, "…")
}
