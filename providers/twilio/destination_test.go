package twilio_test

import (
	"testing"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

func TestDestination(t *testing.T) {
	const account, token = "AC11111111111111111111111111111111", "11111111111111111111111111111111"
	for name, c := range map[string]struct {
		o    twilio.Options
		want sms.Destination
	}{
		"the vendor":      {twilio.Options{AccountSID: account, AuthToken: token}, sms.Destination{Endpoint: "https://api.twilio.com"}},
		"this machine":    {twilio.Options{AccountSID: account, AuthToken: token, Endpoint: "http://localhost:8025"}, sms.Destination{Endpoint: "http://localhost:8025", Trial: true}},
		"a sandbox's key": {twilio.Options{AccountSID: "AC00000000000000000000000000000000", AuthToken: "sandboxtoken", Endpoint: "http://sandbox:8025"}, sms.Destination{Endpoint: "http://sandbox:8025", Trial: true}},
		"a proxy":         {twilio.Options{AccountSID: account, AuthToken: token, Endpoint: "http://proxy/twilio", AllowPlainHTTP: true}, sms.Destination{Endpoint: "http://proxy/twilio"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := twilio.New(c.o)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if got := p.Destination(); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
