package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// A form is how the text of a scalar becomes a value, and what the schema says of
// such texts.
type form struct {
	read   func(text string, out place) error
	schema map[string]any
}

// formOf returns the form of the texts that fill out: the one that its tag names,
// else that of its type.
func formOf(out place) (form, bool) { return formOfType(out.form, out.Type()) }

func formOfType(name string, t reflect.Type) (form, bool) {
	if k := t.Kind(); name != "" && (k == reflect.Map || k == reflect.Slice) {
		return form{}, false // its items have the form
	}
	switch {
	case name != "":
		f, ok := forms[name]
		return f, ok
	case t == reflect.TypeFor[time.Duration]():
		return forms["duration"], true
	case t == reflect.TypeFor[*time.Location]():
		return forms["zone"], true
	case t == reflect.TypeFor[sms.Number]():
		return forms["number"], true
	}
	return form{}, false
}

var forms = map[string]form{
	"duration":  {readDuration, map[string]any{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`}},
	"zone":      {readZone, map[string]any{"type": asTyped}},
	"number":    {readNumber, map[string]any{"type": asTyped}},
	"rate":      {readRate, map[string]any{"type": "string", "pattern": `^[1-9][0-9]* */ *[0-9a-z.]+$`}},
	"allowance": oneOf(names(allowances[:])...),
	"text":      {readText, map[string]any{"type": asTyped}},
	"engine":    oneOf("sqlite", "postgresql", "mysql"),
}

// asTyped are the types that YAML may see in a text, which is read as it is
// written.
var asTyped = []any{"string", "number", "boolean"}

// oneOf is the form of a text that is one of these.
func oneOf(values ...string) form {
	enum := make([]any, len(values))
	for i, v := range values {
		enum[i] = v
	}
	return form{func(text string, out place) error {
		out.SetString(text)
		if !slices.Contains(values, text) {
			return &notOneError{text, values}
		}
		return nil
	}, map[string]any{"enum": enum}}
}

type notOneError struct {
	text   string
	values []string
}

// Error returns the text, which is made when it is asked for.
func (e *notOneError) Error() string {
	return fmt.Sprintf("%s is none of the values that it may have: %s", quote(e.text), Known(e.text, e.values))
}

func readDuration(text string, out place) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return wantedError("a duration: write 200ms, 3s or 5m")
	}
	out.SetInt(int64(d))
	return nil
}

// readText reads what is sent, without the line ends at its end.
func readText(text string, out place) error {
	out.SetString(strings.TrimRight(text, "\r\n"))
	return nil
}

// readZone reads "Asia/Shanghai" or "UTC".
func readZone(text string, out place) error {
	location, err := time.LoadLocation(text)
	if err != nil || strings.EqualFold(text, "local") {
		return fmt.Errorf("there is no time zone %s: write a name such as Asia/Shanghai or UTC", quote(text))
	}
	out.Set(reflect.ValueOf(location))
	return nil
}

// readNumber reads a telephone number with "+" or "00" and its country code, as it
// is typed. Its error does not show it.
func readNumber(text string, out place) error {
	number, err := sms.ParseNumber(text, "")
	if err != nil {
		if e, ok := errors.AsType[*sms.Error](err); ok && e.Err != nil {
			err = e.Err
		}
		return fmt.Errorf("it is no telephone number: %w", err)
	}
	out.SetString(string(number))
	return nil
}

// spans are the units of time that a rate is written with.
var spans = map[string]time.Duration{
	"s": time.Second, "second": time.Second, "m": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hour": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour,
}

// readRate reads "100/s", "5/hour", "10/day" or "3/10m": into a number of calls a
// second, into the fields Count and Per of a struct, or into a count whose struct
// has the field Per.
func readRate(text string, out place) error {
	wrong := func(why string) error {
		return fmt.Errorf("%s %s: write 100/s, 1/minute, 5/hour, 10/day or 3/10m", quote(text), why)
	}
	count, unit, found := strings.Cut(text, "/")
	if !found {
		return wrong("is no rate")
	}
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil {
		return wrong("does not begin with a whole number")
	}
	if n < 1 {
		return wrong("allows nothing")
	}
	unit = strings.TrimSpace(unit)
	per, known := spans[unit]
	if !known {
		if per, err = time.ParseDuration(unit); err != nil || per <= 0 {
			return wrong("has no span of time that is known")
		}
	}
	switch {
	case out.CanFloat():
		out.SetFloat(float64(n) / per.Seconds())
	case out.Kind() == reflect.Struct:
		out.FieldByName("Count").SetInt(int64(n))
		out.FieldByName("Per").SetInt(int64(per))
	default:
		out.SetInt(int64(n))
		out.within.FieldByName("Per").SetInt(int64(per))
	}
	return nil
}

// An allowance is a value of allow.
type allowance struct{ name, doc string }

var allowances = [...]allowance{
	{"fake", "in production: a provider that sends nothing"},
	{"sandbox", "in production: a provider whose endpoint is this machine, or that has a sandbox's credentials"},
	{"redirect", "in production: 'redirect'"},
	{"dry_run", "in production: 'dry_run'"},
	{"plain_http", "in production: a provider whose endpoint begins with 'http://'"},
	{"any_number", "outside of production: real vendors are given every number, not only 'allowed_numbers'"},
}

func names(list []allowance) (all []string) {
	for _, a := range list {
		all = append(all, a.name)
	}
	return all
}

// AllowancesTable writes them as a table of Markdown.
func AllowancesTable() string {
	var b strings.Builder
	b.WriteString("| allowance | |\n|---|---|\n")
	for _, a := range allowances {
		fmt.Fprintf(&b, "| `%s` | %s |\n", a.name, marked(a.doc))
	}
	return b.String()
}

// KnownAllowance returns an error if no allowance is called name.
func KnownAllowance(name string) error {
	if all := names(allowances[:]); !slices.Contains(all, name) {
		return NoSuch("allowance", name, all)
	}
	return nil
}
