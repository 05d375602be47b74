package sms

import (
	"maps"
	"slices"
)

// A Template is a text with variables under a name of ours, and what each
// provider calls it.
type Template struct {
	// Name is what Message.Template says.
	Name string `yaml:",name"`
	// Kind decides the rules for its values.
	Kind Kind `yaml:"kind" default:"notification" doc:"'verification', 'notification', 'promotion' or 'international'"`
	// Text is what the recipient reads: "Your code is ${code}." Its variables are
	// the template's variables.
	Text string `yaml:"text,text" default:"needed" doc:"what the recipient reads; '${name}' is a variable"`
	// Variables holds limits on variables of Text, where there are any.
	Variables map[string]Variable `yaml:"variables" default:"none" doc:"by variable: its limits"`
	// Bindings by configured provider name.
	Bindings map[string]Binding `yaml:"bindings" default:"none" doc:"by provider: how it is sent there"`
}

// A Variable is a limit on the values of one variable.
type Variable struct {
	// MaxLen is in characters. Zero: no limit of its own.
	MaxLen int `yaml:"max_len" default:"0" doc:"characters at the most; '0': any number"`
	// Pattern is a regular expression (RE2) that the whole value must match. Empty:
	// any value.
	Pattern string `yaml:"pattern" default:"any" doc:"RE2, of the whole value"`
	// Optional means that a value may be missing: it is then empty.
	Optional bool `yaml:"optional" default:"false" doc:"a message may lack it, and so may a vendor's own text"`
}

// A Binding is what one provider needs to send a template.
type Binding struct {
	// ID is the vendor's template.
	ID string `yaml:"id" default:"none" doc:"the vendor's template"`
	// Abroad is the vendor's template for numbers outside mainland China (Aliyun's
	// international ones). Empty there: Unsupported.
	Abroad string `yaml:"abroad" default:"none" doc:"the vendor's template for numbers outside mainland China"`
	// From is the vendor's sender for this template.
	From string `yaml:"from" default:"the provider's" doc:"the vendor's sender for this template"`
	// Text is the text where it differs from Template.Text.
	Text string `yaml:"text,text" default:"the template's" doc:"the text, where it differs"`
	// Order names the variables by position, for positional vendors.
	Order []string `yaml:"order" default:"none" doc:"a list: the variables by position, for vendors that count them"`
	// Extra holds that vendor's settings for this template, decoded strictly by
	// its provider.
	Extra map[string]string `yaml:"extra" default:"none" doc:"by name: the vendor's own settings for this template"`
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
