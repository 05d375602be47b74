package sms_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/notifykit/notify/sms"
)

func TestNewRegistry_refuses(t *testing.T) {
	vars := func(name string, v sms.Variable) map[string]sms.Variable { return map[string]sms.Variable{name: v} }
	bind := func(name string, b sms.Binding) map[string]sms.Binding { return map[string]sms.Binding{name: b} }
	for _, c := range []struct {
		name     string
		template sms.Template
		want     string
	}{
		{"no name", sms.Template{Text: "a"}, `template number 1: it has no name: Message.Template needs one`},
		{"no text", sms.Template{Name: "t"}, `template "t": it has no text: variables and length are checked against it, also where the vendor holds the template`},
		{"a kind that does not exist", sms.Template{Name: "t", Text: "a", Kind: 9}, `template "t": there is no kind(9)`},
		{"a promotion with variables", sms.Template{Name: "t", Kind: sms.Promotion, Text: "${a} ${b}"},
			`template "t": a promotion has no variables, and its text has ${a}, ${b}: use a notification, or write the text out`},
		{"a variable never closed", sms.Template{Name: "t", Text: "Hello ${name"}, `template "t": text: a "${" is never closed: write ${name}`},
		{"a variable without a name", sms.Template{Name: "t", Text: "Hello ${}"}, `template "t": text: ${} is no variable: a name is letters, digits and underscores, not a digit first`},
		{"a variable with a digit first", sms.Template{Name: "t", Text: "${1a}"}, `template "t": text: ${1a} is no variable: a name is letters, digits and underscores, not a digit first`},
		{"a variable in a variable", sms.Template{Name: "t", Text: "${a${b}}"}, `template "t": text: ${a${b} is no variable: a name is letters, digits and underscores, not a digit first`},
		{"two wrong variables", sms.Template{Name: "t", Text: "${a b} ${c-d}"},
			`template "t": text: ${a b} is no variable: a name is letters, digits and underscores, not a digit first; ${c-d} is no variable: a name is letters, digits and underscores, not a digit first`},
		{"text that is not UTF-8", sms.Template{Name: "t", Text: "a\xff"}, `template "t": text: it is not valid UTF-8`},
		{"text with a NUL", sms.Template{Name: "t", Text: "a\x00"}, `template "t": text: it holds a NUL character`},
		{"a limit of no variable", sms.Template{Name: "t", Text: "a", Variables: vars("code", sms.Variable{})}, `template "t": variable "code": the text has no ${code}`},
		{"a negative limit", sms.Template{Name: "t", Text: "${a}", Variables: vars("a", sms.Variable{MaxLen: -1})}, `template "t": variable "a": max_len is negative: 0 means no limit`},
		{"a pattern that is none", sms.Template{Name: "t", Text: "${a}", Variables: vars("a", sms.Variable{Pattern: "("})},
			"template \"t\": variable \"a\": pattern: error parsing regexp: missing closing ): `(`"},
		{"a pattern that leaves its brackets", sms.Template{Name: "t", Text: "${a}", Variables: vars("a", sms.Variable{Pattern: "a)|(b"})},
			"template \"t\": variable \"a\": pattern: error parsing regexp: unexpected ): `a)|(b`"},
		{"a binding without a name", sms.Template{Name: "t", Text: "a", Bindings: bind("", sms.Binding{ID: "1"})},
			`template "t": binding "": it has no name: a binding is called as its provider is configured`},
		{"a binding's text with another variable", sms.Template{Name: "t", Text: "${a}", Bindings: bind("p", sms.Binding{Text: "${b}"})},
			`template "t": binding "p": text: ${b} is no variable of the template's own text`},
		{"a binding's text that is wrong", sms.Template{Name: "t", Text: "${a}", Bindings: bind("p", sms.Binding{Text: "${"})},
			`template "t": binding "p": text: a "${" is never closed: write ${name}`},
		{"an order of another variable", sms.Template{Name: "t", Text: "${a}", Bindings: bind("p", sms.Binding{Order: []string{"a", "b"}})},
			`template "t": binding "p": order: "b" is no variable of the template's text`},
		{"an order that names one twice", sms.Template{Name: "t", Text: "${a}", Bindings: bind("p", sms.Binding{Order: []string{"a", "a"}})},
			`template "t": binding "p": order: "a" stands there twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := sms.NewRegistry(c.template)
			if r != nil || err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestNewRegistry_tellsEverythingAtOnce(t *testing.T) {
	_, err := sms.NewRegistry(
		sms.Template{Name: "a", Text: "fine"},
		sms.Template{Name: "a", Text: "${"},
		sms.Template{},
		sms.Template{},
		sms.Template{
			Name: "b", Kind: 9, Text: "${x}", Variables: map[string]sms.Variable{"x": {MaxLen: -1}, "y": {}},
			Bindings: map[string]sms.Binding{"q": {Order: []string{"z"}}, "p": {Text: "${w}"}},
		},
	)
	want := strings.Join([]string{
		`template "a": text: a "${" is never closed: write ${name}`,
		`template "a": the name is taken by an earlier template`,
		`template number 3: it has no name: Message.Template needs one`,
		`template number 3: it has no text: variables and length are checked against it, also where the vendor holds the template`,
		`template number 4: it has no name: Message.Template needs one`,
		`template number 4: it has no text: variables and length are checked against it, also where the vendor holds the template`,
		`template "b": there is no kind(9)`,
		`template "b": variable "x": max_len is negative: 0 means no limit`,
		`template "b": variable "y": the text has no ${y}`,
		`template "b": binding "p": text: ${w} is no variable of the template's own text`,
		`template "b": binding "q": order: "z" is no variable of the template's text`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestRegistry_Lookup(t *testing.T) {
	r := shop(t)
	tmpl, err := r.Lookup("login-code")
	if err != nil || tmpl.Name != "login-code" || tmpl.Kind != sms.Verification || tmpl.Bindings["aliyun"].Abroad != "SMS_2" || tmpl.Variables["code"].MaxLen != 8 {
		t.Errorf("%+v, %v", tmpl, err)
	}
	for _, c := range []struct {
		registry   *sms.Registry
		name, want string
	}{
		{r, "login", `sms: invalid message: there is no template "login": there are abroad, login-code, order, sale`},
		{r, strings.Repeat("x", 65), `sms: invalid message: there is no template by a name of 65 bytes: there are abroad, login-code, order, sale`},
		{nil, "login", `sms: invalid message: there is no template "login": no templates are registered`},
	} {
		_, err := c.registry.Lookup(c.name)
		if err == nil || err.Error() != c.want || sms.ReasonOf(err) != sms.InvalidMessage || sms.OutcomeOf(err) != sms.Rejected {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestRegistry_namesAtMostTwenty(t *testing.T) {
	var many []sms.Template
	for i := range 25 {
		many = append(many, sms.Template{Name: string(rune('a' + i)), Text: "x"})
	}
	r, err := sms.NewRegistry(many...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Lookup("nobody"); err == nil || !strings.HasSuffix(err.Error(), "s, t and 5 more") {
		t.Error(err)
	}
}

func TestRegistry_asked(t *testing.T) {
	r := shop(t)
	var names []string
	for tmpl := range r.All() {
		names = append(names, tmpl.Name)
	}
	if want := []string{"abroad", "login-code", "order", "sale"}; !slices.Equal(names, want) {
		t.Errorf("All gives %v, want %v", names, want)
	}
	for range r.All() {
		break // an iterator that is left does not go on
	}
	for name, want := range map[string]sms.Kind{"login-code": sms.Verification, "order": sms.Notification, "sale": sms.Promotion, "abroad": sms.International, "none": 0} {
		if got := r.Kind(name); got != want {
			t.Errorf("the kind of %s is %v, want %v", name, got, want)
		}
	}
	if got := r.Variables("order"); !slices.Equal(got, []string{"name", "number", "note"}) {
		t.Errorf("variables %v", got)
	}
	if got := r.Variables("none"); got != nil {
		t.Errorf("variables of no template: %v", got)
	}
}

func TestRegistry_nilHasNoTemplates(t *testing.T) {
	var r *sms.Registry
	for range r.All() {
		t.Error("a template")
	}
	if r.Kind("a") != 0 || r.Variables("a") != nil || r.CheckTemplate("a", nil) == nil {
		t.Error("a nil Registry knows a template")
	}
	if err := r.Check(sms.Message{To: "+8613800000000", Body: "hello"}); err != nil {
		t.Errorf("a body needs no template: %v", err)
	}
	if err := r.Check(sms.Message{To: "+8613800000000", Template: "a"}); sms.ReasonOf(err) != sms.InvalidMessage {
		t.Errorf("a template: %v", err)
	}
	if text, err := r.Render(sms.Message{Body: "hello"}, "p"); err != nil || text != "hello" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := r.Render(sms.Message{Template: "a"}, "p"); sms.ReasonOf(err) != sms.InvalidMessage {
		t.Errorf("%v", err)
	}
}

// Whoever changes what was given or returned changes no Registry.
func TestRegistry_isImmutable(t *testing.T) {
	given := sms.Template{
		Name: "t", Text: "${a} ${b}", Variables: map[string]sms.Variable{"a": {MaxLen: 1}},
		Bindings: map[string]sms.Binding{"p": {ID: "1", Text: "${b}", Order: []string{"a", "b"}, Extra: map[string]string{"x": "1"}}},
	}
	list := []sms.Template{given}
	r, err := sms.NewRegistry(list...)
	if err != nil {
		t.Fatal(err)
	}
	want, err := r.Lookup("t")
	if err != nil {
		t.Fatal(err)
	}
	spoil := func(tmpl sms.Template) {
		tmpl.Variables["a"] = sms.Variable{MaxLen: 9}
		tmpl.Bindings["p"].Order[0] = "spoilt"
		tmpl.Bindings["p"].Extra["x"] = "spoilt"
		tmpl.Bindings["p"] = sms.Binding{ID: "spoilt"}
		delete(tmpl.Variables, "a")
	}
	spoil(given)
	list[0].Name = "spoilt"
	for tmpl := range r.All() {
		spoil(tmpl)
	}
	r.Variables("t")[0] = "spoilt"
	got, err := r.Lookup("t")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	spoil(got)
	if again, err := r.Lookup("t"); err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("what Lookup gave was the Registry's own: %+v, %v", again, err)
	}
	if err := r.CheckTemplate("t", sms.Params{"a": "12", "b": ""}); err == nil {
		t.Error("the limit is gone")
	}
}

func TestRegistry_byManyGoroutines(t *testing.T) {
	r := shop(t)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for range 50 {
				if err := r.Check(login("482913")); err != nil {
					t.Error(err)
				}
				if text, err := r.Render(login("482913"), "other"); err != nil || text != "Code: 482913" {
					t.Errorf("%q, %v", text, err)
				}
				if _, err := r.Lookup("order"); err != nil {
					t.Error(err)
				}
				if err := r.Check(login("")); err == nil {
					t.Error("an empty code passes")
				}
				for range r.All() {
				}
			}
		})
	}
	all.Wait()
}

func TestRegistry_Render(t *testing.T) {
	r := shop(t)
	order := func(note string) sms.Message {
		p := sms.Params{"name": "Li \"Lei\"\n${number}", "number": "AB1"}
		if note != "" {
			p["note"] = note
		}
		return sms.Message{Template: "order", Params: p}
	}
	for _, c := range []struct {
		name     string
		m        sms.Message
		provider string
		want     string
	}{
		{"the template's text", login("482913"), "aliyun", "Your code is 482913."},
		{"a provider without a binding", login("482913"), "nobody", "Your code is 482913."},
		{"the binding's own text", login("482913"), "other", "Code: 482913"},
		{"values are data", order("$${name}"), "p", "Dear Li \"Lei\"\n${number}, your order AB1 has left. $${name}"},
		{"an optional one missing", order(""), "p", "Dear Li \"Lei\"\n${number}, your order AB1 has left. "},
		{"no variables", sms.Message{Template: "sale"}, "p", "All is cheaper today."},
		{"a body", sms.Message{Body: "free ${text}"}, "p", "free ${text}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := r.Render(c.m, c.provider)
			if err != nil || got != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
	_, err := r.Render(sms.Message{Template: "order", Key: "k", Params: sms.Params{"name": "x"}}, "p")
	e, ok := errors.AsType[*sms.Error](err)
	if want := `sms: invalid message: template "order": a value for "number" is missing`; !ok || err.Error() != want || e.Kind != sms.Notification || e.Key != "k" {
		t.Errorf("a value missing: %v", err)
	}
}

func TestRegistry_Render_dollars(t *testing.T) {
	r, err := sms.NewRegistry(sms.Template{Name: "t", Text: "$5 for $${a}$ {b} $"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Render(sms.Message{Template: "t", Params: sms.Params{"a": "X"}}, ""); err != nil || got != "$5 for $X$ {b} $" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRegistry_allocations(t *testing.T) {
	r, m := shop(t), login("482913")
	order := sms.Message{To: "+8613800000000", Template: "order", Params: sms.Params{"name": "Li", "number": "AB1"}, Key: "k"}
	for name, c := range map[string]struct {
		most float64
		f    func()
	}{
		"Render":              {1, func() { _, _ = r.Render(m, "aliyun") }},
		"Render of a binding": {1, func() { _, _ = r.Render(m, "other") }},
		"Check":               {0, func() { _ = r.Check(m) }},
		"Check of three":      {0, func() { _ = r.Check(order) }},
		"CheckTemplate":       {0, func() { _ = r.CheckTemplate("login-code", m.Params) }},
		"Kind":                {0, func() { _ = r.Kind("order") }},
	} {
		if n := testing.AllocsPerRun(100, c.f); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", name, n, c.most)
		}
	}
}

// Rendering is the same as putting one value after the other in its place.
func FuzzRegistry_Render(f *testing.F) {
	f.Add("Your code is ${code}.", "482913", "x")
	f.Add("${a}${b}${a}", "${b}", "$")
	f.Add("$${a}", "${", "}")
	f.Add("${", "", "")
	f.Fuzz(func(t *testing.T, text, a, b string) {
		r, err := sms.NewRegistry(sms.Template{Name: "t", Text: text})
		if err != nil {
			return
		}
		p := sms.Params{}
		for i, name := range r.Variables("t") {
			p[name] = []string{a, b}[i%2]
		}
		got, err := r.Render(sms.Message{Template: "t", Params: p}, "")
		if err != nil {
			t.Fatal(err)
		}
		want, rest := "", text
		for {
			before, after, ok := strings.Cut(rest, "${")
			want += before
			if !ok {
				break
			}
			name, behind, _ := strings.Cut(after, "}")
			value, known := p[name]
			if !known {
				t.Fatalf("%q: ${%s} is not among %v", text, name, r.Variables("t"))
			}
			want, rest = want+value, behind
		}
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}
