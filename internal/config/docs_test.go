package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// docs/configuration.md has every key of the file's own parts.
func TestDocs_list_every_key(t *testing.T) {
	data, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	check := func(prefix, key string) {
		if !strings.Contains(string(data), "`"+prefix+key+"`") {
			t.Errorf("the key %s%s is not told", prefix, key)
		}
	}
	keys := func(prefix string, part any) {
		fields := map[string]reflect.Value{}
		collect(reflect.New(reflect.TypeOf(part)).Elem(), fields)
		if len(fields) == 0 {
			t.Fatalf("%T has no keys", part)
		}
		for key := range fields {
			check(prefix, key)
		}
	}
	for _, part := range []any{Route{}, Limits{}, template{}, variable{}, binding{}} {
		keys("", part)
	}
	keys("retry.", Policies{}.Retry)
	keys("breaker.", Policies{}.Breaker)
	for _, key := range keysOf(document{}) {
		if !strings.Contains(string(data), "### "+key+"\n") {
			t.Errorf("the part %s is not told", key)
		}
	}
}
