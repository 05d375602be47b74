package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const repo = "../.."

// stranger is a folder and an environment as somebody has them who knows
// nothing but the packed modules and what his go command finds by itself.
type stranger struct {
	t       *testing.T
	dir     string
	version string
	env     []string
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and installs: left out with -short")
	}
	version, err := Version(repo)
	if err != nil {
		t.Fatal(err)
	}
	packedTo := t.TempDir()
	if err := Pack(repo, packedTo, version); err != nil {
		t.Fatal(err)
	}
	s := &stranger{t: t, dir: t.TempDir(), version: version}
	s.env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GONOSUMDB="+root, "GOBIN="+filepath.Join(s.dir, "bin"),
		"GOPROXY=file://"+filepath.ToSlash(packedTo)+","+goenv(t, "GOPROXY"))
	t.Cleanup(func() { forget(t, version) })
	return s
}

func goenv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// forget takes the version that only this test has published out of the module
// cache, which the test shares with the user.
func forget(t *testing.T, version string) {
	cache := goenv(t, "GOMODCACHE")
	var patterns []string
	for _, dir := range packed {
		at := path.Join(root, dir)
		patterns = append(patterns, at+"@"+version, "cache/download/"+at+"/@v/"+version+".*")
	}
	for _, pattern := range patterns {
		names, _ := filepath.Glob(filepath.Join(cache, pattern))
		for _, name := range names {
			filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
				if err == nil && d.IsDir() {
					return os.Chmod(path, 0o755)
				}
				return err
			})
			if err := os.RemoveAll(name); err != nil {
				t.Log(err)
			}
		}
	}
}

// run runs a command in the stranger's folder and gives what it printed.
func (s *stranger) run(name string, args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// fails runs a command that must fail, and returns what it printed.
func (s *stranger) fails(name string, args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	if err == nil {
		s.t.Errorf("%s %s succeeds, and should fail\n%s", name, strings.Join(args, " "), out)
	}
	return string(out)
}

func TestTheCommandInstalls(t *testing.T) {
	s := newStranger(t)
	s.run("go", "install", root+"/cmd/notify@"+s.version)
	if help := s.run(filepath.Join(s.dir, "bin", "notify"), "--help"); !strings.Contains(help, "sandbox") {
		t.Errorf("notify --help does not speak of the sandbox:\n%s", help)
	}
}

// Every module that is released can be had by itself.
func TestEveryModuleBuildsOutsideTheTree(t *testing.T) {
	s := newStranger(t)
	program := "package main\n\nimport (\n"
	for _, dir := range packed {
		if dir != "." && dir != "cmd/notify" {
			program += "\t_ \"" + path.Join(root, dir) + "\"\n"
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, "main.go"), []byte(program+")\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.run("go", "mod", "init", "example.test/stranger")
	for _, dir := range packed {
		if dir != "cmd/notify" {
			s.run("go", "get", path.Join(root, dir)+"@"+s.version)
		}
	}
	s.run("go", "mod", "tidy")
	s.run("go", "build", "-o", "program", ".")
}

// The section "Use it" of README.md works in an empty folder, line by line: the test
// reads the commands and the program out of it.
func TestTheReadmesProgramRunsInAnEmptyFolder(t *testing.T) {
	s := newStranger(t)
	readme, err := os.ReadFile(filepath.Join(repo, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n## Use it\n")
	section, _, ended := strings.Cut(section, "\n## ")
	if !found || !ended {
		t.Fatal("README.md has no section \"Use it\"")
	}
	printed, commands := "", 0
	for _, step := range regexp.MustCompile("(?ms)^```go\n(.*?)^```$|^    (go [^\n]+)$").FindAllStringSubmatch(section, -1) {
		if program := step[1]; program != "" {
			if err := os.WriteFile(filepath.Join(s.dir, "main.go"), []byte(program), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		args := strings.Fields(step[2])
		if args[1] == "get" {
			args[2] += "@" + s.version
		}
		printed = s.run(args[0], args[1:]...)
		commands++
	}
	if commands != 4 || !strings.HasPrefix(printed, "accepted by twilio as SM") {
		t.Errorf("README.md has %d commands, and the last one prints %q", commands, printed)
	}
	s.run("go", "vet", ".")
}

// What is packed is what git sees: the root module holds no file of a nested
// module, and the command requires the root in the version packed.
func TestPack(t *testing.T) {
	version, err := Version(repo)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := Pack(repo, out, version); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(out, "github.com/notifykit/notify/cmd/notify/@v", version+".mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(mod, []byte(root+" "+version)) || bytes.Contains(mod, []byte("replace")) {
		t.Errorf("the command's go.mod does not require the packed root, or replaces it:\n%s", mod)
	}
	files, err := listed(repo)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range members(repo, ".", nil, files) {
		if strings.HasPrefix(f.Path(), "cmd/notify/") || strings.HasPrefix(f.Path(), "tools/") {
			t.Errorf("the root module holds %s, which is of a nested module", f.Path())
		}
	}
}
