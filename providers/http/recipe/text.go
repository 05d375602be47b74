package recipe

import (
	"fmt"
	"slices"
	"strings"
)

// A text is a leaf of a recipe: literal text with placeholders.
type text struct {
	parts []part
	line  int
}

// A part is a literal, or a placeholder if name is set: {name.arg:form?}.
type part struct {
	literal         string
	name, arg, form string
	optional        bool
}

func (p part) String() string {
	s := p.name
	if p.arg != "" {
		s += "." + p.arg
	}
	if p.form != "" {
		s += ":" + p.form
	}
	if p.optional {
		s += "?"
	}
	return "{" + s + "}"
}

// names are the placeholders, and what may stand behind the dot: nil is nothing, "*"
// any name.
var names = map[string][]string{
	"to": {"", "digits", "national", "cc"}, "text": {"", "base64url", "hex", "utf16"}, "template": {""}, "from": {""}, "key": {""},
	"nonce": {""}, "time": {"", "*"}, "time_ms": {""}, "value": {"", "*"}, "values": {""}, "extra": {"*"}, "setting": {"*"}, "secret": {"*"},
	"sign": {"*"}, "report_url": {""}, "validity": {""}, "method": {""}, "host": {""}, "path": {""}, "query": {""}, "body": {""},
	"since": {"", "*"}, "until": {"", "*"}, "n": {""}, "name": {""}, "url": {""}, "header": {"*"},
	"id": {""}, "code": {""}, "words": {""}, "request_id": {""},
}

var forms = []string{"number", "boolean", "list", "map", "json_list", "json_map", "join", "pairs"}

// parseText reads the placeholders of s. "{{" and "}}" are braces.
func parseText(s string, line int) (text, error) {
	t := text{line: line}
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			t.parts = append(t.parts, part{literal: literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case strings.HasPrefix(s[i:], "{{"):
			if end := strings.Index(s[i:], "}}"); end > 0 {
				if _, err := parsePlaceholder(s[i+2 : i+end]); err == nil {
					return t, fmt.Errorf("%q would be literal text: write %q", s[i:i+end+2], s[i+1:i+end+1])
				}
			}
			literal.WriteByte('{')
			i++
		case strings.HasPrefix(s[i:], "}}"):
			literal.WriteByte('}')
			i++
		case c == '}':
			return t, fmt.Errorf("%q has a \"}\" that no \"{\" opens: write \"}}\" for the character itself", s)
		case c == '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return t, fmt.Errorf("%q has a \"{\" that is never closed: write \"{{\" for the character itself", s)
			}
			p, err := parsePlaceholder(s[i+1 : i+end])
			if err != nil {
				return t, err
			}
			flush()
			t.parts = append(t.parts, p)
			i += end
		default:
			literal.WriteByte(c)
		}
	}
	flush()
	return t, t.checkOptional()
}

func parsePlaceholder(s string) (part, error) {
	rest, optional := strings.CutSuffix(s, "?")
	rest, form, hasForm := strings.Cut(rest, ":")
	name, arg, dotted := strings.Cut(rest, ".")
	args, ok := names[name]
	p := part{name: name, arg: arg, form: form, optional: optional}
	switch {
	case !ok:
		return p, fmt.Errorf("there is no placeholder {%s}%s", s, didYouMean(name, keysOf(names)))
	case dotted && arg == "", !slices.Contains(args, arg) && (arg == "" || !slices.Contains(args, "*")):
		if slices.Contains(args, "*") {
			return p, fmt.Errorf("{%s} needs a name: write {%s.NAME}", s, name)
		}
		return p, fmt.Errorf("{%s} has no %q%s", name, arg, didYouMean(arg, args))
	case hasForm && !slices.Contains(forms, form):
		return p, fmt.Errorf("{%s} has no form %q%s", rest, form, didYouMean(form, forms))
	}
	return p, nil
}

// checkOptional refuses a "?" beside a placeholder without one: the leaf would be
// left out, and the required value would be lost in silence.
func (t text) checkOptional() error {
	var optional, required *part
	for i := range t.parts {
		if p := &t.parts[i]; p.name != "" && p.optional {
			optional = p
		} else if p.name != "" {
			required = p
		}
	}
	if optional != nil && required != nil {
		return fmt.Errorf("%v stands beside %v: the whole would be left out where the first is empty. Take the \"?\" away, or write two fields", *optional, *required)
	}
	return nil
}

// alone returns the placeholder of a leaf that is nothing else.
func (t text) alone() (part, bool) {
	if len(t.parts) == 1 && t.parts[0].name != "" {
		return t.parts[0], true
	}
	return part{}, false
}

// literal returns the text if it has no placeholder.
func (t text) literal() (string, bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].name == "":
		return t.parts[0].literal, true
	}
	return "", false
}

// optional reports whether every part but literals is optional, and there is one.
func (t text) optional() bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.optional })
}

// uses reports whether the text holds a placeholder of one of the names.
func (t text) uses(list ...string) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return slices.Contains(list, p.name) })
}

// String returns the text as a recipe has it.
func (t text) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.name == "" {
			b.WriteString(strings.NewReplacer("{", "{{", "}", "}}").Replace(p.literal))
		} else {
			b.WriteString(p.String())
		}
	}
	return b.String()
}

func didYouMean(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(word, k); k != "" && k != "*" && d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", best)
}

// distance is the number of letters to change, insert or take away between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		corner := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			corner, row[j] = row[j], min(row[j]+1, row[j-1]+1, corner+cost)
		}
	}
	return row[len(b)]
}

func keysOf[V any](m map[string]V) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
