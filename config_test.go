package notify_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// write puts a configuration into a file of its own.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func env(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := values[name]; return v, ok }
}

func TestLoadConfig_reads_every_part(t *testing.T) {
	c, err := notify.LoadConfig(write(t, `
providers:
  aliyun:
    driver: vendor
    access_key_id: ${ID}
    senders: {acme: 阿克米, "no": NO}
    timeout: 3s
  local: {driver: fake}
templates:
  login-code:
    kind: verification
    text: 您的验证码是${code},5分钟内有效。
    variables:
      code: {max_len: 6, pattern: "[0-9]+", optional: true}
    bindings:
      aliyun: {id: SMS_0001, abroad: SMS_0004, from: 云通信, order: [code], extra: {k: 12}}
      local: {text: "Your code is ${code}."}
  sale: {kind: promotion, text: Sale!}
routes:
  - {regions: [CN, NO], templates: [login-code], kinds: [verification], providers: [aliyun, local], allow_unbound: true}
limits:
  per_number: [1/minute, 5/hour, 10/day, 3/10m]
  per_provider: {aliyun: 100/s, local: 30/minute}
policies:
  retry: {attempts: 2, min_delay: 100ms, max_delay: 1s}
  breaker: {failures: 9, open_for: 1m, slow_after: 2s}
`), notify.LoadOptions{Environment: "staging", Getenv: env(map[string]string{"ID": "id"})})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, got any, want string) {
		t.Helper()
		if fmt.Sprint(got) != want {
			t.Errorf("%s:\ngot  %v\nwant %s", what, got, want)
		}
	}
	check("environment", c.Environment, "staging")
	check("driver", c.Providers["aliyun"].Driver, "vendor")
	check("settings", c.Providers["aliyun"].Settings, "map[access_key_id:id senders:map[acme:阿克米 no:NO] timeout:3s]")
	check("templates", c.Templates, "[{login-code verification 您的验证码是${code},5分钟内有效。 map[code:{6 [0-9]+ true}] "+
		"map[aliyun:{SMS_0001 SMS_0004 云通信  [code] map[k:12]} local:{   Your code is ${code}. [] map[]}]} {sale promotion Sale! map[] map[]}]")
	check("routes", c.Routes, "[{[CN NO] [login-code] [verification] [aliyun local] false true}]")
	check("limits", c.Limits, "{[1 per 1m0s 5 per 1h0m0s 10 per 24h0m0s 3 per 10m0s] map[aliyun:100 local:0.5] []}")
	check("retry", []any{c.Retry.Attempts, c.Retry.MinDelay, c.Retry.MaxDelay}, "[2 100ms 1s]")
	check("breaker", []any{c.Breaker.Failures, c.Breaker.OpenFor, c.Breaker.SlowAfter}, "[9 1m0s 2s]")
}

func TestLoadConfig_reads_JSON_because_it_is_YAML(t *testing.T) {
	client, err := notify.Open(write(t, `{"providers": {"local": {"driver": "fake"}}, "limits": {"per_number": ["1/minute"]}}`), fake.Driver())
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}

// What stands without quotes is read as it is written: YAML's own reading would
// drop a plus, zeros, and Norway.
func TestLoadConfig_reads_as_typed(t *testing.T) {
	for _, typed := range []string{"+8613800000000", "0085200000000", "707466", "NO", "no", "1_000", "0x1F", "1e3", "010", "2026-01-01", "12:30", ".5", "1.50", "true", "Null-Island"} {
		var got vendorSettings
		client, err := notify.Open(write(t, "providers:\n  a: {driver: vendor, access_key_id: i, access_key_secret: s, from: "+typed+"}\n"), vendorDriver(&got))
		if err != nil {
			t.Errorf("%s: %v", typed, err)
			continue
		}
		client.Close()
		if got.From != typed {
			t.Errorf("%s is read as %q", typed, got.From)
		}
	}
}

// A value is data: nothing in it is read as YAML or as a variable, and under
// templates: ${code} stays, whatever the environment holds.
func TestOpen_values_of_variables_are_data(t *testing.T) {
	const secret = "a: # \" ' ${X} }\n- b"
	t.Setenv("SECRET", secret)
	t.Setenv("X", "not this")
	t.Setenv("code", "not this")
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "secret"), []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	var got vendorSettings
	path := write(t, `
providers:
  a:
    driver: ${DRIVER:-vendor}
    access_key_id: ${SECRET}
    access_key_secret: s
    from: "<${UNSET:-de:fault}|${EMPTY:-}|$${X}|$X|${SECRET:?why}>"
    endpoint: ${file:`+filepath.ToSlash(folder)+`/secret}
templates:
  login: {kind: verification, text: "${code}", bindings: {a: {text: "<${code}>"}}}
`)
	client, err := notify.Open(path, vendorDriver(&got))
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if got.AccessKeyID != secret || got.From != "<de:fault||${X}|$X|"+secret+">" || got.Endpoint != "from a file" {
		t.Errorf("%+v", got)
	}
	c, err := notify.LoadConfig(path, notify.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Templates[0].Text != "${code}" || c.Templates[0].Bindings["a"].Text != "<${code}>" {
		t.Errorf("%+v", c.Templates)
	}
}

func TestLoadConfig_files_of_secrets(t *testing.T) {
	for content, want := range map[string]string{
		"secret": "", "secret\n": "", "secret\r\n": "",
		"": "is empty", "\n": "is empty",
		" secret": "begins or ends with blanks", "secret\n\n": "begins or ends with blanks", "secret \n": "begins or ends with blanks",
	} {
		path := write(t, "providers: {a: {driver: vendor, token: \"${file:secret}\"}}")
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), "secret"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := notify.LoadConfig(path, notify.LoadOptions{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", content, err)
		case want == "" && c.Providers["a"].Settings.(map[string]any)["token"] != "secret":
			t.Errorf("%q is read as %q", content, c.Providers["a"].Settings)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestLoadConfig_no_such_file(t *testing.T) {
	_, err := notify.LoadConfig("testdata/missing.yaml", notify.LoadOptions{})
	const want = "notify: testdata/missing.yaml: the configuration cannot be read: no such file or directory: write one, or say where it is"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestOpen_needs_no_secrets_for_a_driver_without_settings(t *testing.T) {
	vendor, err := fake.New(fake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name := range map[string]bool{"ALIYUN_ACCESS_KEY_ID": true, "ALIYUN_ACCESS_KEY_SECRET": true, "TWILIO_ACCOUNT_SID": true, "TWILIO_AUTH_TOKEN": true} {
		t.Setenv(name, "")
	}
	client, err := notify.Open("testdata/notify.yaml", vendor.Driver("aliyun"), vendor.Driver("twilio"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for number, want := range map[sms.Number]string{"+8613800000000": "aliyun", "+15005550006": "twilio"} {
		r, err := client.Send(t.Context(), sms.Message{To: number, Template: "login-code", Params: sms.Params{"code": "482913"}})
		if err != nil || r.Provider != want || vendor.Code(number) != "482913" {
			t.Errorf("%v: %+v, %v", number, r, err)
		}
	}
}

// The configuration that LoadConfig reads may be changed in Go before New.
func TestLoadConfig_then_New(t *testing.T) {
	path := write(t, "providers: {a: {driver: vendor, access_key_id: i, access_key_secret: s, timeout: 3s}}")
	c, err := notify.LoadConfig(path, notify.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	settings := c.Providers["a"].Settings.(map[string]any)
	settings["max_calls"] = 7
	settings["timeout"] = 9 * time.Second
	settings["senders"] = map[string]string{"acme": "Acme"}
	var got vendorSettings
	client, err := notify.New(c, vendorDriver(&got))
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if got.MaxCalls != 7 || got.Timeout != 9*time.Second || got.Senders["acme"] != "Acme" || got.AccessKeyID != "i" {
		t.Errorf("%+v", got)
	}
	settings["max_cals"] = 7
	_, err = notify.New(c, vendorDriver(nil))
	if want := "notify: " + path + `:1:13: providers.a.max_cals: there is no key "max_cals": did you mean "max_calls"?`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestNew_settings(t *testing.T) {
	good := vendorSettings{AccessKeyID: "i", AccessKeySecret: "s", Timeout: time.Second, Hook: func() {}}
	pointer := &good
	for name, c := range map[string]struct {
		settings any
		want     string // in the error; empty: none
	}{
		"the driver's own":             {good, ""},
		"a pointer to it":              {&good, ""},
		"a pointer to that":            {&pointer, ""},
		"a map":                        {map[string]any{"access_key_id": "i", "access_key_secret": "s", "timeout": "1s"}, ""},
		"a map of texts":               {map[string]string{"access_key_id": "i", "access_key_secret": "s", "timeout": "1s"}, ""},
		"a map with values as Go code": {map[string]any{"access_key_id": "i", "access_key_secret": "s", "timeout": time.Second, "coalesce": false, "max_calls": int64(0), "senders": map[string]any{}}, ""},
		"none":                         {nil, "access_key_id: it is empty"},
		"a nil pointer":                {(*vendorSettings)(nil), "access_key_id: it is empty"},
		"another type":                 {fake.Options{}, "providers.a: its Settings are a fake.Options: give a notify_test.vendorSettings, or a map"},
		"a text":                       {"access_key_id: i", "providers.a: its Settings are a string: give a notify_test.vendorSettings, or a map"},
		"a number without a unit":      {map[string]any{"timeout": 5}, "providers.a.timeout: a duration has a unit"},
		"a number too large":           {map[string]any{"max_calls": uint64(1 << 63)}, "providers.a.max_calls: a value of type uint64 stands here, and a number is wanted"},
		"an unknown key":               {map[string]any{"Region": "x"}, `providers.a.Region: there is no key "Region": did you mean "region"?`},
		"what is only for Go":          {map[string]any{"hook": "x"}, `providers.a.hook: there is no key "hook"`},
	} {
		t.Run(name, func(t *testing.T) {
			var got vendorSettings
			client, err := notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Driver: "vendor", Settings: c.settings}}}, vendorDriver(&got))
			if err == nil {
				client.Close()
			}
			switch {
			case c.want == "" && (err != nil || got.AccessKeyID != "i" || got.Timeout != time.Second):
				t.Errorf("%+v, %v", got, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// A driver that passes over what Decode tells opens nothing all the same.
func TestNew_tells_the_faults_that_a_driver_passes_over(t *testing.T) {
	v := newVendor("lax")
	lax := sms.Driver{Name: "lax", Settings: vendorSettings{}, Open: func(c sms.DriverConfig) (sms.Sender, error) {
		var s vendorSettings
		_ = c.Decode(&s)
		return v, nil
	}}
	_, err := notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Driver: "lax", Settings: map[string]any{"regoin": "x"}}}}, lax)
	if want := `notify: providers.a.regoin: there is no key "regoin": did you mean "region"?`; err == nil || err.Error() != want || v.closed != 1 {
		t.Errorf("%v, closed %d times", err, v.closed)
	}
}

func TestNew_tells_every_fault_of_a_Config_made_in_Go(t *testing.T) {
	made := newVendor("made")
	var nobody *vendor // what a constructor returns with an error that was ignored
	opener := func(s sms.Sender) func(sms.DriverConfig) (sms.Sender, error) {
		return func(sms.DriverConfig) (sms.Sender, error) { return s, nil }
	}
	_, err := notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{
			"":         {Driver: "made"},
			"both":     {Driver: "made", Sender: made},
			"func":     {Sender: sms.SenderFunc(nil)},
			"made":     {Driver: "made"},
			"nil":      {Driver: "nil"},
			"none":     {},
			"typed":    {Sender: nobody},
			"typednil": {Driver: "typednil"},
		},
		Rewrite:     []notify.Rewrite{shorten, nil},
		Deduplicate: -time.Second,
		Templates:   []sms.Template{{Name: "a", Text: "a"}, {Name: "a", Text: "b"}, {Text: "c"}},
		Routes:      []notify.Route{{Kinds: []sms.Kind{9}, Providers: []string{"made"}, AllowUnbound: true}},
		Limits:      notify.Limits{PerProvider: map[string]float64{"made": 0, "mad": 1}},
	}, made.driver(), made.driver(), sms.Driver{Name: "empty"}, sms.Driver{Name: "nil", Open: opener(nil)}, sms.Driver{Name: "typednil", Open: opener(nobody)})
	const want = `notify: the configuration has 16 faults:
  two drivers are called "made": give one of them
  driver number 3 has no Name or no Open
  Config.Rewrite[1] is nil: leave it out
  limits.per_provider.mad: there is no provider "mad": did you mean "made"?
  limits.per_provider.made: 0 calls a second let nothing through: write how many, or leave it out for no limit
  policies.deduplicate: -1s is negative: write how long a Key is sent once only, or leave it out to turn that off
  providers."": a provider has no name: routes, bindings and receipts name it
  providers.both: it has a Sender, and Driver or Settings too: set one of them
  providers.func: its Sender is a nil sms.SenderFunc: check the error of the function that made it
  providers.nil: driver "nil" made no provider, and no error: a defect of the driver
  providers.none: it has no driver: write "driver: made or nil or typednil"
  providers.typed: its Sender is a nil *notify_test.vendor: check the error of the function that made it
  providers.typednil: driver "typednil" made no provider, and no error: a defect of the driver
  routes[0].kinds[0]: there is no such kind: write verification, notification, promotion or international
  templates."": it has no name: Message.Template needs one
  templates.a: there are two templates called "a": Templates[1] is the second`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	if made.closed != 1 {
		t.Errorf("the provider that was made is closed %d times", made.closed)
	}
	if one := new(notify.ConfigError); !errors.As(err, &one) || len(one.Unwrap()) != len(one.Faults) {
		t.Error("the faults cannot be reached")
	}
}

// Under no verb and in no log does a Config show a secret.
func TestConfig_prints_no_secret(t *testing.T) {
	const secret = "s3cr3t-v4lue"
	path := write(t, "providers: {a: {driver: vendor, access_key_id: \"${SECRET}\", access_key_secret: plain-"+secret+"}}")
	c, err := notify.LoadConfig(path, notify.LoadOptions{Environment: "production", Getenv: env(map[string]string{"SECRET": secret})})
	if err != nil {
		t.Fatal(err)
	}
	c.Providers["b"] = notify.ProviderConfig{Driver: "vendor", Settings: &vendorSettings{AccessKeySecret: secret}}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("config", "config", c, "provider", c.Providers["a"])
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&log, verb+" "+verb+" "+verb+"\n", c, &c, c.Providers)
	}
	if strings.Contains(log.String(), secret) || strings.Contains(log.String(), fmt.Sprintf("%x", secret)) {
		t.Errorf("it shows:\n%s", log.String())
	}
	if want := "{environment production, providers {a: driver vendor, b: driver vendor}, 0 templates, 0 routes}"; c.String() != want {
		t.Errorf("got  %s\nwant %s", c, want)
	}
}

func TestOpen_logs_what_was_opened_and_no_secret(t *testing.T) {
	c, err := notify.LoadConfig(write(t, "providers: {a: {driver: vendor, access_key_id: i, access_key_secret: \"${SECRET}\"}}"),
		notify.LoadOptions{Environment: "staging", Getenv: env(map[string]string{"SECRET": "s3cr3t-v4lue"})})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	client, err := notify.New(c, vendorDriver(nil))
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if strings.Contains(log.String(), "s3cr3t") {
		t.Errorf("it shows a secret: %s", log.String())
	}
	if want := "level=WARN msg=\"notify is open, and holds messages back\" environment=staging providers=[a] templates=0 routes=0 " +
		"chosen_by=LoadOptions.Environment held_back_by=\"[allowed_numbers (0)]\"\n"; log.String() != want {
		t.Errorf("got  %s\nwant %s", log.String(), want)
	}
}

// OpenWith opens the file as it was changed, and returns the faults of the file,
// of the change and of the drivers in one error.
func TestOpenWith(t *testing.T) {
	t.Setenv("NOTIFY_ENV", "")
	var log bytes.Buffer
	path := write(t, "providers: {local: {driver: fake}}\nlimits: {per_number: [1/minute]}\n")
	client, err := notify.OpenWith(path, func(c *notify.Config) error {
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		c.DryRun = len(c.Limits.PerNumber) == 1
		return nil
	}, fake.Driver())
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if !strings.Contains(log.String(), "dry_run") {
		t.Errorf("the change was not made: %s", log.String())
	}

	path = write(t, "providers: {local: {driver: fake, latencey: 1s}}\nlimits: {per_number: [1/minut]}\n")
	wrong := errors.New("the program has no logger")
	_, err = notify.OpenWith(path, func(c *notify.Config) error {
		if c.Providers["local"].Driver != "fake" {
			t.Errorf("what could be read is not there: %v", c)
		}
		return wrong
	}, fake.Driver())
	for _, want := range []string{wrong.Error(), "did you mean \"latency\"", `"1/minut" has no span`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
	if !errors.Is(err, wrong) {
		t.Errorf("the error of the change cannot be reached: %v", err)
	}

	path = write(t, "environments: {a: {}, b: {}}\nproviders: {local: {driver: fake}}\n")
	_, err = notify.OpenWith(path, func(*notify.Config) error { t.Error("called without an environment"); return nil }, fake.Driver())
	if err == nil || !strings.Contains(err.Error(), "no environment is chosen") {
		t.Errorf("got %v", err)
	}
}

// The part outbox is data of the Config, with its defaults filled in and its path
// made relative to the file's folder. It prints without its URL.
func TestLoadConfig_outbox(t *testing.T) {
	for text, want := range map[string]notify.OutboxConfig{
		"":                                       {Engine: "sqlite", Path: "FOLDER/outbox.db"},
		"outbox: {path: data/box.db}":            {Engine: "sqlite", Path: "FOLDER/data/box.db"},
		"outbox: {path: /var/lib/box.db}":        {Engine: "sqlite", Path: "/var/lib/box.db"},
		`outbox: {path: "${DIR}/box.db"}`:        {Engine: "sqlite", Path: "/srv/box.db"},
		"outbox: {workers: 3, classes: [a]}":     {Engine: "sqlite", Path: "FOLDER/outbox.db", Workers: 3, Classes: []string{"a"}},
		`outbox: {engine: mysql, url: "${DSN}"}`: {Engine: "mysql", URL: "me:s3cr3t@tcp(127.0.0.1:3306)/sms"},
	} {
		path := write(t, "providers: {local: {driver: fake}}\n"+text+"\n")
		c, err := notify.LoadConfig(path, notify.LoadOptions{Getenv: env(map[string]string{"DIR": "/srv", "DSN": "me:s3cr3t@tcp(127.0.0.1:3306)/sms"})})
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		want.Path = strings.Replace(want.Path, "FOLDER", filepath.Dir(path), 1)
		if !reflect.DeepEqual(c.Outbox, want) {
			t.Errorf("%s: %#v", text, c.Outbox)
		}
		if shown := fmt.Sprintf("%v %+v %#v %s %q", c.Outbox, &c.Outbox, c.Outbox, c.Outbox, c.Outbox); strings.Contains(shown, "s3cr3t") {
			t.Errorf("it shows the password: %s", shown)
		}
	}
}

// A variable under providers that has no value is a fault of the Client that opens
// that provider, and of no other.
func TestLoadConfig_unset_variables_of_providers(t *testing.T) {
	path := write(t, `providers:
  local: {driver: fake}
  vendor: {driver: vendor, access_key_id: "${NOTIFY_TEST_NEVER_SET}", access_key_secret: "a${NOTIFY_TEST_NEVER_SET}b", timeout: "${NOTIFY_TEST_NEVER_SET}"}
  unnamed: {driver: "${NOTIFY_TEST_NEVER_SET}"}
`)
	c, err := notify.LoadConfig(path, notify.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = notify.New(c, fake.Driver(), vendorDriver(nil))
	faults, ok := errors.AsType[*notify.ConfigError](err)
	if !ok || len(faults.Faults) != 4 {
		t.Errorf("got %v, want four faults", err)
	}
	for _, want := range []string{":3:28: providers.vendor.access_key_id: the environment variable NOTIFY_TEST_NEVER_SET is not set", "access_key_secret: ", "timeout: ", "unnamed.driver: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	delete(c.Providers, "unnamed")
	c.Providers["vendor"] = notify.ProviderConfig{Driver: "fake"}
	client, err := notify.New(c, fake.Driver(), vendorDriver(nil))
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}
