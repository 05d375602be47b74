package aliyun_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

// A form is one of the two ways in which a code arrives.
type form struct {
	name   string
	status int
	body   func(code, words string) string
}

var forms = []form{
	{"HTTP 200 with a code", 200, func(code, words string) string {
		return object("Message", words, "RequestId", "R-1", "Code", code)
	}},
	{"HTTP 400 of the gateway", 400, gatewayBody},
	{"HTTP 500 of the gateway", 500, gatewayBody},
}

func gatewayBody(code, words string) string {
	return object("RequestId", "R-1", "HostId", "dysmsapi.aliyuncs.com", "Code", code, "Message", words, "Recommend", "https://api.aliyun.com/troubleshoot")
}

// object writes a JSON object of names and values.
func object(pairs ...string) string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// refusal sends m to a vendor that answers so, through the SDK and over HTTP.
func refusal(t *testing.T, m sms.Message, status int, body string) *sms.Error {
	t.Helper()
	p := open(t, aliyun.Options{Endpoint: serve(t, status, body).URL})
	receipt, err := p.Send(t.Context(), m)
	e, ok := errors.AsType[*sms.Error](err)
	if !ok {
		t.Fatalf("the answer came to %+v and %v, and no *sms.Error", receipt, err)
	}
	if e.Provider != "aliyun" || e.Key != m.Key || e.Kind == 0 {
		t.Errorf("the error tells provider %q, key %q and kind %v", e.Provider, e.Key, e.Kind)
	}
	return e
}

func TestCodes_inBothForms(t *testing.T) {
	for _, info := range aliyun.Codes() {
		if info.Scope != "" {
			continue // see products_test.go
		}
		for _, form := range forms {
			t.Run(info.Code+" by "+form.name, func(t *testing.T) {
				e := refusal(t, shipped(), form.status, form.body(info.Code, "words of the vendor's"))
				if e.Reason != info.Reason || e.Outcome != info.Outcome {
					t.Errorf("%s, %v; the table says %s, %v", string(e.Reason), e.Outcome, string(info.Reason), info.Outcome)
				}
				if e.Code != info.Code || e.Message != "words of the vendor's" || e.RequestID != "R-1" {
					t.Errorf("code %q, words %q, request %q", e.Code, e.Message, e.RequestID)
				}
			})
		}
	}
}

// The vendor's own list, as it was agreed on; the table has to hold it.
func TestCodes_agreed(t *testing.T) {
	agreed := map[sms.Reason][]string{
		sms.Unauthorized:     {"isp.RAM_PERMISSION_DENY", "isv.ACCOUNT_NOT_EXISTS", "InvalidAccessKeyId.NotFound", "SignatureDoesNotMatch"},
		sms.AccountBlocked:   {"isv.OUT_OF_SERVICE", "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE", "isv.ACCOUNT_ABNORMAL", "isv.AMOUNT_NOT_ENOUGH"},
		sms.TemplateRejected: {"isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_SIGNATURE_ILLEGAL"},
		sms.InvalidMessage:   {"isv.INVALID_PARAMETERS", "isv.TEMPLATE_MISSING_PARAMETERS", "isv.INVALID_JSON_PARAM", "isv.PARAM_LENGTH_LIMIT", "isv.MOBILE_COUNT_OVER_LIMIT"},
		sms.InvalidNumber:    {"isv.MOBILE_NUMBER_ILLEGAL"},
		sms.ContentRejected:  {"isv.PARAM_NOT_SUPPORT_URL"},
		sms.RecipientLimited: {"isv.BUSINESS_LIMIT_CONTROL"},
		sms.RecipientBlocked: {"isv.BLACK_KEY_CONTROL_LIMIT"},
		sms.Throttled:        {"Throttling", "Throttling.User", "Throttling.Api"},
		sms.Unavailable:      {"isp.SYSTEM_ERROR", "SignatureNonceUsed", "ServiceUnavailable", "InternalError"},
	}
	table := map[string]sms.CodeInfo{}
	for _, info := range aliyun.Codes() {
		key := info.Code
		if info.Scope != "" {
			key += " of " + info.Scope
		}
		if _, twice := table[key]; twice {
			t.Errorf("%s has two rows", key)
		}
		table[key] = info
	}
	for reason, codes := range agreed {
		want := sms.Rejected
		if reason == sms.Unavailable {
			want = sms.Unknown
		}
		for _, code := range codes {
			if info := table[code]; info.Reason != reason || info.Outcome != want {
				t.Errorf("%s is %s, %v; agreed was %s, %v", code, string(info.Reason), info.Outcome, string(reason), want)
			}
		}
	}
}

func TestCodes_unknownOnes(t *testing.T) {
	for _, test := range []struct {
		status  int
		code    string
		reason  sms.Reason
		outcome sms.Outcome
	}{
		{200, "isv.NEW_IN_2031", sms.Unsupported, sms.Rejected},
		{400, "isv.NEW_IN_2031", sms.Unsupported, sms.Rejected},
		{200, "isp.NEW_IN_2031", sms.Unavailable, sms.Unknown},
		{400, "isp.NEW_IN_2031", sms.Unavailable, sms.Unknown},
		{200, "Throttling.Tenant", sms.Throttled, sms.Rejected},
		{400, "Throttling.Tenant", sms.Throttled, sms.Rejected},
		{503, "Throttling.Tenant", sms.Throttled, sms.Rejected},
		{400, "MissingTimestamp", sms.Internal, sms.Rejected},
		{400, "NoSuchThing", sms.Unsupported, sms.Rejected},
		{403, "NoSuchThing", sms.Unauthorized, sms.Rejected},
		{408, "NoSuchThing", sms.Unavailable, sms.Unknown},
		{500, "NoSuchThing", sms.Unavailable, sms.Unknown},
		{500, "isv.NEW_IN_2031", sms.Unavailable, sms.Unknown},
		{200, "NoSuchThing", sms.Internal, sms.Unknown},
		{200, "MOBILE_NUMBER_ILLEGAL", sms.InvalidNumber, sms.Rejected}, // as the international service writes it
		{200, "SYSTEM_ERROR", sms.Unavailable, sms.Unknown},
		{200, "ok", sms.Internal, sms.Unknown},
		{200, "OK ", sms.Internal, sms.Unknown},
		{400, "OK", sms.Unsupported, sms.Rejected},
		{500, "OK", sms.Unavailable, sms.Unknown},
	} {
		t.Run(fmt.Sprintf("%d %s", test.status, test.code), func(t *testing.T) {
			e := refusal(t, loginCode(), test.status, gatewayBody(test.code, "words"))
			if e.Reason != test.reason || e.Outcome != test.outcome {
				t.Errorf("%s, %v, want %s, %v", string(e.Reason), e.Outcome, string(test.reason), test.outcome)
			}
			if e.Code != strings.TrimSpace(test.code) {
				t.Errorf("the code is told as %q", e.Code)
			}
		})
	}
}

func TestRetryAfter_fromTheVendorsWords(t *testing.T) {
	const limit = "isv.BUSINESS_LIMIT_CONTROL"
	for _, test := range []struct {
		code, words string
		want        time.Duration
	}{
		{limit, "触发分钟级流控Permits:1", time.Minute},
		{limit, "触发小时级流控Permits:5", time.Hour},
		{limit, "触发天级流控Permits:10", 24 * time.Hour},
		{limit, "Minute-level flow control is triggered. Permits:1", time.Minute},
		{limit, "Triggered hour-level throttling, Permits:5", time.Hour},
		{limit, "Day level flow control Permits:40", 24 * time.Hour},
		{limit, "触发天级流控Permits:10, minute Permits:1", 24 * time.Hour},
		{limit, "too many", 0},
		{"VALVE:M_MC", "", time.Minute},
		{"VALVE:H_MC", "", time.Hour},
		{"VALVE:D_MC", "", 24 * time.Hour},
		{"MOBILE_SEND_LIMIT", "", 24 * time.Hour},
		{"isv.OUT_OF_SERVICE", "minute", 0},
	} {
		t.Run(test.code+" "+test.words, func(t *testing.T) {
			if e := refusal(t, loginCode(), 200, object("Code", test.code, "Message", test.words)); e.RetryAfter != test.want {
				t.Errorf("try again after %v, want %v", e.RetryAfter, test.want)
			}
		})
	}
}

// The account's own limits end with the day, or month, of China.
func TestRetryAfter_ofTheAccountsLimits(t *testing.T) {
	for code, want := range map[string]time.Duration{
		"isv.DAY_LIMIT_CONTROL":   16 * time.Hour, // a bubble begins at midnight UTC, 08:00 in China
		"isv.MONTH_LIMIT_CONTROL": 31*24*time.Hour - 8*time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			p := open(t, aliyun.Options{Transport: stub{status: 200, body: object("Code", code)}})
			_, err := p.Send(t.Context(), loginCode())
			if got := sms.AsError(err).RetryAfter; got != want {
				t.Errorf("%s: try again after %v, want %v", code, got, want)
			}
		})
	}
}

func TestBlackKeyControl_byTheWords(t *testing.T) {
	for words, want := range map[string]sms.Reason{
		"":                               sms.RecipientBlocked,
		"黑名单管控":                          sms.RecipientBlocked,
		"该号码已被加入黑名单":                     sms.RecipientBlocked,
		"the number is on the blacklist": sms.RecipientBlocked,
		"号码因投诉内容被加入黑名单":                                sms.RecipientBlocked,
		"黑名单管控:变量内容含有限制发送的内容":                          sms.ContentRejected,
		"模板变量中存在违禁关键字":                                 sms.ContentRejected,
		"a variable holds a restricted keyword":        sms.ContentRejected,
		"The template VARIABLE holds a sensitive word": sms.ContentRejected,
	} {
		e := refusal(t, loginCode(), 200, object("Code", "isv.BLACK_KEY_CONTROL_LIMIT", "Message", words))
		if e.Reason != want || e.Outcome != sms.Rejected {
			t.Errorf("%q: %s, %v, want %s, rejected", words, string(e.Reason), e.Outcome, string(want))
		}
	}
}

func TestSignatureRefusal_tellsNothingOfTheRequest(t *testing.T) {
	for _, code := range []string{"SignatureDoesNotMatch", "IncompleteSignature"} {
		v := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			w.Write([]byte(gatewayBody(code, "Specified signature is not matched with our calculation. server string to sign is:POST&%2F&OutId%3Dorder-17%26PhoneNumbers%3D13812345678%26TemplateParam%3D%257B%2522code%2522%253A%2522482913")))
		})
		_, err := open(t, aliyun.Options{Endpoint: v.URL}).Send(t.Context(), loginCode())
		e := sms.AsError(err)
		if e.Message != "Specified signature is not matched with our calculation." || e.Reason != sms.Unauthorized {
			t.Errorf("%s: %s: %q", code, string(e.Reason), e.Message)
		}
	}
}
