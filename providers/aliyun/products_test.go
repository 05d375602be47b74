package aliyun_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

const (
	globeAccepted = `{"ResponseCode":"OK","ResponseDescription":"The SMS Send Request was accepted","RequestId":"0A974B78-02BF-4C79-ADF3-90CFBA1B55B1","MessageId":"1803170610","To":"6581234567","From":"ACME","Segments":"2","NumberDetail":{"Region":"Singapore","Country":"Singapore","Carrier":"SingTel"}}`
	pnvsAccepted  = `{"Code":"OK","Message":"OK","Success":true,"Model":{"BizId":"112231421412414124123^4","OutId":"order-17","RequestId":"A90E4451-FED7-49D2-87C8-00700A8C4D0D"}}`
)

// productRegistry binds one template under the name of each product.
func productRegistry(tb testing.TB) *sms.Registry {
	tb.Helper()
	r, err := sms.NewRegistry(
		sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}.", Bindings: map[string]sms.Binding{"globe": {}}},
		sms.Template{Name: "person-code", Kind: sms.Verification, Text: "您的验证码为${code},${min}分钟内有效。", Bindings: map[string]sms.Binding{"pnvs": {ID: "100001"}}},
		sms.Template{Name: "shipped", Text: "Order ${order} has left.", Bindings: map[string]sms.Binding{"globe": {Text: "Your order ${order} is on its way."}}},
	)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func product(tb testing.TB, api string, o aliyun.Options) *aliyun.Provider {
	tb.Helper()
	o.Name, o.API, o.AccessKeyID, o.AccessKeySecret = api, api, keyID, secret
	if o.Templates == nil {
		o.Templates = productRegistry(tb)
	}
	p, err := aliyun.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

func personCode() sms.Message {
	return sms.Message{To: mainland, Template: "person-code", Params: sms.Params{"code": "482913", "min": "5"}, Key: "order-17"}
}

func TestProducts_requests(t *testing.T) {
	for name, test := range map[string]struct {
		api, from, answer string
		message           sms.Message
		want              map[string]string
		receipt           sms.Receipt
	}{
		"a code by globe": {"globe", "ACME", globeAccepted,
			sms.Message{To: "+6581234567", Template: "login-code", Params: sms.Params{"code": "482913"}, Key: "order-17"},
			map[string]string{"Action": "SendMessageToGlobe", "Version": "2018-05-01", "RegionId": "ap-southeast-1", "To": "6581234567", "From": "ACME", "Message": "Your code is 482913.", "Type": "OTP", "TaskId": "order-17"},
			sms.Receipt{Provider: "globe", Key: "order-17", ID: "1803170610", RequestID: "0A974B78-02BF-4C79-ADF3-90CFBA1B55B1", Segments: 2}},
		"free text by globe, without a sender": {"globe", "", globeAccepted,
			sms.Message{To: hongKong, Body: "您的订单已发货", Kind: sms.Promotion, Key: "k"},
			map[string]string{"To": "85251234567", "From": "", "Message": "您的订单已发货", "Type": "MKT"},
			sms.Receipt{Provider: "globe", Key: "k", ID: "1803170610", RequestID: "0A974B78-02BF-4C79-ADF3-90CFBA1B55B1", Segments: 2}},
		"the binding's text by globe": {"globe", "15005550006", globeAccepted,
			sms.Message{To: american, Template: "shipped", Params: sms.Params{"order": "A1"}, Key: "k"},
			map[string]string{"Message": "Your order A1 is on its way.", "Type": "NOTIFY", "From": "15005550006"},
			sms.Receipt{Provider: "globe", Key: "k", ID: "1803170610", RequestID: "0A974B78-02BF-4C79-ADF3-90CFBA1B55B1", Segments: 2}},
		"a code by pnvs": {"pnvs", "速通互联验证码", pnvsAccepted, personCode(),
			map[string]string{"Action": "SendSmsVerifyCode", "Version": "2017-05-25", "RegionId": "cn-hangzhou", "PhoneNumber": "13812345678", "CountryCode": "86", "SignName": "速通互联验证码",
				"TemplateCode": "100001", "TemplateParam": `{"code":"482913","min":"5"}`, "OutId": "order-17", "Interval": "1"},
			sms.Receipt{Provider: "pnvs", Key: "order-17", ID: "112231421412414124123^4", RequestID: "A90E4451-FED7-49D2-87C8-00700A8C4D0D", Segments: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			v := serve(t, 200, test.answer)
			p := product(t, test.api, aliyun.Options{Endpoint: v.URL, From: test.from})
			receipt, err := p.Send(t.Context(), test.message)
			if err != nil {
				t.Fatal(err)
			}
			if !equal(receipt, test.receipt) {
				t.Errorf("the receipt is %+v, want %+v", receipt, test.receipt)
			}
			r, form := v.only(t)
			for parameter, want := range test.want {
				if got := form.Get(parameter); got != want {
					t.Errorf("%s is %q, want %q", parameter, got, want)
				}
			}
			if r.Method != "POST" || r.RequestURI != "/" {
				t.Errorf("%s %s: a parameter is in the URL", r.Method, r.RequestURI)
			}
			if err := verify("POST", form, secret); err != nil {
				t.Error(err)
			}
			preview, err := p.Preview(test.message)
			if err != nil {
				t.Fatal(err)
			}
			for parameter, value := range preview.Parameters {
				if parameter != "TaskId" && parameter != "OutId" && form.Get(parameter) != value {
					t.Errorf("the preview has %s %q, and the request %q", parameter, value, form.Get(parameter))
				}
			}
		})
	}
}

func TestProducts_refuseBeforeTheCall(t *testing.T) {
	for name, test := range map[string]struct {
		api     string
		message sms.Message
		reason  sms.Reason
		says    string
	}{
		"globe to the mainland": {"globe", sms.Message{To: mainland, Body: "Hello"}, sms.Unsupported, "mainland China"},
		"pnvs abroad":           {"pnvs", func() sms.Message { m := personCode(); m.To = hongKong; return m }(), sms.Unsupported, "mainland China only"},
		"pnvs with a text":      {"pnvs", sms.Message{To: mainland, Body: "Hello"}, sms.Unsupported, "templates only"},
		"pnvs with a URL":       {"pnvs", func() sms.Message { m := personCode(); m.Params["min"] = strings.Repeat("5", 36); return m }(), sms.InvalidMessage, "35"},
	} {
		t.Run(name, func(t *testing.T) {
			v := serve(t, 200, globeAccepted)
			_, err := product(t, test.api, aliyun.Options{Endpoint: v.URL, From: "ACME"}).Send(t.Context(), test.message)
			if sms.ReasonOf(err) != test.reason || sms.OutcomeOf(err) != sms.Rejected || !strings.Contains(err.Error(), test.says) || v.requests() != 0 {
				t.Errorf("%v, %d requests", err, v.requests())
			}
		})
	}
}

// What globe and pnvs have taken cannot be asked for: the answer is no "never taken".
func TestProducts_cannotBeAsked(t *testing.T) {
	for _, api := range []string{"globe", "pnvs"} {
		p := product(t, api, aliyun.Options{From: "ACME"})
		_, err := p.Ask(t.Context(), sms.Question{Message: personCode(), Since: time.Now().Add(-time.Hour)})
		if p.Can().Find || !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, sms.ErrNotFound) {
			t.Errorf("%s: %v, %v", api, p.Can(), err)
		}
	}
}

func TestProducts_faultsOfOptions(t *testing.T) {
	registry := func(api string, b sms.Binding, kind sms.Kind, text string) *sms.Registry {
		r, err := sms.NewRegistry(sms.Template{Name: "x", Kind: kind, Text: text, Bindings: map[string]sms.Binding{api: b}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, test := range map[string]struct {
		o    aliyun.Options
		says []string
	}{
		"no such product":             {aliyun.Options{API: "voice"}, []string{"api", "sms, globe or pnvs"}},
		"globe: coalesce, a template": {aliyun.Options{API: "globe", Coalesce: true, From: "a sender", Templates: registry("globe", sms.Binding{ID: "SMS_1", Extra: map[string]string{"max_value_length": "40"}}, 0, "Hi")}, []string{"coalesce", "leave out id", "sender ID", "no such setting"}},
		"pnvs: a notice":              {aliyun.Options{API: "pnvs", Templates: registry("pnvs", sms.Binding{Abroad: "SMS_1"}, sms.Notification, "Hi")}, []string{"verification only", "abroad", ".id", "no variables", "from"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.o.Name, test.o.AccessKeyID, test.o.AccessKeySecret = test.o.API, keyID, secret
			_, err := aliyun.New(test.o)
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, says := range test.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%v\ndoes not say %q", err, says)
				}
			}
		})
	}
}

func TestProducts_hosts(t *testing.T) {
	for _, test := range []struct{ api, region, want string }{
		{"sms", "", "dysmsapi.aliyuncs.com"}, {"globe", "", "dysmsapi.ap-southeast-1.aliyuncs.com"}, {"globe", "cn-hangzhou", "dysmsapi.aliyuncs.com"},
		{"globe", "eu-central-1", "dysmsapi.eu-central-1.aliyuncs.com"}, {"pnvs", "", "dypnsapi.aliyuncs.com"},
	} {
		var host string
		p := product(t, test.api, aliyun.Options{Region: test.region, From: "ACME", Templates: func() *sms.Registry {
			r, _ := sms.NewRegistry(sms.Template{Name: "c", Kind: sms.Verification, Text: "${code}", Bindings: map[string]sms.Binding{test.api: {ID: map[bool]string{true: "", false: "1"}[test.api == "globe"]}}})
			return r
		}(), Transport: roundTrip(func(r *http.Request) (*http.Response, error) { host = r.URL.Host; return nil, errors.New("no network") })})
		to := mainland
		if test.api == "globe" {
			to = hongKong
		}
		p.Send(t.Context(), sms.Message{To: to, Template: "c", Params: sms.Params{"code": "4829"}})
		if host != test.want {
			t.Errorf("%s in %q: %q, want %q", test.api, test.region, host, test.want)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestGlobe_conformance(t *testing.T) {
	codes, unknown := codesOf("globe")
	open := func(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender {
		p, err := aliyun.New(aliyun.Options{API: "globe", Name: smstest.Name, AccessKeyID: keyID, AccessKeySecret: secret, Endpoint: endpoint, From: "ACME", Templates: r, Timeout: timeout})
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	answer := func(w io.Writer, code, words string) {
		io.WriteString(w, object("ResponseCode", code, "ResponseDescription", words, "RequestId", "R-1"))
	}
	smstest.Run(t, smstest.Provider{
		New:        func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender { return open(tb, endpoint, r, 0) },
		NewTimeout: open,
		To:         hongKong,
		Accept:     func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, globeAccepted) },
		Refuse:     func(w http.ResponseWriter, _ *http.Request) { answer(w, "OUT_OF_SERVICE", "no") },
		Answer:     func(w http.ResponseWriter, _ *http.Request, code, words string) { answer(w, code, words) },
		Read: func(r *http.Request) (string, string) {
			return "+" + r.PostFormValue("To"), r.PostFormValue("Message")
		},
		Codes: codes, UnknownCodes: unknown, Secrets: []string{secret},
		Bindings: map[string]sms.Binding{smstest.LoginCode: {}, smstest.Notice: {}},
	})
}

// Dypnsapi sends codes only, so the suite's notices do not fit it; its codes go through
// the real path here.
func TestPNVS_codes(t *testing.T) {
	codes, _ := codesOf("pnvs")
	for _, more := range []string{"isv.BUSINESS_LIMIT_CONTROL", "isv.MOBILE_NUMBER_ILLEGAL", "isv.OUT_OF_SERVICE", "SignatureDoesNotMatch"} {
		for _, c := range aliyun.Codes() {
			if c.Code == more && c.Scope == "" {
				codes[more] = c.Reason
			}
		}
	}
	codes["INVALID_PARAMETERS"], codes["PACK_SIGN_CONFLICT"], codes["isp.SYSTEM_ERROR"] = sms.InvalidMessage, sms.Unsupported, sms.Unavailable
	if len(codes) < 13 {
		t.Fatalf("%d codes", len(codes))
	}
	for code, reason := range codes {
		v := serve(t, 200, `{"Code":"`+code+`","Message":"no","Success":false,"Model":null}`)
		_, err := product(t, "pnvs", aliyun.Options{Endpoint: v.URL, From: "速通互联验证码"}).Send(t.Context(), personCode())
		want := sms.Rejected
		if code == "isp.SYSTEM_ERROR" {
			want = sms.Unknown
		}
		if sms.ReasonOf(err) != reason || sms.OutcomeOf(err) != want || sms.AsError(err).Code != code {
			t.Errorf("%s: %v (%s), want %s, %v", code, err, sms.ReasonOf(err), reason, want)
		}
	}
}

func TestGlobe_reports(t *testing.T) {
	p := product(t, "globe", aliyun.Options{From: "ACME"})
	at := time.Date(2021, 11, 25, 2, 25, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		body string
		want sms.Report
	}{
		"pushed": {`[{"To":"6581234567","Status":"1","MessageId":"1803170610","SmsSize":"2","TaskId":"order-17","SendDate":"Thu, 25 Nov 2021 10:24:00 +0800","ReceiveDate":"Thu, 25 Nov 2021 10:25:00 +0800","ErrorCode":"DELIVERED","ErrorDescription":"success"}]`,
			sms.Report{ID: "1803170610", Ref: "order-17", Key: "order-17", To: "+6581234567", State: sms.StateDelivered, Segments: 2, At: at}},
		"by queue, without TaskId": {`[{"To":"6581234567","Status":"2","MessageId":"1803170610","SmsSize":"1","ReceiveDate":"Thu, 25 Nov 2021 10:25:00 +0800","ErrorCode":"UNDELIV","ErrorDescription":"off"}]`,
			sms.Report{ID: "1803170610", To: "+6581234567", State: sms.StateUndelivered, Code: "UNDELIV", Message: "off", Segments: 1, At: at}},
		"the older form": {`[{"to":"6581234567","status":"6","message_id":"7","receive_date":"2021-11-25 10:25:00","error_code":"EXPIRED","error_description":"late"}]`,
			sms.Report{ID: "7", To: "+6581234567", State: sms.StateExpired, Code: "EXPIRED", Message: "late", At: at}},
		"an unknown status is no end": {`[{"To":"6581234567","Status":"9","MessageId":"7"}]`, sms.Report{ID: "7", To: "+6581234567"}},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := p.Hook(t.Context(), kit.Hook{Method: "POST", Body: []byte(test.body)})
			if err != nil || len(in.Reports) != 1 || string(in.Answer) != `{"code":0,"msg":"ok"}` {
				t.Fatalf("%+v, %v", in, err)
			}
			got := in.Reports[0]
			if !got.At.Equal(test.want.At) {
				t.Errorf("at %v, want %v", got.At, test.want.At)
			}
			got.At, test.want.At, test.want.Provider = time.Time{}, time.Time{}, got.Provider
			if got != test.want {
				t.Errorf("%+v\nwant %+v", got, test.want)
			}
		})
	}
	for _, body := range []string{`{}`, `[{"To":"65"}]`, `[] []`, ``} {
		if _, err := p.Hook(t.Context(), kit.Hook{Method: "POST", Body: []byte(body)}); !errors.Is(err, kit.ErrMalformed) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
