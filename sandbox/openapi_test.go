package sandbox_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox"
)

// A schema is as much of OpenAPI as Twilio's description of messages uses.
// Formats are looked at where they mean something: the list's links are of the
// format uri there, and the service itself sends them relative to its host.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Format     string            `json:"format"`
	Pattern    string            `json:"pattern"`
	Nullable   bool              `json:"nullable"`
	Enum       []any             `json:"enum"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
}

// An openAPI is the description, and the faults that were found by it.
type openAPI struct {
	Paths      map[string]map[string]json.RawMessage // operations by method, beside other things
	Components struct{ Schemas map[string]schema }
	faults     []string
}

func (o *openAPI) fault(path, format string, args ...any) {
	o.faults = append(o.faults, path+": "+fmt.Sprintf(format, args...))
}

// judge compares a value with its schema: every property of both.
func (o *openAPI) judge(path string, s schema, value any) {
	if s.Ref != "" {
		s = o.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	if value == nil {
		if !s.Nullable {
			o.fault(path, "is null")
		}
		return
	}
	if s.Enum != nil && !slices.Contains(s.Enum, value) {
		o.fault(path, "%v is none of %v", value, s.Enum)
	}
	switch v := value.(type) {
	case string:
		o.judgeText(path, s, v)
	case float64:
		if s.Type != "integer" || v != math.Trunc(v) {
			o.fault(path, "is a number, want %s", s.Type)
		}
	case []any:
		for i, item := range v {
			o.judge(fmt.Sprint(path, "[", i, "]"), *s.Items, item)
		}
	case map[string]any:
		o.judgeObject(path, s, v)
	default:
		o.fault(path, "is a %T, want %s", value, s.Type)
	}
}

func (o *openAPI) judgeText(path string, s schema, v string) {
	if s.Type != "string" {
		o.fault(path, "is a text, want %s", s.Type)
	}
	if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(v) {
		o.fault(path, "%q does not match %s", v, s.Pattern)
	}
	if _, err := time.Parse(time.RFC1123Z, v); s.Format == "date-time-rfc-2822" && err != nil {
		o.fault(path, "%v", err)
	}
}

func (o *openAPI) judgeObject(path string, s schema, v map[string]any) {
	if s.Type != "object" {
		o.fault(path, "is an object, want %s", s.Type)
	}
	if s.Format == "uri-map" {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		property, known := s.Properties[name]
		if !known {
			o.fault(path, "the vendor has no %q", name)
			continue
		}
		o.judge(path+"."+name, property, v[name])
	}
	for name := range s.Properties {
		if _, has := v[name]; !has {
			o.fault(path, "%q is missing", name)
		}
	}
}

// Twilio's published description (twilio/twilio-oai, spec/json/twilio_api_v2010.json)
// is not part of this repository: NOTIFY_TWILIO_OPENAPI says where it is.
func TestTwilio_publishedDescription(t *testing.T) {
	file := os.Getenv("NOTIFY_TWILIO_OPENAPI")
	if file == "" {
		t.Skip("NOTIFY_TWILIO_OPENAPI does not say where twilio_api_v2010.json is")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var o openAPI
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	const list, one = "/2010-04-01/Accounts/{AccountSid}/Messages.json", "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"
	check := func(what, path, method string, status int, body map[string]any) {
		t.Helper()
		var operation struct {
			Responses map[string]struct {
				Content map[string]struct{ Schema schema }
			}
		}
		if err := json.Unmarshal(o.Paths[path][method], &operation); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		answer, ok := operation.Responses[fmt.Sprint(status)]
		if !ok {
			t.Errorf("%s: the vendor has no answer of status %d", what, status)
			return
		}
		if content, has := answer.Content["application/json"]; has {
			o.judge(what, content.Schema, body)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{Pace: time.Second})
		status, m := createTwilio(t, sb)
		check("create", list, "post", status, m)
		path := "Messages/" + m["sid"].(string) + ".json"
		status, body := createTwilio(t, sb, "From", "-", "MessagingServiceSid", sandbox.TwilioServiceSID, "MediaUrl", "https://example.com/a.png")
		check("create with a service", list, "post", status, body)
		for range 3 {
			status, body = do(t, sb, twilioRequest("GET", path))
			check("fetch, "+fmt.Sprint(body["status"]), one, "get", status, body)
			time.Sleep(time.Second)
		}
		for page := range 3 {
			status, body = do(t, sb, twilioRequest("GET", "Messages.json", "PageSize", "1", "Page", fmt.Sprint(page)))
			check("list", list, "get", status, body)
		}
		status, body = do(t, sb, twilioRequest("POST", path, "Body", ""))
		check("redact", one, "post", status, body)
		status, _ = do(t, sb, twilioRequest("DELETE", path))
		check("delete", one, "delete", status, nil)
	})
	for _, f := range o.faults {
		t.Error(f)
	}
	o.faults = nil
	o.judge("a wrong message", o.Components.Schemas["api.v2010.account.message"],
		map[string]any{"num_segments": 1.0, "status": "cancelled", "sid": "SM1", "date_sent": "2026-01-01", "colour": "red"})
	if len(o.faults) < 5 {
		t.Errorf("it does not find what is wrong: %v", o.faults)
	}
}
