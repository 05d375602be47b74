package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/notifykit/notify/internal/config"
)

// Mark identifies what decides how messages look to vendors, as 32 hexadecimal
// digits: templates, routes, redirect, the providers with their settings (without
// secrets), and RewriteVersion or, if that is empty and there are rewrites, the
// revision that the program was built from. Two Clients with the same Mark make the
// same of a message. What keeps messages through a crash keeps the Mark of the Client
// that sent them, and asks with it in sms.Question.
//
// A provider made in Go counts by its name and type only.
func (c *Client) Mark() string { return c.mark }

func (b *builder) mark(routes []Route) string {
	h := sha256.New()
	put(h, "templates", b.templates)
	put(h, "routes", routes)
	put(h, "redirect", string(b.config.Redirect))
	for _, name := range slices.Sorted(maps.Keys(b.config.Providers)) {
		p := b.config.Providers[name]
		put(h, "provider", name)
		put(h, "driver", p.Driver)
		put(h, "settings", p.Settings)
		if p.Sender != nil {
			put(h, "sender", fmt.Sprintf("%T", p.Sender))
		}
	}
	put(h, "rewrites", len(b.config.Rewrite))
	put(h, "version", b.config.RewriteVersion)
	if b.config.RewriteVersion == "" && len(b.config.Rewrite) > 0 {
		put(h, "build", revision())
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// revision returns what the program was built from; empty: it does not hold it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	text := info.Main.Version
	for _, s := range info.Settings {
		if strings.HasPrefix(s.Key, "vcs.") {
			text += " " + s.Key + "=" + s.Value
		}
	}
	return text
}

// put writes a value with its name so that no two values are written alike.
func put(h hash.Hash, name string, v any) {
	fmt.Fprintf(h, "%q:", name)
	write(h, reflect.ValueOf(v), name)
	fmt.Fprintln(h)
}

// isSecret reports whether path is a provider's secret. A template may be called
// "token".
func isSecret(path string) bool { return strings.HasPrefix(path, "settings") && config.IsSecret(path) }

// write writes v: of a struct the fields that configure (those with yaml:"-" do not),
// of a map the entries by key, and of neither what is a secret by its name.
func write(h hash.Hash, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Invalid, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		fmt.Fprint(h, "-")
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			fmt.Fprint(h, "-")
			return
		}
		write(h, v.Elem(), path)
	case reflect.Struct:
		fmt.Fprint(h, "{")
		for i := range v.NumField() {
			f := v.Type().Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if key == "-" || !f.IsExported() || isSecret(config.Join(path, key)) {
				continue
			}
			fmt.Fprintf(h, "%q:", f.Name)
			write(h, v.Field(i), config.Join(path, key))
			fmt.Fprint(h, ",")
		}
		fmt.Fprint(h, "}")
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		fmt.Fprint(h, "{")
		for _, k := range keys {
			if at := config.Join(path, fmt.Sprint(k)); !isSecret(at) {
				fmt.Fprintf(h, "%q:", fmt.Sprint(k))
				write(h, v.MapIndex(k), at)
				fmt.Fprint(h, ",")
			}
		}
		fmt.Fprint(h, "}")
	case reflect.Slice, reflect.Array:
		fmt.Fprint(h, "[")
		for i := range v.Len() {
			write(h, v.Index(i), path)
			fmt.Fprint(h, ",")
		}
		fmt.Fprint(h, "]")
	default:
		fmt.Fprintf(h, "%q", fmt.Sprint(v))
	}
}
