package aliyun_test

import (
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

func TestSend_goldenRequest(t *testing.T) {
	v := serve(t, 200, acceptedBody)
	p := open(t, aliyun.Options{Endpoint: v.URL, SecurityToken: "CAIS+token/="})
	receipt, err := p.Send(t.Context(), loginCode())
	if err != nil {
		t.Fatal(err)
	}
	if want := (sms.Receipt{Provider: "aliyun", Key: "order-17", ID: "900619746936498440^0", RequestID: "F655A8D5-B967-440B-8683-DAD6FF8DE990", Segments: 1}); !equal(receipt, want) {
		t.Errorf("the receipt is %+v, want %+v", receipt, want)
	}
	r, form := v.only(t)
	if r.Method != "POST" || r.RequestURI != "/" {
		t.Errorf("the request is %s %s, want POST /", r.Method, r.RequestURI)
	}
	if got := r.Header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
		t.Errorf("Content-Type is %q", got)
	}
	want := map[string]string{
		"Action": "SendSms", "Version": "2017-05-25", "Format": "JSON", "RegionId": "cn-hangzhou",
		"AccessKeyId": keyID, "SecurityToken": "CAIS+token/=",
		"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureType": "",
		"PhoneNumbers": "13812345678", "SignName": "云通信", "TemplateCode": "SMS_0001",
		"TemplateParam": `{"code":"482913"}`, "OutId": "order-17",
	}
	varying := map[string]string{
		"Timestamp":      `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`,
		"SignatureNonce": `^[0-9a-f]{32}$`,
		"Signature":      `^[A-Za-z0-9+/]{27}=$`,
	}
	for name, value := range want {
		if got := form.Get(name); got != value || !form.Has(name) {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	for name, pattern := range varying {
		if got := form.Get(name); !regexp.MustCompile(pattern).MatchString(got) {
			t.Errorf("%s is %q, want %s", name, got, pattern)
		}
	}
	for name := range form {
		if _, ok := want[name]; !ok && varying[name] == "" {
			t.Errorf("there is a parameter %s that nobody asked for", name)
		}
	}
}

func equal(a, b sms.Receipt) bool {
	return a.Provider == b.Provider && a.Key == b.Key && a.ID == b.ID && a.RequestID == b.RequestID && a.Segments == b.Segments && len(a.Attempts) == len(b.Attempts)
}

func TestSend_parameters(t *testing.T) {
	abroad := func(m sms.Message, to sms.Number) sms.Message { m.To = to; return m }
	tests := map[string]struct {
		message sms.Message
		want    map[string]string // "" for a parameter that is not sent
	}{
		"a code to Hong Kong goes by the binding's template for abroad": {abroad(loginCode(), hongKong),
			map[string]string{"PhoneNumbers": "0085251234567", "TemplateCode": "SMS_0004"}},
		"a code to America": {abroad(loginCode(), american),
			map[string]string{"PhoneNumbers": "0015005550006", "TemplateCode": "SMS_0004"}},
		"an international template goes abroad by its id": {
			sms.Message{To: hongKong, Template: "abroad-code", Params: sms.Params{"code": "482913"}},
			map[string]string{"PhoneNumbers": "0085251234567", "TemplateCode": "SMS_0004"}},
		"the binding's signature goes before the provider's": {shipped(),
			map[string]string{"SignName": "通知签名", "TemplateCode": "SMS_0002"}},
		"the message's sender goes before the binding's": {
			func() sms.Message { m := shipped(); m.From = "acme"; return m }(),
			map[string]string{"SignName": "极品公司"}},
		"a template without variables has no parameters": {
			sms.Message{To: mainland, Template: "spring-sale"},
			map[string]string{"TemplateParam": "", "SignName": "云通信"}},
		"the extension code and an optional value": {
			sms.Message{To: mainland, Template: "long", Params: sms.Params{"a": "x"}},
			map[string]string{"SmsUpExtendCode": "1234", "TemplateParam": `{"a":"x","b":""}`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := serve(t, 200, acceptedBody)
			p := open(t, aliyun.Options{Endpoint: v.URL, Senders: map[string]string{"acme": "极品公司"}})
			receipt, err := p.Send(t.Context(), test.message)
			if err != nil {
				t.Fatal(err)
			}
			_, form := v.only(t)
			for parameter, want := range test.want {
				if got := form.Get(parameter); got != want {
					t.Errorf("%s is %q, want %q", parameter, got, want)
				}
				if want == "" && form.Has(parameter) {
					t.Errorf("%s is sent empty", parameter)
				}
			}
			if form.Get("OutId") != receipt.Key || receipt.Key == "" {
				t.Errorf("OutId is %q, and the receipt's key %q", form.Get("OutId"), receipt.Key)
			}
			if err := verify("POST", form, secret); err != nil {
				t.Error(err)
			}
		})
	}
}

var hardValues = map[string]string{
	"marks":               " *~+!'()%&=/ ",
	"quotes":              "\"he said 'no'\" \\ <b>&amp;",
	"newline":             "one\ntwo\r\nthree\ttab",
	"beyond the BMP":      "𠮷野家 \U00020BB7",
	"a variable":          "${a} $ {b}",
	"percent escapes":     "%2A%20+%",
	"nothing":             "",
	"500 Chinese letters": strings.Repeat("验证码服务", 100),
}

func TestSend_valuesArriveAsTheyAreAndAreSigned(t *testing.T) {
	for _, token := range []string{"", "CAIS*token +~/=="} {
		for name, value := range hardValues {
			t.Run(name+" with token "+token, func(t *testing.T) {
				v := serve(t, 200, acceptedBody)
				p := open(t, aliyun.Options{Endpoint: v.URL, SecurityToken: token})
				m := sms.Message{To: mainland, Template: "long", Params: sms.Params{"a": value, "b": value}, Key: "k *~+!'()%&=/ \"\n" + name}
				if _, err := p.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				r, form := v.only(t)
				if err := verify(r.Method, form, secret); err != nil {
					t.Error(err)
				}
				if form.Get("SecurityToken") != token || form.Has("SecurityToken") != (token != "") {
					t.Errorf("SecurityToken is %q, want %q", form.Get("SecurityToken"), token)
				}
				var got map[string]string
				if err := json.Unmarshal([]byte(form.Get("TemplateParam")), &got); err != nil {
					t.Fatalf("TemplateParam is no JSON: %v", err)
				}
				if !maps.Equal(got, map[string]string{"a": value, "b": value}) {
					t.Errorf("the values arrived as %q", got)
				}
				if form.Get("OutId") != m.Key {
					t.Errorf("OutId is %q, want %q", form.Get("OutId"), m.Key)
				}
			})
		}
	}
}

// The verifier has to be able to fail.
func TestVerify_findsAChangedParameter(t *testing.T) {
	v := serve(t, 200, acceptedBody)
	p := open(t, aliyun.Options{Endpoint: v.URL})
	if _, err := p.Send(t.Context(), loginCode()); err != nil {
		t.Fatal(err)
	}
	_, form := v.only(t)
	for name := range form {
		changed := maps.Clone(form)
		changed[name] = []string{form.Get(name) + "x"}
		if verify("POST", changed, secret) == nil {
			t.Errorf("a changed %s was not found", name)
		}
	}
	if verify("GET", form, secret) == nil || verify("POST", form, secret+"x") == nil {
		t.Error("another method or secret was not found")
	}
}

func TestSend_refusedBeforeTheCall(t *testing.T) {
	with := func(f func(*sms.Message)) sms.Message { m := loginCode(); f(&m); return m }
	tests := map[string]struct {
		message sms.Message
		reason  sms.Reason
		says    string
	}{
		"free text":                           {sms.Message{To: mainland, Body: "Hello"}, sms.Unsupported, "templates only"},
		"a template that is not bound":        {sms.Message{To: mainland, Template: "unbound"}, sms.Unsupported, "no binding"},
		"no template for abroad":              {func() sms.Message { m := shipped(); m.To = hongKong; return m }(), sms.Unsupported, "abroad"},
		"no template for the mainland":        {sms.Message{To: mainland, Template: "only-abroad", Params: sms.Params{"name": "x"}}, sms.Unsupported, "no id"},
		"an international template inland":    {sms.Message{To: mainland, Template: "abroad-code", Params: sms.Params{"code": "482913"}}, sms.InvalidMessage, "outside mainland China"},
		"an unknown sender":                   {with(func(m *sms.Message) { m.From = "nobody" }), sms.Unsupported, `"nobody"`},
		"a mainland number that is too short": {with(func(m *sms.Message) { m.To = "+86138123456" }), sms.InvalidNumber, "11"},
		"a mainland number that is too long":  {with(func(m *sms.Message) { m.To = "+861381234567890" }), sms.InvalidNumber, "11"},
		"two numbers":                         {with(func(m *sms.Message) { m.To = "13800000000,13900000000" }), sms.InvalidNumber, "E.164"},
		"a code that is too short":            {with(func(m *sms.Message) { m.Params["code"] = "123" }), sms.InvalidMessage, "4 to 6"},
		"a code that is too long":             {with(func(m *sms.Message) { m.Params["code"] = "1234567" }), sms.InvalidMessage, "6"},
		"a Chinese code":                      {with(func(m *sms.Message) { m.Params["code"] = "一二三四" }), sms.InvalidMessage, "notification template"},
		"a value of 36 characters":            {func() sms.Message { m := shipped(); m.Params["name"] = strings.Repeat("王", 36); return m }(), sms.InvalidMessage, "35"},
		"a URL":                               {func() sms.Message { m := shipped(); m.Params["name"] = "see https://a.example/x"; return m }(), sms.ContentRejected, "URL"},
		"an emoji":                            {func() sms.Message { m := shipped(); m.Params["name"] = "王芳😀"; return m }(), sms.ContentRejected, "emoji"},
		"bytes that are no UTF-8":             {func() sms.Message { m := shipped(); m.Params["name"] = "a\xff"; return m }(), sms.InvalidMessage, "UTF-8"},
		"a URL and a value that is too long": {func() sms.Message {
			m := shipped()
			m.Params["name"], m.Params["order"] = "www.a.cn", strings.Repeat("1", 36)
			return m
		}(), sms.InvalidMessage, "URL"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := serve(t, 200, acceptedBody)
			p := open(t, aliyun.Options{Endpoint: v.URL})
			_, err := p.Send(t.Context(), test.message)
			e, ok := errors.AsType[*sms.Error](err)
			if !ok {
				t.Fatalf("the error is %v, and no *sms.Error", err)
			}
			if e.Reason != test.reason || e.Outcome != sms.Rejected || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v (%s, %v), want %s, rejected, with %q", err, string(e.Reason), e.Outcome, string(test.reason), test.says)
			}
			if e.Provider != "aliyun" || e.Key == "" {
				t.Errorf("provider %q, key %q", e.Provider, e.Key)
			}
			for _, value := range test.message.Params {
				if value != "x" && strings.Contains(err.Error(), value) {
					t.Errorf("the error shows the value %q", value)
				}
			}
			if n := v.requests(); n != 0 {
				t.Errorf("%d requests reached the vendor", n)
			}
			if _, previewErr := p.Preview(test.message); sms.ReasonOf(previewErr) != test.reason {
				t.Errorf("Preview answers %v", previewErr)
			}
		})
	}
}

// Where signatures come by Message.From alone, a message without it has none.
func TestSend_withoutAnySignature(t *testing.T) {
	r, err := sms.NewRegistry(sms.Template{Name: "sale", Text: "上新", Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0003"}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := aliyun.New(aliyun.Options{AccessKeyID: keyID, AccessKeySecret: secret, Senders: map[string]string{"acme": "极品公司"}, Templates: r, Transport: stub{status: 200, body: acceptedBody}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Send(t.Context(), sms.Message{To: mainland, Template: "sale"}); sms.ReasonOf(err) != sms.Unsupported || sms.OutcomeOf(err) != sms.Rejected {
		t.Errorf("without: %v", err)
	}
	if _, err := p.Send(t.Context(), sms.Message{To: mainland, Template: "sale", From: "acme"}); err != nil {
		t.Errorf("with one: %v", err)
	}
}

func TestSend_manyAtOnce(t *testing.T) {
	v := serve(t, 200, acceptedBody)
	p := open(t, aliyun.Options{Endpoint: v.URL})
	var senders sync.WaitGroup
	const callers, each = 16, 20
	for range callers {
		senders.Go(func() {
			for range each {
				if _, err := p.Send(t.Context(), shipped()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	if len(v.form) != callers*each {
		t.Fatalf("%d requests for %d messages", len(v.form), callers*each)
	}
	nonces := map[string]bool{}
	for _, form := range v.form {
		nonces[form.Get("SignatureNonce")] = true
		if err := verify("POST", form, secret); err != nil {
			t.Fatal(err)
		}
	}
	if len(nonces) != callers*each {
		t.Errorf("%d nonces for %d messages", len(nonces), callers*each)
	}
}

// The vendor's names stand in the environment of many programs; none of them
// reaches a call.
func TestSend_ignoresTheSDKsEnvironment(t *testing.T) {
	for _, name := range []string{"DEBUG", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"} {
		t.Setenv(name, "sdk")
	}
	v := serve(t, 200, acceptedBody)
	p := open(t, aliyun.Options{Endpoint: v.URL})
	if _, err := p.Send(t.Context(), loginCode()); err != nil {
		t.Fatal(err)
	}
	_, form := v.only(t)
	if form.Get("AccessKeyId") != keyID || form.Has("SecurityToken") {
		t.Errorf("signed by %q, token %q", form.Get("AccessKeyId"), form.Get("SecurityToken"))
	}
}

func TestSend_countsSegments(t *testing.T) {
	const frame = len("云通信")/3 + 2 + 1 // the signature, its brackets, and "|" of the text
	for _, test := range []struct {
		to     sms.Number
		length int // of the value
		want   int
	}{
		{mainland, 70 - frame, 1}, {mainland, 71 - frame, 2}, {mainland, 134 - frame, 2}, {mainland, 135 - frame, 3}, {mainland, 201 - frame, 3}, {mainland, 202 - frame, 4},
	} {
		p := open(t, aliyun.Options{Transport: stub{status: 200, body: acceptedBody}})
		receipt, err := p.Send(t.Context(), sms.Message{To: test.to, Template: "long", Params: sms.Params{"a": strings.Repeat("字", test.length)}})
		if err != nil || receipt.Segments != test.want {
			t.Errorf("%d characters are %d segments (%v), want %d", test.length+frame, receipt.Segments, err, test.want)
		}
	}
}

func TestCodes_areACopy(t *testing.T) {
	one := aliyun.Codes()
	one[0].Code = "changed"
	if slices.Equal(one, aliyun.Codes()) {
		t.Error("a caller can change the table")
	}
}
