package sandbox_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/notifykit/notify/sandbox"
)

// A contract is a published description, as far as Vonage's use it.
type contract struct {
	Paths      map[string]any
	Components struct {
		Schemas   map[string]any
		Responses map[string]any
	}
}

func readContract(t *testing.T, dir, name string) contract {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = yaml.YAMLToJSON(data); err != nil {
		t.Fatal(err)
	}
	var c contract
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// resolve follows references and joins what allOf names.
func (c contract) resolve(schema any) map[string]any {
	s, _ := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		name := ref[strings.LastIndex(ref, "/")+1:]
		if strings.HasPrefix(ref, "#/components/responses/") {
			return c.resolve(c.Components.Responses[name])
		}
		return c.resolve(c.Components.Schemas[name])
	}
	parts, ok := s["allOf"].([]any)
	if !ok {
		return s
	}
	joined := map[string]any{"type": "object"}
	properties := map[string]any{}
	for _, part := range parts {
		p := c.resolve(part)
		maps.Copy(joined, p)
		if more, ok := p["properties"].(map[string]any); ok {
			maps.Copy(properties, more)
		}
	}
	if len(properties) > 0 {
		joined["properties"] = properties
	}
	return joined
}

// judge returns what is wrong with a value: a type, a property that the vendor does
// not have or that is required and missing, a word that is none of its words.
func (c contract) judge(path string, schema, value any) (faults []string) {
	s := c.resolve(schema)
	if choices, ok := s["oneOf"].([]any); ok {
		for _, choice := range choices {
			if faults = c.judge(path, choice, value); len(faults) == 0 {
				return nil
			}
		}
		return faults
	}
	fault := func(format string, args ...any) { faults = append(faults, path+" "+fmt.Sprintf(format, args...)) }
	kind, _ := s["type"].(string)
	if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, value) {
		fault("%v is none of %v", value, enum)
	}
	switch v := value.(type) {
	case string:
		if kind != "string" {
			fault("is a text, want %s", kind)
		}
	case float64:
		if kind != "number" && kind != "integer" {
			fault("is a number, want %s", kind)
		}
	case bool:
		if kind != "boolean" {
			fault("is a boolean, want %s", kind)
		}
	case []any:
		for i, item := range v {
			faults = append(faults, c.judge(fmt.Sprint(path, "[", i, "]"), s["items"], item)...)
		}
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if _, known := properties[name]; !known {
				fault("has %q, which the vendor does not have", name)
				continue
			}
			faults = append(faults, c.judge(path+"."+name, properties[name], v[name])...)
		}
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, has := v[name.(string)]; !has {
				fault("lacks %q", name)
			}
		}
	}
	return faults
}

// Vonage's published descriptions (Nexmo/api-specification, definitions/sms.yml and
// reports.yml) are not part of this repository: NOTIFY_VONAGE_OPENAPI names the
// folder that has them.
func TestVonage_publishedDescription(t *testing.T) {
	dir := os.Getenv("NOTIFY_VONAGE_OPENAPI")
	if dir == "" {
		t.Skip("NOTIFY_VONAGE_OPENAPI does not name the folder of sms.yml and reports.yml")
	}
	api, reports := readContract(t, dir, "sms.yml"), readContract(t, dir, "reports.yml")
	schema := func(name string) any { return map[string]any{"$ref": "#/components/schemas/" + name} }
	check := func(faults []string) {
		t.Helper()
		for _, f := range faults {
			t.Error(f)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var r pushReceiver
		sb := newSandbox(t, sandbox.Options{CallbackTransport: &r, Pace: time.Second})
		for _, changes := range [][]string{{"client-ref", "key", "account-ref", "a", "callback", "http://127.0.0.1/r"}, {"text", strings.Repeat("x", 200)}} {
			_, body := sendVonage(t, sb, changes...)
			check(api.judge("SMS", schema("SMS"), any(body)))
		}
		for _, changes := range [][]string{{"to", "-"}, {"api_secret", "wrong"}} {
			_, body := sendVonage(t, sb, changes...)
			check(api.judge("Error", schema("Error"), any(body)))
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if _, err := sb.Reply(t.Context(), sandbox.Reply{Vendor: "vonage", From: "+447700900001", Text: strings.Repeat("x", 200), URL: "http://127.0.0.1/in"}); err != nil {
			t.Fatal(err)
		}
		for i, body := range r.bodies {
			var value map[string]any
			if err := json.Unmarshal(body, &value); err != nil {
				t.Fatal(err)
			}
			name := "DeliveryReceipt"
			if value["keyword"] != nil {
				name = "InboundMessage"
			}
			check(api.judge(fmt.Sprint(name, " ", i), schema(name), any(value)))
		}
		if len(r.bodies) != 4 {
			t.Errorf("%d webhooks, want two receipts and two parts of a reply", len(r.bodies))
		}
		request := httptest.NewRequest("GET", "/v2/reports/records?account_id=sandboxkey&product=SMS&direction=outbound&include_message=true&date_start=2000-01-01T00:00:00Z&date_end=2000-01-01T12:00:00Z", nil)
		request.SetBasicAuth(sandbox.VonageAPIKey, sandbox.VonageAPISecret)
		_, body := do(t, sb, request)
		answer := reports.resolve(map[string]any{"$ref": "#/components/responses/json_record_response"})
		content := answer["content"].(map[string]any)["application/json"].(map[string]any)["schema"]
		check(reports.judge("records", content, any(body)))
	})
	if faults := api.judge("a wrong receipt", schema("DeliveryReceipt"), any(map[string]any{"status": 1.0, "colour": "red"})); len(faults) != 2 {
		t.Errorf("it does not find what is wrong: %v", faults)
	}
	if faults := api.judge("a wrong reply", schema("InboundMessage"), any(map[string]any{})); len(faults) < 5 {
		t.Errorf("it does not find what is missing: %v", faults)
	}
}
