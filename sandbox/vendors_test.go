package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// ownVendor is a vendor that is not of this module.
func ownVendor(d *kernel.Desk) (kernel.Vendor, error) {
	return kernel.Vendor{
		Name:  "own",
		Match: func(r *http.Request, _ []byte) bool { return r.Header.Get("X-Own") != "" },
		Show:  func(m *kernel.Message, _ *kernel.Record, s kernel.Status) { m.Status = s.State.String() },
		Call: func(*http.Request, []byte) kernel.Call {
			return kernel.Call{Operation: "submit", Kind: kernel.Send, Numbers: []sms.Number{"+12025550123"},
				Carry: func(kernel.Order) kernel.Answer {
					a := kernel.JSON(200, "application/json", "taken")
					a.Taken = []kernel.Record{{Message: kernel.Message{ID: "1", To: "+12025550123", Text: "hello", At: time.Now()}}}
					return a
				}}
		},
	}, nil
}

func TestOptions_vendors(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{Vendors: []kernel.Opener{ownVendor}})
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("X-Own", "1")
	if status, _ := do(t, sb, r); status != 200 || len(sb.Messages("")) != 1 || sb.Messages("")[0].Vendor != "own" {
		t.Errorf("status %d, %v", status, sb.Messages(""))
	}
	if status, body := callAliyun(t, sb, aliyunParams("SendSms")); status != 200 || body["Code"] != "OK" {
		t.Errorf("Aliyun, at the same path: %d, %v", status, body)
	}
	if err := (sandbox.Options{Vendors: []kernel.Opener{ownVendor, ownVendor}}).Validate(); err == nil || !strings.Contains(err.Error(), `"own"`) {
		t.Errorf("the same vendor twice: %v", err)
	}
}

// Common words hold for both vendors of a route.
func TestFaults_commonWords(t *testing.T) {
	for word, hit := range map[string]string{"send": "send", "list": "list", "look": "look", "LIST": "list"} {
		sb := newSandbox(t, sandbox.Options{})
		_, m := createTwilio(t, sb)
		setFaults(t, sb, fmt.Sprintf(`[{"operation":%q,"status":503}]`, word))
		calls := map[string][]*http.Request{
			"send": {aliyunRequest("POST body", sandbox.AliyunKeySecret, aliyunParams("SendSms")),
				twilioRequest("POST", "Messages.json", "To", "+12025550123", "From", sandbox.TwilioSender, "Body", "x")},
			"list": {aliyunRequest("POST body", sandbox.AliyunKeySecret, aliyunParams("QuerySendDetails")), twilioRequest("GET", "Messages.json")},
			"look": {aliyunRequest("POST body", sandbox.AliyunKeySecret, aliyunParams("QuerySmsTemplate", "TemplateCode", "SMS_0001")),
				twilioRequest("GET", "Messages/"+m["sid"].(string)+".json"), twilioRequest("GET", "/2010-04-01/Accounts/"+sandbox.TwilioAccountSID+".json")},
		}
		for kind, requests := range calls {
			for i, r := range requests {
				if status, _ := do(t, sb, r); (status == 503) != (kind == hit) {
					t.Errorf("%s: call %d that is a %s: %d", word, i, kind, status)
				}
			}
		}
	}
}

func TestFaults_throttle(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	setFaults(t, sb, `[{"throttle":true}]`)
	if status, body := callAliyun(t, sb, aliyunParams("SendSms")); status != 400 || body["Code"] != "Throttling.User" {
		t.Errorf("Aliyun: %d, %v", status, body)
	}
	if status, body := createTwilio(t, sb); status != 429 || body["code"] != 20429.0 {
		t.Errorf("Twilio: %d, %v", status, body)
	}
	if got := sb.Refused(""); len(sb.Messages("")) != 0 || len(got) != 2 || got[0].Code != "Throttling.User" || got[1].Code != "20429" {
		t.Errorf("refused: %v", got)
	}
}

// What a vendor refuses is in the list of refused messages, and not among those
// that were taken.
func TestRefused_byTheVendors(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	callAliyun(t, sb, aliyunParams("SendSms", "PhoneNumbers", "13800000000,13900000000", "TemplateCode", "SMS_9"))
	do(t, sb, aliyunRequest("POST body", "wrong", aliyunParams("SendSms")))
	callAliyun(t, sb, aliyunParams("QuerySendDetails", "PageSize", "99")) // no message
	createTwilio(t, sb, "To", "+15005550004")
	createTwilio(t, sb, "To", "-")
	var got []string
	for _, r := range sb.Refused("") {
		got = append(got, fmt.Sprintf("%s %s %s %s", r.Vendor, r.Operation, string(r.To), r.Code))
		if strings.Contains(r.Message, "string to sign") {
			t.Error("the string to sign is kept")
		}
	}
	want := []string{"aliyun SendSms +8613800000000 isv.SMS_TEMPLATE_ILLEGAL", "aliyun SendSms +8613900000000 isv.SMS_TEMPLATE_ILLEGAL",
		"aliyun SendSms +8613800000000 SignatureDoesNotMatch", "twilio create +15005550004 21610", "twilio create  21604"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || len(sb.Messages("")) != 0 {
		t.Errorf("got %v,\nwant %v", got, want)
	}
	if sb.Clear(""); len(sb.Refused("")) != 0 {
		t.Error("Clear leaves what was refused")
	}
}

// With Limits every account is a new one.
func TestTwilio_limits(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{Limits: true, Accounts: []sandbox.Account{{SID: sandbox.TwilioAccountSID, Token: sandbox.TwilioAuthToken, Verified: []string{"+12025550199"}}}})
	for number, code := range map[string]any{sandbox.TwilioVerified: nil, "+12025550199": nil, "+12025550124": 21608.0} {
		if _, m := createTwilio(t, sb, "To", number); m["code"] != code {
			t.Errorf("to %s: %v, want %v", number, m["code"], code)
		}
	}
}

// The vendor's push: an array with the ends of messages, to the address that is
// set for the account.
func TestAliyun_pushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := pushReceiver{answer: `{"code":0,"msg":"ok"}`}
		sb := newSandbox(t, sandbox.Options{CallbackTransport: &r, Pace: time.Second, Signatures: []sandbox.Signature{{Name: "新", Registration: sandbox.NotRegistered}}})
		if err := sb.SetWebhooks(map[string]sandbox.Webhooks{"aliyun": {Reports: "http://127.0.0.1/reports", Replies: "http://127.0.0.1/replies"}}); err != nil {
			t.Fatal(err)
		}
		_, sent := callAliyun(t, sb, aliyunParams("SendSms", "OutId", "key", "PhoneNumbers", "13800000000,13900000000"))
		callAliyun(t, sb, aliyunParams("SendSms", "SignName", "新"))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		var got []string
		for _, body := range r.bodies {
			var list []map[string]any
			if err := json.Unmarshal(body, &list); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			for _, m := range list {
				if m["success"] == true && (m["biz_id"] != sent["BizId"] || m["out_id"] != "key" || m["sms_size"] != "1" || m["send_time"] != "2000-01-01 08:00:00" || m["report_time"] != "2000-01-01 08:00:02") {
					t.Errorf("a report is %v", m)
				}
				got = append(got, fmt.Sprint(m["phone_number"], m["success"], m["err_code"]))
			}
		}
		if len(r.bodies) != 2 || len(got) != 3 {
			t.Errorf("%d pushes with %v; want one with the two that were delivered, and one with the one that failed", len(r.bodies), got)
		}
		r.bodies = nil
		if status, err := sb.Reply(t.Context(), sandbox.Reply{Vendor: "aliyun", From: "+8613800000000", To: "1234", Text: "退订"}); err != nil || status != 200 {
			t.Fatal(status, err)
		}
		if body := string(r.bodies[0]); !strings.Contains(body, `"phone_number":"13800000000","content":"退订"`) || !strings.Contains(body, `"dest_code":"1234"`) {
			t.Errorf("the reply is %s", body)
		}
		r.bodies, r.answer = nil, "ok" // no JSON with a number: it comes again after 1, 5 and 10 minutes
		callAliyun(t, sb, aliyunParams("SendSms"))
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(r.bodies) != 4 {
			t.Errorf("%d pushes, want 4", len(r.bodies))
		}
	})
}
