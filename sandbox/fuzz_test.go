package sandbox_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sandbox"
)

// nowhere keeps what a fuzzer makes up from reaching anybody.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, net.ErrClosed }

// FuzzServeHTTP sends whatever comes to every part of a sandbox: it answers all
// of it, and its bounds hold. A lenient one lets the fuzzer past the signatures.
func FuzzServeHTTP(f *testing.F) {
	form := "application/x-www-form-urlencoded"
	base := "/2010-04-01/Accounts/" + sandbox.TwilioAccountSID + "/"
	f.Add("POST", "/", "Action=SendSms&Version=2017-05-25&PhoneNumbers=13800000000&SignName=x&TemplateCode=SMS_0001&TemplateParam=%7B%22code%22%3A%221234%22%7D", form, "")
	f.Add("GET", "/?Action=QuerySendDetails&Version=2017-05-25&PhoneNumber=13800000000&SendDate=20260101&PageSize=9&CurrentPage=1", "", form, "")
	f.Add("POST", "/", "", "", "ACS3-HMAC-SHA256 Credential=sandbox-key-id,SignedHeaders=host,Signature=00")
	f.Add("POST", base+"Messages.json", "To=%2B12025550123&From=%2B15005550006&Body=x", form, "Basic Og==")
	f.Add("POST", base+"Messages.json", "To=%2B12025550123&From=%2B15005550006&ContentSid=HX&ContentVariables=%7B%7D", form, "")
	f.Add("GET", base+"Messages.json?PageSize=2&Page=1&PageToken=PA1&DateSent%3E=2026-01-01", "", "", "")
	f.Add("DELETE", base+"Messages/SM1.json", "", "", "")
	f.Add("PUT", "/_sandbox/faults", `[{"to":"+8613800000000","share":0.1,"code":"isv.X","vendor":"aliyun"}]`, "application/json", "")
	f.Add("GET", "/_sandbox/messages?to=%2B8613800000000&after=seq-1&wait=0s", "", "", "")
	f.Add("POST", "/sms/json", "api_key=sandboxkey&api_secret=x&to=447700900001&from=ACME&text=hello&ttl=20000&callback=http%3A%2F%2F127.0.0.1%2F", form, "")
	f.Add("POST", "/v1/messages", `{"to":"447700900001","from":"ACME","channel":"sms","message_type":"text","text":"hello","ttl":20}`, "application/json", "Basic c2FuZGJveGtleTpzYW5kYm94c2VjcmV0")
	f.Add("GET", "/v2/reports/records?account_id=sandboxkey&product=SMS&direction=outbound&date_start=2026-01-01T00:00:00Z&date_end=2026-01-01T12:00:00Z&cursor=9", "", "", "Basic c2FuZGJveGtleTpzYW5kYm94c2VjcmV0")
	f.Add("GET", "/_sandbox/refused?to=%2B8613800000000", "", "", "")
	f.Add("PUT", "/_sandbox/webhooks", `{"aliyun":{"reports":"http://127.0.0.1/"}}`, "", "")
	f.Add("PUT", "/_sandbox/faults", `[{"operation":"send","throttle":true},{"fails":"X"}]`, "", "")
	f.Add("GET", "/inbox?to=+1", "", "", "")
	f.Add("POST", "/_sandbox/replies", `{"from":"+12025550123","text":"STOP","url":"http://127.0.0.1/"}`, "", "")
	sb := sandbox.New(sandbox.Options{Lenient: true, Limits: true, MaxMessages: 100, Pace: -time.Second, CallbackTransport: nowhere{}})
	f.Cleanup(func() { _ = sb.Close() })
	f.Fuzz(func(t *testing.T, method, target, body, contentType, authorization string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Query().Get("wait") != "" {
			t.Skip("no request that a server hands on, or one that waits")
		}
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		r.Method, r.URL, r.RequestURI = method, u, target
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		defer func() {
			if p := recover(); p != nil && p != any(http.ErrAbortHandler) { // a fault that hangs up does so by that panic
				t.Fatalf("it panics: %v", p)
			}
			if n := len(sb.Messages("")); n > 100 {
				t.Errorf("%d messages are kept", n)
			}
			_ = sb.SetFaults()
		}()
		sb.ServeHTTP(w, r)
		if w.Code < 200 || w.Code > 599 {
			t.Errorf("status %d", w.Code)
		}
	})
}

// FuzzTencent sends whatever bodies to the actions of Tencent.
func FuzzTencent(f *testing.F) {
	f.Add("SendSms", `{"SmsSdkAppId":"1400000000","PhoneNumberSet":["+8613800000000","x"],"SignName":"x","TemplateId":"1000001","TemplateParamSet":["1","2"]}`)
	f.Add("SendSms", `{"SmsSdkAppId":"1400000000","PhoneNumberSet":["+12025550123"],"TemplateId":"9","TemplateParamSet":["{9}"]}`)
	f.Add("DescribeSendRecordList", `{"SmsSdkAppId":"1400000000","PhoneNumber":"+8613800000000","BeginTime":1,"EndTime":null,"Limit":50}`)
	f.Add("PullSmsSendStatus", `{"SmsSdkAppId":"1400000000","Limit":100}`)
	f.Add("PullSmsSendStatusByPhoneNumber", `{"PhoneNumber":"13800000000"}`)
	f.Add("DescribeSmsTemplateList", `{"International":0,"TemplateIdSet":[1000001],"Offset":99}`)
	f.Add("DescribeSmsSignList", `{"International":1}`)
	sb := sandbox.New(sandbox.Options{Lenient: true, Limits: true, MaxMessages: 100, Pace: time.Nanosecond, CallbackTransport: nowhere{}})
	f.Cleanup(func() { _ = sb.Close() })
	f.Fuzz(func(t *testing.T, action, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header["X-Tc-Action"], r.Header["X-Tc-Version"], r.Header["X-Tc-Region"] = []string{action}, []string{"2021-01-11"}, []string{"x"}
		r.Header.Set("Authorization", "TC3-HMAC-SHA256 x")
		w := httptest.NewRecorder()
		if sb.ServeHTTP(w, r); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), `{"Response":{`) {
			t.Errorf("status %d, %s", w.Code, w.Body)
		}
	})
}

// FuzzAWS sends whatever bodies and signatures to the operations of AWS.
func FuzzAWS(f *testing.F) {
	f.Add("SendTextMessage", `{"DestinationPhoneNumber":"+447700900001","MessageBody":"x","Context":{"key":"k"},"TimeToLive":60,"MaxPrice":"0.5"}`, "")
	f.Add("SendTextMessage", `{"DestinationPhoneNumber":"12","TimeToLive":null,"DestinationCountryParameters":{"IN_ENTITY_ID":"1"}}`, "")
	f.Add("DescribeSpendLimits", `{}`, "AWS4-HMAC-SHA256 Credential=AKIASANDBOX000000000/20261129/us-east-1/sms-voice/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
	sb := sandbox.New(sandbox.Options{Lenient: true, MaxMessages: 100, Pace: -time.Second, CallbackTransport: nowhere{}})
	f.Cleanup(func() { _ = sb.Close() })
	f.Fuzz(func(t *testing.T, operation, body, authorization string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "PinpointSMSVoiceV2."+operation)
		r.Header.Set("X-Amz-Date", "20261129T000000Z")
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		sb.ServeHTTP(w, r)
		if w.Header().Get("X-Amzn-Requestid") == "" || !strings.HasPrefix(strings.TrimSpace(w.Body.String()), "{") {
			t.Errorf("%d, %s", w.Code, w.Body)
		}
	})
}
