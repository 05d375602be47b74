package sms

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Check refuses what no vendor would deliver as meant, before it leaves the
// machine. Every fault of m comes in one *Error, Rejected, that names variables
// and never shows a value: InvalidNumber where the number is the only fault,
// else InvalidMessage. Message.Expires is not looked at. It does not allocate
// where it finds nothing.
//
// A value, a body and a key have to be valid UTF-8, because encodings on the
// way would quietly replace what is not, and hold no NUL, at which systems on
// the way end a text. Everything else in a value arrives as it is: line ends,
// quotes, "${…}".
func (r *Registry) Check(m Message) error {
	number := checkNumber(m.To)
	kind, faults := r.faults(m)
	if number == nil && faults == nil {
		return nil
	}
	reason := InvalidMessage
	if faults == nil {
		reason = InvalidNumber
	}
	if number != nil {
		faults = append([]error{number}, faults...)
	}
	return Refuse(Message{Key: m.Key, Kind: kind}, reason, joined(faults))
}

// CheckTemplate refuses values that the template called name could not carry:
// as Check does, for no number. It makes a Registry a Checker.
func (r *Registry) CheckTemplate(name string, p Params) error {
	e := r.find(name)
	if e == nil {
		return r.notFound(name)
	}
	if faults := e.faults(p); faults != nil {
		return Refuse(Message{Kind: e.kind()}, InvalidMessage, joined(faults))
	}
	return nil
}

func checkNumber(n Number) error {
	switch {
	case n == "":
		return errors.New("the message has no number: set To")
	case !n.Valid():
		return fmt.Errorf("the number (%d bytes) is not in E.164, \"+\" and 7 to 15 digits: ParseNumber makes one of what a person typed", len(n))
	}
	return nil
}

// faults gives what is wrong with m beside its number, and the kind that m has.
func (r *Registry) faults(m Message) (kind Kind, faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(m.Key) > MaxKey {
		fault("the key has %d bytes: at most %d", len(m.Key), MaxKey)
	}
	if what := untransportable(m.Key); what != "" {
		fault("the key %s", what)
	}
	if !m.Kind.known() {
		fault("there is no %v", m.Kind)
	}
	kind = m.Kind
	switch {
	case m.Template == "" && m.Body == "":
		fault("the message has neither a template nor a body: set one")
	case m.Template != "" && m.Body != "":
		fault("the message has both a template and a body: set one")
	case m.Body != "":
		faults = append(faults, bodyFaults(m)...)
	default:
		var more []error
		kind, more = r.templateFaults(m)
		faults = append(faults, more...)
	}
	if kind == International && m.To.Valid() && m.To.Region() == "CN" {
		fault("an international message goes to numbers outside mainland China only: use another kind of template there")
	}
	return kind, faults
}

func bodyFaults(m Message) (faults []error) {
	if len(m.Params) > 0 {
		faults = append(faults, errors.New("the message has params and a body: a body has no variables"))
	}
	if what := untransportable(m.Body); what != "" {
		faults = append(faults, fmt.Errorf("the body %s", what))
	}
	return faults
}

func (r *Registry) templateFaults(m Message) (kind Kind, faults []error) {
	e := r.find(m.Template)
	if e == nil {
		return m.Kind, []error{r.noSuch(m.Template)}
	}
	kind = e.kind()
	if m.Kind != 0 && m.Kind != kind {
		faults = append(faults, fmt.Errorf("the message is said to be a %v, and template %q is a %v: leave Kind empty", m.Kind, m.Template, kind))
	}
	return kind, append(faults, e.faults(m.Params)...)
}

// faults gives what is wrong with the values p for e's template.
func (e *entry) faults(p Params) (faults []error) {
	known := 0
	for i := range e.variables {
		v := &e.variables[i]
		value, ok := p[v.name]
		if ok {
			known++
		}
		switch {
		case !ok && v.Optional:
		case !ok:
			faults = append(faults, fmt.Errorf("template %q: a value for %q is missing", e.template.Name, v.name))
		default:
			faults = append(faults, e.valueFaults(v, value)...)
		}
	}
	if known < len(p) {
		faults = append(faults, e.unknown(p)...)
	}
	return faults
}

// unknown names the values that e's template has no variable for, each cut to
// what a name may be, for a value may have been given in a name's place.
func (e *entry) unknown(p Params) (faults []error) {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		switch {
		case slices.Contains(e.names, name):
		case len(faults) == maxNamed:
			return append(faults, fmt.Errorf("template %q has not all of the %d variables given", e.template.Name, len(p)))
		default:
			faults = append(faults, fmt.Errorf("template %q has no variable %s: it has %s", e.template.Name, quoted(name), list(e.names)))
		}
	}
	return faults
}

func (e *entry) valueFaults(v *limit, value string) (faults []error) {
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("template %q: the value of %q "+format, append([]any{e.template.Name, v.name}, args...)...))
	}
	if what := untransportable(value); what != "" {
		fault("%s", what)
		return faults
	}
	if e.template.Kind == Verification && !(value == "" && v.Optional) {
		switch {
		case value == "":
			fault("is empty: a verification code needs at least one letter or digit")
		case !alphanumeric(value):
			fault("holds something else than the letters A-Z, a-z and digits 0-9, which is all that vendors take in a verification code: use a notification template for such text")
		}
	}
	if v.MaxLen > 0 && length(value) > v.MaxLen {
		fault("has %d characters: at most %d", length(value), v.MaxLen)
	}
	if v.pattern != nil && !(value == "" && v.Optional) && !v.pattern.MatchString(value) {
		fault("does not match its pattern %s", v.Pattern)
	}
	return faults
}

// untransportable says what would not arrive as it is, and nothing where all would.
func untransportable(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	case strings.IndexByte(s, 0) >= 0:
		return "holds a NUL character"
	}
	return ""
}

func alphanumeric(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// joined puts several faults on one line, because an error is one; of none it is nil.
func joined(faults []error) error {
	switch len(faults) {
	case 0:
		return nil
	case 1:
		return faults[0]
	}
	return faultList(faults)
}

// A faultList reads "a; b; c".
type faultList []error

func (l faultList) Error() string {
	texts := make([]string, len(l))
	for i, err := range l {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// length counts characters as people do, near enough: code points.
func length(s string) int { return utf8.RuneCountInString(s) }
