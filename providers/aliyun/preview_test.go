package aliyun_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

func TestPreview(t *testing.T) {
	p := open(t, aliyun.Options{Transport: stub{status: 500}})
	code := func(to sms.Number) sms.Message { m := loginCode(); m.To = to; return m }
	for name, test := range map[string]struct {
		message sms.Message
		want    sms.Preview
	}{
		"a code in the mainland": {code(mainland), sms.Preview{Provider: "aliyun", Text: "【云通信】您的验证码是482913,5分钟内有效。", Segments: 1, Encoding: "UCS-2",
			Parameters: map[string]string{"PhoneNumbers": "13812345678", "SignName": "云通信", "TemplateCode": "SMS_0001", "TemplateParam": `{"code":"482913"}`, "OutId": "order-17"}}},
		"a code abroad": {code(american), sms.Preview{Provider: "aliyun", Text: "【云通信】您的验证码是482913,5分钟内有效。", Segments: 1, Encoding: "UCS-2",
			Parameters: map[string]string{"PhoneNumbers": "0015005550006", "SignName": "云通信", "TemplateCode": "SMS_0004", "TemplateParam": `{"code":"482913"}`, "OutId": "order-17"}}},
		"an extension code": {sms.Message{To: mainland, Template: "long", Params: sms.Params{"a": strings.Repeat("字", 70), "b": ""}, Key: "k"},
			sms.Preview{Provider: "aliyun", Text: "【云通信】" + strings.Repeat("字", 70) + "|", Segments: 2, Encoding: "UCS-2",
				Parameters: map[string]string{"PhoneNumbers": "13812345678", "SignName": "云通信", "TemplateCode": "SMS_0006", "SmsUpExtendCode": "1234", "OutId": "k",
					"TemplateParam": `{"a":"` + strings.Repeat("字", 70) + `","b":""}`}}},
		"a promotion": {sms.Message{To: mainland, Template: "spring-sale", Key: "k"},
			sms.Preview{Provider: "aliyun", Text: "【云通信】春季上新,拒收请回复R。", Segments: 1, Encoding: "UCS-2",
				Parameters: map[string]string{"PhoneNumbers": "13812345678", "SignName": "云通信", "TemplateCode": "SMS_0003", "OutId": "k"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := p.Preview(test.message)
			if err != nil {
				t.Fatal(err)
			}
			if got.Provider != test.want.Provider || got.Text != test.want.Text || got.Segments != test.want.Segments || got.Encoding != test.want.Encoding {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			if !maps.Equal(got.Parameters, test.want.Parameters) {
				t.Errorf("the parameters are %q\nwant %q", got.Parameters, test.want.Parameters)
			}
		})
	}
}

func TestCheckTemplate(t *testing.T) {
	p := open(t, aliyun.Options{Transport: stub{status: 500}})
	for name, test := range map[string]struct {
		template string
		values   sms.Params
		want     sms.Reason
	}{
		"good values":                {"login-code", sms.Params{"code": "A1b2"}, ""},
		"a code of three":            {"login-code", sms.Params{"code": "123"}, sms.InvalidMessage},
		"a missing value":            {"login-code", nil, sms.InvalidMessage},
		"35 characters":              {"shipped", sms.Params{"name": strings.Repeat("王", 35), "order": "1"}, ""},
		"36 characters":              {"shipped", sms.Params{"name": strings.Repeat("王", 36), "order": "1"}, sms.InvalidMessage},
		"600 where they are allowed": {"long", sms.Params{"a": strings.Repeat("王", 600)}, ""},
		"601 there":                  {"long", sms.Params{"a": strings.Repeat("王", 601)}, sms.InvalidMessage},
		"an optional value left out": {"long", sms.Params{"a": "x"}, ""},
		"a template without binding": {"unbound", nil, sms.Unsupported},
		"an unknown template":        {"nothing", nil, sms.InvalidMessage},
	} {
		t.Run(name, func(t *testing.T) {
			err := p.CheckTemplate(test.template, test.values)
			if sms.ReasonOf(err) != test.want {
				t.Fatalf("%v, want %q", err, string(test.want))
			}
			if err == nil {
				return
			}
			if e := sms.AsError(err); e.Provider != "aliyun" || e.Outcome != sms.Rejected || e.Kind != registry(t).Kind(test.template) {
				t.Errorf("%+v: provider %q, kind %v", e, e.Provider, e.Kind)
			}
		})
	}
}

func TestCheckTemplate_URLsAndEmoji(t *testing.T) {
	p := open(t, aliyun.Options{Transport: stub{status: 500}})
	refused := []string{
		"http://a.cn", "HTTPS://A.CN", "see https://a", "weixin://dl/business", "www.taobao.com", "见www.taobao.com", "WWW.a.b",
		"t.cn/A6abc", "去a-b.com/x?y看", "https://",
		"王芳😀", "❤️", "1️⃣", "✅", "⚡", "🇨🇳", "\U0001F44D\U0001F3FD",
	}
	taken := []string{
		"王芳", "3.5/5.0", "10:30", "1/2", "node.js", "acme.com", "Mr. Wang/Ms. Li", "a.b", "awww.x", "wwww", "A1027/3", "2026.11.25 10:00",
		"★★★", "☎ 400-100", "√", "①", "㈱", "℃", "𠮷野家", "…—《》", "O'Neil & Co", "~!@#$%^&*()_+",
	}
	for _, value := range refused {
		if err := p.CheckTemplate("shipped", sms.Params{"name": value, "order": "1"}); sms.ReasonOf(err) != sms.ContentRejected {
			t.Errorf("%q: %v, want content rejected", value, err)
		}
	}
	for _, value := range taken {
		if err := p.CheckTemplate("shipped", sms.Params{"name": value, "order": "1"}); err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
}
