package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

func TestAliyun_takesParametersWhereverTheyStand(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			sb.Clear("")
			params := aliyunParams("SendSms", "TemplateCode", "SMS_0002", "OutId", "key ~*+!'()%&=/", "TemplateParam", `{"name":"a b+c~*","order":"ü漢𠀀"}`)
			status, body := do(t, sb, aliyunRequest(place, sandbox.AliyunKeySecret, params))
			if status != 200 || body["Code"] != "OK" || body["Message"] != "OK" {
				t.Fatalf("status %d, %v", status, body)
			}
			if id, _ := body["BizId"].(string); !regexp.MustCompile(`^[1-9][0-9]{17}\^0$`).MatchString(id) {
				t.Errorf("BizId %q is not 18 digits and ^0", id)
			}
			if id, _ := body["RequestId"].(string); !regexp.MustCompile(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`).MatchString(id) {
				t.Errorf("RequestId %q is no upper-case UUID", id)
			}
			sent := sb.Messages("+8613800000000")
			if len(sent) != 1 || sent[0].Key != "key ~*+!'()%&=/" || sent[0].Text != "【云通信】a b+c~*,您的订单ü漢𠀀已发货。" {
				t.Errorf("the sandbox holds %v", sent)
			}
		})
	}
}

// The gateway's checks, in the vendor's order: each call has the fault of its
// line and those of all lines below it, so that only the order decides.
func TestAliyun_orderOfChecks(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	used := aliyunParams("SendSms")
	if _, body := callAliyun(t, sb, used); body["Code"] != "OK" {
		t.Fatal(body)
	}
	faults := []struct {
		change         []string
		wrongSignature bool
		status         int
		code           string
	}{
		{[]string{"AccessKeyId", "unknown"}, false, 404, "InvalidAccessKeyId.NotFound"},
		{[]string{"Timestamp", time.Now().UTC().Add(-16 * time.Minute).Format("2006-01-02T15:04:05Z")}, false, 400, "InvalidTimeStamp.Expired"},
		{nil, true, 400, "SignatureDoesNotMatch"},
		{[]string{"SignatureNonce", used["SignatureNonce"]}, false, 400, "SignatureNonceUsed"},
		{[]string{"Version", "2016-09-27"}, false, 400, "InvalidVersion"},
		{[]string{"Action", "SendFax"}, false, 404, "InvalidAction.NotFound"},
		{[]string{"PhoneNumbers", "-"}, false, 400, "MissingPhoneNumbers"},
		{[]string{"SignName", "unknown"}, false, 200, "isv.SMS_SIGNATURE_ILLEGAL"},
	}
	for i, f := range faults {
		t.Run(f.code, func(t *testing.T) {
			var changes []string
			secret := sandbox.AliyunKeySecret
			for _, below := range faults[i:] {
				changes = append(changes, below.change...)
				if below.wrongSignature {
					secret = "wrong"
				}
			}
			status, body := do(t, sb, aliyunRequest("POST query", secret, aliyunParams("SendSms", changes...)))
			if status != f.status || body["Code"] != f.code {
				t.Errorf("status %d, %v; want %d %s", status, body, f.status, f.code)
			}
			if _, has := body["BizId"]; has {
				t.Error("a refusal has a BizId")
			}
			if _, has := body["HostId"]; has != (f.status != 200) {
				t.Errorf("HostId: %v; the gateway's refusals have one, the service's none", has)
			}
			for _, name := range []string{"Code", "Message", "RequestId"} {
				if s, _ := body[name].(string); s == "" {
					t.Errorf("%s is no text", name)
				}
			}
		})
	}
	if n := len(sb.Messages("")); n != 1 {
		t.Errorf("%d messages, want the first alone", n)
	}
}

func TestAliyun_gateway(t *testing.T) {
	cases := []struct {
		name, changed, value string
		status               int
		code                 string
	}{
		{"no key", "AccessKeyId", "-", 400, "MissingAccessKeyId"},
		{"no timestamp", "Timestamp", "-", 400, "MissingTimestamp"},
		{"a timestamp with an offset", "Timestamp", "2026-01-01T00:00:00+08:00", 400, "InvalidTimeStamp.Format"},
		{"no signature method", "SignatureMethod", "-", 400, "MissingSignatureMethod"},
		{"another signature method", "SignatureMethod", "HMAC-MD5", 400, "InvalidSignatureMethod"},
		{"another signature version", "SignatureVersion", "2.0", 400, "IncompleteSignature"},
		{"no nonce", "SignatureNonce", "-", 400, "MissingSignatureNonce"},
		{"no version", "Version", "-", 400, "MissingVersion"},
		{"no action", "Action", "-", 400, "MissingAction"},
		{"no signature name", "SignName", "-", 400, "MissingSignName"},
		{"no template", "TemplateCode", "", 400, "MissingTemplateCode"},
	}
	sb := newSandbox(t, sandbox.Options{})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			status, body := callAliyun(t, sb, aliyunParams("SendSms", c.changed, c.value))
			if status != c.status || body["Code"] != c.code {
				t.Errorf("status %d, %v; want %d %s", status, body, c.status, c.code)
			}
		})
	}
	t.Run("another method", func(t *testing.T) {
		if status, body := do(t, sb, httptest.NewRequest("PATCH", "/", nil)); status != 400 || body["Code"] != "UnsupportedHTTPMethod" {
			t.Errorf("status %d, %v", status, body)
		}
	})
	t.Run("a query that is none", func(t *testing.T) {
		if status, body := do(t, sb, httptest.NewRequest("GET", "/?a=%zz", nil)); status != 400 || body["Code"] != "InvalidParameter.Format" {
			t.Errorf("status %d, %v", status, body)
		}
	})
	t.Run("a security token is taken and signed over", func(t *testing.T) {
		if status, body := callAliyun(t, sb, aliyunParams("SendSms", "SecurityToken", "any")); status != 200 || body["Code"] != "OK" {
			t.Errorf("status %d, %v", status, body)
		}
		r := aliyunRequest("GET query", sandbox.AliyunKeySecret, aliyunParams("SendSms", "SecurityToken", "any"))
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "SecurityToken=any", "SecurityToken=other", 1)
		if _, body := do(t, sb, r); body["Code"] != "SignatureDoesNotMatch" {
			t.Errorf("a changed token gives %v", body)
		}
	})
	t.Run("a body without end", func(t *testing.T) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("a=b&", 1<<19)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if status, _ := do(t, sb, r); status != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d", status)
		}
	})
}

// The vendor's SDKs find the string to sign behind these very words and compare
// it with their own.
func TestAliyun_wrongSignatureTellsTheStringToSign(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	params := aliyunParams("SendSms")
	toSign, _ := signAliyun("GET", "wrong", params)
	status, body := do(t, sb, aliyunRequest("GET query", "wrong", params))
	want := "Specified signature is not matched with our calculation. server string to sign is:" + toSign
	if status != 400 || body["Message"] != want {
		t.Errorf("status %d\n got %v\nwant %v", status, body["Message"], want)
	}
}

// A nonce counts as used only when its signature held: somebody without the
// secret cannot use up another's.
func TestAliyun_nonces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{Keys: []sandbox.Key{{ID: "other", Secret: "other"}}})
		code := func(secret string, changes ...string) any {
			_, body := do(t, sb, aliyunRequest("POST body", secret, aliyunParams("SendSms", append(changes, "SignatureNonce", "n")...)))
			return body["Code"]
		}
		steps := []struct {
			name string
			got  any
			want string
		}{
			{"a wrong signature", code("wrong"), "SignatureDoesNotMatch"},
			{"the right one with the same nonce", code(sandbox.AliyunKeySecret), "OK"},
			{"once more", code(sandbox.AliyunKeySecret), "SignatureNonceUsed"},
			{"another account's", code("other", "AccessKeyId", "other"), "OK"},
		}
		for _, s := range steps {
			if s.got != s.want {
				t.Errorf("%s: %v, want %s", s.name, s.got, s.want)
			}
		}
		time.Sleep(30*time.Minute + time.Second)
		if got := code(sandbox.AliyunKeySecret); got != "OK" {
			t.Errorf("after half an hour: %v, want OK", got)
		}
	})
}

func TestAliyun_timestamps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{})
		for skew, want := range map[time.Duration]string{
			0: "OK", 15 * time.Minute: "OK", -15 * time.Minute: "OK",
			15*time.Minute + time.Second: "InvalidTimeStamp.Expired", -15*time.Minute - time.Second: "InvalidTimeStamp.Expired",
		} {
			stamp := time.Now().UTC().Add(skew).Format("2006-01-02T15:04:05Z")
			if _, body := callAliyun(t, sb, aliyunParams("SendSms", "Timestamp", stamp)); body["Code"] != want {
				t.Errorf("%v off: %v, want %s", skew, body["Code"], want)
			}
		}
	})
}

// Requests that the vendor's documentation shows with their signatures, sent at
// the time that stands in them.
func TestAliyun_documentedSignatures(t *testing.T) {
	o := sandbox.Options{
		Keys:       []sandbox.Key{{ID: "testId", Secret: "testSecret"}, {ID: "testid", Secret: "testsecret"}, {ID: "YourAccessKeyId", Secret: "YourAccessKeySecret"}},
		Signatures: []sandbox.Signature{{Name: "阿里云短信测试专用"}},
		Templates:  []sandbox.Template{{Code: "SMS_71390007", Text: "尊敬的${customer}"}},
	}
	sendSms := func() *http.Request {
		q := url.Values{"AccessKeyId": {"testId"}, "Action": {"SendSms"}, "Format": {"XML"}, "OutId": {"123"}, "PhoneNumbers": {"15300000001"},
			"RegionId": {"cn-hangzhou"}, "SignName": {"阿里云短信测试专用"}, "SignatureMethod": {"HMAC-SHA1"},
			"SignatureNonce": {"45e25e9b-0a6f-4070-8c85-2956eda1b466"}, "SignatureVersion": {"1.0"}, "TemplateCode": {"SMS_71390007"},
			"TemplateParam": {`{"customer":"test"}`}, "Timestamp": {"2017-07-12T02:42:19Z"}, "Version": {"2017-05-25"},
			"Signature": {"zJDF+Lrzhj/ThnlvIToysFRq6t4="}}
		return httptest.NewRequest("GET", "/?"+q.Encode(), nil)
	}
	describeRegions := func() *http.Request {
		q := url.Values{"AccessKeyId": {"testid"}, "Action": {"DescribeRegions"}, "Format": {"XML"}, "SignatureMethod": {"HMAC-SHA1"},
			"SignatureNonce": {"3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"}, "SignatureVersion": {"1.0"}, "Timestamp": {"2016-02-23T12:46:24Z"},
			"Version": {"2014-05-26"}, "Signature": {"OLeaidS1JvxuMvnyHOwuJ+uX5qY="}}
		return httptest.NewRequest("GET", "/?"+q.Encode(), nil)
	}
	runInstances := func() *http.Request {
		r := httptest.NewRequest("POST", "/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai", nil)
		r.Host = "ecs.cn-shanghai.aliyuncs.com"
		for name, value := range map[string]string{
			"x-acs-action": "RunInstances", "x-acs-version": "2014-05-26", "x-acs-date": "2023-10-26T10:22:32Z",
			"x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
			"x-acs-content-sha256":  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			"Authorization": "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
				"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
		} {
			r.Header.Set(name, value)
		}
		return r
	}
	for name, c := range map[string]struct {
		at      string
		request func() *http.Request
		want    string // what comes after the signature
	}{
		"version 1, SendSms":         {"2017-07-12T02:42:19Z", sendSms, "OK"},
		"version 1, DescribeRegions": {"2016-02-23T12:46:24Z", describeRegions, "InvalidVersion"},
		"ACS3, RunInstances":         {"2023-10-26T10:22:32Z", runInstances, "InvalidVersion"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at, err := time.Parse(time.RFC3339, c.at)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Until(at)) // the bubble's clock starts in 2000
				sb := newSandbox(t, o)
				if _, body := do(t, sb, c.request()); body["Code"] != c.want {
					t.Errorf("got %v, want %s", body, c.want)
				}
			})
		})
	}
}

func TestAliyun_rules(t *testing.T) {
	longest := strings.Repeat("长", 35)
	thousand := strings.TrimSuffix(strings.Repeat("13800000000,", 1000), ",")
	cases := []struct {
		name, template, numbers, params, code string
	}{
		{"a code of six", "SMS_0001", "13800000000", `{"code":"A1b2C3"}`, "OK"},
		{"a code of four", "SMS_0001", "+8613800000000", `{"code":"1234"}`, "OK"},
		{"a code of three", "SMS_0001", "13800000000", `{"code":"123"}`, "isv.PARAM_LENGTH_LIMIT"},
		{"a code of seven", "SMS_0001", "13800000000", `{"code":"1234567"}`, "isv.PARAM_LENGTH_LIMIT"},
		{"a code with a dash", "SMS_0001", "13800000000", `{"code":"12-34"}`, "isv.INVALID_PARAMETERS"},
		{"a code in Chinese", "SMS_0001", "13800000000", `{"code":"一二三四"}`, "isv.INVALID_PARAMETERS"},
		{"an unknown template", "SMS_9999", "13800000000", `{"code":"1234"}`, "isv.SMS_TEMPLATE_ILLEGAL"},
		{"a template that review refused", "SMS_0005", "13800000000", `{"name":"王"}`, "isv.SMS_TEMPLATE_ILLEGAL"},
		{"a missing variable", "SMS_0002", "13800000000", `{"name":"王"}`, "isv.TEMPLATE_MISSING_PARAMETERS"},
		{"an empty value", "SMS_0002", "13800000000", `{"name":"王","order":""}`, "isv.TEMPLATE_MISSING_PARAMETERS"},
		{"no values at all", "SMS_0002", "13800000000", ``, "isv.TEMPLATE_MISSING_PARAMETERS"},
		{"a value too many", "SMS_0001", "13800000000", `{"code":"1234","more":"https://example.com"}`, "OK"},
		{"no JSON", "SMS_0001", "13800000000", `code=1234`, "isv.INVALID_JSON_PARAM"},
		{"a JSON list", "SMS_0001", "13800000000", `["1234"]`, "isv.INVALID_JSON_PARAM"},
		{"JSON null", "SMS_0001", "13800000000", `null`, "isv.INVALID_JSON_PARAM"},
		{"a number as value", "SMS_0001", "13800000000", `{"code":1234}`, "isv.INVALID_JSON_PARAM"},
		{"more after the JSON", "SMS_0001", "13800000000", `{"code":"1234"}{}`, "isv.INVALID_JSON_PARAM"},
		{"35 characters", "SMS_0002", "13800000000", `{"name":"` + longest + `","order":"1"}`, "OK"},
		{"36 characters", "SMS_0002", "13800000000", `{"name":"` + longest + `长","order":"1"}`, "isv.PARAM_LENGTH_LIMIT"},
		{"a URL", "SMS_0002", "13800000000", `{"name":"http://a.example","order":"1"}`, "isv.PARAM_NOT_SUPPORT_URL"},
		{"a host name", "SMS_0002", "13800000000", `{"name":"see example.com","order":"1"}`, "isv.PARAM_NOT_SUPPORT_URL"},
		{"a sentence with full stops", "SMS_0002", "13800000000", `{"name":"Mr. Wang jr.","order":"1.5"}`, "OK"},
		{"emoji", "SMS_0002", "13800000000", `{"name":"王😀","order":"1"}`, "isv.UNSUPPORTED_CONTENT"},
		{"an old pictograph", "SMS_0002", "13800000000", `{"name":"☎","order":"1"}`, "isv.UNSUPPORTED_CONTENT"},
		{"a rare ideograph is no emoji", "SMS_0002", "13800000000", `{"name":"𠮷","order":"1"}`, "OK"},
		{"an emoji in a code", "SMS_0001", "13800000000", `{"code":"123😀"}`, "isv.UNSUPPORTED_CONTENT"},
		{"newlines, quotes and dollars", "SMS_0002", "13800000000", `{"name":"\"a\"\n${order}","order":"1"}`, "OK"},
		{"a promotion", "SMS_0003", "13800000000", ``, "OK"},
		{"a number too short", "SMS_0001", "1380000000", `{"code":"1234"}`, "isv.MOBILE_NUMBER_ILLEGAL"},
		{"letters", "SMS_0001", "1380000000a", `{"code":"1234"}`, "isv.MOBILE_NUMBER_ILLEGAL"},
		{"a landline", "SMS_0001", "01012345678", `{"code":"1234"}`, "isv.MOBILE_NUMBER_ILLEGAL"},
		{"one bad number of three", "SMS_0001", "13800000000,138,13900000000", `{"code":"1234"}`, "isv.MOBILE_NUMBER_ILLEGAL"},
		{"a number abroad", "SMS_0001", "0085200000000", `{"code":"1234"}`, "isv.MOBILE_NUMBER_ILLEGAL"},
		{"an international template abroad", "SMS_0004", "0085251234567", `{"code":"1234"}`, "OK"},
		{"an international template inland", "SMS_0004", "13800000000", `{"code":"1234"}`, "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"},
		{"an international template, +86", "SMS_0004", "+8613800000000", `{"code":"1234"}`, "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"},
		{"1,000 numbers", "SMS_0001", thousand, `{"code":"1234"}`, "OK"},
		{"1,001 numbers", "SMS_0001", thousand + ",13800000000", `{"code":"1234"}`, "isv.MOBILE_COUNT_OVER_LIMIT"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sb := newSandbox(t, sandbox.Options{})
			status, body := callAliyun(t, sb, aliyunParams("SendSms", "TemplateCode", c.template, "PhoneNumbers", c.numbers, "TemplateParam", c.params))
			if status != 200 || body["Code"] != c.code {
				t.Fatalf("status %d, %v; want %s", status, body, c.code)
			}
			want := 0
			if c.code == "OK" {
				want = strings.Count(c.numbers, ",") + 1
			}
			if _, has := body["BizId"]; has != (c.code == "OK") || len(sb.Messages("")) != want {
				t.Errorf("BizId %v, %d messages, want %d", has, len(sb.Messages("")), want)
			}
		})
	}
}

func TestAliyun_numbers(t *testing.T) {
	for written, want := range map[string]sms.Number{
		"13800000000": "+8613800000000", "+8613800000000": "+8613800000000", "008613800000000": "+8613800000000",
		"8613800000000": "+8613800000000", "+13800000000": "+8613800000000", "15000000000": "+8615000000000",
	} {
		sb := newSandbox(t, sandbox.Options{})
		_, body := callAliyun(t, sb, aliyunParams("SendSms", "PhoneNumbers", written))
		if sent := sb.Messages(want); body["Code"] != "OK" || len(sent) != 1 {
			t.Errorf("%s is not read as %s: %v", written, want.E164(), body)
		}
	}
	for written, want := range map[string]sms.Number{"0085251234567": "+85251234567", "+85251234567": "+85251234567", "85251234567": "+85251234567", "0012025550123": "+12025550123"} {
		sb := newSandbox(t, sandbox.Options{})
		_, body := callAliyun(t, sb, aliyunParams("SendSms", "PhoneNumbers", written, "TemplateCode", "SMS_0004"))
		if sent := sb.Messages(want); body["Code"] != "OK" || len(sent) != 1 {
			t.Errorf("%s is not read as %s: %v", written, want.E164(), body)
		}
	}
}

func TestAliyun_details(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{Pace: time.Second, Keys: []sandbox.Key{{ID: "other", Secret: "other"}}})
		time.Sleep(15*time.Hour + 59*time.Minute + 50*time.Second) // ten seconds to midnight in China
		for i := range 60 {
			if _, body := callAliyun(t, sb, aliyunParams("SendSms", "OutId", fmt.Sprint(i))); body["Code"] != "OK" {
				t.Fatal(body)
			}
		}
		do(t, sb, aliyunRequest("GET query", "other", aliyunParams("SendSms", "AccessKeyId", "other")))
		query := func(changes ...string) (string, []any) {
			_, body := callAliyun(t, sb, aliyunParams("QuerySendDetails", append([]string{"SendDate", "20000101"}, changes...)...))
			if body["Code"] != "OK" {
				t.Fatal(body)
			}
			return body["TotalCount"].(string), body["SmsSendDetailDTOs"].(map[string]any)["SmsSendDetailDTO"].([]any)
		}
		total, rows := query("PageSize", "50")
		if total != "60" || len(rows) != 50 || rows[0].(map[string]any)["OutId"] != "59" {
			t.Fatalf("first page: %s in all, %d rows", total, len(rows))
		}
		if row := rows[0].(map[string]any); row["SendStatus"] != 1.0 || row["ErrCode"] != "" || row["ReceiveDate"] != nil || row["SendDate"] != "2000-01-01 23:59:50" {
			t.Errorf("at once: %v", row)
		}
		if _, rows = query("PageSize", "50", "CurrentPage", "2"); len(rows) != 10 || rows[9].(map[string]any)["OutId"] != "0" {
			t.Errorf("second page: %d rows", len(rows))
		}
		if _, rows = query("PageSize", "50", "CurrentPage", "3"); len(rows) != 0 {
			t.Errorf("third page: %d rows", len(rows))
		}
		time.Sleep(2 * time.Second)
		if _, rows = query(); rows[0].(map[string]any)["SendStatus"] != 3.0 || rows[0].(map[string]any)["ErrCode"] != "DELIVERED" ||
			rows[0].(map[string]any)["ReceiveDate"] != "2000-01-01 23:59:52" {
			t.Errorf("after two paces: %v", rows[0])
		}
		bizID := sb.Messages("")[7].ID
		if total, rows = query("BizId", bizID); total != "1" || rows[0].(map[string]any)["OutId"] != "7" {
			t.Errorf("by BizId: %s, %v", total, rows)
		}
		if total, _ = query("SendDate", "20000102"); total != "0" {
			t.Errorf("the day after: %s", total)
		}
		time.Sleep(10 * time.Second)
		callAliyun(t, sb, aliyunParams("SendSms"))
		if total, _ = query("SendDate", "20000102"); total != "1" {
			t.Errorf("after midnight: %s", total)
		}
	})
}

func TestAliyun_detailsRefused(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	for _, c := range []struct{ name, param, value, code string }{
		{"a page too large", "PageSize", "51", "isv.INVALID_PARAMETERS"},
		{"a page of nothing", "PageSize", "0", "isv.INVALID_PARAMETERS"},
		{"page zero", "CurrentPage", "0", "isv.INVALID_PARAMETERS"},
		{"a page beyond counting", "CurrentPage", "99999999999999999999", "isv.INVALID_PARAMETERS"},
		{"a date with dashes", "SendDate", "2026-01-01", "isv.INVALID_PARAMETERS"},
		{"no number", "PhoneNumber", "138", "isv.MOBILE_NUMBER_ILLEGAL"},
		{"no date", "SendDate", "-", "MissingSendDate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, body := callAliyun(t, sb, aliyunParams("QuerySendDetails", c.param, c.value)); body["Code"] != c.code {
				t.Errorf("%v, want %s", body, c.code)
			}
		})
	}
}

func TestAliyun_limits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{Limits: true})
		send := func(changes ...string) string {
			_, body := callAliyun(t, sb, aliyunParams("SendSms", changes...))
			if body["Code"] == "isv.BUSINESS_LIMIT_CONTROL" {
				return body["Message"].(string)
			}
			return body["Code"].(string)
		}
		expect := func(when, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %s, want %s", when, got, want)
			}
		}
		time.Sleep(59 * time.Second)
		expect("first", send(), "OK")
		expect("at once", send(), "触发分钟级流控Permits:1")
		expect("another number", send("PhoneNumbers", "13900000000"), "OK")
		expect("of two numbers one is over", send("PhoneNumbers", "13700000000,13900000000"), "触发分钟级流控Permits:1")
		expect("and the other was not counted", send("PhoneNumbers", "13700000000"), "OK")
		expect("the same number twice in a call", send("PhoneNumbers", "13600000000,13600000000"), "触发分钟级流控Permits:1")
		time.Sleep(time.Second) // the next minute of the clock
		for i := range 4 {
			expect(fmt.Sprint("minute ", i+1), send(), "OK")
			time.Sleep(time.Minute)
		}
		expect("the sixth of the hour", send(), "触发小时级流控Permits:5")
		time.Sleep(time.Hour)
		for i := range 5 {
			expect(fmt.Sprint("next hour ", i+1), send(), "OK")
			time.Sleep(time.Minute)
		}
		time.Sleep(time.Hour)
		expect("the eleventh of the day", send(), "触发天级流控Permits:10")
		time.Sleep(24 * time.Hour)
		expect("the next day", send(), "OK")
		for range 50 {
			expect("a notification", send("TemplateCode", "SMS_0002", "TemplateParam", `{"name":"a","order":"1"}`), "OK")
		}
		expect("the 51st", send("TemplateCode", "SMS_0002", "TemplateParam", `{"name":"a","order":"1"}`), "触发天级流控Permits:50")
		expect("of another template", send("TemplateCode", "SMS_0003"), "OK")
	})
}

func TestAliyun_outIDTooLong(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	if _, body := callAliyun(t, sb, aliyunParams("SendSms", "OutId", strings.Repeat("x", 256))); body["Code"] != "isv.INVALID_PARAMETERS" {
		t.Error(body)
	}
}
