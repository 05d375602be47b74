package main_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
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

// A recipe's file is named from the folder of notify.yaml, and errors, number and config
// show what the recipes of the providers say.
func TestRecipe_ofTheConfiguration(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.ok("recipe", "new", "acme.yaml")
	w.mkdir("conf")
	w.write("conf/acme.yaml", w.read("acme.yaml"))
	w.remove("acme.yaml")
	w.write("conf/notify.yaml", `environment: development
providers:
  cloud:
    driver: http
    recipe: smsbao
    allow_number_in_url: true
    secrets: {user: my-user, password: my-password}
    codes: {"41": {reason: throttled, meaning: slow down}}
  mine: {driver: http, recipe: ./acme.yaml, endpoint: "http://127.0.0.1:1", secrets: {api_key: my-key}}
`)
	w.says(w.ok("--config", "conf/notify.yaml", "errors", "41"), "cloud", "slow down", "throttled")
	w.says(w.ok("--config", "conf/notify.yaml", "errors", "HTTP 402"), "mine", "account_blocked")
	w.says(w.ok("errors", "--recipe", "yunpian", "22"), "yunpian", "recipient_limited")
	w.says(w.ok("--config", "conf/notify.yaml", "number", "+8613812345678"), "to cloud", "13812345678", "to mine", "+8613812345678")
	w.says(w.ok("--config", "conf/notify.yaml", "number", "+12025550123"), "refused: smsbao reaches CN only")
	printed := w.ok("--config", "conf/notify.yaml", "config")
	w.says(printed, `recipe: "./acme.yaml"`, "****")
	if strings.Contains(printed, "my-user") || strings.Contains(printed, "my-key") {
		t.Errorf("a secret is shown:\n%s", printed)
	}
	if out, errs, status := w.run("--config", "conf/notify.yaml", "lint"); strings.Contains(out+errs, "cannot be read") {
		t.Errorf("the recipe's file was not found: status %d\n%s%s", status, out, errs)
	}
}
