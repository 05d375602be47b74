package kit

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Print prints text under every verb of package fmt, as a String method's result is
// printed. It serves as the body of a Format method that must not show fields:
//
//	func (o Options) Format(f fmt.State, verb rune) { kit.Print(f, verb, o.String()) }
func Print(f fmt.State, verb rune, text string) {
	if strings.ContainsRune("vsqxX", verb) {
		fmt.Fprintf(f, fmt.FormatString(f, verb), text)
		return
	}
	fmt.Fprintf(f, "%%!%c(%s)", verb, text)
}

// Describe returns the settings of a vendor's Options that are not zero, by the
// names of their yaml tags. A field with the tag secret:"yes" is shown as ****, and
// so is a text with a user name or a query in it. A map is shown by its keys and a
// URL by its host. Fields without a yaml name are left out.
func Describe(options any) string {
	v := reflect.ValueOf(options)
	var parts []string
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name == "" || name == "-" || !field.IsExported() || v.Field(i).IsZero() {
			continue
		}
		parts = append(parts, name+" "+described(v.Field(i), field.Tag.Get("secret") == "yes"))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

const masked = "****"

func described(v reflect.Value, secret bool) string {
	if secret {
		return masked
	}
	switch value := v.Interface().(type) {
	case string:
		return shownText(value)
	case time.Duration:
		return value.String()
	case map[string]string:
		return strings.Join(slices.Sorted(maps.Keys(value)), ",")
	}
	switch v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Float64:
		return fmt.Sprint(v.Interface())
	}
	return masked
}

// shownText returns a setting that is no secret. Of a URL that is the host: its path
// or query may hold one.
func shownText(text string) string {
	scheme, rest, isURL := strings.Cut(text, "://")
	if !isURL {
		return text
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if rest == "" {
		return masked
	}
	return scheme + "://" + rest
}

// Format prints status and length, and not the body, which may hold a number or a
// text.
func (a Answer) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{status %d, %d bytes}", a.Status, len(a.Body))
}

// Format prints kind and length, and neither URL, header nor body.
func (h Hook) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{%s, %d bytes}", h.Kind, len(h.Body)) }
