//go:build linux || darwin

package main_test

import (
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/notifykit/notify/sandbox"
)

// terminal runs the command in a pseudo-terminal, types what is to be typed, and
// gives what was shown and the exit status.
func (w *world) terminal(typed string, env []string, args ...string) (shown string, status int) {
	w.Helper()
	cmd := w.command(args...)
	cmd.Env = append(cmd.Env, append(env, "TERM=xterm")...)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 30, Cols: 120})
	if err != nil {
		w.Fatal(err)
	}
	defer tty.Close()
	if _, err := io.WriteString(tty, typed); err != nil {
		w.Fatal(err)
	}
	data, err := io.ReadAll(tty)
	if err != nil && !strings.Contains(err.Error(), "input/output error") { // how Linux tells that the other end has closed
		w.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			w.Fatal(err)
		}
		status = exit.ExitCode()
	}
	return string(data), status
}

func TestTerminal_coloursOnlyThere(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	if shown, _ := w.terminal("", nil, "check"); !strings.Contains(shown, "\x1b[") {
		t.Errorf("no colours on a terminal:\n%q", shown)
	}
	if shown, _ := w.terminal("", []string{"NO_COLOR=1"}, "check"); strings.Contains(shown, "\x1b[") {
		t.Errorf("colours although NO_COLOR is set:\n%q", shown)
	}
	if out := w.ok("check"); strings.Contains(out, "\x1b[") {
		t.Errorf("colours where no terminal is:\n%q", out)
	}
}

// From a terminal a real vendor is used after a word only.
func TestTerminal_asksBeforeARealVendor(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.edit("notify.yaml", `endpoint: "`+w.sandbox.URL+`"`, `endpoint: "https://0.0.0.0:1"`)
	w.edit("notify.yaml", "access_key_id: sandbox-key-id", "access_key_id: real")
	w.edit("notify.yaml", "    limits:\n      per_number: [60/minute]", "    allow: [any_number]\n    limits:\n      per_number: [60/minute]")
	args := []string{"send", "--to", "+8613800000000", "--template", "login-code", "code=482913"}
	shown, status := w.terminal("n\n", nil, args...)
	if status == 0 || strings.Contains(shown, "482913") && strings.Contains(shown, "accepted") {
		t.Errorf("status %d:\n%s", status, shown)
	}
	w.says(shown, "0.0.0.0:1", "?")
	if strings.Contains(shown, "refused") && strings.Contains(shown, "connection") {
		t.Errorf("it has called although the answer was no:\n%s", shown)
	}
	shown, _ = w.terminal("y\n", nil, args...)
	w.says(shown, "refused") // the connection: nobody is there, at this machine's own address
}

func TestTerminal_progress(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.write("people.csv", people(2000))
	shown, status := w.terminal("", nil, "bulk", "people.csv", "--template", "shipped", "--region", "CN")
	if status != 0 {
		t.Fatalf("status %d:\n%s", status, shown)
	}
	w.says(shown, "2000", "\r")
}
