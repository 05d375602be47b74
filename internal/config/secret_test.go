package config_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/internal/config"
)

// secretSettings are values with a secret ("s3cr3t") in a file, and whether
// production takes them.
var secretSettings = []string{
	`outbox: {engine: mysql, url: "me:s3cr3t@tcp(127.0.0.1:3306)/sms"}`,
	`outbox: {engine: mysql, url: "me:s3cr3t/@tcp(127.0.0.1:3306)/sms?parseTime=true"}`,
	`outbox: {engine: postgresql, url: "host=db user=me password=s3cr3t dbname=sms"}`,
	`outbox: {engine: postgresql, url: "host=db user=me password='s3cr3t x' dbname=sms"}`,
	`outbox: {engine: postgresql, url: "postgres://me:s3cr3t/x@db/sms"}`,
	`outbox: {engine: postgresql, url: "postgres://db/sms?user=me&password=s3cr3t"}`,
	`outbox: {engine: postgresql, url: "${URL_UNSET:-postgres://me:s3cr3t@db/sms}"}`,
	`outbox: {engine: mysql, url: "me:s3cr3t@tcp(${HOST})/sms"}`,
	`outbox: {engine: postgresql, url: "host=${HOST} password=s3cr3t"}`,
	`providers: {a: {driver: x, auth_token: s3cr3t}}`,
	`providers: {a: {driver: x, auth_token: "${TOKEN_UNSET:-s3cr3t}"}}`,
	`providers: {a: {driver: x, senders: {api_key: s3cr3t}}}`,
	`providers: {a: {driver: x, endpoint: "https://me:s3cr3t@proxy.example.com/"}}`,
	`providers: {a: {driver: x, endpoint: "https://me:s3cr3t/x@proxy.example.com/"}}`,
	`providers: {a: {driver: x, endpoint: "https://me:s3cr3t@${HOST}/"}}`,
	`providers: {a: {driver: x, dsn: "me:s3cr3t@tcp(127.0.0.1)/x"}}`,
	`providers: {a: {driver: x, database: "me:s3cr3t@tcp(127.0.0.1)/x"}}`,
	`providers: {a: {driver: x, connection: "Server=db;User=me;Pwd=s3cr3t;"}}`,
	`providers: {a: {driver: x, list: ["https://me:s3cr3t@example.com"]}}`,
}

// No output shows a secret that stands in the file, whatever its form, and each is
// reported as one, for production to refuse.
func TestSource_knows_every_form_of_a_secret(t *testing.T) {
	for _, yaml := range secretSettings {
		_, source, faults := parse("f", "environment: production\n"+yaml+"\n", config.Options{Getenv: getenv("HOST", "db.example.com")})
		if len(faults) > 0 {
			t.Fatalf("%s: %s", yaml, words(faults))
		}
		var out strings.Builder
		if err := source.Print(&out); err != nil {
			t.Fatal(err)
		}
		for _, v := range source.Values() {
			out.WriteString(v.Text + "\n")
		}
		if strings.Contains(out.String(), "s3cr3t") {
			t.Errorf("%s\nis shown:\n%s", yaml, out.String())
		}
		if len(source.PlainSecrets()) != 1 {
			t.Errorf("%s: plain secrets %v", yaml, source.PlainSecrets())
		}
	}
}

// What comes from variables is no secret in the file, and what is none stays as it
// is.
func TestSource_knows_what_is_no_secret(t *testing.T) {
	for _, yaml := range []string{
		`outbox: {engine: mysql, url: "${DSN}"}`,
		`outbox: {engine: mysql, url: "me:${PASSWORD}@tcp(127.0.0.1:3306)/sms"}`,
		`outbox: {engine: postgresql, url: "host=db user=me password=${PASSWORD}"}`,
		`outbox: {engine: postgresql, url: "host=db user=me password='${PASSWORD}' dbname=sms"}`,
		`outbox: {path: /srv/a:b@c.db}`,
		`providers: {a: {driver: x, endpoint: "https://example.com/x", from: "Acme", region: cn-hangzhou}}`,
		`providers: {a: {driver: x, endpoint: "https://me:${PASSWORD}@proxy.example.com/"}}`,
		`providers: {a: {driver: x, status_callback: "https://example.com/reports/{provider}/{key}"}}`,
		`templates: {t: {text: "Your password: ${code}"}}`,
	} {
		_, source, faults := parse("f", "environment: production\n"+yaml+"\n", config.Options{Getenv: getenv("DSN", "me:s3cr3t@tcp(db)/x", "PASSWORD", "s3cr3t")})
		if len(faults) > 0 {
			t.Fatalf("%s: %s", yaml, words(faults))
		}
		if plain := source.PlainSecrets(); len(plain) > 0 {
			t.Errorf("%s: plain secrets %v", yaml, plain)
		}
		var out strings.Builder
		if err := source.Print(&out); err != nil || strings.Contains(out.String(), "s3cr3t") {
			t.Errorf("%s: %v\n%s", yaml, err, out.String())
		}
	}
	_, source, _ := parse("f", `providers: {a: {driver: x, endpoint: "https://example.com/x", from: "a:b@c"}}`, config.Options{})
	for _, v := range source.Values() {
		if v.Masked && v.Path != "providers.a.from" {
			t.Errorf("%s is masked: %s", v.Path, v.Text)
		}
	}
}

// Every entry of a map called secrets is one, whatever its name: a recipe names them.
func TestIsSecret_below_secrets(t *testing.T) {
	for path, want := range map[string]bool{
		"providers.acme.secrets.user": true, "providers.acme.secrets.u": true, "providers.acme.settings.user": false, "providers.secretsmanager.region": false,
	} {
		if got := config.IsSecret(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
