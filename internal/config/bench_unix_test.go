//go:build unix

package config_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/internal/config"
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

// cpu returns the processor time of this process, which other programs of the machine
// do not change.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The time of 8 MiB is at most 40 times that of 256 KiB (docs/performance.md).
func BenchmarkParse_hostile(b *testing.B) {
	for name, text := range hostile {
		for _, size := range []int{256 << 10, 8<<20 - 100} {
			data := []byte(text(size))
			b.Run(fmt.Sprintf("%s/%dKiB", strings.ReplaceAll(name, " ", "_"), (size+200)>>10), func(b *testing.B) {
				before := cpu(b)
				for b.Loop() {
					var c notify.Config
					config.Parse("notify.yaml", data, config.Options{Getenv: getenv()}, &c)
				}
				b.ReportMetric(float64((cpu(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
			})
		}
	}
}
