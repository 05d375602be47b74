package notify

import (
	"os"
	"strings"
	"testing"
)

// The order is one list, and three texts follow it.
func TestLayers_areWhatIsWritten(t *testing.T) {
	for path, marks := range map[string][2]string{
		"middleware/doc.go":     {"# The order", "In a chain of your own"},
		"docs/architecture.md":  {"## The order", "## "},
		"docs/configuration.md": {"## The order", ""},
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, section, found := strings.Cut(string(text), marks[0])
		if !found {
			t.Fatalf("%s has no %q", path, marks[0])
		}
		if marks[1] != "" {
			section, _, _ = strings.Cut(section, marks[1])
		}
		at := 0
		for _, l := range layers {
			next := strings.Index(section[at:], l.name)
			if next < 0 {
				t.Errorf("%s: %q is missing, or not in its place", path, l.name)
				continue
			}
			at += next + len(l.name)
		}
	}
}

func TestLayers_haveTheirReasons(t *testing.T) {
	for _, l := range layers {
		if l.why == "" || l.each != "message" && l.each != "provider" && l.each != "try" || l.message != nil && l.provider != nil {
			t.Errorf("%+v", l)
		}
	}
}
