package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/notifykit/notify/internal/config"
)

// Whatever the file holds: no panic, every fault has a place in the file and
// words, and no value of a variable is shown.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../../testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range append(files, "../../testdata/notify.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	for _, seed := range []string{
		"", "a", "[", "{a: ", "? a\n: b\n", "? [a]\n: b\n", "<<: {a: b}\n", "- - - a", "&a *a", "!!str 5", "a: |\n  b\n", "---\na: b\n...\n",
		"%YAML 1.2\n---\n{}", "\ufeffproviders: {a: {driver: ${X}}}", "providers: {a: {b: \"$${X}${X:-}${file:x}\"}}", "templates: {a: {bindings: {b: {order: [~]}}}}",
		"routes: [~, {kinds: [~]}]", "limits: {per_number: [9999999999999999999/s, 1/9999999h]}", "policies: {retry: {attempts: 99999999999999999999}}",
		"\"a\\x00\": b", "a: \x00", "é: ü\n\tb", strings.Repeat("[", 40), strings.Repeat("a:\n  ", 9),
	} {
		f.Add(seed)
	}
	const secret = "Zw8-secret-value-Zw8"
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, secret) {
			t.Skip()
		}
		_, _, faults := parse("notify.yaml", text, config.Options{
			Getenv: func(name string) (string, bool) { return secret, name == "X" },
		})
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 2
		for _, fault := range faults {
			if fault.File != "notify.yaml" || fault.Line < 1 || fault.Line > lines || fault.Column < 1 {
				t.Errorf("without a place: %v", fault)
			}
			words := fault.Error()
			if strings.Contains(words, secret) {
				t.Errorf("it shows the value of a variable: %s", words)
			}
			if fault.Err == nil || !utf8.ValidString(words) {
				t.Errorf("without words that can be read: %q", words)
			}
		}
	})
}
