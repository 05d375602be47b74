package vendortest_test

import (
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

func notice() sms.Message {
	return sms.Message{To: "+12025550123", Template: "shipped", Params: sms.Params{"order": "A-1024-and-more"}, Key: "order-17"}
}

// process is the configuration of one process: two accounts of Twilio at a sandbox,
// whose lists are believed at once.
func process(url string, change func(*notify.Config)) notify.Config {
	settings := twilio.Options{AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken, From: sandbox.TwilioSender, Endpoint: url, FindAfter: time.Nanosecond}
	other := settings
	other.AuthToken, other.APIKeySID, other.APIKeySecret = sandbox.TwilioAuthToken, "", ""
	c := notify.Config{
		Providers: map[string]notify.ProviderConfig{
			"one": {Driver: "twilio", Settings: settings}, "two": {Driver: "twilio", Settings: other},
		},
		Templates: []sms.Template{{Name: "shipped", Text: "Order ${order} has shipped.", Bindings: map[string]sms.Binding{"one": {}, "two": {}}}},
		Routes:    []notify.Route{{Providers: []string{"one"}}},
		FindFor:   -1, // what is asked is asked by the next process
	}
	if change != nil {
		change(&c)
	}
	return c
}

func openProcess(t *testing.T, c notify.Config) *notify.Client {
	t.Helper()
	client, err := notify.New(c, twilio.Driver())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}
