package verify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/notifykit/notify/verify"
)

// A contract is the OpenAPI file, with what of it has been met.
type contract struct {
	doc map[string]any
	met map[string]bool
}

func newContract(t testing.TB) *contract {
	c := &contract{met: map[string]bool{}}
	if err := json.Unmarshal(verify.OpenAPI(), &c.doc); err != nil {
		t.Fatal(err)
	}
	return c
}

func at(value any, path ...string) map[string]any {
	for _, name := range path {
		m, _ := value.(map[string]any)
		value = m[name]
	}
	m, _ := value.(map[string]any)
	return m
}

// hold demands that an answer is one that the file describes.
func (c *contract) hold(t testing.TB, r *http.Request, answer *httptest.ResponseRecorder) {
	t.Helper()
	path := strings.TrimSuffix(r.URL.Path, "/")
	method := strings.ToLower(r.Method)
	if method != "post" && method != "options" {
		method = "post" // where 405 is described
	}
	status := strconv.Itoa(answer.Code)
	described := at(c.doc, "paths", path, method, "responses", status)
	if described == nil {
		t.Errorf("%s %s answers %s, which the file does not describe", method, path, status)
		return
	}
	c.met[path+" "+method+" "+status] = true
	for name, header := range at(described, "headers") {
		if fault := c.fault(at(header, "schema"), answer.Header().Get(name)); fault != "" {
			t.Errorf("%s %s %s: the header %s %s", method, path, status, name, fault)
		}
	}
	content := at(described, "content")
	if content == nil {
		if answer.Body.Len() > 0 {
			t.Errorf("%s %s %s: there is a body, and none is described", method, path, status)
		}
		return
	}
	media, _, _ := strings.Cut(answer.Header().Get("Content-Type"), ";")
	var body any
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
		t.Errorf("%s %s %s: %v", method, path, status, err)
	}
	if fault := c.fault(at(content, media, "schema"), body); fault != "" {
		t.Errorf("%s %s %s: the body %s\n%s", method, path, status, fault, answer.Body)
	}
}

// fault tells where a value is not as a schema says; "" where it is. It knows the
// keywords that the file uses, and refuses others rather than pass them over.
func (c *contract) fault(schema map[string]any, value any) string {
	if schema == nil {
		return "has no schema"
	}
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if fault := c.keyword(keyword, schema, value); fault != "" {
			return fault
		}
	}
	return ""
}

func (c *contract) keyword(keyword string, schema map[string]any, value any) string {
	rule := schema[keyword]
	object, isObject := value.(map[string]any)
	text, isText := value.(string)
	number, isNumber := value.(float64)
	switch keyword {
	case "description", "examples":
	case "$ref":
		return c.fault(at(c.doc, strings.Split(strings.TrimPrefix(rule.(string), "#/"), "/")...), value)
	case "oneOf":
		var held int
		var faults []string
		for _, one := range rule.([]any) {
			if fault := c.fault(one.(map[string]any), value); fault == "" {
				held++
			} else {
				faults = append(faults, fault)
			}
		}
		if held != 1 {
			return fmt.Sprintf("is %d of the forms, not one: %s", held, strings.Join(faults, "; "))
		}
	case "type":
		is := map[string]bool{"object": isObject, "string": isText, "integer": isNumber && number == float64(int64(number))}
		if !is[rule.(string)] {
			return fmt.Sprintf("is %v, and no %v", value, rule)
		}
	case "const":
		if value != rule {
			return fmt.Sprintf("is %v, not %v", value, rule)
		}
	case "enum":
		if !slices.Contains(rule.([]any), value) {
			return fmt.Sprintf("is %v, not one of %v", value, rule)
		}
	case "pattern":
		if !isText || !regexp.MustCompile(rule.(string)).MatchString(text) {
			return fmt.Sprintf("is %v, which does not match %v", value, rule)
		}
	case "minLength":
		if !isText || float64(len(text)) < rule.(float64) {
			return fmt.Sprintf("is %q, too short", text)
		}
	case "minimum":
		if !isNumber || number < rule.(float64) {
			return fmt.Sprintf("is %v, under %v", value, rule)
		}
	case "minProperties":
		if float64(len(object)) < rule.(float64) {
			return "has too few properties"
		}
	case "required":
		for _, name := range rule.([]any) {
			if _, ok := object[name.(string)]; !ok {
				return fmt.Sprintf("lacks %v", name)
			}
		}
	case "properties":
		for name, one := range rule.(map[string]any) {
			if v, ok := object[name]; ok {
				if fault := c.fault(one.(map[string]any), v); fault != "" {
					return name + " " + fault
				}
			}
		}
	case "additionalProperties":
		for name := range object {
			if at(schema, "properties")[name] == nil {
				return "has a property that is not described: " + name
			}
		}
	default:
		return "has a schema with a keyword that this test does not know: " + keyword
	}
	return ""
}

// holdRequest tells whether the file describes a request so, for the tests' own.
func (c *contract) holdRequest(path, media, body string) string {
	var value any
	if media == "application/json" {
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			return err.Error()
		}
	} else {
		form, err := url.ParseQuery(body)
		if err != nil {
			return err.Error()
		}
		object := map[string]any{}
		for name, values := range form {
			object[name] = values[0]
		}
		value = object
	}
	return c.fault(at(c.doc, "paths", path, "post", "requestBody", "content", media, "schema"), value)
}

// wantAllMet demands that every answer in the file was seen.
func (c *contract) wantAllMet(t testing.TB) {
	t.Helper()
	for path, methods := range at(c.doc, "paths") {
		for method, operation := range methods.(map[string]any) {
			for status := range at(operation, "responses") {
				if !c.met[path+" "+method+" "+status] {
					t.Errorf("the file describes %s %s %s, and no test has met it", method, path, status)
				}
			}
		}
	}
}
