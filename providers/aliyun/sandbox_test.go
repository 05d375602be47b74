package aliyun_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// toSandbox makes a provider for a sandbox's well-known account.
func toSandbox(t *testing.T, sb *sandbox.Sandbox, r *sms.Registry) *aliyun.Provider {
	return open(t, aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, Endpoint: sb.URL, Templates: r})
}

// What Preview shows is what the recipient reads.
func TestSandbox_recipientReadsThePreview(t *testing.T) {
	sb := sandboxtest.Start(t)
	r, err := sms.NewRegistry(
		sms.Template{Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。",
			Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0001", Abroad: "SMS_0004"}}},
		sms.Template{Name: "shipped", Text: "${name},您的订单${order}已发货。",
			Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0002"}}},
		sms.Template{Name: "abroad", Kind: sms.International, Text: "Your code is ${code}.",
			Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0004"}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	p := toSandbox(t, sb, r)
	for _, m := range []sms.Message{
		{To: mainland, Template: "login-code", Params: sms.Params{"code": "482913"}},
		{To: mainland, Template: "shipped", Params: sms.Params{"name": "\"王\n芳\" ${order} %2A *~+&=", "order": "A 1027"}},
		{To: hongKong, Template: "abroad", Params: sms.Params{"code": "A1b2"}},
	} {
		preview, err := p.Preview(m)
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := p.Send(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		inbox := sb.Messages(m.To)
		got := inbox[len(inbox)-1]
		if got.ID != receipt.ID || got.Key != receipt.Key || got.To != m.To {
			t.Errorf("the sandbox took %q, key %q; the receipt says %q, %q", got.ID, got.Key, receipt.ID, receipt.Key)
		}
		if got.Text != preview.Text || receipt.Segments != preview.Segments {
			t.Errorf("the recipient reads %q, and the preview was %q", got.Text, preview.Text)
		}
	}
}

func TestSandbox_refusals(t *testing.T) {
	sb := sandboxtest.Start(t)
	bound := func(id string) *sms.Registry {
		r, err := sms.NewRegistry(sms.Template{Name: "shipped", Text: "${name},您的订单${order}已发货。", Bindings: map[string]sms.Binding{"aliyun": {ID: id, Abroad: id}}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, test := range map[string]struct {
		options aliyun.Options
		to      sms.Number
		code    string
		reason  sms.Reason
	}{
		"an unknown key":                       {aliyun.Options{AccessKeyID: "nobody", Templates: bound("SMS_0002")}, mainland, "InvalidAccessKeyId.NotFound", sms.Unauthorized},
		"a wrong secret":                       {aliyun.Options{AccessKeySecret: "wrong", Templates: bound("SMS_0002")}, mainland, "SignatureDoesNotMatch", sms.Unauthorized},
		"an unknown signature":                 {aliyun.Options{From: "无此签名", Templates: bound("SMS_0002")}, mainland, "isv.SMS_SIGNATURE_ILLEGAL", sms.TemplateRejected},
		"an unknown template":                  {aliyun.Options{Templates: bound("SMS_9999")}, mainland, "isv.SMS_TEMPLATE_ILLEGAL", sms.TemplateRejected},
		"a template that review has rejected":  {aliyun.Options{Templates: bound("SMS_0005")}, mainland, "isv.SMS_TEMPLATE_ILLEGAL", sms.TemplateRejected},
		"an international template inland":     {aliyun.Options{Templates: bound("SMS_0004")}, mainland, "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", sms.Unsupported},
		"a mainland template abroad":           {aliyun.Options{Templates: bound("SMS_0002")}, hongKong, "isv.MOBILE_NUMBER_ILLEGAL", sms.InvalidNumber},
		"a variable that the vendor's one has": {aliyun.Options{Templates: bound("SMS_0001")}, mainland, "isv.TEMPLATE_MISSING_PARAMETERS", sms.InvalidMessage},
	} {
		t.Run(name, func(t *testing.T) {
			o := test.options
			if o.AccessKeyID == "" {
				o.AccessKeyID = sandbox.AliyunKeyID
			}
			if o.AccessKeySecret == "" {
				o.AccessKeySecret = sandbox.AliyunKeySecret
			}
			o.Endpoint = sb.URL
			_, err := open(t, o).Send(t.Context(), sms.Message{To: test.to, Template: "shipped", Params: sms.Params{"name": "王芳", "order": "A1027"}})
			e := sms.AsError(err)
			if e == nil || e.Code != test.code || e.Reason != test.reason || e.Outcome != sms.Rejected || e.RequestID == "" {
				t.Fatalf("%v, want %s, %s", err, test.code, string(test.reason))
			}
			if strings.Contains(e.Message, "sign is") || strings.Contains(e.Message, "%") {
				t.Errorf("the words say the request back: %q", e.Message)
			}
		})
	}
}

func TestSandbox_faults(t *testing.T) {
	sb := sandboxtest.Start(t)
	p := toSandbox(t, sb, nil)
	for name, test := range map[string]struct {
		fault   sandbox.Fault
		reason  sms.Reason
		outcome sms.Outcome
		taken   int
	}{
		"out of money":                {sandbox.Fault{Vendor: sandbox.Aliyun, Code: "isv.OUT_OF_SERVICE"}, sms.AccountBlocked, sms.Rejected, 0},
		"throttled":                   {sandbox.Fault{Vendor: sandbox.Aliyun, Code: "Throttling.User"}, sms.Throttled, sms.Rejected, 0},
		"a page of a proxy":           {sandbox.Fault{Status: 502}, sms.Unavailable, sms.Unknown, 0},
		"hung up before it was taken": {sandbox.Fault{HangUp: sandbox.HangUpBefore}, sms.Unavailable, sms.Unknown, 0},
		"hung up after it was taken":  {sandbox.Fault{HangUp: sandbox.HangUpAfter}, sms.Unavailable, sms.Unknown, 1},
	} {
		t.Run(name, func(t *testing.T) {
			sb.Clear(mainland)
			if err := sb.SetFaults(test.fault); err != nil {
				t.Fatal(err)
			}
			_, err := p.Send(t.Context(), loginCode())
			if sms.ReasonOf(err) != test.reason || sms.OutcomeOf(err) != test.outcome {
				t.Errorf("%v is %s, %v, want %s, %v", err, string(sms.ReasonOf(err)), sms.OutcomeOf(err), string(test.reason), test.outcome)
			}
			if n := len(sb.Messages(mainland)); n != test.taken {
				t.Errorf("%d messages were taken, want %d", n, test.taken)
			}
		})
	}
}
