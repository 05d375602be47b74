package sms

import (
	"maps"
	"slices"
)

// A Template is a text with variables under a name of ours, and what each
// provider calls it.
type Template struct {
	// Name is what Message.Template says.
	Name string
	// Kind decides the rules for its values.
	Kind Kind
	// Text is what the recipient reads: "Your code is ${code}." Its variables are
	// the template's variables.
	Text string
	// Variables holds limits on variables of Text, where there are any.
	Variables map[string]Variable
	// Bindings by configured provider name.
	Bindings map[string]Binding
}

// A Variable is a limit on the values of one variable.
type Variable struct {
	MaxLen   int    // in characters; zero: no limit of its own
	Pattern  string // a regular expression (RE2) that the whole value has to match; empty: any
	Optional bool   // a value may be missing: it is then empty
}

// A Binding is what one provider needs to send a template.
type Binding struct {
	// ID is the vendor's template.
	ID string
	// Abroad is the vendor's template for numbers outside mainland China (Aliyun's
	// international ones). Empty there: Unsupported.
	Abroad string
	// From is the vendor's sender for this template; Text is the text where it
	// differs from Template.Text.
	From, Text string
	// Order names the variables by position, for positional vendors.
	Order []string
	// Extra holds that vendor's settings for this template, decoded strictly by
	// its provider.
	Extra map[string]string
}

// clone gives a copy that shares no map and no list with t.
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
