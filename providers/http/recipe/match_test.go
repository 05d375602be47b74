package recipe

import (
	"slices"
	"strings"
	"testing"
)

// A placeholder takes as little as possible, and as much as is needed.
func TestMatchText(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		values        []string // nil: no match
	}{
		{`Success "{id}"`, `Success "abc"`, []string{"abc"}},
		{`Error "{words}"`, `Error "no "user" foo"`, []string{`no "user" foo`}}, // the words hold the mark behind them
		{`Error "{words}"`, `Error "cut`, nil},
		{"{code}: {words}", "3: Queued: later", []string{"3", "Queued: later"}},
		{"{id},{words};", "754,a;b;", []string{"754", "a;b"}},
		{"OK {id}", "OK ", []string{""}},
		{"OK {id}", "ERR 1", nil},
		{"{{{id}}}", "{7}", []string{"7"}},
		{"{id}{code}", "12", nil},
	} {
		p, err := parseText(test.pattern, 1)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := matchText(p, test.text)
		if ok != (test.values != nil) || ok && !slices.Equal(got.values, test.values) {
			t.Errorf("%s on %q: %q, %v; want %q", test.pattern, test.text, got.values, ok, test.values)
		}
	}
	long := strings.Repeat(",", 1<<16)
	if _, ok := matchText(text{parts: []part{{name: "id"}, {literal: ","}, {name: "words"}, {literal: "x"}}}, long); ok {
		t.Error("it matches")
	}
}
