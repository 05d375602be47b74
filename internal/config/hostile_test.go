package config_test

import (
	"fmt"
	"strings"
)

// hostile are files of a length that make a parser work hard.
var hostile = map[string]func(n int) string{
	"unknown keys": func(n int) string {
		return numbered(n, "", "key%d: value\n")
	},
	"repeated keys":    func(n int) string { return strings.Repeat("dry_run: true\n", n/14) },
	"similar keys":     func(n int) string { return numbered(n, "", "template%d: x\n") },
	"unknown settings": func(n int) string { return numbered(n, "templates:\n  t:\n", "    bindin%d: x\n") },
	"templates":        func(n int) string { return numbered(n, "templates:\n", "  t%d: {text: \"Hello ${name}\"}\n") },
	"unset variables":  func(n int) string { return numbered(n, "providers:\n  a:\n", "    k%d: ${V%[1]d}\n") },
	"providers":        func(n int) string { return numbered(n, "providers:\n", "  p%d: {driver: x, token: s}\n") },
	"environments": func(n int) string {
		return numbered(n, "templates: {t: {text: x}}\nenvironments:\n", "  e%d: {templates: {t: {text: y}}}\n")
	},
	"overlay": func(n int) string {
		return numbered(n/2, "providers:\n", "  p%d: {driver: x}\n") + numbered(n/2, "environment: e\nenvironments:\n  e:\n    providers:\n", "      p%d: null\n")
	},
	"lists":              func(n int) string { return "allow:\n" + strings.Repeat("- x\n", n/4) },
	"flow":               func(n int) string { return "allow: [" + strings.Repeat("x,", n/2) + "]\n" },
	"comments":           func(n int) string { return strings.Repeat("# c\n", n/4) },
	"documents":          func(n int) string { return strings.Repeat("---\n", n/4) },
	"a syntax error":     func(n int) string { return strings.Repeat("- [a]\n", n/6) + "}\n" },
	"a quote not closed": func(n int) string { return "a: '" + strings.Repeat("b\n", n/2) },
	"anchors":            func(n int) string { return strings.Repeat("- &a b\n", n/7) },
	"deep": func(n int) string {
		line := strings.Repeat("[", 30) + strings.Repeat("]", 30)
		return "allow:\n" + strings.Repeat("- "+line+"\n", n/(len(line)+3))
	},
	"long keys": func(n int) string {
		key := strings.Repeat("k", 250)
		return numbered(n, fmt.Sprintf("providers: {%s: {%s: {%s: {\n", key, key, key), "k%d: v,\n") + "}}}}\n"
	},
}

func numbered(n int, before, line string) string {
	var b strings.Builder
	b.WriteString(before)
	for i := 0; b.Len() < n-len(line)-8; i++ {
		fmt.Fprintf(&b, line, i)
	}
	return b.String()
}
