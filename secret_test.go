package notify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/fake"
)

// damaged are secrets that were damaged on their way into a variable or a file,
// and what their fault says.
var damaged = map[string]struct{ secret, want string }{
	"double quotes, as docker --env-file keeps them": {`"s3cr3tvalue"`, "quotes around it"},
	"single quotes":          {`'s3cr3tvalue'`, "quotes around it"},
	"typographic quotes":     {"“s3cr3tvalue”", "quotes around it"},
	"back quotes":            {"`s3cr3tvalue`", "quotes around it"},
	"byte order mark":        {"\ufeffs3cr3tvalue", "U+FEFF"},
	"zero width space":       {"s3cr3t\u200bvalue", "U+200B as character 7"},
	"zero width joiner":      {"s3cr3tvalue\u200d", "U+200D"},
	"word joiner":            {"\u2060s3cr3tvalue", "U+2060"},
	"soft hyphen":            {"s3cr3t\u00advalue", "U+00AD"},
	"left-to-right mark":     {"s3cr3tvalue\u200e", "U+200E"},
	"no-break space":         {"s3cr3tvalue\u00a0", "U+00A0"},
	"ideographic space":      {"\u3000s3cr3tvalue", "U+3000"},
	"a line end in it":       {"s3cr3t\nvalue", "U+000A"},
	"a carriage return":      {"s3cr3tvalue\r", "U+000D"},
	"a tab":                  {"s3cr3tvalue\t", "U+0009"},
	"a NUL":                  {"s3cr3t\x00value", "U+0000"},
	"an escape sequence":     {"\x1b[31ms3cr3tvalue", "U+001B"},
	"a blank at its end":     {"s3cr3tvalue ", "begins or ends with a blank"},
	"a blank at its begin":   {" s3cr3tvalue", "begins or ends with a blank"},
	"bytes that are no text": {"s3cr3t\xffvalue", "not UTF-8"},
}

// A secret that cannot be one is refused when the program starts, whichever driver
// reads it, with what is wrong and where, and without its value.
func TestNew_refuses_damaged_secrets(t *testing.T) {
	for name, c := range damaged {
		t.Run(name, func(t *testing.T) {
			check := func(place string, err error) {
				t.Helper()
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), place) {
					t.Errorf("got %v\nwant %q and %q", err, place, c.want)
				} else if strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "value") && !strings.Contains(err.Error(), "the value of ${") {
					t.Errorf("it shows the secret: %v", err)
				}
			}
			variables := notify.LoadOptions{Getenv: env(map[string]string{"SECRET": c.secret})}
			loaded, err := notify.LoadConfig(write(t, "providers:\n  a: {driver: vendor, access_key_id: i, access_key_secret: \"${SECRET}\"}\n"), variables)
			if err != nil {
				t.Fatal(err)
			}
			_, err = notify.New(loaded, vendorDriver(nil))
			check(":2:41: providers.a.access_key_secret: ", err)

			_, err = notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Driver: "vendor",
				Settings: map[string]any{"access_key_id": "i", "access_key_secret": c.secret}}}}, vendorDriver(nil))
			check("providers.a.access_key_secret: ", err)

			_, err = notify.LoadConfig(write(t, "providers: {a: {driver: vendor}}\noutbox: {engine: mysql, url: \"${SECRET}\"}\n"), variables)
			check(":2:25: outbox.url: ", err)

			path := write(t, "providers:\n  a: {driver: vendor, access_key_id: i, access_key_secret: \"${file:secret}\"}\n")
			if err := os.WriteFile(filepath.Join(filepath.Dir(path), "secret"), []byte(c.secret), 0o600); err != nil {
				t.Fatal(err)
			}
			if loaded, err = notify.LoadConfig(path, notify.LoadOptions{}); err == nil {
				_, err = notify.New(loaded, vendorDriver(nil))
			}
			if name != "a carriage return" && (err == nil || strings.Contains(err.Error(), "s3cr3t")) { // which ends a line there
				t.Errorf("from a file: %v", err)
			}
		})
	}
}

// What a secret may hold: it is not judged beyond what cannot be right.
func TestNew_takes_secrets_of_every_honest_form(t *testing.T) {
	for _, secret := range []string{
		"s3cr3t", "with blanks inside", `quote " inside`, `it's`, `"only the first`, `host=db password='a b'`, "密码", "a:b/c@d?e=f&g#h%20", "$dollar", "=base64==", "{}", "~", "'", `"`,
	} {
		var got vendorSettings
		client, err := notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Driver: "vendor",
			Settings: map[string]any{"access_key_id": "i", "access_key_secret": secret}}}}, vendorDriver(&got))
		if err != nil || got.AccessKeySecret != secret {
			t.Errorf("%q: %q, %v", secret, got.AccessKeySecret, err)
			continue
		}
		client.Close()
	}
}

// A name of an environment with quotes, which docker --env-file keeps, is not
// another environment: production with them would be guarded as staging is.
func TestLoadConfig_refuses_a_damaged_environment(t *testing.T) {
	for _, name := range []string{`"production"`, "'production'", "\ufeffproduction", "production\u200b", "production ", "production\n"} {
		path := write(t, "providers: {a: {driver: vendor}}\n")
		_, err := notify.LoadConfig(path, notify.LoadOptions{Getenv: env(map[string]string{"NOTIFY_ENV": name})})
		if err == nil || !strings.Contains(err.Error(), "environment: ") || !strings.Contains(err.Error(), "NOTIFY_ENV") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Production takes no password that stands in the file, also that of the outbox.
func TestNew_production_refuses_secrets_in_the_file(t *testing.T) {
	for yaml, want := range map[string]string{
		`outbox: {engine: mysql, url: "me:s3cr3t@tcp(127.0.0.1:3306)/sms"}`: "outbox.url: a secret stands in the file",
		`outbox: {engine: mysql, url: "me:s3cr3t@tcp(${DSN_HOST})/sms"}`:    "outbox.url: a secret stands in the file",
		`outbox: {engine: mysql, url: "me:${PASSWORD}@tcp(127.0.0.1)/sms"}`: "",
	} {
		loaded, err := notify.LoadConfig(write(t, "environment: production\nallow: [fake]\nproviders: {a: {driver: fake}}\n"+yaml+"\n"),
			notify.LoadOptions{Getenv: env(map[string]string{"DSN_HOST": "db", "PASSWORD": "s3cr3t"})})
		if err != nil {
			t.Fatal(err)
		}
		client, err := notify.New(loaded, fake.Driver())
		if err == nil {
			client.Close()
		}
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t")) {
			t.Errorf("%s: %v", yaml, err)
		}
	}
}
