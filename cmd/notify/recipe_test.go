package main_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/sandbox"
)

// The commands for recipes need no configuration, secret or network.
func TestRecipe(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	var list []struct{ Name string }
	if err := json.Unmarshal([]byte(w.ok("recipe", "list", "--json")), &list); err != nil || len(list) != len(http.Names()) || list[0].Name == "" {
		t.Errorf("the list is %v: %v", list, err)
	}
	w.says(w.ok("recipe", "show", "yunpian"), "recipe: yunpian")
	w.says(w.ok("recipe", "test", "yunpian"), "sent", "ok")
	w.says(w.ok("recipe", "preview", "plivo", "--to", "+12025550123", "--text", `say "hello"`, "--from", "ACME"), "POST /v1/Account/MAabc/Message/", "Basic ****", `say \"hello\"`)
	w.write("answer.txt", `{"code":22,"msg":"no"}`)
	w.says(w.ok("recipe", "test", "yunpian", "--answer", "answer.txt"), "rejected", "recipient_limited", `the code "22"`)

	w.says(w.ok("recipe", "new", "acme.yaml"), "is written")
	if _, _, status := w.run("recipe", "new", "acme.yaml"); status != 1 {
		t.Errorf("it replaced a file: status %d", status)
	}
	w.says(w.ok("recipe", "test", filepath.Join(w.dir, "acme.yaml")), "accepted", "ok")
	w.says(w.ok("recipe", "test", "acme.yaml"), "ok")
	w.edit("acme.yaml", "outcome: unknown", "outcome: accepted")
	if out, errs, status := w.run("recipe", "test", "acme.yaml"); status != 1 {
		t.Errorf("an example fails, and the status is %d:\n%s%s", status, out, errs)
	}
	w.edit("acme.yaml", "endpoint:", "endpiont:")
	_, errs, status := w.run("recipe", "test", "acme.yaml")
	if status != 1 {
		t.Errorf("a fault in the file: status %d", status)
	}
	w.says(errs, `acme.yaml:5: endpiont`, `did you mean "endpoint"`)
}
