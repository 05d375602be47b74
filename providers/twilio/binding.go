package twilio

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// maxVariable is the longest name of a content template's variable, in
// characters (Twilio's documentation of content variables).
const maxVariable = 16

// A binding is what this provider needs to send one template, made ready by New.
type binding struct {
	content, abroad string // content templates; empty: the text is the Body
	hasAbroad       bool
	variables       []variable // of the content template
	extra           extra
}

// A variable has a name of ours and one of the content template's.
type variable struct{ ours, theirs string }

// extra is what Binding.Extra may set; a nil pointer or zero leaves it to Twilio.
type extra struct {
	smartEncoded, shortenURLs                     *bool
	riskCheck, contentRetention, addressRetention string
	validity                                      int // seconds; 0: not set
}

// newBinding checks what the registry says about this provider.
func newBinding(from sms.Binding, variables []string, path string, f *kit.Faults) *binding {
	b := &binding{
		content:   contentSID(from.ID, path+".id", f),
		abroad:    contentSID(from.Abroad, path+".abroad", f),
		hasAbroad: from.Abroad != "",
		extra:     newExtra(from.Extra, path+".extra", f),
	}
	if b.content == "" && b.abroad == "" {
		return b
	}
	for i, name := range from.Order {
		b.variables = append(b.variables, variable{name, strconv.Itoa(i + 1)})
	}
	if len(from.Order) > 0 {
		return b
	}
	for _, name := range variables {
		if len(name) > maxVariable {
			f.Add(path+".order", "variable %q has %d characters, and a content template's at most %d: give the order, and they are called \"1\", \"2\" and so on",
				name, len(name), maxVariable)
		}
		b.variables = append(b.variables, variable{name, name})
	}
	return b
}

// contentSID returns id where it is a content template's, and "" where it is
// something else.
func contentSID(id, path string, f *kit.Faults) string {
	if !strings.HasPrefix(id, "HX") {
		return ""
	}
	if !isSID(id, "HX") {
		f.Add(path, "a content template is HX and 32 hexadecimal digits, and this has %d characters", len(id))
	}
	return id
}

// contentFor gives the content template for a number; "" where the text is to be
// sent as the Body.
func (b *binding) contentFor(to sms.Number) string {
	if b == nil {
		return ""
	}
	if b.hasAbroad && to.Region() != "CN" {
		return b.abroad
	}
	return b.content
}

// contentVariables writes the values of m as the JSON object that Twilio takes;
// "" where the content template has no variables.
func (b *binding) contentVariables(m sms.Message) (string, error) {
	if len(b.variables) == 0 {
		return "", nil
	}
	values := make(map[string]string, len(b.variables))
	for _, v := range b.variables {
		value := m.Params[v.ours]
		if value == "" {
			return "", kit.InvalidMessage("template %q: the value of %q is empty, and Twilio takes no empty value in a content template", m.Template, v.ours)
		}
		values[v.theirs] = value
	}
	text, err := json.Marshal(values)
	if err != nil {
		return "", sms.Refuse(m, sms.Internal, fmt.Errorf("template %q: its values cannot be written as JSON", m.Template))
	}
	return string(text), nil
}

// settings are the keys of Binding.Extra. A setter returns what the value has to
// be, where it is not.
var settings = map[string]func(e *extra, value string) (want string){
	"smart_encoded":     func(e *extra, v string) string { return setBool(&e.smartEncoded, v) },
	"shorten_urls":      func(e *extra, v string) string { return setBool(&e.shortenURLs, v) },
	"risk_check":        func(e *extra, v string) string { return setWord(&e.riskCheck, v, "enable", "disable") },
	"content_retention": func(e *extra, v string) string { return setWord(&e.contentRetention, v, "retain", "discard") },
	"address_retention": func(e *extra, v string) string { return setWord(&e.addressRetention, v, "retain", "obfuscate") },
	"validity_period": func(e *extra, v string) string {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxValidity {
			return fmt.Sprintf("a number of seconds, 1 to %d", maxValidity)
		}
		e.validity = n
		return ""
	},
}

func newExtra(from map[string]string, path string, f *kit.Faults) extra {
	var e extra
	for _, key := range slices.Sorted(maps.Keys(from)) {
		set, ok := settings[key]
		if !ok {
			f.Add(path+"."+key, "there is no such key: there are %s", strings.Join(slices.Sorted(maps.Keys(settings)), ", "))
			continue
		}
		if want := set(&e, from[key]); want != "" {
			f.Add(path+"."+key, "it is %q and has to be %s", from[key], want)
		}
	}
	return e
}

func setBool(to **bool, value string) string {
	if value != "true" && value != "false" {
		return "true or false"
	}
	*to = new(value == "true")
	return ""
}

func setWord(to *string, value, one, other string) string {
	if value != one && value != other {
		return one + " or " + other
	}
	*to = value
	return ""
}
