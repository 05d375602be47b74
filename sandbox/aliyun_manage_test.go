package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

func TestAliyun_batch(t *testing.T) {
	hundred := `["` + strings.TrimSuffix(strings.Repeat(`13800000000","`, 100), `,"`) + `]`
	signatures := strings.ReplaceAll(hundred, "13800000000", sandbox.AliyunSignature)
	for _, c := range []struct {
		name, template, numbers, signatures, params, code string
		taken                                             int
	}{
		{"two, each with values of its own", "SMS_0001", `["13800000000","13900000000"]`, `["云通信","云通信"]`, `[{"code":"1111"},{"code":"2222"}]`, "OK", 2},
		{"a hundred without values", "SMS_0003", hundred, signatures, "", "OK", 100},
		{"fewer signatures", "SMS_0003", `["13800000000","13900000000"]`, `["云通信"]`, "", "isv.INVALID_PARAMETERS", 0},
		{"fewer values", "SMS_0001", `["13800000000","13900000000"]`, `["云通信","云通信"]`, `[{"code":"1111"}]`, "isv.INVALID_PARAMETERS", 0},
		{"nobody", "SMS_0003", `[]`, `[]`, "", "isv.INVALID_PARAMETERS", 0},
		{"no list", "SMS_0003", `"13800000000"`, `["云通信"]`, "", "isv.INVALID_JSON_PARAM", 0},
		{"null", "SMS_0003", `null`, `["云通信"]`, "", "isv.INVALID_JSON_PARAM", 0},
		{"values that are no objects", "SMS_0001", `["13800000000"]`, `["云通信"]`, `["1111"]`, "isv.INVALID_JSON_PARAM", 0},
		{"one bad value", "SMS_0001", `["13800000000","13900000000"]`, `["云通信","云通信"]`, `[{"code":"1111"},{"code":"2"}]`, "isv.PARAM_LENGTH_LIMIT", 0},
		{"one bad signature", "SMS_0003", `["13800000000","13900000000"]`, `["云通信","x"]`, "", "isv.SMS_SIGNATURE_ILLEGAL", 0},
		{"one bad number", "SMS_0003", `["13800000000","139"]`, `["云通信","云通信"]`, "", "isv.MOBILE_NUMBER_ILLEGAL", 0},
		{"a hundred and one", "SMS_0003", hundred[:len(hundred)-1] + `,"13800000000"]`, signatures[:len(signatures)-1] + `,"云通信"]`, "", "isv.MOBILE_COUNT_OVER_LIMIT", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			sb := newSandbox(t, sandbox.Options{})
			_, body := callAliyun(t, sb, aliyunParams("SendBatchSms", "TemplateCode", c.template, "PhoneNumberJson", c.numbers, "SignNameJson", c.signatures, "TemplateParamJson", c.params))
			if body["Code"] != c.code || len(sb.Messages("")) != c.taken {
				t.Errorf("%v, %d messages; want %s, %d", body, len(sb.Messages("")), c.code, c.taken)
			}
			if c.name == "two, each with values of its own" {
				if sent := sb.Messages("+8613900000000"); len(sent) != 1 || sent[0].Params["code"] != "2222" || sent[0].ID != body["BizId"] {
					t.Errorf("the second number has %v", sent)
				}
			}
		})
	}
}

// The vendor's Go client sends part of a batch in the body and part in the query.
func TestGoAliyunSDK_batch(t *testing.T) {
	sb := sandboxtest.Start(t)
	r := dysmsapi.CreateSendBatchSmsRequest()
	r.PhoneNumberJson, r.SignNameJson, r.TemplateCode = `["13800000000","13900000000"]`, `["云通信","云通信"]`, "SMS_0002"
	r.TemplateParamJson = `[{"name":"a b+c","order":"1"},{"name":"漢","order":"2"}]`
	answer, err := aliyunSDK(t, sb, sandbox.AliyunKeyID, sandbox.AliyunKeySecret).SendBatchSms(r)
	if err != nil || answer.Code != "OK" || len(sb.Messages("")) != 2 || sb.Messages("+8613800000000")[0].Params["name"] != "a b+c" {
		t.Errorf("%v, %s %s, %d messages", err, answer.Code, answer.Message, len(sb.Messages("")))
	}
}

func TestGoAliyunSDK_templatesAndSignatures(t *testing.T) {
	sb := sandboxtest.StartWith(t, sandbox.Options{
		Pace: time.Nanosecond,
		Signatures: []sandbox.Signature{{Name: "未报备", Registration: sandbox.NotRegistered}, {Name: "审核中", Review: sandbox.InReview},
			{Name: "未通过", Review: sandbox.Refused}, {Name: "已失效", Registration: sandbox.RegistrationLapsed}},
		Templates: []sandbox.Template{{Code: "SMS_1000", Name: "waits", Text: "x", Review: sandbox.InReview}},
	})
	client := aliyunSDK(t, sb, sandbox.AliyunKeyID, sandbox.AliyunKeySecret)
	for _, c := range []struct {
		code         string
		kind, status int
		text         string
	}{
		{"SMS_0001", 0, 1, "您的验证码是${code},5分钟内有效。"}, {"SMS_0003", 2, 1, "新品上架,欢迎选购,回T退订。"},
		{"SMS_0004", 3, 1, "Your code is ${code}."}, {"SMS_0005", 1, 2, "${name},您的包裹已到。"}, {"SMS_1000", 1, 0, "x"},
	} {
		query := dysmsapi.CreateQuerySmsTemplateRequest()
		query.TemplateCode = c.code
		old, err := client.QuerySmsTemplate(query)
		if err != nil || old.Code != "OK" || old.TemplateContent != c.text || old.TemplateType != c.kind || old.TemplateStatus != c.status || (old.Reason == "") != (c.status != 2) {
			t.Errorf("QuerySmsTemplate %s: %v, %+v", c.code, err, old)
		}
		get := dysmsapi.CreateGetSmsTemplateRequest()
		get.TemplateCode = c.code
		latest, err := client.GetSmsTemplate(get)
		if err != nil || latest.TemplateContent != c.text || latest.TemplateType != fmt.Sprint(c.kind) || latest.TemplateStatus != fmt.Sprint(c.status) {
			t.Errorf("GetSmsTemplate %s: %v, %+v", c.code, err, latest)
		}
	}
	for name, want := range map[string][2]int{sandbox.AliyunSignature: {1, 1}, "未报备": {1, -1}, "审核中": {0, 1}, "未通过": {2, 1}, "已失效": {1, 2}} {
		query := dysmsapi.CreateQuerySmsSignRequest()
		query.SignName = name
		old, err := client.QuerySmsSign(query)
		if err != nil || old.Code != "OK" || old.SignName != name || old.SignStatus != want[0] {
			t.Errorf("QuerySmsSign %s: %v, %+v", name, err, old)
		}
		get := dysmsapi.CreateGetSmsSignRequest()
		get.SignName = name
		latest, err := client.GetSmsSign(get)
		if err != nil || latest.SignStatus != int64(want[0]) || latest.RegisterResult != want[1] {
			t.Errorf("GetSmsSign %s: %v, %+v", name, err, latest)
		}
	}
	for name, code := range map[string]string{"审核中": "isv.SMS_SIGNATURE_ILLEGAL", "未通过": "isv.SMS_SIGNATURE_ILLEGAL", "未报备": "OK"} {
		if _, body := callAliyun(t, sb, aliyunParams("SendSms", "SignName", name)); body["Code"] != code {
			t.Errorf("sending under %s: %v, want %s", name, body, code)
		}
	}
	_, body := callAliyun(t, sb, aliyunParams("QuerySendDetails"))
	row := body["SmsSendDetailDTOs"].(map[string]any)["SmsSendDetailDTO"].([]any)[0].(map[string]any)
	if row["SendStatus"] != 2.0 || row["ErrCode"] != "PORT_NOT_REGISTERED" || sb.Messages("")[0].Status != "failed" {
		t.Errorf("under a signature that is not registered: %v", row)
	}
}

func TestGoAliyunSDK_lists(t *testing.T) {
	sb := sandboxtest.Start(t)
	client := aliyunSDK(t, sb, sandbox.AliyunKeyID, sandbox.AliyunKeySecret)
	list := dysmsapi.CreateQuerySmsTemplateListRequest()
	list.PageSize, list.PageIndex = requests.NewInteger(3), requests.NewInteger(2)
	templates, err := client.QuerySmsTemplateList(list)
	if err != nil || templates.TotalCount != 5 || templates.CurrentPage != 2 || templates.PageSize != 3 || len(templates.SmsTemplateList) != 2 {
		t.Fatalf("templates: %v, %+v", err, templates)
	}
	if last := templates.SmsTemplateList[1]; last.TemplateCode != "SMS_0005" || last.OuterTemplateType != 1 || last.TemplateType != 0 ||
		last.AuditStatus != "AUDIT_STATE_NOT_PASS" || last.Reason.RejectInfo == "" {
		t.Errorf("the refused one: %+v", last)
	}
	signs, err := client.QuerySmsSignList(dysmsapi.CreateQuerySmsSignListRequest())
	if err != nil || signs.TotalCount != 1 || signs.SmsSignList[0].SignName != sandbox.AliyunSignature || signs.SmsSignList[0].AuditStatus != "AUDIT_STATE_PASS" {
		t.Errorf("signatures: %v, %+v", err, signs)
	}
	for _, wrong := range [][2]string{{"PageSize", "51"}, {"PageIndex", "0"}} {
		if _, body := callAliyun(t, sb, aliyunParams("QuerySmsSignList", wrong[0], wrong[1])); body["Code"] != "isv.INVALID_PARAMETERS" {
			t.Errorf("%v: %v", wrong, body)
		}
	}
	for action, code := range map[string]string{"QuerySmsTemplate": "isv.SMS_TEMPLATE_ILLEGAL", "GetSmsTemplate": "isv.SMS_TEMPLATE_ILLEGAL",
		"QuerySmsSign": "isv.SMS_SIGNATURE_ILLEGAL", "GetSmsSign": "isv.SMS_SIGNATURE_ILLEGAL"} {
		if _, body := callAliyun(t, sb, aliyunParams(action, "TemplateCode", "SMS_9", "SignName", "x")); body["Code"] != code {
			t.Errorf("%s of what there is not: %v", action, body)
		}
	}
}
