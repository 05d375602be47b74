// Package configs_test opens the configurations of this folder, as programs that
// copy them would.
package configs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

func drivers() []sms.Driver { return []sms.Driver{aliyun.Driver(), twilio.Driver(), fake.Driver()} }

// secrets are all that the files need, in each environment.
var secrets = map[string]string{
	"ALIYUN_ACCESS_KEY_ID": "key-id", "ALIYUN_ACCESS_KEY_SECRET": "key-secret", "SPARE_ACCESS_KEY_ID": "spare-id", "SPARE_ACCESS_KEY_SECRET": "spare-secret",
	"TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000000", "TWILIO_AUTH_TOKEN": "0123456789abcdef0123456789abcdef",
}

// load reads a file with these variables alone, the folder of secrets being one
// of the test's.
func load(t *testing.T, file, environment string, variables map[string]string) (notify.Config, error) {
	t.Helper()
	return notify.LoadConfig(file, notify.LoadOptions{Environment: environment, Getenv: func(name string) (string, bool) {
		v, ok := variables[name]
		return v, ok
	}})
}

func open(t *testing.T, c notify.Config) *notify.Client {
	t.Helper()
	client, err := notify.New(c, drivers()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// A process without NOTIFY_ENV does not start.
func TestApp_without_an_environment(t *testing.T) {
	if _, err := load(t, "app.yaml", "", nil); err == nil || !strings.Contains(err.Error(), "NOTIFY_ENV is not set") {
		t.Errorf("got %v", err)
	}
}

// Development needs no variable but NOTIFY_ENV, and sends a code that is kept in memory.
func TestApp_in_development(t *testing.T) {
	c, err := load(t, "app.yaml", "", map[string]string{"NOTIFY_ENV": "development"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Environment != "development" || len(c.Limits.PerNumber) != 0 {
		t.Errorf("environment %q, limits %v", c.Environment, c.Limits)
	}
	receipt, err := open(t, c).Send(t.Context(), sms.Message{To: "+8613900000000", Template: "login-code", Params: sms.Params{"code": "482913"}})
	if err != nil || receipt.Provider != "aliyun" {
		t.Errorf("%+v, %v", receipt, err)
	}
}

func TestApp_in_staging_holds_strangers_back(t *testing.T) {
	c, err := load(t, "app.yaml", "staging", secrets)
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t, c).Send(t.Context(), sms.Message{To: "+8613900000000", Template: "login-code", Params: sms.Params{"code": "482913"}})
	if sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != sms.Unsupported || !strings.Contains(err.Error(), "allowed_numbers") {
		t.Errorf("%v", err)
	}
}

// Production without its secrets names every one of them, and what they are for
// is not needed elsewhere.
func TestApp_in_production(t *testing.T) {
	c, err := load(t, "app.yaml", "production", nil)
	if err != nil {
		t.Fatal(err) // secrets of providers are needed by New only
	}
	_, err = notify.New(c, drivers()...)
	if err == nil {
		t.Fatal("it was opened without a secret")
	}
	for _, want := range []string{"app.yaml:11:5: providers.aliyun.access_key_id: ", "ALIYUN_ACCESS_KEY_SECRET", "TWILIO_ACCOUNT_SID", "/run/secrets/twilio_auth_token"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	text, err := os.ReadFile("app.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	app := filepath.Join(dir, "app.yaml")
	templates, err := filepath.Abs("templates")
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string]string{
		token: secrets["TWILIO_AUTH_TOKEN"] + "\n",
		app:   strings.NewReplacer("/run/secrets/twilio_auth_token", token, "templates/*", filepath.Join(templates, "*")).Replace(string(text)),
	} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err = load(t, app, "production", secrets)
	if err != nil {
		t.Fatal(err)
	}
	if c.Environment != "production" || len(c.Limits.PerNumber) != 3 || len(c.Limits.Budget) != 2 || c.Limits.PerProvider["aliyun"] != 100 {
		t.Errorf("%v: limits %+v", c, c.Limits)
	}
	open(t, c)
}

func TestMainland(t *testing.T) {
	c, err := load(t, "mainland.yaml", "", secrets)
	if err != nil {
		t.Fatal(err)
	}
	open(t, c)
	// With fakes in the vendor's place the real file needs no secret.
	f, err := fake.New(fake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := notify.Open("mainland.yaml", f.Driver("aliyun"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Send(t.Context(), sms.Message{To: "+8613900000000", Template: "login-code", Params: sms.Params{"code": "482913"}}); err != nil || f.Code("+8613900000000") != "482913" {
		t.Errorf("%v, code %q", err, f.Code("+8613900000000"))
	}
}

func TestMinimal(t *testing.T) {
	c, err := load(t, "minimal.yaml", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, c).Send(t.Context(), sms.Message{To: "+8613900000000", Body: "Hello"}); err != nil {
		t.Error(err)
	}
}

// No file is without its test here.
func TestEveryFileIsOpened(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"app.yaml", "mainland.yaml", "minimal.yaml"}; !slices.Equal(files, want) {
		t.Errorf("%v: the tests here open %v", files, want)
	}
}
