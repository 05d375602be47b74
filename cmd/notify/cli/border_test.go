package cli

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml"

	"github.com/notifykit/notify/sms"
)

// hostile are texts that act on what shows or reads them.
var hostile = []string{"a\rb", "a\nb", "\x1b[2Jx", "\u202egpj.exe", "=1+1", "+1", "-1", "@x", "x: {y: z}", "- a", "# c", "'", "\"", "\x00", "name\r  evil:\r    kind: verification", "\u2028x", "*a", "&a", "!t", "%", "|", ">", "a\x85b"}

func harmless(t *testing.T, text string) {
	t.Helper()
	if strings.ContainsFunc(text, func(c rune) bool {
		return c != '\n' && unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029'
	}) {
		t.Fatalf("%q acts on a terminal", text)
	}
}

// Every cell of a table stays in its line.
func FuzzTable(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b strings.Builder
		var tab table
		tab.row("vendor", text)
		tab.row("next", "x")
		tab.write(newPrinter(&b), false)
		if n := strings.Count(b.String(), "\n"); n != 2 {
			t.Fatalf("%q makes %d lines", text, n)
		}
		harmless(t, b.String())
		harmless(t, lines(text))
		if strings.Count(lines(text), "\n") != strings.Count(text, "\n") {
			t.Fatalf("%q has other lines", text)
		}
	})
}

// A vendor's template is one template, whatever it is called.
func FuzzPulled(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, s, s)
		f.Add("SMS_1", s, "text")
	}
	f.Add("0", "0", "\t")
	f.Fuzz(func(t *testing.T, id, name, text string) {
		if oneLine(id) == "" {
			return
		}
		r, err := sms.NewRegistry()
		if err != nil {
			t.Fatal(err)
		}
		o := &opened{templates: r}
		all, notes := o.pulled("aliyun", []sms.VendorTemplate{{ID: id, Name: name, Text: text, Kind: sms.Notification, Approval: name, Order: []string{name}}})
		written, err := yamlOf(all, notes)
		if err != nil {
			return // it is refused whole
		}
		harmless(t, string(written))
		var read struct {
			Templates map[string]pulled `yaml:"templates"`
		}
		if err := yaml.Unmarshal(written, &read); err != nil {
			return // nothing that can be read is read as another
		}
		if len(read.Templates) > 1 {
			t.Fatalf("%q, %q, %q became %d templates:\n%s", id, name, text, len(read.Templates), written)
		}
		for _, one := range read.Templates {
			if one.Kind != "notification" {
				t.Fatalf("the kind is %q:\n%s", one.Kind, written)
			}
		}
	})
}

// Two of a vendor's templates whose names are one of ours stay two.
func TestPulled_sameName(t *testing.T) {
	r, err := sms.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{templates: r}
	all, _ := o.pulled("aliyun", []sms.VendorTemplate{{ID: "SMS_1", Text: "a"}, {ID: "sms-1", Text: "b"}, {ID: "sms\r1", Text: "c"}, {ID: "SMS 1", Text: "d"}})
	var got []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		got = append(got, name+"="+all[name].Text)
	}
	if want := "sms 1=c sms-1=a sms-1-2=b sms-1-3=d"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}
