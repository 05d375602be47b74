package sms

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Registry holds compiled templates. It never changes after NewRegistry and
// may be used by any number of goroutines. A nil Registry has no templates.
type Registry struct {
	entries map[string]*entry
}

// An entry is a Template made ready: its texts compiled, its limits by variable.
type entry struct {
	template  Template
	text      compiled
	bindings  map[string]compiled // those with a text of their own
	variables []limit             // in order of first use
}

// A limit is what one variable may hold.
type limit struct {
	name string
	Variable
	pattern *regexp.Regexp // nil: any
}

// NewRegistry compiles templates. All that is wrong with them comes in one
// error.
func NewRegistry(templates ...Template) (*Registry, error) {
	r := &Registry{entries: make(map[string]*entry, len(templates))}
	var faults []error
	for i, t := range templates {
		where := fmt.Sprintf("template %q", t.Name)
		if t.Name == "" {
			where = fmt.Sprintf("template number %d", i+1)
		}
		e, errs := newEntry(t)
		if _, twice := r.entries[t.Name]; twice {
			errs = append(errs, errors.New("the name is taken by an earlier template"))
		}
		for _, err := range errs {
			faults = append(faults, fmt.Errorf("%s: %w", where, err))
		}
		r.entries[t.Name] = e
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return r, nil
}

func newEntry(t Template) (*entry, []error) {
	t = t.clone()
	e := &entry{template: t, bindings: map[string]compiled{}}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if t.Name == "" {
		fault("it has no name: Message.Template needs one")
	}
	if !t.Kind.known() {
		fault("there is no %v", t.Kind)
	}
	if t.Text == "" {
		fault("it has no text: variables and length are checked against it, also where the vendor holds the template")
	}
	var err error
	if e.text, err = compile(t.Text); err != nil {
		fault("text: %w", err)
	}
	names := e.text.variables()
	if t.Kind == Promotion && len(names) > 0 {
		fault("a promotion has no variables, and its text has ${%s}: use a notification, or write the text out", strings.Join(names, "}, ${"))
	}
	e.variables = make([]limit, len(names))
	for i, name := range names {
		e.variables[i], err = newLimit(name, t.Variables[name])
		if err != nil {
			faults = append(faults, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Variables)) {
		if !slices.Contains(names, name) {
			fault("variable %q: the text has no ${%s}", name, name)
		}
	}
	for _, provider := range slices.Sorted(maps.Keys(t.Bindings)) {
		for _, err := range e.bind(provider, t.Bindings[provider], names) {
			fault("binding %q: %w", provider, err)
		}
	}
	return e, faults
}

func newLimit(name string, v Variable) (limit, error) {
	l := limit{name: name, Variable: v}
	if v.MaxLen < 0 {
		return l, fmt.Errorf("variable %q: max_len is negative: 0 means no limit", name)
	}
	if v.Pattern == "" {
		return l, nil
	}
	var err error
	if l.pattern, err = regexp.Compile(`\A(?:` + v.Pattern + `)\z`); err != nil {
		return l, fmt.Errorf("variable %q: pattern: %w", name, err)
	}
	return l, nil
}

func (e *entry) bind(provider string, b Binding, names []string) (faults []error) {
	if b.Text != "" {
		text, err := compile(b.Text)
		if err != nil {
			faults = append(faults, fmt.Errorf("text: %w", err))
		}
		for _, name := range text.variables() {
			if !slices.Contains(names, name) {
				faults = append(faults, fmt.Errorf("text: ${%s} is no variable of the template's own text", name))
			}
		}
		e.bindings[provider] = text
	}
	for _, name := range b.Order {
		if !slices.Contains(names, name) {
			faults = append(faults, fmt.Errorf("order: %q is no variable of the template's text", name))
		}
	}
	return faults
}

// All gives every template, sorted by name, each a copy. A nil Registry gives
// none.
func (r *Registry) All() iter.Seq[Template] {
	return func(yield func(Template) bool) {
		if r == nil {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(r.entries)) {
			if !yield(r.entries[name].template.clone()) {
				return
			}
		}
	}
}

// Lookup gives a copy of the template called name, else an *Error,
// InvalidMessage, that says which names there are.
func (r *Registry) Lookup(name string) (Template, error) {
	e, err := r.entry(name)
	if err != nil {
		return Template{}, err
	}
	return e.template.clone(), nil
}

// Kind gives the kind of the template called name without copying it; an unset
// one is Notification, and of a name that does not exist it is zero.
func (r *Registry) Kind(name string) Kind {
	if e, err := r.entry(name); err == nil {
		return e.kind()
	}
	return 0
}

// Variables lists the variables of the template called name in order of first
// use in its text; nil where there is no such template.
func (r *Registry) Variables(name string) []string {
	e, err := r.entry(name)
	if err != nil {
		return nil
	}
	return e.text.variables()
}

func (r *Registry) entry(name string) (*entry, error) {
	if r != nil {
		if e := r.entries[name]; e != nil {
			return e, nil
		}
	}
	return nil, &Error{Reason: InvalidMessage, Outcome: Rejected, Err: r.noSuch(name)}
}

func (r *Registry) noSuch(name string) error {
	if r == nil || len(r.entries) == 0 {
		return fmt.Errorf("there is no template %q: no templates are registered", name)
	}
	return fmt.Errorf("there is no template %q: there are %s", name, strings.Join(slices.Sorted(maps.Keys(r.entries)), ", "))
}

func (e *entry) kind() Kind {
	if e.template.Kind == 0 {
		return Notification
	}
	return e.template.Kind
}

// Render gives the text of m for a provider: the binding's text, else the
// template's, with the values of m put in and without a signature; of a message
// with a Body the Body. It looks for missing values only; the rest is Check's.
func (r *Registry) Render(m Message, provider string) (string, error) {
	if m.Template == "" {
		return m.Body, nil
	}
	e, err := r.entry(m.Template)
	if err != nil {
		return "", err
	}
	for i := range e.variables {
		v := &e.variables[i]
		if _, ok := m.Params[v.name]; !ok && !v.Optional {
			return "", &Error{Reason: InvalidMessage, Outcome: Rejected, Kind: e.kind(), Key: m.Key,
				Err: fmt.Errorf("template %q: a value for %q is missing", m.Template, v.name)}
		}
	}
	if own, ok := e.bindings[provider]; ok {
		return own.render(m.Params), nil
	}
	return e.text.render(m.Params), nil
}

func (t Template) clone() Template {
	t.Variables = maps.Clone(t.Variables)
	t.Bindings = maps.Clone(t.Bindings)
	for name, b := range t.Bindings {
		b.Order = slices.Clone(b.Order)
		b.Extra = maps.Clone(b.Extra)
		t.Bindings[name] = b
	}
	return t
}

// length counts characters as people do, near enough: code points.
func length(s string) int { return utf8.RuneCountInString(s) }
