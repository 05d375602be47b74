package vendortest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

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
		send := sendSmsRequest("13800000000", "SMS_0001", `{"code":"482913"}`)
		send.SignName = name
		if answer, err := client.SendSms(send); err != nil || answer.Code != code {
			t.Errorf("sending under %s: %v, %s, want %s", name, err, answer.Code, code)
		}
	}
	query := dysmsapi.CreateQuerySendDetailsRequest()
	query.PhoneNumber, query.SendDate = "13800000000", time.Now().In(time.FixedZone("", 8*3600)).Format("20060102")
	query.PageSize, query.CurrentPage = requests.NewInteger(10), requests.NewInteger(1)
	details, err := client.QuerySendDetails(query)
	if err != nil || len(details.SmsSendDetailDTOs.SmsSendDetailDTO) != 1 {
		t.Fatalf("QuerySendDetails: %v, %+v", err, details)
	}
	row := details.SmsSendDetailDTOs.SmsSendDetailDTO[0]
	if row.SendStatus != 2 || row.ErrCode != "PORT_NOT_REGISTERED" || sb.Messages("")[0].Status != "failed" {
		t.Errorf("under a signature that is not registered: %+v", row)
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
}
