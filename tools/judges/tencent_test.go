package judges

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tcerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	tencent "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sms/v20210111"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

// client is the vendor's client as its users write it, pointed at sb.
func client(t *testing.T, sb *sandbox.Sandbox, id, key string) *tencent.Client {
	t.Helper()
	p := profile.NewClientProfile()
	p.HttpProfile.Scheme, p.HttpProfile.Endpoint = "http", strings.TrimPrefix(sb.URL, "http://")
	c, err := tencent.NewClient(common.NewCredential(id, key), "ap-guangzhou", p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sendRequest(numbers ...string) *tencent.SendSmsRequest {
	r := tencent.NewSendSmsRequest()
	r.SmsSdkAppId, r.SignName, r.TemplateId = common.StringPtr(sandbox.TencentAppID), common.StringPtr(sandbox.TencentSignature), common.StringPtr("1000002")
	r.TemplateParamSet, r.PhoneNumberSet = common.StringPtrs([]string{"<漢> & 𠀀", "{1}"}), common.StringPtrs(numbers)
	r.SessionContext = common.StringPtr("key")
	return r
}

func TestTencentSDK(t *testing.T) {
	sb := sandboxtest.StartWith(t, sandbox.Options{Pace: time.Nanosecond})
	c := client(t, sb, sandbox.TencentSecretID, sandbox.TencentSecretKey)
	answer, err := c.SendSms(sendRequest("+8613800000000", "13900000000", "+861"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range answer.Response.SendStatusSet {
		got = append(got, fmt.Sprint(*s.PhoneNumber, " ", *s.Code, " ", *s.Fee, " ", *s.IsoCode, " ", *s.SessionContext))
	}
	want := []string{"+8613800000000 Ok 1 CN key", "+8613900000000 Ok 1 CN key", "+861 InvalidParameterValue.IncorrectPhoneNumber 0 DEF key"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %v, want %v", got, want)
	}
	serial := *answer.Response.SendStatusSet[0].SerialNo
	if sent := sb.Messages("+8613800000000"); len(sent) != 1 || sent[0].ID != serial || sent[0].Text != "【云通信】<漢> & 𠀀,您的订单{1}已发货。" {
		t.Errorf("the sandbox holds %v", sent)
	}
	pull := tencent.NewPullSmsSendStatusByPhoneNumberRequest()
	pull.SmsSdkAppId, pull.PhoneNumber, pull.Limit, pull.Offset = common.StringPtr(sandbox.TencentAppID), common.StringPtr("+8613800000000"), common.Uint64Ptr(100), common.Uint64Ptr(0)
	pull.BeginTime = common.Uint64Ptr(uint64(time.Now().Unix() - 60))
	reports, err := c.PullSmsSendStatusByPhoneNumber(pull)
	if err != nil || len(reports.Response.PullSmsSendStatusSet) != 1 || *reports.Response.PullSmsSendStatusSet[0].SerialNo != serial || *reports.Response.PullSmsSendStatusSet[0].ReportStatus != "SUCCESS" {
		t.Errorf("%v, %+v", err, reports)
	}
	queue := tencent.NewPullSmsSendStatusRequest()
	queue.SmsSdkAppId, queue.Limit = common.StringPtr(sandbox.TencentAppID), common.Uint64Ptr(100)
	for _, want := range []int{2, 0} {
		if pulled, err := c.PullSmsSendStatus(queue); err != nil || len(pulled.Response.PullSmsSendStatusSet) != want {
			t.Errorf("%v, %d reports, want %d", err, len(pulled.Response.PullSmsSendStatusSet), want)
		}
	}
	templates := tencent.NewDescribeSmsTemplateListRequest()
	templates.International, templates.TemplateIdSet = common.Uint64Ptr(0), common.Uint64Ptrs([]uint64{1000001})
	if list, err := c.DescribeSmsTemplateList(templates); err != nil || len(list.Response.DescribeTemplateStatusSet) != 1 || *list.Response.DescribeTemplateStatusSet[0].TemplateContent != "您的验证码是{1},{2}分钟内有效。" {
		t.Errorf("%v, %+v", err, list)
	}
	signs := tencent.NewDescribeSmsSignListRequest()
	signs.International, signs.SignIdSet = common.Uint64Ptr(0), common.Uint64Ptrs([]uint64{2000001})
	if list, err := c.DescribeSmsSignList(signs); err != nil || len(list.Response.DescribeSignListStatusSet) != 1 || *list.Response.DescribeSignListStatusSet[0].SignName != sandbox.TencentSignature {
		t.Errorf("%v, %+v", err, list)
	}
}

func TestTencentSDK_errors(t *testing.T) {
	sb := sandboxtest.Start(t)
	codeOf := func(err error) string {
		var refused *tcerrors.TencentCloudSDKError
		if !errors.As(err, &refused) {
			return fmt.Sprint(err)
		}
		return refused.Code
	}
	if _, err := client(t, sb, sandbox.TencentSecretID, "wrong").SendSms(sendRequest("+8613800000000")); codeOf(err) != "AuthFailure.SignatureFailure" {
		t.Errorf("a wrong key: %v", err)
	}
	c := client(t, sb, sandbox.TencentSecretID, sandbox.TencentSecretKey)
	if err := sb.SetFaults(sandbox.Fault{Operation: "send", Throttle: true, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SendSms(sendRequest("+8613800000000")); codeOf(err) != "RequestLimitExceeded" {
		t.Errorf("throttled: %v", err)
	}
	r := sendRequest("+8613800000000")
	r.SmsSdkAppId = common.StringPtr("1400000001")
	if _, err := c.SendSms(r); codeOf(err) != "UnauthorizedOperation.SmsSdkAppIdVerifyFail" {
		t.Errorf("another application: %v", err)
	}
	if n := len(sb.Messages("")); n != 0 {
		t.Errorf("%d messages were taken", n)
	}
}
