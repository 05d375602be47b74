package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// The lines of docs/verify.md that a reader copies stand in the tests that run
// them, in that order.
func TestThePageShowsWhatIsTested(t *testing.T) {
	page, err := os.ReadFile("../../docs/verify.md")
	if err != nil {
		t.Fatal(err)
	}
	for section, file := range map[string]string{
		"### Routers":                          "recipes_test.go",
		"## Confirm now, act on the next page": "signup_test.go",
	} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, text, found := strings.Cut(string(page), "\n"+section+"\n")
		if !found {
			t.Fatalf("docs/verify.md has no section %q", section)
		}
		text, _, _ = strings.Cut(text, "\n## ")
		tested := strings.Split(string(source), "\n")
		for i := range tested {
			tested[i] = strings.TrimSpace(tested[i])
		}
		shown := 0
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "    ") || strings.TrimSpace(line) == "" {
				continue
			}
			shown++
			if !slices.Contains(tested, strings.TrimSpace(line)) {
				t.Errorf("docs/verify.md, %s: %q does not stand in %s", section, strings.TrimSpace(line), file)
			}
		}
		if shown == 0 {
			t.Errorf("docs/verify.md, %s: no line of code", section)
		}
	}
}
