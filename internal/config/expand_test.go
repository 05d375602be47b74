package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify/internal/config"
)

// What a variable and a file of a secret may hold, and how each fault says the way out.
func TestExpand(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"plain": "s3cret\n", "windows": "s3cret\r\n", "blank": "s3cret \n", "lines": "\ns3cret\n", "empty": "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for written, want := range map[string]string{ // the value, or the fault
		"${SET}":                     "value",
		"a${SET}b${SET}":             "avaluebvalue",
		"${UNSET:-other: # x}":       "other: # x",
		"${EMPTY:-other}":            "other",
		"${UNSET:-}":                 "",
		"$${SET}":                    "${SET}",
		"${ODD}":                     "a: # \" ' ${SET} }\n- b",
		"${file:plain}":              "s3cret",
		"${file:windows}":            "s3cret",
		"${UNSET}":                   "fault: the environment variable UNSET is not set: set it, or write ${UNSET:-default} if it may be missing",
		"${EMPTY}":                   "fault: the environment variable EMPTY is empty: set it, or write ${EMPTY:-default} if it may be missing",
		"${UNSET:?ask the platform}": "fault: the environment variable UNSET is not set: ask the platform",
		"${file:blank}":              "fault: ${file:blank}: the file begins or ends with blanks or empty lines: take them out",
		"${file:lines}":              "fault: ${file:lines}: the file begins or ends with blanks or empty lines: take them out",
		"${file:empty}":              "fault: ${file:empty}: the file is empty",
		"${file:none}":               "fault: ${file:none}: no such file or directory",
		"${file:}":                   "fault: ${file:} names no file: write ${file:/run/secrets/name}",
		"${SET":                      `fault: a "${" is never closed: write ${NAME}, or $${ for one that stays`,
		"${a b}":                     "fault: ${a b} is no variable: write ${NAME}, ${NAME:-default}, ${NAME:?why} or ${file:/path}",
		"${SET:x}":                   "fault: ${SET:x} is no variable: write ${NAME}, ${NAME:-default}, ${NAME:?why} or ${file:/path}",
	} {
		t.Run(written, func(t *testing.T) {
			text := "providers: {a: {driver: d, from: '" + strings.ReplaceAll(written, "'", "''") + "'}}\ntemplates: {t: {text: '${SET} ${code}'}}\n"
			f, _, faults := parse(filepath.Join(dir, "f"), text, config.Options{Getenv: getenv("SET", "value", "EMPTY", "", "code", "trap", "ODD", "a: # \" ' ${SET} }\n- b")})
			var settings struct {
				From string `yaml:"from"`
			}
			for _, missing := range config.Decode(f.Providers["a"].Settings, &settings, nil) {
				faults = append(faults, config.Fault{Err: missing.Err})
			}
			got := settings.From
			if len(faults) > 0 {
				got = "fault: " + faults[0].Err.Error()
			}
			if got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if text := f.Templates[0].Text; text != "${SET} ${code}" {
				t.Errorf("the template's own variables were put in: %q", text)
			}
		})
	}
}

// No fault shows what came from a variable.
func TestExpand_no_fault_shows_a_value(t *testing.T) {
	_, _, faults := parse("f", "redirect: ${PHONE}\nallowed_numbers: [\"${PHONE}\"]\nproviders: {a: {driver: x}}\n", config.Options{Getenv: getenv("PHONE", "not-a-phone-number")})
	if len(faults) != 2 {
		t.Fatalf("faults: %s", words(faults))
	}
	if text := words(faults); strings.Contains(text, "not-a-phone") || !strings.Contains(text, "${PHONE}") {
		t.Errorf("it shows the value, or not whose it is: %s", text)
	}
}
