package smstest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/notifykit/notify/sms"
)

func checkRefused(t *trial) {
	var err error
	if t.Session != nil {
		err = sessionRefused(t)
	} else {
		_, err = t.send(t.open(t.serve(t.Refuse).URL), t.code())
	}
	e := t.ended(err, "a refusal", sms.Rejected)
	if e != nil && slices.Contains([]sms.Reason{sms.Canceled, sms.Internal, sms.Expired}, e.Reason) {
		t.faultf("the vendor's refusal has the reason %q, which is not the vendor's to give: %v", string(e.Reason), err)
	}
	if t.Session != nil {
		return
	}
	// The same answer with single fields of another type than ever seen: vendors do
	// so, and decoders fall over it.
	c := t.changing()
	for what, body := range t.variants(t.Refuse) {
		c.answer = func(w http.ResponseWriter, r *http.Request) { replay(w, r, t.Refuse, body) }
		if _, err := t.send(c, t.code()); err == nil {
			t.faultf("a refusal with %s was taken for an acceptance", what)
		}
	}
}

// anyCode returns a code that can be answered if Codes has none.
func (t *trial) anyCode() string {
	if t.Session != nil {
		return t.Session.Refusal
	}
	return "NO_SUCH_CODE_17"
}

func checkError(t *trial) {
	code := t.anyCode()
	if len(t.Codes) > 0 {
		code = slices.Min(slices.Collect(maps.Keys(t.Codes)))
	}
	s := t.answering(code, "not today")
	look := func(m sms.Message, when string) string {
		_, err := t.send(s, m)
		e := sms.AsError(err)
		if e == nil {
			t.faultf("%s: it was accepted, and the vendor answered %q", when, code)
			return ""
		}
		if e.Provider != Name {
			t.faultf("%s: Error.Provider is %q, and the configured name is %q", when, e.Provider, Name)
		}
		if e.Key == "" || m.Key != "" && e.Key != m.Key {
			t.faultf("%s: Error.Key is %q, and the message's was %q", when, e.Key, m.Key)
		}
		if want := t.registry.Kind(m.Template); e.Kind != want {
			t.faultf("%s: Error.Kind is %v, and the template is a %v", when, e.Kind, want)
		}
		return e.Key
	}
	look(t.code(), "a message with a key")
	look(sms.Message{To: t.To, Template: Notice, Params: sms.Params{"name": "Ann", "order": "7"}, Key: "k1"}, "a notification")
	m := t.code()
	m.Key = ""
	if one, two := look(m, "a message without a key"), look(m, "a second message without a key"); one != "" && one == two {
		t.faultf("two messages without a key were given the same one, %q", one)
	}
}

func checkCodes(t *trial) {
	for _, code := range slices.Sorted(maps.Keys(t.Codes)) {
		outcome := sms.Rejected
		if slices.Contains(t.UnknownCodes, code) {
			outcome = sms.Unknown
		}
		_, err := t.send(t.answering(code, "not today"), t.code())
		e := t.ended(err, "the code "+code, outcome, t.Codes[code])
		if e != nil && e.Code != code && t.Local == nil {
			t.faultf("the code %s: Error.Code is %q", code, e.Code)
		}
	}
}

func checkStatuses(t *trial) {
	const page = "<!DOCTYPE html><html><body>Something went wrong</body></html>"
	c := t.changing()
	for _, status := range []int{400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 418, 422, 429, 451, 500, 501, 502, 503, 504, 520, 599} {
		for _, body := range []string{"", page, "null", `{"code":{"a":[1]},"message":7,"Code":1.5,"Message":[],"status":"x"}`} {
			c.answer = func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(status)
				io.WriteString(w, body)
			}
			when := fmt.Sprintf("the status %d with %d bytes that are no answer", status, len(body))
			_, err := t.send(c, t.code())
			if status == 408 || status >= 500 {
				t.ended(err, when, sms.Unknown, sms.Unavailable, sms.Internal)
			} else if e := t.ended(err, when, sms.Rejected); e != nil && e.Reason == sms.Canceled {
				t.faultf("%s: the reason is %q, and nobody has left: %v", when, string(e.Reason), err)
			}
		}
	}
}

func checkRedirects(t *trial) {
	other := t.serve(t.Accept)
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		v := t.serve(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", other.URL+r.URL.RequestURI())
			w.WriteHeader(status)
		})
		when := fmt.Sprintf("the status %d", status)
		_, err := t.send(t.open(v.URL), t.code())
		t.ended(err, when, sms.Unknown, sms.Unavailable, sms.Internal)
		if n := len(other.arrivals()); n > 0 {
			t.faultf("%s was followed", when)
			return
		}
	}
}

func checkGarbage(t *trial) {
	if t.Session != nil {
		sessionGarbage(t)
		return
	}
	c := t.changing()
	for what, body := range map[string]string{
		"nothing":                 "",
		"a blank":                 " ",
		"null":                    "null",
		"true":                    "true",
		"a number":                "17",
		"a string":                `"OK"`,
		"an empty object":         "{}",
		"an empty list":           "[]",
		"a list of empty objects": "[{}]",
		"a page":                  "<!DOCTYPE html><html><body>It works!</body></html>",
		"bytes":                   "\x00\xff\xfe\x80{\x01",
		"a deep list":             strings.Repeat("[", 100_000),
		"a deep object":           strings.Repeat(`{"a":`, 20_000),
		"a long string":           `{"a":"` + strings.Repeat("x", 1<<18) + `"}`,
		"a wrong gzip":            "\x1f\x8b\x08\x00garbage",
	} {
		for _, kind := range []string{"application/json", "text/html"} {
			c.answer = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", kind)
				io.WriteString(w, body)
			}
			_, err := t.send(c, t.code())
			t.ended(err, fmt.Sprintf("the status 200 with %s as %q", what, kind), sms.Unknown, sms.Unavailable, sms.Internal)
		}
	}
	for _, body := range t.variants(t.Accept) { // whatever it says: no panic
		c.answer = func(w http.ResponseWriter, r *http.Request) { replay(w, r, t.Accept, body) }
		t.send(c, t.code())
	}
}

// variants gives an answer's body with one field at a time of another type; none
// where the body is no JSON object.
func (t *trial) variants(h http.HandlerFunc) map[string]string {
	var seen string
	v := t.serve(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h(rec, r)
		seen = rec.Body.String()
		io.WriteString(w, seen)
	})
	t.send(t.open(v.URL), t.code())
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(seen), &fields) != nil {
		return nil
	}
	all := map[string]string{}
	for name := range fields {
		for _, value := range []string{"null", "7", "-1.5", `"x"`, "[]", "[1]", "{}", `{"x":{}}`, "true"} {
			changed := maps.Clone(fields)
			changed[name] = json.RawMessage(value)
			body, err := json.Marshal(changed)
			if err == nil {
				all[fmt.Sprintf("%s as %s", name, value)] = string(body)
			}
		}
	}
	return all
}

// replay answers as h does, with another body.
func replay(w http.ResponseWriter, r *http.Request, h http.HandlerFunc, body string) {
	rec := httptest.NewRecorder()
	h(rec, r)
	for name, values := range rec.Header() {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(rec.Code)
	io.WriteString(w, body)
}
