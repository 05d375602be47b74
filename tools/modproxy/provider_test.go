package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The example of a provider can be copied: it needs nothing of this repository but
// its public packages, and reads no file outside its folder.
func TestTheExampleProviderCanBeCopied(t *testing.T) {
	s := newStranger(t)
	from := filepath.Join(repo, "providers/example")
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "go.mod" {
			t.Error("the example has a go.mod")
		}
		text, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		mine := strings.ReplaceAll(string(text), `"`+root+`/providers/example"`, `"example.test/stranger"`)
		if err := os.WriteFile(filepath.Join(s.dir, e.Name()), []byte(mine), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.run("go", "mod", "init", "example.test/stranger")
	s.run("go", "get", root+"@"+s.version)
	s.run("go", "mod", "tidy")
	s.run("go", "vet", ".")
	s.run("go", "test", ".")
}

// What notify provider new writes compiles elsewhere, and its tests fail by name
// until the vendor's parts are filled in.
func TestANewProviderFailsByName(t *testing.T) {
	s := newStranger(t)
	s.run("go", "install", root+"/cmd/notify@"+s.version)
	s.run(filepath.Join(s.dir, "bin", "notify"), "provider", "new", "pigeon")
	s.dir = filepath.Join(s.dir, "pigeon")
	s.run("go", "mod", "init", "example.test/stranger/pigeon")
	s.run("go", "get", root+"@"+s.version)
	s.run("go", "mod", "tidy")
	s.run("go", "vet", ".")
	out := s.fails("go", "test", ".")
	for _, name := range []string{"TestOrder", "TestSend", "TestCodes", "TestConformance"} {
		if !strings.Contains(out, "--- FAIL: "+name) {
			t.Errorf("%s does not fail by its name:\n%s", name, out)
		}
	}
	if !strings.Contains(out, "fill in") {
		t.Errorf("the failures do not say what to fill in:\n%s", out)
	}
}
