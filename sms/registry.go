package sms

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	names     []string            // of the variables, in order of first use
	bindings  map[string]compiled // those with a text of their own
	variables []limit             // in the same order
}

// A limit is what one variable may hold.
type limit struct {
	name string
	Variable
	pattern *regexp.Regexp // nil: any
}

// A TemplateError is one fault of a template that NewRegistry has found.
type TemplateError struct {
	// Template is its name. Empty: it has none.
	Template string
	// Part is where the fault is within the template, by the keys of the
	// configuration: ["bindings", "aliyun", "order"]. Empty: the template itself.
	Part []string
	// Err is what is wrong.
	Err error

	number int // counted from 1, of a template without a name
}

// Error returns the place and what is wrong.
func (e *TemplateError) Error() string { return e.where() + e.Err.Error() }

func (e *TemplateError) where() string {
	place := fmt.Sprintf("template %q: ", e.Template)
	if e.Template == "" {
		place = fmt.Sprintf("template number %d: ", e.number)
	}
	for i := 0; i < len(e.Part); i++ {
		switch part := e.Part[i]; {
		case i+1 < len(e.Part) && (part == "bindings" || part == "variables"):
			i++
			place += fmt.Sprintf("%s %q: ", strings.TrimSuffix(part, "s"), e.Part[i])
		default:
			place += part + ": "
		}
	}
	return place
}

// Unwrap returns what is wrong.
func (e *TemplateError) Unwrap() error { return e.Err }

// at returns err as a fault of a part.
func at(err error, part ...string) error {
	if inner, ok := err.(*TemplateError); ok {
		return &TemplateError{Part: append(part, inner.Part...), Err: inner.Err}
	}
	return &TemplateError{Part: part, Err: err}
}

// NewRegistry compiles templates. Each fault is a *TemplateError. All that is wrong with them comes in one
// error, a line for each fault. What was given may be changed afterwards.
//
// A template needs a name of its own and a Text, from which its variables are
// taken, also where the vendor holds the template. A promotion has no variables.
// Limits, orders and texts of bindings may speak of variables of Text only.
func NewRegistry(templates ...Template) (*Registry, error) {
	r := &Registry{entries: make(map[string]*entry, len(templates))}
	var faults []error
	for i, t := range templates {
		e, errs := newEntry(t)
		if r.entries[t.Name] != nil && t.Name != "" {
			errs = append(errs, errors.New("the name is taken by an earlier template"))
		}
		for _, err := range errs {
			fault := at(err).(*TemplateError)
			fault.Template, fault.number = t.Name, i+1
			faults = append(faults, fault)
		}
		r.entries[t.Name] = e
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return r, nil
}

// newEntry compiles t and lists all that is wrong with it.
func newEntry(t Template) (*entry, []error) {
	e := &entry{template: t.clone(), bindings: map[string]compiled{}}
	faults := e.compile()
	faults = append(faults, e.limit()...)
	for _, provider := range slices.Sorted(maps.Keys(t.Bindings)) {
		for _, err := range e.bind(provider, t.Bindings[provider]) {
			faults = append(faults, at(err, "bindings", provider))
		}
	}
	return e, faults
}

// compile reads the template's own text.
func (e *entry) compile() (faults []error) {
	t := &e.template
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
		faults = append(faults, at(err, "text"))
	}
	e.names = e.text.variables()
	if t.Kind == Promotion && len(e.names) > 0 {
		fault("a promotion has no variables, and its text has ${%s}: use a notification, or write the text out", strings.Join(e.names, "}, ${"))
	}
	return faults
}

// limit puts the limits to the variables of the text.
func (e *entry) limit() (faults []error) {
	e.variables = make([]limit, len(e.names))
	for i, name := range e.names {
		var err error
		if e.variables[i], err = newLimit(name, e.template.Variables[name]); err != nil {
			faults = append(faults, at(err, "variables", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.template.Variables)) {
		if !slices.Contains(e.names, name) {
			faults = append(faults, at(fmt.Errorf("the text has no ${%s}", name), "variables", name))
		}
	}
	return faults
}

func newLimit(name string, v Variable) (limit, error) {
	l := limit{name: name, Variable: v}
	if v.MaxLen < 0 {
		return l, errors.New("max_len is negative: 0 means no limit")
	}
	if v.Pattern == "" {
		return l, nil
	}
	if _, err := regexp.Compile(v.Pattern); err != nil { // by itself first: "a)|(b" compiles within brackets
		return l, at(err, "pattern")
	}
	var err error
	if l.pattern, err = regexp.Compile(`\A(?:` + v.Pattern + `)\z`); err != nil {
		return l, at(err, "pattern")
	}
	return l, nil
}

func (e *entry) bind(provider string, b Binding) (faults []error) {
	if provider == "" {
		faults = append(faults, errors.New("it has no name: a binding is called as its provider is configured"))
	}
	if b.Text != "" {
		text, err := compile(b.Text)
		if err != nil {
			faults = append(faults, at(err, "text"))
		}
		for _, name := range text.variables() {
			if !slices.Contains(e.names, name) {
				faults = append(faults, at(fmt.Errorf("${%s} is no variable of the template's own text", name), "text"))
			}
		}
		e.bindings[provider] = text
	}
	for i, name := range b.Order {
		switch {
		case !slices.Contains(e.names, name):
			faults = append(faults, at(fmt.Errorf("%q is no variable of the template's text", name), "order"))
		case slices.Contains(b.Order[:i], name):
			faults = append(faults, at(fmt.Errorf("%q stands there twice", name), "order"))
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
	e := r.find(name)
	if e == nil {
		return Template{}, r.notFound(name)
	}
	return e.template.clone(), nil
}

// Kind gives the kind of the template called name without copying it; an unset
// one is Notification, and of a name that does not exist it is zero.
func (r *Registry) Kind(name string) Kind {
	if e := r.find(name); e != nil {
		return e.kind()
	}
	return 0
}

// KindOf returns the kind that m is treated as: that of its template, else its own,
// an unset one being Notification ([Kind.OrDefault]). If the template does not
// exist it is m.Kind as it is.
func (r *Registry) KindOf(m Message) Kind {
	if m.Template == "" {
		return m.Kind.OrDefault()
	}
	if e := r.find(m.Template); e != nil {
		return e.kind()
	}
	return m.Kind
}

// Variables lists the variables of the template called name in order of first
// use in its text; nil where there is no such template.
func (r *Registry) Variables(name string) []string {
	e := r.find(name)
	if e == nil {
		return nil
	}
	return slices.Clone(e.names)
}

func (r *Registry) find(name string) *entry {
	if r == nil {
		return nil
	}
	return r.entries[name]
}

func (r *Registry) notFound(name string) error {
	return Refuse(Message{}, InvalidMessage, r.noSuch(name))
}

func (r *Registry) noSuch(name string) error {
	if r == nil || len(r.entries) == 0 {
		return fmt.Errorf("there is no template %s: no templates are registered", quoted(name))
	}
	return fmt.Errorf("there is no template %s: there are %s", quoted(name), list(slices.Sorted(maps.Keys(r.entries))))
}

// maxNamed is how many names an error lists.
const maxNamed = 20

// list names what there is, or the first of it.
func list(names []string) string {
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > maxNamed:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], ", "), len(names)-maxNamed)
	}
	return strings.Join(names, ", ")
}

// quoted shows a name that was not found, and of what is too long for a name
// no more than its length.
func quoted(name string) string {
	if len(name) > 64 {
		return fmt.Sprintf("by a name of %d bytes", len(name))
	}
	return strconv.Quote(name)
}

func (e *entry) kind() Kind { return e.template.Kind.OrDefault() }
