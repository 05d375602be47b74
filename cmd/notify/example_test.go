package main_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// The example with one more driver has it in every command.
func TestExample(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.binary = filepath.Join(w.dir, "example")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", w.binary, "./example").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.write("console.yaml", "providers: {here: {driver: console, prefix: \">\"}}\ntemplates: {login-code: {kind: verification, text: \"Your code is ${code}.\", bindings: {here: {}}}}\n")
	out, errs, status := w.run("send", "--config", "console.yaml", "--yes", "--to", "+8613800000000", "--template", "login-code", "code=482913")
	if status != 0 {
		t.Errorf("status %d", status)
	}
	w.says(out, "accepted", "here")
	w.says(errs, "> +86138****0000 Your code is 482913.")
	w.says(w.ok("errors", "closed"), "Open a terminal.")
	w.edit("console.yaml", "prefix", "prefx")
	_, errs, status = w.run("check", "--offline", "--config", "console.yaml")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	w.says(errs, `there is no key "prefx": did you mean "prefix"?`)
}
