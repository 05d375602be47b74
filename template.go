package notify

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/sms"
)

// readTemplates compiles them one by one, so that each fault is told at its
// template, and the providers are opened with those that are right.
func (b *builder) readTemplates() {
	b.templates = make(map[string]sms.Template, len(b.config.Templates))
	var right []sms.Template
	for i, t := range b.config.Templates {
		path := config.Join("templates", t.Name)
		if _, twice := b.templates[t.Name]; twice {
			b.fault(path, fmt.Errorf("there are two templates called %q: Templates[%d] is the second", t.Name, i))
			continue
		}
		b.templates[t.Name] = t
		b.checkBindingNames(path, t)
		if _, err := sms.NewRegistry(t); err != nil {
			for _, one := range split(err) {
				b.fault(templateFault(path, t.Name, one))
			}
			continue
		}
		right = append(right, t)
	}
	registry, err := sms.NewRegistry(right...)
	if err != nil {
		b.fault("templates", err)
	}
	b.registry = registry
}

// checkBindingNames looks for slips of the pen. A binding for a provider that
// there is not is no fault by itself: another environment may have it.
func (b *builder) checkBindingNames(path string, t sms.Template) {
	var unbound []string
	for name := range b.config.Providers {
		if _, bound := t.Bindings[name]; !bound {
			unbound = append(unbound, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Bindings)) {
		if _, ok := b.config.Providers[name]; !ok && config.Nearest(name, unbound) != "" {
			b.fault(config.Join(config.Join(path, "bindings"), name), config.NoSuch("provider", name, unbound))
		}
	}
}

// split gives the errors that errors.Join has put together.
func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// templateFault places a fault of sms.NewRegistry, which tells in words where it
// is: at the template, or at the part of it that the words begin with.
func templateFault(path, name string, err error) (string, error) {
	text, ok := strings.CutPrefix(err.Error(), fmt.Sprintf("template %q: ", name))
	if !ok {
		return path, err
	}
	for _, part := range []string{"binding", "variable"} {
		rest, ok := strings.CutPrefix(text, part+" ")
		if !ok {
			continue
		}
		if quoted, err := strconv.QuotedPrefix(rest); err == nil && strings.HasPrefix(rest[len(quoted):], ": ") {
			entry, _ := strconv.Unquote(quoted) // QuotedPrefix has seen to it
			path, text = config.Join(config.Join(path, part+"s"), entry), rest[len(quoted)+2:]
		}
	}
	for _, key := range []string{"text", "order", "pattern", "max_len"} {
		if rest, ok := strings.CutPrefix(text, key+": "); ok {
			return config.Join(path, key), errors.New(rest)
		}
	}
	return path, errors.New(text)
}
