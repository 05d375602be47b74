package sms_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/notifykit/notify/sms"
)

func TestRegistry_Check_takes(t *testing.T) {
	r := shop(t)
	const to = "+8613800000000"
	for name, m := range map[string]sms.Message{
		"a code":                         login("482913"),
		"a code of letters":              login("aZ09"),
		"a code with its kind":           {To: to, Template: "login-code", Kind: sms.Verification, Params: sms.Params{"code": "1"}},
		"everything in a notification":   {To: to, Template: "order", Params: sms.Params{"name": "李 \"😀\"\n$", "number": "AB1", "note": "${name} 'x' \\ \t"}},
		"an optional one empty":          {To: to, Template: "order", Params: sms.Params{"name": "", "number": "AB1", "note": ""}},
		"a promotion":                    {To: to, Template: "sale"},
		"a promotion with empty params":  {To: to, Template: "sale", Params: sms.Params{}},
		"an international one abroad":    {To: "+85261234567", Template: "abroad", Params: sms.Params{"name": "x"}},
		"a body":                         {To: to, Body: "hello"},
		"a body with a kind":             {To: to, Body: "hello", Kind: sms.Promotion},
		"an international body abroad":   {To: "+15005550006", Body: "hello", Kind: sms.International},
		"the longest key":                {To: to, Body: "hello", Key: strings.Repeat("k", 255)},
		"as many characters as allowed":  {To: to, Template: "order", Params: sms.Params{"name": strings.Repeat("李", 10), "number": "AB1"}},
		"a verification template abroad": {To: "+85261234567", Template: "login-code", Params: sms.Params{"code": "1"}},
	} {
		if err := r.Check(m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRegistry_Check_refuses(t *testing.T) {
	r := shop(t)
	const to = "+8613800000000"
	order := func(name, number string) sms.Message {
		return sms.Message{To: to, Template: "order", Params: sms.Params{"name": name, "number": number}}
	}
	const alphanumeric = `template "login-code": the value of "code" holds something else than the letters A-Z, a-z and digits 0-9, which is all that vendors take in a verification code: use a notification template for such text`
	for _, c := range []struct {
		name string
		m    sms.Message
		want string
	}{
		{"neither template nor body", sms.Message{To: to}, "the message has neither a template nor a body: set one"},
		{"both template and body", sms.Message{To: to, Template: "sale", Body: "x"}, "the message has both a template and a body: set one"},
		{"params with a body", sms.Message{To: to, Body: "x", Params: sms.Params{"a": "secret"}}, "the message has params and a body: a body has no variables"},
		{"no such template", sms.Message{To: to, Template: "nobody"}, `there is no template "nobody": there are abroad, login-code, order, sale`},
		{"a code in Chinese", login("验证码"), alphanumeric},
		{"a code with a dash", login("482-913"), alphanumeric},
		{"a code with a blank", login("482 913"), alphanumeric},
		{"a code with an emoji", login("4😀"), alphanumeric},
		{"a code with full-width digits", login("４８２"), alphanumeric},
		{"a code with a line's end", login("482913\n"), alphanumeric},
		{"an empty code", login(""), `template "login-code": the value of "code" is empty: a verification code needs at least one letter or digit`},
		{"too long a code", login("123456789"), `template "login-code": the value of "code" has 9 characters: at most 8`},
		{"a value missing", sms.Message{To: to, Template: "login-code"}, `template "login-code": a value for "code" is missing`},
		{"a value too many", sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "1", "Code": "secret"}}, `template "login-code" has no variable "Code": it has code`},
		{"a value where there is none", sms.Message{To: to, Template: "sale", Params: sms.Params{"a": "secret"}}, `template "sale" has no variable "a": it has none`},
		{"too long a value, in characters", order(strings.Repeat("李", 11), "AB1"), `template "order": the value of "name" has 11 characters: at most 10`},
		{"against its pattern", order("x", "ab1"), `template "order": the value of "number" does not match its pattern [A-Z]{2}\d+`},
		{"a pattern holds for the whole value", order("x", "AB1 and secret"), `template "order": the value of "number" does not match its pattern [A-Z]{2}\d+`},
		{"a pattern holds across lines", order("x", "secret\nAB1"), `template "order": the value of "number" does not match its pattern [A-Z]{2}\d+`},
		{"a value that is not UTF-8", order("secret\xff", "AB1"), `template "order": the value of "name" is not valid UTF-8`},
		{"a value with a NUL", order("secret\x00", "AB1"), `template "order": the value of "name" holds a NUL character`},
		{"a body that is not UTF-8", sms.Message{To: to, Body: "secret\xff"}, "the body is not valid UTF-8"},
		{"a body with a NUL", sms.Message{To: to, Body: "secret\x00"}, "the body holds a NUL character"},
		{"another kind than the template's", sms.Message{To: to, Template: "sale", Kind: sms.Verification}, `the message is said to be a verification, and template "sale" is a promotion: leave Kind empty`},
		{"another kind than the unset one", sms.Message{To: to, Template: "order", Kind: sms.Promotion, Params: sms.Params{"name": "x", "number": "AB1"}},
			`the message is said to be a promotion, and template "order" is a notification: leave Kind empty`},
		{"a kind that does not exist", sms.Message{To: to, Body: "x", Kind: -1}, "there is no kind(-1)"},
		{"too long a key", sms.Message{To: to, Body: "x", Key: strings.Repeat("k", 256)}, "the key has 256 bytes: at most 255"},
		{"a key that is not UTF-8", sms.Message{To: to, Body: "x", Key: "\xff"}, "the key is not valid UTF-8"},
		{"an international one in mainland China", sms.Message{To: to, Template: "abroad", Params: sms.Params{"name": "x"}},
			"an international message goes to numbers outside mainland China only: use another kind of template there"},
		{"an international body in mainland China", sms.Message{To: to, Body: "x", Kind: sms.International},
			"an international message goes to numbers outside mainland China only: use another kind of template there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := r.Check(c.m)
			e, ok := errors.AsType[*sms.Error](err)
			if !ok {
				t.Fatalf("it passes: %v", err)
			}
			if want := "sms: invalid message: " + c.want; err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
			if e.Reason != sms.InvalidMessage || e.Outcome != sms.Rejected || e.Key != c.m.Key || e.Provider != "" {
				t.Errorf("%v, %v, key %q", e.Reason, e.Outcome, e.Key)
			}
			holdsNoValue(t, err, c.m)
		})
	}
}

// holdsNoValue demands that an error shows neither the number nor a value.
func holdsNoValue(t *testing.T, err error, m sms.Message) {
	t.Helper()
	text := fmt.Sprintf("%s|%+v|%#v|%q", err, err, err, err)
	if strings.Contains(text, "secret") || m.To != "" && strings.Contains(text, m.To.E164()) {
		t.Errorf("the error shows a value: %s", text)
	}
}

// A To that was written by hand must not become another message, nor two.
func TestRegistry_Check_number(t *testing.T) {
	r := shop(t)
	const wrong = `is not in E.164, "+" and 7 to 15 digits: ParseNumber makes one of what a person typed`
	for to, want := range map[sms.Number]string{
		"":                              "the message has no number: set To",
		"13800000000":                   "the number (11 bytes) " + wrong,
		"13800000000,13900000000":       "the number (23 bytes) " + wrong,
		"+8613800000000,+8613900000000": "the number (29 bytes) " + wrong,
		"+8613800000000\n":              "the number (15 bytes) " + wrong,
		"+86１３８００００００００":                "the number (36 bytes) " + wrong,
		"+123456":                       "the number (7 bytes) " + wrong,
	} {
		m := login("482913")
		m.To = to
		err := r.Check(m)
		if err == nil || err.Error() != "sms: invalid number: "+want || sms.OutcomeOf(err) != sms.Rejected {
			t.Errorf("%q\ngot  %v\nwant %s", to.E164(), err, want)
		}
		if err != nil {
			holdsNoValue(t, err, m)
		}
	}
}

func TestRegistry_Check_everyFaultAtOnce(t *testing.T) {
	r := shop(t)
	m := sms.Message{
		To: "13800000000", Template: "order", Kind: sms.Promotion, Key: strings.Repeat("k", 300),
		Params: sms.Params{"name": strings.Repeat("secret", 3), "extra": "secret", "Extra": "secret"},
	}
	err := r.Check(m)
	want := strings.Join([]string{
		`sms: invalid message: the number (11 bytes) is not in E.164, "+" and 7 to 15 digits: ParseNumber makes one of what a person typed`,
		`the key has 300 bytes: at most 255`,
		`the message is said to be a promotion, and template "order" is a notification: leave Kind empty`,
		`template "order": the value of "name" has 18 characters: at most 10`,
		`template "order": a value for "number" is missing`,
		`template "order" has no variable "Extra": it has name, number, note`,
		`template "order" has no variable "extra": it has name, number, note`,
	}, "; ")
	if err == nil || err.Error() != want {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
	if sms.ReasonOf(err) != sms.InvalidMessage || sms.KindOf(err) != sms.Notification {
		t.Errorf("%v, %v", sms.ReasonOf(err), sms.KindOf(err))
	}
	holdsNoValue(t, err, m)
}

// A thousand wrong names do not make an error of a thousand lines, and a value in
// a name's place is not told.
func TestRegistry_Check_namesAreBounded(t *testing.T) {
	p := sms.Params{"code": "1", strings.Repeat("secret", 20): "x"}
	for i := range 1000 {
		p[fmt.Sprint("n", i)] = "x"
	}
	err := shop(t).Check(sms.Message{To: "+8613800000000", Template: "login-code", Params: p})
	if err == nil || len(err.Error()) > 3000 || !strings.HasSuffix(err.Error(), `template "login-code" has not all of the 1002 variables given`) {
		t.Fatal(err)
	}
	delete(p, "code")
	err = shop(t).Check(sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": "1", strings.Repeat("secret", 20): "x"}})
	if err == nil || !strings.Contains(err.Error(), "has no variable by a name of 120 bytes: it has code") {
		t.Error(err)
	}
	holdsNoValue(t, err, sms.Message{})
}

func TestRegistry_CheckTemplate(t *testing.T) {
	var checker sms.Checker = shop(t)
	if err := checker.CheckTemplate("login-code", sms.Params{"code": "482913"}); err != nil {
		t.Error(err)
	}
	err := checker.CheckTemplate("login-code", sms.Params{"code": "4-8"})
	if sms.ReasonOf(err) != sms.InvalidMessage || sms.OutcomeOf(err) != sms.Rejected || sms.KindOf(err) != sms.Verification {
		t.Errorf("%v", err)
	}
	if err := checker.CheckTemplate("nobody", nil); sms.ReasonOf(err) != sms.InvalidMessage {
		t.Errorf("%v", err)
	}
}

// An optional variable of a verification may be left out, and is a code where it is given.
func TestRegistry_Check_optionalInVerification(t *testing.T) {
	r, err := sms.NewRegistry(sms.Template{Name: "t", Kind: sms.Verification, Text: "${code} ${more}", Variables: map[string]sms.Variable{"more": {Optional: true, Pattern: "[0-9]+"}}})
	if err != nil {
		t.Fatal(err)
	}
	for value, ok := range map[string]bool{"": true, "12": true, "a": false, "1-2": false} {
		if err := r.CheckTemplate("t", sms.Params{"code": "1", "more": value}); (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// Whatever the values, Check answers, and never shows one.
func FuzzRegistry_Check(f *testing.F) {
	f.Add("+8613800000000", "login-code", "code", "482913", "", 1)
	f.Add("13800000000", "order", "name", "李雷 and more", "", 0)
	f.Add("", "", "", "", "hello", 3)
	f.Fuzz(func(t *testing.T, to, template, name, value, body string, kind int) {
		const marked = "|value|"
		m := sms.Message{To: sms.Number(to), Template: template, Params: sms.Params{name: marked + value}, Body: body, Kind: sms.Kind(kind)}
		r := shop(t)
		err := r.Check(m)
		if err == nil {
			if text, err := r.Render(m, "aliyun"); err != nil {
				t.Fatalf("checked and not rendered: %q, %v", text, err)
			}
			return
		}
		if sms.OutcomeOf(err) != sms.Rejected {
			t.Fatal(err)
		}
		if strings.Contains(err.Error(), marked) && !strings.Contains(name+template, marked) {
			t.Fatalf("shows a value: %v", err)
		}
	})
}
