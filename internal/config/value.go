package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// A number is a telephone number as a file has it: with "+" or "00" and its
// country code, read as it is typed.
type number sms.Number

// UnmarshalText reads a number. Its error does not show it.
func (n *number) UnmarshalText(text []byte) error {
	parsed, err := sms.ParseNumber(string(text), "")
	if err != nil {
		if e, ok := errors.AsType[*sms.Error](err); ok && e.Err != nil {
			err = e.Err
		}
		return fmt.Errorf("it is no telephone number: %w", err)
	}
	*n = number(parsed)
	return nil
}

// An Allowance is an entry of allow.
type Allowance string

// Allowances are all that there are.
var allowances = [...]struct {
	Name Allowance
	Doc  string
}{
	{"fake", "in production: a provider that sends nothing"},
	{"sandbox", "in production: a provider whose endpoint is this machine, or that has a sandbox's credentials"},
	{"redirect", "in production: 'redirect'"},
	{"dry_run", "in production: 'dry_run'"},
	{"plain_http", "in production: a provider whose endpoint begins with 'http://'"},
	{"any_number", "outside of production: real vendors are given every number, not only 'allowed_numbers'"},
}

// AllowancesTable writes them as a table of Markdown.
func AllowancesTable() string {
	var b strings.Builder
	b.WriteString("| allowance | |\n|---|---|\n")
	for _, a := range allowances {
		fmt.Fprintf(&b, "| `%s` | %s |\n", a.Name, marked(a.Doc))
	}
	return b.String()
}

// Known tells the fault of an Allowance that there is not.
func (a Allowance) Known() error {
	var names []string
	for _, one := range allowances {
		if one.Name == a {
			return nil
		}
		names = append(names, string(one.Name))
	}
	return NoSuch("allowance", string(a), names)
}

// UnmarshalText reads one by its name.
func (a *Allowance) UnmarshalText(text []byte) error {
	*a = Allowance(text)
	return a.Known()
}

// A Zone is a time zone by its name.
type Zone struct{ *time.Location }

// UnmarshalText reads "Asia/Shanghai" or "UTC".
func (z *Zone) UnmarshalText(text []byte) error {
	location, err := time.LoadLocation(string(text))
	if err != nil || strings.EqualFold(string(text), "local") {
		return fmt.Errorf("there is no time zone %s: write a name such as Asia/Shanghai or UTC", quote(string(text)))
	}
	z.Location = location
	return nil
}
