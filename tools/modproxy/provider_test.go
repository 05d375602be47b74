package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// copyExample copies the example of a provider into the stranger's module. It needs
// nothing of this repository but its public packages, and reads no file outside its
// folder.
func (s *stranger) copyExample() {
	s.t.Helper()
	from, to := filepath.Join(repo, "providers/example"), filepath.Join(s.dir, "copied")
	if err := os.Mkdir(to, 0o755); err != nil {
		s.t.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "go.mod" {
			s.t.Error("the example has a go.mod")
		}
		text, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			s.t.Fatal(err)
		}
		mine := strings.ReplaceAll(string(text), `"`+root+`/providers/example"`, `"example.test/stranger/copied"`)
		if err := os.WriteFile(filepath.Join(to, e.Name()), []byte(mine), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
}

// A provider of one's own is written in one's own module: the example can be copied,
// and what notify provider new writes compiles, with tests that fail by name until
// the vendor's parts are filled in.
func TestAProviderOfOnesOwn(t *testing.T) {
	s := newStranger(t)
	s.run("go", "install", root+"/cmd/notify@"+s.version)
	s.run(filepath.Join(s.dir, "bin", "notify"), "provider", "new", "pigeon")
	s.copyExample()
	s.run("go", "mod", "init", "example.test/stranger")
	s.run("go", "get", root+"@"+s.version)
	s.run("go", "mod", "tidy")
	s.run("go", "vet", "./pigeon", "./copied")
	s.run("go", "test", "./copied")
	out := s.fails("go", "test", "./pigeon")
	for _, name := range []string{"TestOrder", "TestSend", "TestCodes", "TestConformance"} {
		if !strings.Contains(out, "--- FAIL: "+name) {
			t.Errorf("%s does not fail by its name:\n%s", name, out)
		}
	}
	if !strings.Contains(out, "fill in") {
		t.Errorf("the failures do not say what to fill in:\n%s", out)
	}
}
