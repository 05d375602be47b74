package tencent

import (
	"net/http"
	"strings"
	"testing"
)

// A request that was signed by the vendor's Node client's own function, and the
// signature of the same request with the action signed too, in lower case.
func TestSignature(t *testing.T) {
	const body = `{"PhoneNumberSet":["+8613800000000"],"SmsSdkAppId":"1400006666","TemplateId":"1234567","SignName":"云通信","TemplateParamSet":["482913","5"],"SessionContext":"k-1"}`
	r, err := http.NewRequest("POST", "http://sms.tencentcloudapi.com/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	a := authorization{date: "2023-11-14", service: "sms", signedHeaders: "content-type;host"}
	got, ok := signature(r, []byte(body), "sms.tencentcloudapi.com", false, a, "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", 1700000000)
	if want := "cbd3b3bdbdb7e3d690cb6264a672aef6266ad7d33b24b5034523c751c7c8adb5"; !ok || got != want {
		t.Errorf("got %s, %v, want %s", got, ok, want)
	}
	for _, signed := range []string{"host", "content-type", ""} {
		a.signedHeaders = signed
		if _, ok := signature(r, []byte(body), "h", false, a, "s", 1); ok {
			t.Errorf("%q: the headers that must be signed are not", signed)
		}
	}
}

// The vendor's published example.
func TestSignature_published(t *testing.T) {
	const body = `{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
	r, err := http.NewRequest("POST", "https://cvm.tencentcloudapi.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-TC-Action", "DescribeInstances")
	for signed, want := range map[string]string{
		"content-type;host":             "2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c",
		"content-type;host;x-tc-action": "be4f67d323c78ab9acb7395e43c0dbcf822a9cfac32fea2449a7bc7726b770a3",
	} {
		a := authorization{date: "2019-02-25", service: "cvm", signedHeaders: signed}
		if got, _ := signature(r, []byte(body), "cvm.tencentcloudapi.com", true, a, "Gu5t9xGARNpq86cd98joQYCN3*******", 1551113065); got != want {
			t.Errorf("%s: got %s, want %s", signed, got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	for number, want := range map[string]string{"+8613800000000": "86 13800000000", "+12025550123": "1 2025550123", "+85251234567": "852 51234567", "+4915123456789": "49 15123456789", "+79261234567": "7 9261234567"} {
		n, _, _ := readNumber(number)
		if country, rest := split(n); country+" "+rest != want {
			t.Errorf("%s: %s %s", number, country, rest)
		}
	}
	if country, rest := split(""); country+rest != "" {
		t.Error("no number has a country")
	}
}

func TestMask(t *testing.T) {
	if got := mask("【云】码482913,5分钟,A1"); got != "【云】码4*****,5分钟,A1" {
		t.Error(got)
	}
}

func TestRefusals_areBounded(t *testing.T) {
	var r refusals
	for range 3 * maxRefusals {
		r.add(refusal{app: AppID})
	}
	if r.add(refusal{app: strings.Repeat("1", 100)}); len(r.list) != maxRefusals {
		t.Errorf("%d are kept", len(r.list))
	}
}
