package smstest

import (
	"io"
	"reflect"
	"slices"

	"github.com/notifykit/notify/sms"
)

// An ability is one interface that a Sender may implement, and what reports it.
type ability struct {
	name string
	kind reflect.Type
	of   func(sms.Abilities) bool // nil: sms.Abilities does not hold it
}

var abilities = []ability{
	{"sms.Finder", reflect.TypeFor[sms.Finder](), func(a sms.Abilities) bool { return a.Find }},
	{"sms.Previewer", reflect.TypeFor[sms.Previewer](), func(a sms.Abilities) bool { return a.Preview }},
	{"sms.Checker", reflect.TypeFor[sms.Checker](), func(a sms.Abilities) bool { return a.CheckTemplate }},
	{"sms.Inspector", reflect.TypeFor[sms.Inspector](), func(a sms.Abilities) bool { return a.Inspect }},
	{"sms.Lister", reflect.TypeFor[sms.Lister](), func(a sms.Abilities) bool { return a.ListTemplates }},
	{"sms.Trier", reflect.TypeFor[sms.Trier](), func(a sms.Abilities) bool { return a.Try }},
	{"sms.Looker", reflect.TypeFor[sms.Looker](), func(a sms.Abilities) bool { return a.Look }},
	{"sms.Locator", reflect.TypeFor[sms.Locator](), nil},
	{"io.Closer", reflect.TypeFor[io.Closer](), nil},
}

// checkAbilities looks for abilities that the Sender lacks and should have: those that
// the test names, those that its own Can reports, and those of a Sender in one of its
// fields.
func checkAbilities(t *trial) {
	s := t.accepting().Sender
	if _, ok := s.(sms.SenderFunc); ok && t.Local == nil {
		t.faultf("New returned a %T, as sms.Wrap and sms.Chain do. A function has no abilities, no Close and no Destination: return the provider itself, and put middleware around it in notify.ProviderConfig.Middleware", s)
		return
	}
	can := sms.AbilitiesOf(s)
	has := reflect.TypeOf(s)
	for _, a := range abilities {
		switch {
		case a.of == nil:
		case a.of(t.Abilities) && !a.of(can):
			t.faultf("Provider.Abilities names %s, and a %T cannot do that", a.name, s)
		case a.of(can) && !has.Implements(a.kind):
			t.faultf("Can reports %s, and a %T does not implement it", a.name, s)
		}
	}
	_, chosen := s.(interface{ Can() sms.Abilities }) // it says itself what it can do
	for _, inner := range sendersIn(reflect.ValueOf(s)) {
		for _, a := range abilities {
			if inner.Implements(a.kind) && !has.Implements(a.kind) && (a.of == nil || !chosen) {
				t.faultf("a %T holds a %v, which implements %s, and does not implement it itself: embed the provider, or add the method", s, inner, a.name)
			}
		}
	}
}

// sendersIn returns the types of the Senders in the fields of v, and in theirs, each
// once.
func sendersIn(v reflect.Value) (types []reflect.Type) {
	const deepest = 4 // wrappers in wrappers; a Sender may hold itself
	var look func(v reflect.Value, depth int)
	look = func(v reflect.Value, depth int) {
		for (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && !v.IsNil() {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct || depth == deepest {
			return
		}
		for _, field := range v.Fields() {
			if field.Kind() == reflect.Interface && !field.IsNil() {
				field = field.Elem()
			}
			if !field.Type().Implements(reflect.TypeFor[sms.Sender]()) {
				continue
			}
			if !slices.Contains(types, field.Type()) {
				types = append(types, field.Type())
			}
			look(field, depth+1)
		}
	}
	look(v, 0)
	return types
}
