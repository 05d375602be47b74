package twilio_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// What Twilio says of a message that it took.
func TestLook(t *testing.T) {
	for name, test := range map[string]struct {
		pace   time.Duration
		fails  string
		state  sms.DeliveryState
		code   string
		reason sms.Reason
	}{
		"on its way":  {-1, "", sms.StateAccepted, "", ""},
		"delivered":   {time.Nanosecond, "", sms.StateDelivered, "", ""},
		"undelivered": {time.Nanosecond, "30003", sms.StateUndelivered, "30003", ""},
		"blocked":     {time.Nanosecond, "30004", sms.StateBlocked, "30004", ""},
	} {
		sb := sandboxtest.StartWith(t, sandbox.Options{Pace: test.pace})
		p := open(t, twilio.Options{AccountSID: sandboxAccount, AuthToken: "sandboxtoken", From: "+15005550006", Endpoint: sb.URL})
		if test.fails != "" {
			if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Twilio, Fails: test.fails}); err != nil {
				t.Fatal(err)
			}
		}
		sent, err := p.Send(t.Context(), sms.Message{To: "+12025550123", Body: "hello"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Look(t.Context(), sent.ID, "", time.Time{})
		if err != nil || r.State != test.state || r.Code != test.code || r.ID != sent.ID || r.To != "+12025550123" || r.Provider != "twilio" || r.Segments != 1 || r.At.IsZero() {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		for _, unknown := range []string{"SM" + strings.Repeat("0", 32), "../Accounts", ""} {
			if _, err := p.Look(t.Context(), unknown, "", time.Time{}); !errors.Is(err, sms.ErrNotFound) {
				t.Errorf("%q: %v", unknown, err)
			}
		}
		if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Twilio, Operation: "look", Status: 500}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Look(t.Context(), sent.ID, "", time.Time{}); err == nil || errors.Is(err, sms.ErrNotFound) {
			t.Errorf("%s: a vendor that is down: %v", name, err)
		}
	}
}
