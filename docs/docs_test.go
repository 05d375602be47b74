// Package docs_test keeps what docs/ says in step with the code: errors.md is
// made from the tables that the providers decide by.
package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/notifykit/notify/sms"
)

// vendors are the drivers of real vendors.
func vendors() []sms.Driver {
	return slices.DeleteFunc(slices.Clone(drivers), func(d sms.Driver) bool { return d.Name == "fake" })
}

var update = flag.Bool("update", false, "write errors.md anew")

func TestErrorsPageIsFresh(t *testing.T) {
	want := errorsPage(vendors()...)
	if *update {
		if err := os.WriteFile("errors.md", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("errors.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/errors.md is not what the code says: run go test ./docs -update")
	}
}

func errorsPage(drivers ...sms.Driver) []byte {
	var b bytes.Buffer
	b.WriteString(`# Errors

Made from the code by ` + "`go test ./docs -update`" + `; do not edit.

Every error of a Sender holds an *sms.Error:

- sms.OutcomeOf(err) says whether the message may have been sent;
- sms.ReasonOf(err) says why the message as a whole was not accepted, and decides
  what may happen next;
- errors.Is(err, reason) reports whether some attempt was refused for reason.

## What each reason allows

An outcome of Unknown overrides the row: it counts against the breaker, and the
message is sent again, by any vendor, only if a duplicate does no harm (a
verification code) or if the vendor confirms that it never received the message.

*Later* means that the same message may be accepted later without a change: the
outbox and notify bulk --resume send it again.

| Reason | in words | same vendor again | another vendor | counts against the breaker | later |
|---|---|---|---|---|---|
`)
	for _, r := range sms.Reasons() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", r, r.Error(), yes(r.SameVendor()), yes(r.AnotherVendor()), yes(r.CountsAgainstVendor()), yes(r.Later()))
	}
	for _, d := range drivers {
		codes := slices.Clone(d.Codes)
		slices.SortStableFunc(codes, func(a, b sms.CodeInfo) int { return strings.Compare(a.Code, b.Code) })
		fmt.Fprintf(&b, "\n## %s\n\n", d.Name)
		fmt.Fprintf(&b, "Codes marked *late* come in delivery reports, after the message was accepted. A word in\nbrackets is the vendor's product, if the code means something else in another.\n\n")
		b.WriteString("| Code | Meaning | Reason | Outcome | What to do |\n|---|---|---|---|---|\n")
		for _, c := range codes {
			late := ""
			if c.Late {
				late = " *late*"
			}
			if c.Scope != "" && c.Scope != "report" {
				late += " (" + c.Scope + ")"
			}
			fmt.Fprintf(&b, "| `%s`%s | %s | `%s` | %s | %s |\n", c.Code, late, cell(c.Meaning), string(c.Reason), c.Outcome, cell(c.Advice))
		}
	}
	return b.Bytes()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// Every code has to say what a person should do: the page is read at 3 a.m.
func TestEveryCodeIsExplained(t *testing.T) {
	for _, d := range vendors() {
		seen := map[string]bool{}
		for _, c := range d.Codes {
			switch {
			case c.Meaning == "" || c.Advice == "":
				t.Errorf("%s: code %s lacks a meaning or an advice", d.Name, c.Code)
			case seen[c.Scope+" "+c.Code]:
				t.Errorf("%s: code %s stands twice", d.Name, c.Code)
			case !slices.Contains(sms.Reasons(), c.Reason):
				t.Errorf("%s: code %s has a reason that is none: %q", d.Name, c.Code, string(c.Reason))
			case c.Outcome == sms.Accepted:
				t.Errorf("%s: code %s is an error and said to be accepted", d.Name, c.Code)
			}
			seen[c.Scope+" "+c.Code] = true
		}
	}
}
