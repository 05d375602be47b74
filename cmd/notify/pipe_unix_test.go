//go:build unix

package main_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// A pipe that has no writer would block the process that opens it without end, and its
// signals would be of no use. Each of these ends by itself.
func TestPipes_areRefused(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	if err := syscall.Mkfifo(filepath.Join(w.dir, "pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ file, text, want string }{
		"a secret":            {"secret.yaml", "providers: {a: {driver: twilio, auth_token: \"${file:pipe.yaml}\"}}\n", "secret.yaml:1:33: providers.a.auth_token: ${file:pipe.yaml}: it is not a regular file"},
		"templates":           {"templates.yaml", "providers: {a: {driver: fake}}\ntemplates: [pipe.yaml]\n", "pipe.yaml:1:1: templates: the templates cannot be read: it is a pipe: write a regular file"},
		"the configuration":   {"", "", "pipe.yaml: the configuration cannot be read: it is a pipe: write a regular file"},
		"templates by a star": {"star.yaml", "providers: {a: {driver: fake}}\ntemplates: [\"p*.yaml\"]\n", "pipe.yaml:1:1: templates: the templates cannot be read: it is a pipe: write a regular file"},
	} {
		file := "pipe.yaml"
		if c.file != "" {
			file = c.file
			w.write(file, c.text)
		}
		for _, command := range [][]string{{"check"}, {"config"}, {"send", "--to", "+8613800000000", "--template", "t"}} {
			_, errs, status := w.run(append(command, "--config", file)...)
			if status != 1 || !strings.Contains(errs, c.want) {
				t.Errorf("%s, %s: status %d, %s", name, command[0], status, errs)
			}
		}
	}
}

// A configuration from standard input that never ends is waited for, and one signal
// ends that.
func TestConfig_interruptedWhileItIsRead(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		cmd := w.command("check", "--config", "/dev/stdin")
		var errs strings.Builder
		cmd.Stderr = &errs
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// A pipe holds less than this, so the process is reading once it is written.
		if _, err := in.Write([]byte(strings.Repeat("# a comment\n", 200_000))); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		err = cmd.Wait()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(errs.String(), "interrupted while reading the configuration") {
			t.Errorf("%v: %v, %s", signal, err, errs.String())
		}
		_ = in.Close()
	}
}
