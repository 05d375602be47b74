package recipe

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const acme = `recipe: acme
endpoint: https://sms.acme.example
secrets: [key]
sign:
  sig: {md5: ["{secret.key}{to}"], as: hex}
request:
  path: /send
  json: {to: "{to}", text: "{text}", sig: "{sign.sig}"}
answer:
  format: json
  status: ignored
  accepted: {at: messages.*.status, is: ["0"]}
  id: messages.0.id
  code: messages.*.status
  codes:
    "1": {reason: throttled}
    "2": {reason: unavailable, outcome: unknown}
    "3": {reason: invalid_number}
    "4": {outcome: accepted}
`

func parse(t *testing.T, text string) *Recipe {
	t.Helper()
	r, err := Parse("acme.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Each fault names file, line and path, and the nearest word.
func TestParse_faults(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"unknown key":             {"endpoint:", "endpiont:", `acme.yaml:2: endpiont: there is no such key: did you mean "endpoint"?`},
		"unknown placeholder":     {"{text}", "{txt}", `acme.yaml:8: request.json.text: there is no placeholder {txt}: did you mean "text"?`},
		"unquoted":                {`"{to}", text`, `{to}, text`, "put quotes around"},
		"two braces":              {"{text}", "{{text}}", "would be literal text"},
		"optional beside":         {`"{text}"`, `"{from?}{text}"`, "would be left out"},
		"environment":             {`"{text}"`, `"${TEXT}"`, "environment variable"},
		"octal":                   {`"{text}"`, `007`, "put quotes around a text"},
		"no status":               {"  status: ignored\n", "", "answer.status: it is missing"},
		"unused secret":           {"secrets: [key]", "secrets: [key, other]", `"other" is not used`},
		"unknown secret":          {"{secret.key}", "{secret.kye}", `there is no secret "kye"`},
		"unused signature":        {`, sig: "{sign.sig}"`, "", "sign.sig: it is not used"},
		"a cycle":                 {"{secret.key}{to}", "{secret.key}{body}", "needs itself"},
		"a sorted cycle":          {`md5: ["{secret.key}{to}"]`, `md5: {sorted: json, after: "{secret.key}"}`, "needs itself"},
		"idempotency":             {"  path: /send", "  path: /send\n  headers: {idempotency-key: \"{key}\"}", "would repeat"},
		"text in a header":        {"  path: /send", "  path: /send\n  headers: {X-Text: \"{text}\"}", "{text} cannot stand here"},
		"host":                    {"  path: /send", "  path: /send\n  headers: {Host: a}", "cannot set the header Host"},
		"placeholder in host":     {"https://sms", "https://{to}", "without placeholders"},
		"query in path":           {"path: /send", "path: /send?a=b", "it must have no query"},
		"national":                {`{to: "{to}"`, `{to: "{to.national}"`, "set regions"},
		"absent alone":            {`{at: messages.*.status, is: ["0"]}`, "{absent: error}", "absent alone"},
		"two stars":               {"messages.*.status, is", "messages.*.*, is", "more than one"},
		"a reason":                {"reason: throttled", "reason: throtled", `did you mean "throttled"?`},
		"a value makes a name":    {`{to: "{to}"`, `{"{text}": "{to}"`, "a value never makes a name"},
		"values without a form":   {`"{text}"`, `"{values}"`, "needs a form"},
		"a form of a text":        {`"{text}"`, `"{text:list}"`, "only {values} is a list"},
		"adjacent in a request":   {`"{text}"`, `"{from}{text}"`, "need a text between them"},
		"adjacent":                {"format: json\n  status", "format: text\n  patterns: [\"{id}{code}\"]\n  status", "need a text between them"},
		"twice":                   {"endpoint:", "recipe: acme\nendpoint:", "the name comes twice"},
		"an alias":                {`"{text}"`, "*x", "no YAML"},
		"two documents":           {"endpoint:", "---\nendpoint:", "more than one document"},
		"no number":               {`"{to}", text`, `"1", text`, "it has no number"},
		"no text":                 {`"{text}"`, `"x"`, "neither {text} nor {template}"},
		"an unknown time":         {`"{text}"`, `"{text}", t: "{time.stmp}"`, `there is no time "stmp"`},
		"a hash":                  {"md5:", "md4:", `did you mean "md5"?`},
		"basic and Authorization": {"  path: /send", "  path: /send\n  bearer: \"{secret.key}\"\n  headers: {Authorization: x}", "exclude each other"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(acme, test.old, test.new, 1)
			if changed == acme {
				t.Fatal("nothing was changed")
			}
			_, err := Parse("acme.yaml", []byte(changed), nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, and should hold %q", err, test.want)
			}
			if fault, ok := errors.AsType[*Fault](err); !ok || fault.File != "acme.yaml" {
				t.Errorf("it is no Fault of the file: %v", err)
			}
		})
	}
}

// With several entries the outcome is Unknown unless all agree.
func TestJudge_entries(t *testing.T) {
	r := parse(t, acme)
	for body, want := range map[string]sms.Outcome{
		`{"messages":[{"status":"0","id":"a"}]}`:                sms.Accepted,
		`{"messages":[{"status":"0","id":"a"},{"status":0}]}`:   sms.Accepted,
		`{"messages":[{"status":"0","id":"a"},{"status":"1"}]}`: sms.Unknown,
		`{"messages":[{"status":"1"},{"status":"0","id":"a"}]}`: sms.Unknown,
		`{"messages":[{"status":"1"},{"status":"3"}]}`:          sms.Rejected,
		`{"messages":[{"status":"1"},{"status":"2"}]}`:          sms.Unknown,
		`{"messages":[{"status":"1"},{"status":"77"}]}`:         sms.Unknown,
		`{"messages":[]}`: sms.Unknown,
		`{"messages":[{"status":"0","status":"0"}]}`:                 sms.Unknown,
		`{"messages":[{"status":"4"}]}`:                              sms.Accepted,
		`{"messages":[{"status":"-0"}]}`:                             sms.Unknown,
		`{"messages":{"status":"0"}}`:                                sms.Unknown,
		`{"a":{"messages":[{"status":"0"}]},"messages":[{"x":"0"}]}`: sms.Unknown,
	} {
		if got := r.Judge(kit.Answer{Status: 200, Body: []byte(body)}, nil); got.Outcome != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
}

// FuzzScan compares the scanner with encoding/json: it takes the same documents, but
// for depth, and finds the same text.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"x\u00e9\ud83d\ude00"}],"c":null}`, `[]`, `-0.1e+5`, `"\x"`, "{\"a\":\"\xff\"}", `{"a":{"b":"1"}}`, `{"a":1,"a":2}`} {
		f.Add(s)
	}
	p := path{"a", "b"}
	want := &trie{}
	want.add(p, 0)
	f.Fuzz(func(t *testing.T, s string) {
		out := make([]found, 1)
		err := scanJSON([]byte(s), want, out)
		if strings.HasPrefix(s, "\ufeff") {
			return
		}
		if valid := json.Valid([]byte(s)); valid != (err == nil) && strings.Count(s, "{")+strings.Count(s, "[") <= maxDepth {
			t.Fatalf("valid is %v, and the scanner says %v", valid, err)
		}
		if err != nil || out[0].state != scalar {
			return
		}
		var decoded struct {
			A struct {
				B any `json:"b"`
			} `json:"a"`
		}
		if utf8.ValidString(s) && json.Unmarshal([]byte(s), &decoded) == nil {
			if text, ok := decoded.A.B.(string); ok && text != out[0].text && !strings.Contains(strings.ToLower(s), `"A`) {
				t.Errorf("%q, want %q", out[0].text, text)
			}
		}
	})
}

// FuzzParse parses hostile recipes, and fills and judges with what it takes.
func FuzzParse(f *testing.F) {
	f.Add(acme, "hello")
	f.Add(strings.Replace(acme, "json: {", "form: {", 1), "a&b")
	f.Add(strings.Replace(acme, "json: {to", "xml: {r: {to", 1)+"}", "]]>")
	f.Fuzz(func(t *testing.T, data, message string) {
		r, err := Parse("fuzz.yaml", []byte(data), nil)
		if err != nil {
			return
		}
		in := Input{To: "+8613812345678", Text: message, Key: "k", From: "ACME", Endpoint: "https://x.example", Secrets: map[string]string{"key": "s"}, Settings: r.Defaults()}
		if q, err := r.Request(in); err == nil && r.send.bodyKind == "json" && !json.Valid([]byte(q.Body)) {
			t.Errorf("the body is no JSON: %q", q.Body)
		}
		r.Judge(kit.Answer{Status: 200, Body: []byte(message)}, nil)
		r.Test()
	})
}
