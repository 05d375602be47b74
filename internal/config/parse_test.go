package config_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/internal/config"
)

func TestParse_refuses_what_is_no_file_of_ours(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"not UTF-8":                 {"providers:\n  a: \xff\n", "f:2:6: it is not UTF-8 here: save the file as UTF-8"},
		"too long":                  {strings.Repeat("#", 8<<20+1), "f:1:1: it has more than 8388608 bytes, the most that is read"},
		"a list":                    {"- a\n", `f:1:1: a list stands here, and the file is a map: begin with "providers:"`},
		"a text":                    {"a\n", `f:1:1: a value stands here, and the file is a map: begin with "providers:"`},
		"a merge key":               {"providers:\n  <<: {a: b}\n", "f:2:3: providers: a key has to be a word: merge keys (<<), maps and lists are not read here"},
		"a map as a key":            {"? {a: b}\n: c\n", "f:1:3: a key has to be a word: merge keys (<<), maps and lists are not read here"},
		"tabs":                      {"providers:\n\ta: b\n", "f:2:1: it cannot be read as YAML: found character that cannot start any token: indent with blanks, not with tabs"},
		"many in one line":          {strings.Repeat("- ", 100), "f:1:65: maps and lists stand more than 32 deep in one another"},
		"a quote left open":         {"providers: 'a\n", "f:1:1: it cannot be read as YAML: found unexpected end of stream: the quote that opens here is never closed"},
		"a long key":                {strings.Repeat("k", 257) + ": x\n", "f:1:1: a key has more than 256 bytes"},
		"a bracket left open":       {"providers:\n  a: [x\n  b: y\n", "f:2:3: it cannot be read as YAML: did not find expected ',' or ']': look for a bracket that is not closed"},
		"no blank after the colon":  {"providers: {a: {driver: x}}\nroutes: [{providers:a}]\n", "f:2:11: routes[0]: a colon in { } needs a blank behind it: write {key: value}"},
		"an alias":                  {"templates:\n  # c\n  [*.yaml]\n", "f:3:3: anchors (&) and aliases (*) are not read: write the value out, or put quotes around a text that begins so"},
		"an alias of an anchor":     {"x: &a\n", "f:1:4: x: anchors (&) and aliases (*) are not read"},
		"a tag without a name":      {"# é!\ntemplates: {t: {text: ! Sale}}\n", "f:2:23: templates.t.text: tags (!) are not read"},
		"a control character":       {"providers:\n  a: \"x\x1by\"\n", `f:2:8: the character U+001B is not read: take it out, or write "\u001b" in double quotes`},
		"NEL":                       {"a: x\u0085y\n", `f:1:5: the character U+0085 is not read`},
		"a separator of lines":      {"a: 'é\u2028y'\n", `f:1:6: the character U+2028 is not read`},
		"a separator of paragraphs": {"# \u2029\n", `f:1:3: the character U+2029 is not read`},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, faults := parse("f", c.text, config.Options{})
			if name == "an alias of an anchor" && len(faults) > 1 {
				faults = faults[1:] // the key is unknown too
			}
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

// A text may hold what the file must not hold as it is, if it is escaped, and a "!" that
// is no tag.
func TestParse_texts(t *testing.T) {
	for written, want := range map[string]string{
		`"a\u2028b"`: "a\u2028b", `"a\u0085b"`: "a\u0085b", `"a\u001bb"`: "a\x1bb", `Sale !`: "Sale !", `"! Sale"`: "! Sale", `'! x'`: "! x", `!`: "", "x\ty": "x\ty",
		`0085200000000`: "0085200000000", `NO`: "NO", `1_000`: "1_000", `0x1F`: "0x1F", `.5`: ".5", `2026-11-29`: "2026-11-29", `12:30:45`: "12:30:45", `"a\nb"`: "a\nb",
		"'it''s'": "it's", "a #b": "a", "a#b": "a#b", "多\u3000行": "多\u3000行", "a\ufeffb": "a\ufeffb",
	} {
		c, _, faults := parse("f", "templates:\n  t:\n    text: "+written+"\n", config.Options{})
		if written == "!" {
			if len(faults) != 1 || !strings.Contains(words(faults), "tags (!) are not read") {
				t.Errorf("%s: %s", written, words(faults))
			}
			continue
		}
		if len(faults) > 0 || c.Templates[0].Text != want {
			t.Errorf("%s: got %+v, %s", written, c.Templates, words(faults))
		}
	}
	if _, _, faults := parse("f", "%YAML 1.2\n---\ntemplates: {}\n...\n", config.Options{}); len(faults) > 0 {
		t.Error(words(faults))
	}
}
