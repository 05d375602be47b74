package docs_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sms"
)

var drivers = []sms.Driver{aliyun.Driver(), aws.Driver(), tencent.Driver(), twilio.Driver(), vonage.Driver(), smpp.Driver(), http.Driver(), fake.Driver()}

// tables are the keys of each table of configuration.md, by its name.
func tables() map[string][]config.Key {
	all := map[string][]config.Key{
		"file":     config.Within("", config.KeysOf(notify.Config{})),
		"template": config.KeysOf(sms.Template{}),
		"variable": config.KeysOf(sms.Variable{}),
		"binding":  config.KeysOf(sms.Binding{}),
		"route":    config.KeysOf(notify.Route{}),
		"limits":   config.KeysOf(notify.Limits{}),
		"budget":   config.KeysOf(middleware.BudgetLimit{}),
		"policies": config.Within("policies", config.KeysOf(notify.Config{})),
		"outbox":   config.KeysOf(notify.OutboxConfig{}),
		"delivery": config.KeysOf(notify.RecordsConfig{}),
	}
	for _, d := range drivers {
		all[d.Name] = config.KeysOf(d.Settings)
	}
	return all
}

// The tables of configuration.md are made of the types that a file is decoded
// into, so that no key is missing and no default is another.
func TestConfigurationPageIsFresh(t *testing.T) {
	page, err := os.ReadFile("configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for name, keys := range tables() {
		text = filled(t, text, "keys: "+name, config.Table(keys))
	}
	text = filled(t, text, "allowances", config.AllowancesTable())
	if *update {
		if err := os.WriteFile("configuration.md", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text != string(page) {
		t.Error("docs/configuration.md is not what the code says: run go test ./docs -update")
	}
}

// filled puts a table between its marks.
func filled(t *testing.T, text, mark, table string) string {
	t.Helper()
	begin := "<!-- " + mark + " -->\n"
	before, rest, found := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, "<!-- end -->\n")
	if !found || !closed {
		t.Fatalf("configuration.md has no place for the table %q", mark)
	}
	return before + begin + table + "<!-- end -->\n" + after
}

// Every key says what holds where it is missing and what it is for.
func TestEveryKeyIsTold(t *testing.T) {
	for name, keys := range tables() {
		if len(keys) == 0 {
			t.Errorf("%s has no keys", name)
		}
		for _, k := range keys {
			if k.Default == "" || k.Doc == "" {
				t.Errorf("%s: the key %s lacks a default or a word of what it is for", name, k.Name)
			}
		}
	}
}

func TestSchemaIsFresh(t *testing.T) {
	const path = "../notify.schema.json"
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(config.Schema(notify.Config{}, drivers...)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("notify.schema.json is not what the code says: run go test ./docs -update")
	}
}
