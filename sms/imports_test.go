package sms_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Who imports sms links the standard library, the phone-number library and what
// that one needs, and nothing of ours.
func TestImports(t *testing.T) {
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{with .Module}}{{.Path}}{{end}} {{.ImportPath}} {{join .Imports \",\"}}{{end}}", ".")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	const own, library = "github.com/notifykit/notify", "github.com/nyaruka/phonenumbers"
	allowed := map[string]bool{library: true, "google.golang.org/protobuf": true, "golang.org/x/text": true}
	seen := false
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		module, path := fields[0], fields[1]
		switch {
		case path == own+"/sms":
			seen = true
			for imported := range strings.SplitSeq(fields[2], ",") {
				if strings.Contains(imported, ".") && imported != library {
					t.Errorf("sms imports %s", imported)
				}
				if imported == "testing" {
					t.Error("sms imports testing")
				}
			}
		case !allowed[module]:
			t.Errorf("sms links %s of %s", path, module)
		}
	}
	if !seen {
		t.Errorf("go list did not list sms: %s", out)
	}
}
