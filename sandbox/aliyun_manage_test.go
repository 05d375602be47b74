package sandbox_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
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

func TestAliyun_managementRefuses(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
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
