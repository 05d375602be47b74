package vendortest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// A refusal made here for which the vendor has a code has that Code, and the Reason that
// the table gives it. Its text shows the code once.
func TestRefusalsOfOurs_code(t *testing.T) {
	bindings := map[string]sms.Binding{"aliyun": {ID: "SMS_0001"}, "tencent": {ID: "1000001", Order: []string{"code"}}, "twilio": {}, "vonage": {}}
	notices := map[string]sms.Binding{"aliyun": {ID: "SMS_0002"}, "tencent": {ID: "1000002", Order: []string{"name", "order"}}, "twilio": {}, "vonage": {}}
	templates, err := sms.NewRegistry(
		sms.Template{Name: "code", Kind: sms.Verification, Text: "${code}", Bindings: bindings},
		sms.Template{Name: "shipped", Kind: sms.Notification, Text: "${name} ${order}", Bindings: notices})
	if err != nil {
		t.Fatal(err)
	}
	opened := func(s sms.Sender, err error) sms.Sender {
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const nowhere = "http://127.0.0.1:1" // nothing may be sent
	a, err := aliyun.New(aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature, Endpoint: nowhere, Templates: templates})
	fromAliyun := opened(a, err)
	q, err := tencent.New(tencent.Options{SecretID: sandbox.TencentSecretID, SecretKey: sandbox.TencentSecretKey, SDKAppID: sandbox.TencentAppID, From: sandbox.TencentSignature, Endpoint: nowhere, Templates: templates})
	fromTencent := opened(q, err)
	w, err := twilio.New(twilio.Options{AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken, From: sandbox.TwilioSender, Endpoint: nowhere})
	fromTwilio := opened(w, err)
	v, err := vonage.New(vonage.Options{APIKey: sandbox.VonageAPIKey, APISecret: sandbox.VonageAPISecret, From: "ACME", Endpoint: nowhere})
	fromVonage := opened(v, err)
	v, err = vonage.New(vonage.Options{API: vonage.APIMessages, APIKey: sandbox.VonageAPIKey, APISecret: sandbox.VonageAPISecret, From: "ACME", Endpoint: nowhere})
	fromMessages := opened(v, err)

	code := func(value string) sms.Message {
		return sms.Message{To: "+8613800000000", Template: "code", Params: sms.Params{"code": value}}
	}
	notice := func(name, order string) sms.Message {
		return sms.Message{To: "+8613800000000", Template: "shipped", Params: sms.Params{"name": name, "order": order}}
	}
	text := func(n int) sms.Message {
		return sms.Message{To: "+12025550123", Kind: sms.Notification, Body: strings.Repeat("a", n)}
	}
	landline := code("1234")
	landline.To = "+861012345678"
	for _, c := range []struct {
		name  string
		from  sms.Sender
		table []sms.CodeInfo
		m     sms.Message
		code  string
		also  string // another code, which the words name
	}{
		{"aliyun, a code too short", fromAliyun, aliyun.Codes(), code("123"), "isv.PARAM_LENGTH_LIMIT", ""},
		{"aliyun, a code too long", fromAliyun, aliyun.Codes(), code("1234567"), "isv.PARAM_LENGTH_LIMIT", ""},
		{"aliyun, a name too long", fromAliyun, aliyun.Codes(), notice(strings.Repeat("x", 42), "1"), "isv.PARAM_LENGTH_LIMIT", ""},
		{"aliyun, a URL", fromAliyun, aliyun.Codes(), notice("http://x.cn", "1"), "isv.PARAM_NOT_SUPPORT_URL", ""},
		{"aliyun, an emoji", fromAliyun, aliyun.Codes(), notice("\U0001f600", "1"), "isv.UNSUPPORTED_CONTENT", ""},
		{"aliyun, two faults", fromAliyun, aliyun.Codes(), notice(strings.Repeat("x", 42), "http://x.cn"), "isv.PARAM_LENGTH_LIMIT", "isv.PARAM_NOT_SUPPORT_URL"},
		{"aliyun, a landline", fromAliyun, aliyun.Codes(), landline, "isv.MOBILE_NUMBER_ILLEGAL", ""},
		{"tencent, a code of letters", fromTencent, tencent.Codes(), code("abcd"), "InvalidParameterValue.TemplateParameterFormatError", ""},
		{"tencent, a code too long", fromTencent, tencent.Codes(), code("1234567"), "InvalidParameterValue.TemplateParameterFormatError", ""},
		{"tencent, a URL", fromTencent, tencent.Codes(), notice("http://x.cn", "1"), "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", ""},
		{"twilio, a text too long", fromTwilio, twilio.Codes(), text(1601), "21617", ""},
		{"vonage, a text too long", fromVonage, vonage.Codes(), text(3201), "12", ""},
		{"vonage, api: messages, a text too long", fromMessages, vonage.Codes(), text(3201), "1090", ""},
	} {
		_, err := c.from.Send(t.Context(), c.m)
		e := sms.AsError(err)
		if e == nil || e.Outcome != sms.Rejected || e.Code != c.code || e.Message != "" || e.RequestID != "" {
			t.Errorf("%s: %+v, want the code %s", c.name, err, c.code)
			continue
		}
		i := slices.IndexFunc(c.table, func(r sms.CodeInfo) bool { return r.Code == c.code && !r.Late })
		if i < 0 || c.also == "" && c.table[i].Reason != e.Reason {
			t.Errorf("%s: reason %s, and the table has another for %s", c.name, string(e.Reason), c.code)
		}
		if n := strings.Count(err.Error(), c.code); n != 1 {
			t.Errorf("%s: %q names the code %d times", c.name, err, n)
		}
		if !strings.Contains(err.Error(), c.also) {
			t.Errorf("%s: %q does not name %s", c.name, err, c.also)
		}
	}
}
