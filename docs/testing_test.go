package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The Go code of testing.md is a test file that passes.
func TestTestingPage(t *testing.T) {
	page, err := os.ReadFile("testing.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 3 {
		t.Fatalf("testing.md has %d blocks of Go", len(blocks))
	}
	source := strings.Builder{}
	source.WriteString(`package page

import (
	"context"
	"errors"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

`)
	for _, b := range blocks {
		source.WriteString(b[1] + "\n")
	}
	folder := t.TempDir()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	const config = `providers:
  twilio:
    driver: twilio
    account_sid: "${TWILIO_ACCOUNT_SID}"
    auth_token: "${TWILIO_AUTH_TOKEN}"
    from: "+15005550006"
templates:
  login-code:
    kind: verification
    text: Your code is ${code}.
    bindings: {twilio: {}}
environments:
  production: {}
`
	for name, text := range map[string]string{
		"page_test.go": source.String(), "notify.yaml": config, "go.sum": string(sum), "go.mod": strings.ReplaceAll(string(mod), "=> ../", "=> "+root+"/"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), "go", "test", "-v", ".")
	command.Dir, command.Env = folder, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := command.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
}
