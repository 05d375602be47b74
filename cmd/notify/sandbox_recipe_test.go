package main_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// The recipe at the top of docs/recipes.md works against the sandbox, with the
// commands that stand below it.
func TestSandbox_theRecipeOfTheDocs(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	text, err := os.ReadFile("../../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```yaml\n")
	file, _, _ := strings.Cut(blocks[1], "```")
	config, _, _ := strings.Cut(blocks[2], "```")
	if n := len(strings.Split(strings.Split(file, "\n  - {name: sent")[0], "\n")); n > 11 {
		t.Errorf("the recipe has %d lines without its example", n)
	}
	w.write("acme.yaml", file)
	w.says(w.ok("recipe", "test", "acme.yaml"), "ok")

	cmd := w.command("sandbox", "--addr", "127.0.0.1:0", "--recipe", "acme.yaml", "--recipe", "kannel")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	var printed strings.Builder
	url := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		printed.WriteString(lines.Text() + "\n")
		if fields := strings.Fields(lines.Text()); len(fields) == 2 && fields[0] == "Sandbox" {
			url = fields[1]
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			break
		}
	}
	w.says(printed.String(), url+"/acme", "key: sandboxkey", url+"/kannel", "username: sandboxusername, password: sandboxpassword")

	w.write("notify.yaml", strings.ReplaceAll(config, "http://127.0.0.1:8025", url)+"environment: development\n")
	w.says(w.ok("send", "--to", "+8613800000000", "--body", "hello"), "accepted")
	w.edit("notify.yaml", "sandboxkey", "another")
	if _, errs, status := w.run("send", "--to", "+8613800000000", "--body", "hello"); status == 0 || !strings.Contains(errs, "credentials or permission refused") {
		t.Errorf("another secret is accepted: status %d\n%s", status, errs)
	}
}
