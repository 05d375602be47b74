package tencent

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The vector was confirmed by the vendor's library for Node.js (Sign.sign3).
func TestSign_vector(t *testing.T) {
	const body = `{"PhoneNumberSet":["+8613800000000"],"SmsSdkAppId":"1400006666","TemplateId":"1234567","SignName":"云通信","TemplateParamSet":["482913","5"],"SessionContext":"k-1"}`
	r, err := http.NewRequest(http.MethodPost, "https://sms.tencentcloudapi.com/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := credentials{"AKIDEXAMPLE0000000000000000000000000", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "tok"}
	c.sign(r, body, time.Unix(1700000000, 0))
	const want = "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0000000000000000000000000/2023-11-14/sms/tc3_request, SignedHeaders=content-type;host, " +
		"Signature=cbd3b3bdbdb7e3d690cb6264a672aef6266ad7d33b24b5034523c751c7c8adb5"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Header.Get("X-TC-Timestamp") != "1700000000" || r.Header.Get("X-TC-Token") != "tok" {
		t.Errorf("the headers are %v", r.Header)
	}
}

func TestRetryAfter(t *testing.T) {
	at := time.Date(2024, 3, 1, 15, 0, 0, 0, time.UTC) // 23:00 in China
	for code, want := range map[string]time.Duration{
		"LimitExceeded.PhoneNumberThirtySecondLimit":     30 * time.Second,
		"LimitExceeded.PhoneNumberOneHourLimit":          time.Hour,
		"LimitExceeded.PhoneNumberDailyLimit":            time.Hour,
		"LimitExceeded.AppMainlandChinaDailyLimit":       time.Hour,
		"LimitExceeded.PhoneNumberSameContentDailyLimit": time.Hour,
		"LimitExceeded.DeliveryFrequencyLimit":           0,
		"AuthFailure.SignatureFailure":                   0,
	} {
		if got := retryAfter(code, at); got != want {
			t.Errorf("%s: %v, want %v", code, got, want)
		}
	}
}
