package config_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/internal/config"
)

func TestParse_refuses_what_is_no_file_of_ours(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"not UTF-8":         {"providers:\n  a: \xff\n", "f:2:6: it is not UTF-8 here: save the file as UTF-8"},
		"too long":          {strings.Repeat("#", 300<<10), "f:1:1: it has more than 262144 bytes, the most that is read"},
		"a list":            {"- a\n", `f:1:1: a list stands here, and the file is a map: begin with "providers:"`},
		"a text":            {"a\n", `f:1:1: a value stands here, and the file is a map: begin with "providers:"`},
		"a merge key":       {"providers:\n  <<: {a: b}\n", "f:2:3: providers: a key has to be a word: merge keys (<<), maps and lists are not read here"},
		"a map as a key":    {"? {a: b}\n: c\n", "f:2:1: it cannot be read as YAML: found an invalid key for this map"},
		"tabs":              {"providers:\n\ta: b\n", "f:2:1: it cannot be read as YAML: found character '\t' that cannot start any token: indent with blanks, not with tabs"},
		"many in one line":  {strings.Repeat("- ", 100), "f:1:65: maps and lists stand more than 32 deep in one another"},
		"a quote left open": {"providers: 'a\n", "f:1:12: it cannot be read as YAML: could not find end character of single-quoted text"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, faults := parse("f", c.text, config.Options{})
			if len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), c.want) {
				t.Errorf("got  %v\nwant %s", faults, c.want)
			}
		})
	}
}

func TestParse_reads_a_file_with_a_byte_order_mark_and_Windows_line_ends(t *testing.T) {
	f, _, faults := parse("f", "\ufeffproviders:\r\n  a: {driver: x, from: y}\r\n", config.Options{})
	if a := f.Providers["a"]; len(faults) > 0 || len(f.Providers) != 1 || a.Driver != "x" || a.Settings.(map[string]any)["from"] != "y" {
		t.Errorf("%+v, %v", f.Providers, faults)
	}
}
