// Package schema_test holds the configurations of the repository against
// notify.schema.json, as editors do.
package schema_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return plain(v)
}

// plain makes of YAML what JSON has.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			v[k] = plain(one)
		}
	case []any:
		for i, one := range v {
			v[i] = plain(one)
		}
	case uint64:
		return float64(v)
	case int64:
		return float64(v)
	}
	return v
}

func TestConfigurationsMeetTheSchema(t *testing.T) {
	files, err := filepath.Glob("../../examples/configs/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	s := compiled(t, "notify.schema.json")
	for _, file := range append(files, "../../testdata/notify.yaml", "../../cmd/notify/cli/init.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(read(t, text)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestTheSchemaRefuses(t *testing.T) {
	s := compiled(t, "notify.schema.json")
	for name, text := range map[string]string{
		"a misspelt key":       "providers: {a: {driver: fake}}\nlimitz: {}\n",
		"a misspelt setting":   "providers: {a: {driver: aliyun, regoin: x}}\n",
		"a rate that is none":  "limits: {per_number: [five an hour]}\n",
		"a kind that is none":  "templates: {t: {kind: greeting, text: Hi}}\n",
		"an allowance":         "allow: [everything]\n",
		"a duration":           "policies: {retry: {min_delay: fast}}\n",
		"in an environment":    "environments: {production: {limitz: {}}}\n",
		"a list for a mapping": "providers: [a]\n",
	} {
		if err := s.Validate(read(t, []byte(text))); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// Every recipe that ships meets recipe.schema.json, and what the loader refuses by name
// does not.
func TestRecipesMeetTheSchema(t *testing.T) {
	files, err := filepath.Glob("../../providers/http/recipes/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatal(len(files), err)
	}
	s := compiled(t, "recipe.schema.json")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(read(t, text)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	const right = "recipe: acme\nrequest: {path: /send}\nanswer: {format: json, status: decides, accepted: {present: id}}\n"
	if err := s.Validate(read(t, []byte(right))); err != nil {
		t.Errorf("a short recipe: %v", err)
	}
	for name, wrong := range map[string]string{
		"an unknown key":     right + "endpiont: x\n",
		"no answer":          "recipe: acme\nrequest: {path: /send}\n",
		"a name":             strings.Replace(right, "acme", "Acme", 1),
		"an unknown reason":  strings.Replace(right, "present: id}", "present: id}, codes: {\"1\": {reason: nope}}", 1),
		"an unknown hash":    right + "sign: {sig: {md4: [a]}}\n",
		"an unknown rule":    strings.Replace(right, "present: id", "exists: id", 1),
		"an unknown state":   right + "reports: {format: json, id: id, state: {at: s, done: [x]}}\n",
		"an unknown example": right + "examples: [{name: a, is: {outcom: accepted}}]\n",
	} {
		if s.Validate(read(t, []byte(wrong))) == nil {
			t.Errorf("%s meets the schema", name)
		}
	}
}
