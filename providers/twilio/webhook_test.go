package twilio_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/twilio/twilio-go/client"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

// hook makes a request that is signed as Twilio's does.
func hook(address, signature string, form url.Values) kit.Hook {
	return kit.Hook{
		Method: http.MethodPost, URL: address, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {signature}},
	}
}

// The vectors were computed with Twilio's library for Node.js 6.2.0.
func TestHook_signatures(t *testing.T) {
	for name, test := range map[string]struct {
		token, url string
		form       url.Values
		signature  string
	}{
		"the documented example": {"12345", "https://example.com/myapp.php?foo=1&bar=2",
			url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"}},
			"9pyy2ZSJda9ihJ1NNXPXtY4oV2Y="},
		"with its port":     {"12345", "http://127.0.0.1:8080/cb", url.Values{"A": {"1"}}, "J70GRAQpnrIdyoN5whjQAtCrRwQ="},
		"without its port":  {"12345", "http://127.0.0.1:8080/cb", url.Values{"A": {"1"}}, "/aTwTR3+RodIGWJ2Jyozv2CNmac="},
		"odd characters":    {"12345", "https://example.com/cb", url.Values{"A": {""}, "B": {"x y&z=é"}}, "WFfCcL9XH7wifv4dGHSorEUTTps="},
		"capitals first":    {"k", "https://e.com/", url.Values{"b": {"1"}, "A": {"2"}, "a": {"3"}}, "AASqyKsdga6hpz+Gu2NzLED6YaQ="},
		"a name repeated":   {"12345", "https://example.com/", url.Values{"A": {"b", "a", "b"}}, "d9gfNbVv1nCp1P3tJN2BQZB/fV4="},
		"a fragment is cut": {"k", "https://e.com/#rc=3", url.Values{"b": {"1"}, "A": {"2"}, "a": {"3"}}, "AASqyKsdga6hpz+Gu2NzLED6YaQ="},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, "")
			o.AuthToken = test.token
			p := open(t, o)
			if _, err := p.Hook(t.Context(), hook(test.url, test.signature, test.form)); !errors.Is(err, kit.ErrMalformed) {
				t.Errorf("a right signature: %v, want one that has no MessageSid", err)
			}
			for _, wrong := range []string{"", "x", test.signature[1:], "AAAAAAAAAAAAAAAAAAAAAAAAAAA="} {
				if _, err := p.Hook(t.Context(), hook(test.url, wrong, test.form)); !errors.Is(err, kit.ErrNotAuthentic) {
					t.Errorf("the signature %q: %v", wrong, err)
				}
			}
			changed := url.Values{"Extra": {"1"}}
			for name, values := range test.form {
				changed[name] = values
			}
			if _, err := p.Hook(t.Context(), hook(test.url, test.signature, changed)); !errors.Is(err, kit.ErrNotAuthentic) {
				t.Errorf("a further parameter under the same signature: %v", err)
			}
		})
	}
}

// sign signs as Twilio's own library for Go checks it.
func sign(t *testing.T, address string, form url.Values) kit.Hook {
	t.Helper()
	params := map[string]string{}
	for name := range form {
		params[name] = form.Get(name)
	}
	h := hook(address, twilio.Sign(token, address, form), form)
	validator := client.NewRequestValidator(token)
	if !validator.Validate(address, params, h.Header.Get("X-Twilio-Signature")) {
		t.Fatal("the vendor's validator refuses the signature")
	}
	return h
}

func TestHook_reports(t *testing.T) {
	p := open(t, options(t, ""))
	for _, test := range []struct {
		status, code string
		state        sms.DeliveryState
		reason       sms.Reason
		optedOut     bool
	}{
		{"queued", "", sms.StateAccepted, "", false},
		{"sending", "", sms.StateAccepted, "", false},
		{"sent", "", sms.StateSent, "", false},
		{"delivered", "", sms.StateDelivered, "", false},
		{"undelivered", "30003", sms.StateUndelivered, "", false},
		{"undelivered", "30007", sms.StateBlocked, sms.ContentRejected, false},
		{"failed", "21610", sms.StateBlocked, sms.RecipientBlocked, true},
		{"undelivered", "30036", sms.StateExpired, "", false},
		{"canceled", "", sms.StateUndelivered, "", false},
		{"teleported", "", 0, "", false},
	} {
		form := url.Values{"MessageSid": {messageSID}, "MessageStatus": {test.status}, "ErrorCode": {test.code}, "To": {"+15551234567"}, "From": {"+15005550006"}}
		in, err := p.Hook(t.Context(), sign(t, "https://example.com/sms/twilio/reports?key=order-1", form))
		if err != nil || len(in.Reports) != 1 || len(in.Replies) != 0 || !in.Signed {
			t.Fatalf("%s: %+v, %v", test.status, in, err)
		}
		r := in.Reports[0]
		if r.State != test.state || r.OptedOut != test.optedOut || test.reason != "" && r.Reason != test.reason {
			t.Errorf("%s %s is %v, %q, opted out %v", test.status, test.code, r.State, r.Reason, r.OptedOut)
		}
		if r.ID != messageSID || r.Key != "order-1" || r.To != to || r.Provider != "twilio" {
			t.Errorf("%s: %q %q %q %q", test.status, r.ID, r.Key, r.To.E164(), r.Provider)
		}
		if test.state == 0 && r.Code != "teleported" {
			t.Errorf("the unknown word is not kept: %q", r.Code)
		}
	}
}

func TestHook_replies(t *testing.T) {
	p := open(t, options(t, ""))
	form := url.Values{"MessageSid": {messageSID}, "From": {"+15551234567"}, "To": {"+15005550006"}, "Body": {"Stop"}, "OptOutType": {"STOP"}, "SmsStatus": {"received"}}
	in, err := p.Hook(t.Context(), sign(t, "https://example.com/sms/twilio/replies", form))
	if err != nil || len(in.Replies) != 1 || len(in.Reports) != 0 {
		t.Fatalf("%+v, %v", in, err)
	}
	if r := in.Replies[0]; r.From != to || r.To != "+15005550006" || r.Text != "Stop" || r.Keyword != sms.KeywordStop || r.ID != messageSID {
		t.Errorf("it is %q %q %q %v", r.From.E164(), r.To, r.Text, r.Keyword)
	}
}

func TestHook_webhookToken(t *testing.T) {
	form, address := url.Values{"MessageSid": {messageSID}, "MessageStatus": {"sent"}}, "https://example.com/r"
	key := options(t, "")
	key.AuthToken, key.APIKeySID, key.APIKeySecret = "", keySID, keySecret
	if _, err := open(t, key).Hook(t.Context(), sign(t, address, form)); !errors.Is(err, kit.ErrNotAuthentic) {
		t.Errorf("an API key without webhook_token: %v", err)
	}
	key.WebhookToken = token
	if _, err := open(t, key).Hook(t.Context(), sign(t, address, form)); err != nil {
		t.Errorf("an API key with webhook_token: %v", err)
	}
}

func FuzzHook(f *testing.F) {
	f.Add("https://example.com/r?key=k", "MessageSid=SM1&MessageStatus=sent", "application/x-www-form-urlencoded")
	f.Add("https://example.com/r?bodySHA256=00", `{"a":1}`, "application/json")
	f.Add("%zz", "%zz", "")
	o := options(f, "")
	p := open(f, o)
	f.Fuzz(func(t *testing.T, address, body, contentType string) {
		in, err := p.Hook(t.Context(), kit.Hook{Method: http.MethodPost, URL: address, Body: []byte(body),
			Header: http.Header{"Content-Type": {contentType}, "X-Twilio-Signature": {"AAAAAAAAAAAAAAAAAAAAAAAAAAA="}}})
		if err == nil {
			t.Errorf("an unsigned request is taken: %+v", in)
		}
	})
}
