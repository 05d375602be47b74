package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block finds a code block whose first line names its file.
var block = regexp.MustCompile("(?s)```go\n// (\\w+\\.go)\n(.*?)```")

// The code of adding-a-provider.md is compiled and tested as it stands, in a folder
// that only this test sees.
func TestAddingAProviderIsTrue(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles and runs a provider: left out with -short")
	}
	page, err := os.ReadFile("adding-a-provider.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := block.FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 3 {
		t.Fatalf("the page has %d files of code, want 3", len(blocks))
	}
	repo, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	const folder = "providers/pigeon" // which does not exist
	dir, overlay := t.TempDir(), map[string]string{}
	for _, b := range blocks {
		code := strings.ReplaceAll(b[2], `"example.test/pigeon"`, `"github.com/notifykit/notify/`+folder+`"`)
		file := filepath.Join(dir, b[1])
		if err := os.WriteFile(file, []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(repo, folder, b[1])] = file
	}
	text, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, text, 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "pigeon.test")
	cmd := exec.Command("go", "test", "-c", "-o", program, "-vet=off", "-overlay", list, "./"+folder)
	cmd.Dir = repo
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the page's provider does not compile: %v\n%s", err, out)
	}
	if out, err := exec.Command(program).CombinedOutput(); err != nil {
		t.Errorf("the page's provider: %v\n%s", err, out)
	}
	if out, err := exec.Command("gofmt", "-l", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt would change %s %v", out, err)
	}
}
