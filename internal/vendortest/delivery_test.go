package vendortest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	twilioclient "github.com/twilio/twilio-go/client"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

const pathSecret = "sandbox-secret-0123"

// A desk is a program that sends through Twilio and Aliyun, with its receiver of
// reports, and the sandbox.
type desk struct {
	sb       *sandbox.Sandbox
	client   *notify.Client
	tracker  *delivery.Tracker
	receiver *httptest.Server
	list     middleware.SuppressionList
	changes  chan delivery.Change
	optOuts  chan delivery.OptOut
}

func openDesk(t *testing.T, pace time.Duration) *desk {
	t.Helper()
	d := &desk{changes: make(chan delivery.Change, 1000), optOuts: make(chan delivery.OptOut, 10)}
	mux := http.NewServeMux()
	d.receiver = httptest.NewServer(mux)
	t.Cleanup(d.receiver.Close)
	d.sb = sandboxtest.StartWith(t, sandbox.Options{Pace: pace})
	var err error
	d.tracker, err = delivery.New(delivery.Options{
		Store:    delivery.NewMemoryStore(10_000),
		Webhooks: delivery.Webhooks{URL: d.receiver.URL + "/sms", Secrets: []string{pathSecret}},
		OnChange: func(_ context.Context, c delivery.Change) error { d.changes <- c; return nil },
		OnOptOut: func(_ context.Context, o delivery.OptOut) error { d.optOuts <- o; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.tracker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.tracker.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	suppress, err := middleware.Suppress(&d.list)
	if err != nil {
		t.Fatal(err)
	}
	d.client, err = notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{
			"aliyun": {Driver: "aliyun", Settings: aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret,
				From: sandbox.AliyunSignature, Endpoint: d.sb.URL}},
			"twilio": {Driver: "twilio", Settings: twilio.Options{AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken,
				From: sandbox.TwilioSender, Endpoint: d.sb.URL, StatusCallback: d.receiver.URL + "/sms/twilio/reports?key={key}#rc=3&rp=5xx,ct,rt"}},
		},
		Templates: []sms.Template{{Name: "code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。",
			Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0001"}, "twilio": {Text: "Your code is ${code}."}}}},
		Routes:     []notify.Route{{Regions: []string{"CN"}, Providers: []string{"aliyun"}}, {Providers: []string{"twilio"}}},
		Middleware: []sms.Middleware{suppress},
		Delivery:   d.tracker,
	}, aliyun.Driver(), twilio.Driver())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.client.Close() })
	mux.Handle("/sms/", http.StripPrefix("/sms", d.tracker.Handler(d.client)))
	if err := d.sb.SetWebhooks(map[string]sandbox.Webhooks{"aliyun": {
		Reports: d.receiver.URL + "/sms/aliyun/" + pathSecret + "/reports", Replies: d.receiver.URL + "/sms/aliyun/" + pathSecret + "/replies"}}); err != nil {
		t.Fatal(err)
	}
	return d
}

// last waits until the message has a final state.
func (d *desk) last(t *testing.T, key string) delivery.Change {
	t.Helper()
	for {
		select {
		case c := <-d.changes:
			if c.Key == key && c.Final() {
				return c
			}
		case <-t.Context().Done():
			t.Fatalf("%s has no end", key)
		}
	}
}

// Both vendors report to the receiver, Twilio with its signature and Aliyun with the
// secret in the path.
func TestDelivery_ofTwilioAndAliyun(t *testing.T) {
	d := openDesk(t, 5*time.Millisecond)
	for key, to := range map[string]sms.Number{"by-aliyun": "+8613800000000", "by-twilio": "+12025550123"} {
		if _, err := d.client.Send(t.Context(), sms.Message{To: to, Key: key, Template: "code", Params: sms.Params{"code": "482913"}}); err != nil {
			t.Fatal(err)
		}
		if c := d.last(t, key); c.State != sms.StateDelivered || c.Provider != strings.TrimPrefix(key, "by-") || c.To != to.String() {
			t.Errorf("%+v", c)
		}
		s, err := d.tracker.Status(t.Context(), key)
		if err != nil || s.State != sms.StateDelivered || s.Copies != 1 || s.Kind != sms.Verification {
			t.Errorf("%+v, %v", s, err)
		}
	}
}

// signTwilio signs as Twilio documents it.
func signTwilio(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	io.WriteString(mac, address)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		io.WriteString(mac, name+form.Get(name))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// What Twilio's own library for Go accepts, the Handler accepts, and what it refuses,
// the Handler refuses with 403.
func TestDelivery_judgedByTwiliosValidator(t *testing.T) {
	d := openDesk(t, -1)
	r, err := d.client.Send(t.Context(), sms.Message{To: "+12025550123", Key: "order-1", Template: "code", Params: sms.Params{"code": "482913"}})
	if err != nil {
		t.Fatal(err)
	}
	target := d.receiver.URL + "/sms/twilio/reports?key=order-1"
	form := url.Values{"MessageSid": {r.ID}, "MessageStatus": {"delivered"}, "To": {"+12025550123"}, "AccountSid": {sandbox.TwilioAccountSID}}
	right := signTwilio(sandbox.TwilioAuthToken, target, form)
	for _, test := range []struct {
		name, signature string
		form            url.Values
	}{
		{"of another token", signTwilio("other", target, form), form},
		{"of another address", signTwilio(sandbox.TwilioAuthToken, target+"2", form), form},
		{"none", "", form},
		{"with another status", right, url.Values{"MessageSid": {r.ID}, "MessageStatus": {"failed"}, "To": {"+12025550123"}, "AccountSid": {sandbox.TwilioAccountSID}}},
		{"right", right, form},
	} {
		params := map[string]string{}
		for name := range test.form {
			params[name] = test.form.Get(name)
		}
		validator := twilioclient.NewRequestValidator(sandbox.TwilioAuthToken)
		valid := validator.Validate(target, params, test.signature)
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(test.form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("X-Twilio-Signature", test.signature)
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if accepted := answer.StatusCode == http.StatusOK; accepted != valid || !accepted && answer.StatusCode != http.StatusForbidden || valid != (test.name == "right") {
			t.Errorf("%s: status %d, Twilio's validator says %v", test.name, answer.StatusCode, valid)
		}
		s, err := d.tracker.Status(t.Context(), "order-1")
		if err != nil || (s.State == sms.StateDelivered) != valid {
			t.Errorf("%s: %+v, %v", test.name, s, err)
		}
	}
}

// STOP by a reply to one vendor stops messages through every vendor.
func TestDelivery_stop(t *testing.T) {
	d := openDesk(t, -1)
	for _, step := range []struct {
		text string
		on   bool
	}{{"退订", true}, {"START", false}} {
		body := `{"vendor":"aliyun","from":"+8613800000000","text":"` + step.text + `"}`
		answer, err := http.Post(d.sb.URL+"/_sandbox/replies", "application/json", strings.NewReader(body))
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatal(answer, err)
		}
		answer.Body.Close()
		var o delivery.OptOut
		select {
		case o = <-d.optOuts:
		case <-t.Context().Done():
			t.Fatal("no reply came")
		}
		if o.On != step.on || o.Provider != "aliyun" || o.To != "+8613800000000" {
			t.Errorf("%v", o)
		}
		if o.On {
			d.list.Add(o.To, middleware.Suppression{Reason: "opted out"}, sms.Notification, sms.Promotion)
		} else {
			d.list.Remove(o.To)
		}
		_, err = d.client.Send(t.Context(), sms.Message{To: o.To, Body: "Sale!", Kind: sms.Promotion})
		if blocked := sms.ReasonOf(err) == sms.RecipientBlocked; blocked != step.on {
			t.Errorf("after %q: %v", step.text, err)
		}
		if _, err := d.client.Send(t.Context(), sms.Message{To: o.To, Template: "code", Params: sms.Params{"code": "482913"}}); err != nil {
			t.Errorf("a code after %q: %v", step.text, err)
		}
	}
}
