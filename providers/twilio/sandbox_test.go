package twilio_test

import (
	"testing"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

const (
	sandboxAccount    = "AC00000000000000000000000000000000"
	sandboxSubaccount = "AC00000000000000000000000000000001"
	sandboxKey        = "SK00000000000000000000000000000000"
)

func TestAgainstTheSandbox(t *testing.T) {
	sb := sandboxtest.Start(t)
	template := sms.Template{Name: "content", Kind: sms.Verification, Text: "Your code is ${code}.",
		Bindings: map[string]sms.Binding{"twilio": {ID: "HX00000000000000000000000000000000", Order: []string{"code"}}}}
	for name, o := range map[string]twilio.Options{
		"an account":                         {AccountSID: sandboxAccount, AuthToken: "sandboxtoken"},
		"a subaccount":                       {AccountSID: sandboxSubaccount, AuthToken: "sandboxsubtoken"},
		"a subaccount by the one above":      {AccountSID: sandboxSubaccount, ParentAccountSID: sandboxAccount, AuthToken: "sandboxtoken"},
		"an API key":                         {AccountSID: sandboxAccount, APIKeySID: sandboxKey, APIKeySecret: "sandboxsecret"},
		"an account and a Messaging Service": {AccountSID: sandboxAccount, AuthToken: "sandboxtoken", From: "MG00000000000000000000000000000000"},
	} {
		t.Run(name, func(t *testing.T) {
			o.Endpoint, o.Templates = sb.URL, templates(t, template)
			if o.From == "" {
				o.From = "+15005550006"
			}
			p := open(t, o)
			for _, name := range []string{"login-code", "content"} {
				m := login()
				m.Template = name
				r, err := p.Send(t.Context(), m)
				if err != nil || len(r.ID) != 34 || r.Segments != 1 || r.RequestID == "" {
					t.Errorf("%s: %+v, %v", name, r, err)
				}
			}
		})
	}

	p := open(t, twilio.Options{AccountSID: sandboxAccount, AuthToken: "sandboxtoken", From: "+15005550006", Endpoint: sb.URL})
	for number, want := range map[sms.Number]struct {
		code   string
		reason sms.Reason
	}{
		"+15005550001": {"21211", sms.InvalidNumber},
		"+15005550002": {"21612", sms.Unsupported},
		"+15005550003": {"21408", sms.Unsupported},
		"+15005550004": {"21610", sms.RecipientBlocked},
		"+15005550009": {"21614", sms.InvalidNumber},
	} {
		_, err := p.Send(t.Context(), sms.Message{To: number, Body: "hello"})
		if e := refused(t, err, want.reason, sms.Rejected); e.Code != want.code {
			t.Errorf("%v: code %q, want %q", number, e.Code, want.code)
		}
	}
	wrong := open(t, twilio.Options{AccountSID: sandboxAccount, AuthToken: "wrong", From: "+15005550006", Endpoint: sb.URL})
	_, err := wrong.Send(t.Context(), sms.Message{To: to, Body: "hello"})
	if e := refused(t, err, sms.Unauthorized, sms.Rejected); e.Code != "20003" {
		t.Errorf("the code is %q", e.Code)
	}
}
