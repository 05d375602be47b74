package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

// A world is a folder with what notify init writes, for a sandbox of the test's.
type world struct {
	*testing.T
	binary, dir string
	sandbox     *sandbox.Sandbox
}

func newWorld(t *testing.T, o sandbox.Options) *world {
	t.Helper()
	return worldOf(t, build(t), o)
}

// worldOf is a world for a command that is built already.
func worldOf(t *testing.T, binary string, o sandbox.Options) *world {
	t.Helper()
	w := &world{T: t, binary: binary, dir: t.TempDir(), sandbox: sandboxtest.StartWith(t, o)}
	w.ok("init")
	w.edit("notify.yaml", "http://127.0.0.1:8025", w.sandbox.URL)
	return w
}

// edit replaces text in a file of the folder, which has to hold it.
func (w *world) edit(file, old, new string) {
	w.Helper()
	path := filepath.Join(w.dir, file)
	data, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(data, []byte(old)) {
		w.Fatalf("%s does not hold %q: %v", file, old, err)
	}
	w.write(file, strings.ReplaceAll(string(data), old, new))
}

func (w *world) write(file, text string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, file), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *world) read(file string) string {
	w.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, file))
	if err != nil {
		w.Fatal(err)
	}
	return string(data)
}

// command is the command line in the folder, without variables of this process's.
func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(w.Context(), w.binary, args...)
	cmd.Dir = w.dir
	cmd.Env = []string{"HOME=" + w.dir, "PATH=" + os.Getenv("PATH")}
	return cmd
}

// run gives what the command printed and its exit status.
func (w *world) run(args ...string) (out, errs string, status int) {
	w.Helper()
	var o, e strings.Builder
	cmd := w.command(args...)
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status = exit.ExitCode()
	} else if err != nil {
		w.Fatal(err)
	}
	return o.String(), e.String(), status
}

// ok gives what a command printed that has to succeed.
func (w *world) ok(args ...string) string {
	w.Helper()
	out, errs, status := w.run(args...)
	if status != 0 {
		w.Fatalf("notify %s: status %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// says reports what is missing in a text.
func (w *world) says(text string, parts ...string) {
	w.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			w.Errorf("no %q in:\n%s", p, text)
		}
	}
}

// parse reads the JSON that a command printed.
func parse[T any](w *world, text string) (v T) {
	w.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		w.Fatalf("%v in:\n%s", err, text)
	}
	return v
}

func (w *world) mkdir(name string) {
	w.Helper()
	if err := os.Mkdir(filepath.Join(w.dir, name), 0o700); err != nil {
		w.Fatal(err)
	}
}

func (w *world) remove(file string) {
	w.Helper()
	if err := os.Remove(filepath.Join(w.dir, file)); err != nil {
		w.Fatal(err)
	}
}
