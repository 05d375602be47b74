package vendortest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/twilio"
)

// The example of the documentation opens with the real drivers.
func TestOpen_with_the_vendors_own_drivers(t *testing.T) {
	t.Setenv("ALIYUN_ACCESS_KEY_ID", "sandbox-key-id")
	t.Setenv("ALIYUN_ACCESS_KEY_SECRET", "sandbox-key-secret")
	t.Setenv("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000000")
	t.Setenv("TWILIO_AUTH_TOKEN", "sandboxtoken")
	client, err := notify.Open("../../testdata/notify.yaml", aliyun.Driver(), twilio.Driver())
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The real drivers' own faults get their lines: of settings, and of what they
// find in a binding.
func TestOpen_places_the_faults_of_the_vendors_own_drivers(t *testing.T) {
	t.Setenv("NOTIFY_TEST_SECRET", "s3cr3t-v4lue")
	_, err := notify.Open(write(t, `providers:
  aliyun:
    driver: aliyun
    access_key_id: id
    access_key_secret: ${NOTIFY_TEST_SECRET}
    from: 【云通信】
    endpoint: http://sms.example.com
  twilio:
    driver: twilio
    acount_sid: AC00000000000000000000000000000000
    auth_token: ${NOTIFY_TEST_SECRET}
templates:
  login-code:
    kind: verification
    text: 您的验证码是${code}。
    bindings:
      aliyun: {id: SMS_0001, extra: {max_lenght: "6"}}
`), aliyun.Driver(), twilio.Driver())
	if err == nil {
		t.Fatal("it was opened")
	}
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("it shows a secret: %v", err)
	}
	for _, want := range []string{
		":6:5: providers.aliyun.from: ", ":7:5: providers.aliyun.endpoint: ", ":10:5: providers.twilio.acount_sid: ",
		":17:38: templates.login-code.bindings.aliyun.extra.max_lenght: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	t.Log(err)
}
