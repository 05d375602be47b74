package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/sms"
)

// The line end behind a text is the editor's: it would be sent, cost a segment, and
// stand behind the last line, which a browser reads to fill a code in.
func TestTexts_lose_the_line_ends_at_their_end(t *testing.T) {
	const want = "Your code is ${code}.\n\n@example.com #${code}"
	for name, yaml := range map[string]string{
		"literal":        "|\n              Your code is ${code}.\n\n              @example.com #${code}\n",
		"literal, keep":  "|+\n              Your code is ${code}.\n\n              @example.com #${code}\n\n\n",
		"literal, strip": "|-\n              Your code is ${code}.\n\n              @example.com #${code}\n",
		"folded":         ">\n              Your code is ${code}.\n\n\n              @example.com #${code}\n",
		"folded, keep":   ">+\n              Your code is ${code}.\n\n\n              @example.com #${code}\n\n",
		"quoted":         `"Your code is ${code}.\n\n@example.com #${code}\n"` + "\n",
		"Windows":        `"Your code is ${code}.\n\n@example.com #${code}\r\n"` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			template := func(indent string) string {
				return indent + "t:\n" + indent + "    kind: verification\n" + indent + "    text: " + yaml + indent + "    bindings:\n" + indent + "      a:\n" + indent + "        text: " + yaml
			}
			check := func(where string, c notify.Config, faults []config.Fault) {
				t.Helper()
				if len(faults) > 0 || len(c.Templates) != 1 {
					t.Fatalf("%s: %s", where, words(faults))
				}
				got := c.Templates[0]
				if got.Text != want || got.Bindings["a"].Text != want {
					t.Errorf("%s: %q and %q", where, got.Text, got.Bindings["a"].Text)
				}
			}
			c, _, faults := parse("f", "templates:\n"+template("  "), config.Options{})
			check("in the file", c, faults)
			c, _, faults = parse("f", strings.ReplaceAll("templates:\n"+template("  "), "\n", "\r\n"), config.Options{})
			check("in a file of Windows", c, faults)

			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "t.yaml"), []byte(template("")), 0o600); err != nil {
				t.Fatal(err)
			}
			c, _, faults = parse(filepath.Join(dir, "f"), "templates: [t.yaml]\n", config.Options{})
			check("in a file of templates", c, faults)
		})
	}
}

// 160 characters of GSM-7 in a block are one segment.
func TestTexts_in_a_block_cost_what_they_show(t *testing.T) {
	text := ""
	for len(text) < 160 {
		text += "0123456789"
	}
	c, _, faults := parse("f", "templates:\n  t:\n    text: |\n      "+text+"\n", config.Options{})
	if len(faults) > 0 {
		t.Fatal(words(faults))
	}
	if segments, _ := sms.CountSegments(c.Templates[0].Text); segments != 1 {
		t.Errorf("%d segments", segments)
	}
}

// Other values that stand in a block lose the line end too.
func TestValues_in_a_block_lose_the_line_end(t *testing.T) {
	c, _, faults := parse("f", "providers:\n  a:\n    driver: |\n      vendor\n    from: |\n      Acme\n    token: >\n      s3cret\nredirect: |\n  +8613800000000\ntemplates:\n  t:\n    text: x\n    bindings:\n      a:\n        id: |\n          SMS_1\n",
		config.Options{})
	a := c.Providers["a"]
	settings, _ := a.Settings.(map[string]any)
	if len(faults) > 0 || a.Driver != "vendor" || settings["from"] != "Acme" || settings["token"] != "s3cret" || c.Redirect != "+8613800000000" || c.Templates[0].Bindings["a"].ID != "SMS_1" {
		t.Errorf("%q %q %q, %s", a.Driver, settings, c.Redirect, words(faults))
	}
}
