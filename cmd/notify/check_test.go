package main_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// secretFile is a configuration whose secrets a machine that builds does not have.
const secretFile = `environment: production
providers:
  aliyun: {driver: aliyun, access_key_id: "${CI_KEY_ID}", access_key_secret: "${CI_KEY_SECRET}", from: 云通信, region: "${CI_REGION}", timeout: "${CI_TIMEOUT}"}
  twilio: {driver: twilio, account_sid: "${CI_SID}", api_key_sid: "${CI_API_KEY}", api_key_secret: "${file:/run/secrets/ci_no_such_file}", endpoint: "${CI_ENDPOINT:?the proxy}", from: "+15005550006"}
templates:
  login-code: {kind: verification, text: "您的验证码是${code}。", bindings: {aliyun: {id: SMS_0001}, twilio: {}}}
routes: [{providers: [aliyun, twilio]}]
limits: {per_number: [1/minute]}
outbox: {engine: postgresql, url: "${CI_DATABASE}"}
`

var missing = []string{"CI_KEY_ID", "CI_KEY_SECRET", "CI_REGION", "CI_TIMEOUT", "CI_SID", "CI_API_KEY", "file:/run/secrets/ci_no_such_file", "CI_ENDPOINT", "CI_DATABASE"}

// check --offline --no-secrets checks all but the values of variables that are not
// set, and lists their names.
func TestCheck_withoutSecrets(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.write("notify.yaml", secretFile)
	if _, errs, status := w.run("check", "--offline"); status != 1 || !strings.Contains(errs, "CI_KEY_ID is not set") {
		t.Errorf("without the flag: status %d, %s", status, errs)
	}
	out := w.ok("check", "--offline", "--no-secrets")
	w.says(out, append([]string{"login-code", "bound"}, missing...)...)
	answer := parse[struct {
		Ready   bool     `json:"ready"`
		Missing []string `json:"missing"`
	}](w, w.ok("check", "--offline", "--no-secrets", "--json"))
	if !answer.Ready || len(answer.Missing) != len(missing) {
		t.Errorf("%+v", answer)
	}
	if _, errs, status := w.run("check", "--no-secrets"); status != 2 || !strings.Contains(errs, "--offline") {
		t.Errorf("without --offline: status %d, %s", status, errs)
	}
}

// Everything else is checked, also beside a variable that is not set.
func TestCheck_withoutSecrets_findsTheRest(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	for name, c := range map[string]struct{ old, new, want string }{
		"a misspelt key":                  {"from: 云通信", "form: 云通信", `providers.aliyun.form: there is no key "form"`},
		"a setting that the driver knows": {"from: 云通信", "from: 【云通信】", "providers.aliyun.from: "},
		"a missing setting":               {`account_sid: "${CI_SID}", `, "", "providers.twilio.account_sid: it is required"},
		"a variable that is none":         {"${CI_SID}", "${CI SID}", "providers.twilio.account_sid: ${CI SID} is no variable"},
		"a binding":                       {"twilio: {}", "twilio: {extra: {a: b}}", "templates.login-code.bindings.twilio"},
		"a route":                         {"providers: [aliyun, twilio]}]", "providers: [aliyun, twillio]}]", "routes[0].providers[1]: there is no provider"},
		"a limit":                         {"1/minute", "1/minut", "limits.per_number[0]: "},
		"a text":                          {"${code}。", "${code", "templates.login-code.text: "},
		"a driver":                        {"driver: twilio", "driver: twillio", "providers.twilio.driver: no driver"},
		"a secret in the file":            {`"${CI_KEY_SECRET}"`, "s3cr3tvalue", "providers.aliyun.access_key_secret: a secret stands in the file"},
		"what production refuses":         {"routes:", "dry_run: true\nroutes:", "dry_run: in production nothing is sent"},
		"an engine":                       {"postgresql", "postgres", "outbox.engine: "},
	} {
		t.Run(name, func(t *testing.T) {
			w.write("notify.yaml", secretFile)
			w.edit("notify.yaml", c.old, c.new)
			_, errs, status := w.run("check", "--offline", "--no-secrets")
			if status != 1 || !strings.Contains(errs, c.want) {
				t.Errorf("status %d, no %q in:\n%s", status, c.want, errs)
			}
			if strings.Contains(errs, "is not set") || strings.Count(errs, "\n") > 1 {
				t.Errorf("it tells more:\n%s", errs)
			}
		})
	}
}

// With a number, a vendor that has a dry run is asked whether it would take a message.
func TestCheck_to(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.write("notify.yaml", fmt.Sprintf(`providers:
  aws: {driver: aws, region: us-east-1, access_key_id: %s, secret_access_key: %s, from: OTHER, endpoint: "%s"}
templates:
  hello: {text: Hello, bindings: {aws: {}}}
`, sandbox.AWSKeyID, sandbox.AWSKeySecret, w.sandbox.URL))
	if out := w.ok("check"); !strings.Contains(out, "Ready.") {
		t.Errorf("without a number: %s", out)
	}
	out, errs, status := w.run("check", "--to", "+447700900001")
	if status != 1 || !strings.Contains(out, "AWS does not know it in this region") || strings.Contains(out+errs, "7700900001") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	if n := len(w.sandbox.Messages("")); n != 0 {
		t.Errorf("%d messages were taken", n)
	}
	for _, wrong := range [][]string{{"--to", "12"}, {"--to", "+447700900001", "--offline"}} {
		if _, errs, status := w.run(append([]string{"check"}, wrong...)...); status != 2 || !strings.Contains(errs, "--to") {
			t.Errorf("%q: status %d, %s", wrong, status, errs)
		}
	}
}
