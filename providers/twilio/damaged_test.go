package twilio_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

// Tokens and keys hold printable ASCII, without blanks and quotes. What else stands
// in one was added on its way here, and would be refused by the vendor only when
// somebody is to get a message.
func TestNew_refuses_secrets_that_cannot_be_ones(t *testing.T) {
	for name, secret := range map[string]string{
		"double quotes": `"ab5ecret"`, "single quotes": "'ab5ecret'", "one quote": `ab5ecret"`, "back quote": "ab5`ecret", "byte order mark": "\ufeffab5ecret",
		"zero width space": "ab\u200b5ecret", "no-break space": "ab5ecret\u00a0", "a blank inside": "ab5 ecret", "full width letters": "ａｂ5ecret",
		"line end": "ab5ecret\n", "typographic quotes": "“ab5ecret”", "a byte that is no text": "ab\xff5ecret",
	} {
		for path, o := range map[string]twilio.Options{
			"auth_token":     {AccountSID: account, AuthToken: secret},
			"api_key_secret": {AccountSID: account, APIKeySID: keySID, APIKeySecret: secret},
		} {
			_, err := twilio.New(o)
			fault, ok := errors.AsType[*sms.FieldError](err)
			if !ok || fault.Path != path {
				t.Errorf("%s in %s: %v", name, path, err)
			} else if strings.Contains(err.Error(), "5ecret") {
				t.Errorf("%s in %s: it shows the secret: %v", name, path, err)
			}
		}
	}
}
