package vendortest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	twilioclient "github.com/twilio/twilio-go/client"
	twilioapi "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

// The vendor's own validator takes the signatures of the sandbox's callbacks.
func TestGoTwilioSDK_validatesCallbacks(t *testing.T) {
	valid := make(chan bool, 10)
	var target string
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.ParseForm() != nil {
			valid <- false
			return
		}
		params := map[string]string{}
		for name := range r.PostForm {
			params[name] = r.PostForm.Get(name)
		}
		right, wrong := twilioclient.NewRequestValidator(sandbox.TwilioAuthToken), twilioclient.NewRequestValidator("other")
		signature := r.Header.Get("X-Twilio-Signature")
		valid <- right.Validate(target, params, signature) && !wrong.Validate(target, params, signature)
	}))
	defer receiver.Close()
	target = receiver.URL + "/cb?b=2&a=%E4%B8%AD&empty="
	sb := sandboxtest.StartWith(t, sandbox.Options{Pace: time.Millisecond})
	api := twilioSDK(t, sb, sandbox.TwilioAccountSID, sandbox.TwilioAuthToken, sandbox.TwilioAccountSID)
	p := &twilioapi.CreateMessageParams{}
	p.SetTo("+12025550123").SetFrom(sandbox.TwilioSender).SetBody("Hello").SetStatusCallback(target)
	if _, err := api.CreateMessage(p); err != nil {
		t.Fatal(err)
	}
	for _, status := range []string{"sent", "delivered"} {
		select {
		case ok := <-valid:
			if !ok {
				t.Errorf("the vendor's validator refuses the callback for %s", status)
			}
		case <-t.Context().Done():
			t.Fatal("no callback came")
		}
	}
}
