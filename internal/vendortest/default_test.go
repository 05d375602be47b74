package vendortest_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
)

// A provider that sends nothing and was opened because a variable was forgotten is
// logged at Warn at every start. One that was asked for is not.
func TestNew_warnsOfAForgottenVariable(t *testing.T) {
	const (
		staged  = "environments: {development: {providers: {a: {driver: fake}}}, production: {providers: {a: {driver: fake}}, allow: [fake]}}\nproviders: {a: {driver: twilio}}\n"
		account = "account_sid: AC00000000000000000000000000000000, auth_token: \"${TOKEN:-sandboxtoken}\", from: \"+15005550006\""
	)
	for name, c := range map[string]struct {
		text, option string
		env          map[string]string
		want         string // the variables of the warning; empty: none
	}{
		"the environment's default":         {"environment: ${NOTIFY_ENV:-development}\n" + staged, "", nil, "[NOTIFY_ENV]"},
		"the variable is empty":             {"environment: ${NOTIFY_ENV:-development}\n" + staged, "", map[string]string{"NOTIFY_ENV": ""}, "[NOTIFY_ENV]"},
		"another variable":                  {"environment: ${STAGE:-development}\n" + staged, "", nil, "[STAGE]"},
		"written in the file":               {"environment: development\n" + staged, "", nil, "[NOTIFY_ENV]"},
		"production by default":             {"environment: ${NOTIFY_ENV:-production}\n" + staged, "", nil, "[NOTIFY_ENV]"},
		"the driver's default":              {"providers: {a: {driver: \"${SMS_DRIVER:-fake}\"}}\n", "staging", nil, "[SMS_DRIVER]"},
		"a part of the driver":              {"providers: {a: {driver: \"fa${END:-ke}\"}}\n", "staging", nil, "[END]"},
		"the endpoint's default":            {"providers: {a: {driver: twilio, " + account + ", endpoint: \"${URL:-http://127.0.0.1:8025/}\"}}\n", "staging", nil, "[URL]"},
		"the endpoint's host":               {"providers: {a: {driver: twilio, " + account + ", endpoint: \"http://${HOST:-127.0.0.1:8025}\"}}\n", "staging", nil, "[HOST]"},
		"the variable is set":               {"environment: ${NOTIFY_ENV:-production}\n" + staged, "", map[string]string{"NOTIFY_ENV": "development"}, ""},
		"another variable is set":           {"environment: ${STAGE:-production}\n" + staged, "", map[string]string{"STAGE": "development"}, ""},
		"the caller has chosen":             {"environment: ${NOTIFY_ENV:-production}\n" + staged, "development", nil, ""},
		"a default beside it":               {"providers: {a: {driver: fake, latency: \"${LATENCY:-1ms}\"}}\n", "staging", nil, ""},
		"no environment, no default":        {"providers: {a: {driver: fake}}\n", "", nil, ""},
		"a default's real vendor":           {"environment: ${NOTIFY_ENV:-live}\nproviders: {a: {driver: vonage, api_key: abcd1234, api_secret: secret, from: ACME}}\n", "", nil, ""},
		"the driver is set":                 {"providers: {a: {driver: \"${SMS_DRIVER:-twilio}\"}}\n", "staging", map[string]string{"SMS_DRIVER": "fake"}, ""},
		"a token's default and the sandbox": {"providers: {a: {driver: twilio, " + account + ", endpoint: \"http://127.0.0.1:8025\"}}\n", "staging", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			loaded, err := notify.LoadConfig(write(t, c.text), notify.LoadOptions{Environment: c.option, Getenv: func(name string) (string, bool) {
				value, ok := c.env[name]
				return value, ok
			}})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // at every start
				var log bytes.Buffer
				loaded.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
				client, err := notify.New(loaded, fake.Driver(), twilio.Driver(), vonage.Driver())
				if err != nil {
					t.Fatal(err)
				}
				client.Close()
				warned := strings.Contains(log.String(), "because of a default")
				if warned != (c.want != "") || warned && !strings.Contains(log.String(), "providers=[a] variables="+c.want+"\n") {
					t.Errorf("want %q, the log: %s", c.want, log.String())
				}
			}
		})
	}
}
