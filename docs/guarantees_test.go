package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every test that a page names as the one that shows something is there.
func TestNamedTestsExist(t *testing.T) {
	there := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(data), -1) {
			there[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, page := range []string{"guarantees.md", "outbox.md", "security.md", "verify.md"} {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(data), -1) {
			named++
			if !there[m[1]] {
				t.Errorf("%s names %s, which there is not", page, m[1])
			}
		}
	}
	if named < 50 {
		t.Errorf("%d tests are named: the pages have changed their form", named)
	}
}

// Every file that a page links to is there.
func TestLinksExist(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md", "../README.zh-CN.md", "../CONTRIBUTING.md") {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllStringSubmatch(string(data), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which there is not", page, m[1])
			}
		}
	}
}

// The files and folders that the page about the architecture names exist.
func TestArchitecture_namesWhatExists(t *testing.T) {
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, found := range regexp.MustCompile("`([a-z/]+(?:\\.go)?)`").FindAllStringSubmatch(string(text), -1) {
		if path := found[1]; strings.Contains(path, "/") || strings.HasSuffix(path, ".go") {
			n++
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("architecture.md names %s: %v", path, err)
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d paths were found", n)
	}
}
