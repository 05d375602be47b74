package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/tencent"
	"github.com/notifykit/notify/sms"
)

// tencentRequest is a call signed as the documentation describes. Of the changes a
// header begins with "@"; all others are parameters; nil leaves one out.
func tencentRequest(action string, changes map[string]any) *http.Request {
	params := map[string]any{"SmsSdkAppId": sandbox.TencentAppID}
	switch action {
	case "SendSms":
		params["PhoneNumberSet"], params["SignName"], params["TemplateId"], params["TemplateParamSet"] = []string{"+8613800000000"}, "云通信", "1000001", []string{"482913", "5"}
	case "DescribeSendRecordList":
		params["PhoneNumber"], params["BeginTime"] = "+8613800000000", time.Now().Unix()-3600
	}
	secret, at := sandbox.TencentSecretKey, time.Now()
	header := map[string]string{"X-TC-Action": action, "X-TC-Version": "2021-01-11", "X-TC-Region": "ap-guangzhou", "Content-Type": "application/json"}
	id := sandbox.TencentSecretID
	for name, value := range changes {
		switch {
		case name == "@secret":
			secret = value.(string)
		case name == "@id":
			id = value.(string)
		case name == "@at":
			at = value.(time.Time)
		case strings.HasPrefix(name, "@"):
			header[name[1:]] = fmt.Sprint(value)
		case value == nil:
			delete(params, name)
		default:
			params[name] = value
		}
	}
	body, _ := json.Marshal(params)
	sum := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	mac := func(key []byte, text string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	date := at.UTC().Format("2006-01-02")
	canonical := "POST\n/\n\ncontent-type:application/json\nhost:example.com\n\ncontent-type;host\n" + sum(body)
	toSign := fmt.Sprintf("TC3-HMAC-SHA256\n%d\n%s/sms/tc3_request\n%s", at.Unix(), date, sum([]byte(canonical)))
	key := mac(mac(mac([]byte("TC3"+secret), date), "sms"), "tc3_request")
	r := httptest.NewRequest("POST", "/", strings.NewReader(string(body)))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	r.Header.Set("X-TC-Timestamp", fmt.Sprint(at.Unix()))
	r.Header.Set("Authorization", fmt.Sprintf("TC3-HMAC-SHA256 Credential=%s/%s/sms/tc3_request, SignedHeaders=content-type;host, Signature=%x", id, date, mac(key, toSign)))
	return r
}

// callTencent returns the code: of the call, or those of the numbers.
func callTencent(t *testing.T, h http.Handler, action string, changes map[string]any) (code string, response map[string]any) {
	t.Helper()
	status, body := do(t, h, tencentRequest(action, changes))
	response, _ = body["Response"].(map[string]any)
	if status != 200 || response == nil || response["RequestId"] == "" {
		t.Fatalf("%s: %d, %v", action, status, body)
	}
	if e, ok := response["Error"].(map[string]any); ok {
		return e["Code"].(string), response
	}
	var codes []string
	set, _ := response["SendStatusSet"].([]any)
	for _, one := range set {
		codes = append(codes, one.(map[string]any)["Code"].(string))
	}
	return strings.Join(codes, " "), response
}

// The gateway's checks. Each call has the fault of its line and those of all lines
// below it, so that only the order decides.
func TestTencent_orderOfChecks(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	faults := []struct {
		changes map[string]any
		code    string
	}{
		{map[string]any{"@id": "unknown"}, "AuthFailure.SecretIdNotFound"},
		{map[string]any{"@at": time.Now().Add(-6 * time.Minute)}, "AuthFailure.SignatureExpire"},
		{map[string]any{"@secret": "wrong"}, "AuthFailure.SignatureFailure"},
		{map[string]any{"@X-TC-Version": "2019-07-11"}, "NoSuchVersion"},
		{map[string]any{"@X-TC-Region": ""}, "MissingParameter"},
		{map[string]any{"Colour": "red"}, "UnknownParameter"},
	}
	for i, f := range faults {
		all := map[string]any{}
		for _, below := range faults[i:] {
			for name, value := range below.changes {
				all[name] = value
			}
		}
		if code, _ := callTencent(t, sb, "SendSms", all); code != f.code {
			t.Errorf("got %s, want %s", code, f.code)
		}
	}
	for _, c := range []struct {
		action  string
		changes map[string]any
		code    string
	}{
		{"SendFax", nil, "InvalidAction"},
		{"SendSms", map[string]any{"TemplateId": 1000001}, "InvalidParameter"},
		{"SendSms", map[string]any{"TemplateId": nil}, "MissingParameter"},
		{"SendSms", map[string]any{"SmsSdkAppId": nil}, "MissingParameter"},
		{"SendSms", map[string]any{"SessionContext": strings.Repeat("x", 512)}, "InvalidParameterValue"},
		{"SendSms", map[string]any{"TemplateId": "1000002", "TemplateParamSet": []string{strings.Repeat("长", 490), "1"}}, "InvalidParameterValue.ContentLengthLimit"},
		{"DescribeSendRecordList", map[string]any{"Limit": 51}, "InvalidParameterValue.LimitVerifyFail"},
		{"DescribeSendRecordList", map[string]any{"Offset": 1001}, "InvalidParameterValue.OffsetVerifyFail"},
		{"DescribeSendRecordList", map[string]any{"EndTime": time.Now().Unix() + 60}, "InvalidParameterValue.EndTimeVerifyFail"},
		{"DescribeSendRecordList", map[string]any{"PhoneNumber": "138"}, "InvalidParameterValue.IncorrectPhoneNumber"},
		{"PullSmsSendStatus", map[string]any{"Limit": 101}, "InvalidParameterValue.LimitVerifyFail"},
		{"DescribeSmsTemplateList", map[string]any{"SmsSdkAppId": nil}, "MissingParameter"},
		{"DescribeSmsSignList", map[string]any{"SmsSdkAppId": nil, "International": 2}, "InvalidParameterValue.InvalidInternational"},
	} {
		if code, response := callTencent(t, sb, c.action, c.changes); code != c.code {
			t.Errorf("%s %v: %v, want %s", c.action, c.changes, response, c.code)
		}
	}
	if n := len(sb.Messages("")); n != 0 {
		t.Errorf("%d messages were taken", n)
	}
	if w := httptest.NewRecorder(); true {
		r := tencentRequest("SendSms", nil)
		r.Method = "GET"
		if sb.ServeHTTP(w, r); !strings.Contains(w.Body.String(), "UnsupportedProtocol") {
			t.Errorf("GET: %s", w.Body)
		}
	}
}

func TestTencent_limits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock starts at 08:00 in China
		sb := newSandbox(t, sandbox.Options{Limits: true})
		send := func(want string, changes map[string]any) {
			t.Helper()
			if code, _ := callTencent(t, sb, "SendSms", changes); code != want {
				t.Errorf("got %s, want %s", code, want)
			}
		}
		send("Ok", nil)
		send("LimitExceeded.PhoneNumberThirtySecondLimit", nil)
		send("Ok", map[string]any{"TemplateParamSet": []string{"111111", "5"}})
		send("LimitExceeded.PhoneNumberDailyLimit", map[string]any{"TemplateParamSet": []string{"222222", "5"}})
		send("InvalidParameterValue.TemplateParameterLengthLimit", map[string]any{"TemplateId": "1000002", "TemplateParamSet": []string{"1234567", "1"}})
		time.Sleep(16 * time.Hour) // the next day in China
		send("Ok", nil)
		for i := range 101 {
			want := "Ok"
			if i == 100 {
				want = "LimitExceeded.DailyLimit"
			}
			send(want, map[string]any{"PhoneNumberSet": []string{fmt.Sprintf("+120255501%02d", i)}, "TemplateId": "1000003", "TemplateParamSet": []string{"1"}})
		}
	})
}

func TestTencent_pushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := pushReceiver{answer: `{"result":0,"errmsg":"OK"}`}
		sb := newSandbox(t, sandbox.Options{CallbackTransport: &r, Pace: time.Second, Tencent: tencent.Options{EchoContext: true}})
		if err := sb.SetWebhooks(map[string]sandbox.Webhooks{"tencent": {Reports: "http://127.0.0.1/reports", Replies: "http://127.0.0.1/replies"}}); err != nil {
			t.Fatal(err)
		}
		var numbers []string
		for i := range 150 {
			numbers = append(numbers, fmt.Sprintf("+86138%08d", i))
		}
		_, sent := callTencent(t, sb, "SendSms", map[string]any{"PhoneNumberSet": numbers, "SessionContext": "key"})
		time.Sleep(3 * time.Second)
		synctest.Wait()
		total := 0
		for _, body := range r.bodies {
			var list []map[string]string
			if err := json.Unmarshal(body, &list); err != nil || len(list) > 100 {
				t.Fatalf("%v: %d reports in a push", err, len(list))
			}
			total += len(list)
			if m := list[0]; m["report_status"] != "SUCCESS" || m["errmsg"] != "DELIVRD" || m["nationcode"] != "86" || m["ext"] != "key" || m["user_receive_time"] != "2000-01-01 08:00:02" || !strings.Contains(fmt.Sprint(sent), m["sid"]) {
				t.Errorf("a report is %v", m)
			}
		}
		if len(r.bodies) < 2 || total != 150 {
			t.Errorf("%d reports in %d pushes, want 150 of at most 100 each", total, len(r.bodies))
		}
		r.bodies = nil
		if _, err := sb.Reply(t.Context(), sandbox.Reply{Vendor: "tencent", From: "+8613800000000", To: "12", Text: "TD"}); err != nil {
			t.Fatal(err)
		}
		if want := `{"extend":"12","mobile":"13800000000","nationcode":"86","sign":"云通信","text":"TD","time":946684803}`; string(r.bodies[0]) != want {
			t.Errorf("the reply is %s, want %s", r.bodies[0], want)
		}
		r.bodies, r.answer = nil, `{"result":1}`
		setFaults(t, sb, `[{"vendor":"tencent","fails":"MK:0001"}]`)
		callTencent(t, sb, "SendSms", nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(r.bodies) != 3 || !strings.Contains(string(r.bodies[0]), `"report_status":"FAIL","errmsg":"MK:0001"`) {
			t.Errorf("%d pushes, want 3; the first is %s", len(r.bodies), r.bodies[0])
		}
		_, records := callTencent(t, sb, "DescribeSendRecordList", map[string]any{"BeginTime": time.Now().Unix() - 7200})
		if text := fmt.Sprint(records["SendRecordSet"]); !strings.Contains(text, "SendStatus:4") || !strings.Contains(text, "StatusCode:MK:0001") {
			t.Errorf("the record is %s", text)
		}
	})
}

func TestTencent_faultsAndRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{})
		setFaults(t, sb, `[{"operation":"list","list_after":"30s"},{"vendor":"tencent","to":"+8613900000000","code":"LimitExceeded.PhoneNumberDailyLimit","message":"words"}]`)
		code, response := callTencent(t, sb, "SendSms", map[string]any{"PhoneNumberSet": []string{"13800000000", "13900000000"}})
		if code != "Ok LimitExceeded.PhoneNumberDailyLimit" || !strings.Contains(fmt.Sprint(response), "Message:words") {
			t.Errorf("%v", response)
		}
		if got := sb.Refused(""); len(got) != 1 || got[0].To != "+8613900000000" || len(sb.Messages("")) != 1 {
			t.Errorf("refused %v, taken %v", got, sb.Messages(""))
		}
		listed := func() any {
			_, records := callTencent(t, sb, "DescribeSendRecordList", nil)
			return records["TotalCount"]
		}
		if n := listed(); n != 0.0 {
			t.Errorf("%v are listed at once", n)
		}
		time.Sleep(30 * time.Second)
		if n := listed(); n != 1.0 {
			t.Errorf("%v are listed after 30 seconds", n)
		}
	})
}

func TestTencent_lenientAndOptions(t *testing.T) {
	var codes []string
	sb := newSandbox(t, sandbox.Options{Lenient: true, OnRefusal: func(r sandbox.Refusal) { codes = append(codes, r.Code) }, Tencent: tencent.Options{Individual: true}})
	code, _ := callTencent(t, sb, "SendSms", map[string]any{"@id": "any", "SmsSdkAppId": "1", "SignName": "x", "TemplateId": "9"})
	if want := "AuthFailure.SecretIdNotFound UnauthorizedOperation.SmsSdkAppIdVerifyFail FailedOperation.TemplateUnapprovedOrNotExist FailedOperation.SignatureIncorrectOrUnapproved"; code != "Ok" || strings.Join(codes, " ") != want {
		t.Errorf("%s, reported %v", code, codes)
	}
	if text := sb.Messages("")[0].Text; text != "【x】9 482913 5" {
		t.Errorf("the text is %q", text)
	}
	if code, _ := callTencent(t, sb, "DescribeSmsSignList", map[string]any{"SmsSdkAppId": nil, "International": 0}); code != "FailedOperation.NotEnterpriseCertification" {
		t.Errorf("an individual's account lists signatures: %s", code)
	}
	err := sandbox.Options{Tencent: tencent.Options{AppIDs: []string{"x"}, Signatures: []tencent.Signature{{Name: "【x】"}}, Templates: []tencent.Template{{ID: "SMS_1"}}, Keys: []sandbox.Key{{ID: "x"}}}}.Validate()
	for _, want := range []string{"app IDs[0]", "signatures[0]", "templates[0]", "keys[0]"} {
		if err == nil || !strings.Contains(err.Error(), "sandbox: tencent: "+want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	own := newSandbox(t, sandbox.Options{Tencent: tencent.Options{Keys: []sandbox.Key{{ID: "mine", Secret: "s"}}, AppIDs: []string{"1400000009"},
		Signatures: []tencent.Signature{{Name: "我"}}, Templates: []tencent.Template{{ID: "77", Text: "{2}和{1}", Kind: sms.Notification}}}})
	if code, _ := callTencent(t, own, "SendSms", map[string]any{"@id": "mine", "@secret": "s", "SmsSdkAppId": "1400000009", "SignName": "我", "TemplateId": "77", "TemplateParamSet": []string{"a{2}", "b"}}); code != "Ok" || own.Messages("")[0].Text != "【我】b和a{2}" {
		t.Errorf("%s, %v", code, own.Messages(""))
	}
}
