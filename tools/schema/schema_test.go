// Package schema_test holds the configurations of the repository against
// notify.schema.json, as editors do.
package schema_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open("../../notify.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("notify.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("notify.schema.json")
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
	s := compiled(t)
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
	s := compiled(t)
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
