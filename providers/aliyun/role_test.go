package aliyun_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// roles answers for the metadata service and for STS, and hands everything else on.
type roles struct {
	t     *testing.T
	asked map[string]int
}

func (r *roles) RoundTrip(q *http.Request) (*http.Response, error) {
	const key = `"AccessKeyId":"` + sandbox.AliyunKeyID + `","AccessKeySecret":"` + sandbox.AliyunKeySecret + `","SecurityToken":"token","Expiration":"2099-01-01T00:00:00Z"`
	body := ""
	switch q.URL.Host {
	case "100.100.100.200":
		body = `{"Code":"Success",` + key + `}`
	case "sts.test":
		body = `{"Credentials":{` + key + `}}`
	default:
		r.asked["sent"]++
		if q.Body != nil {
			if sent, _ := io.ReadAll(q.Body); !strings.Contains(string(sent)+q.URL.RawQuery, "SecurityToken=token") {
				r.t.Errorf("the call is not signed with the role's key: %s", sent)
			}
		}
		body = `{"Code":"OK","Message":"OK","RequestId":"r","BizId":"b"}`
	}
	r.asked[q.URL.Host]++
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: q}, nil
}

// A role stands instead of a key, and is asked for one key for many messages.
func TestRoles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("a.b.c"), 0o600); err != nil {
		t.Fatal(err)
	}
	const arn = "acs:ram::123456789012:"
	for name, test := range map[string]struct {
		o    aliyun.Options
		host string
		n    int
	}{
		"of the machine": {aliyun.Options{RAMRole: "sms-sender"}, "100.100.100.200", 2}, // a token, and the key
		"for a token":    {aliyun.Options{OIDCRole: arn + "role/r", OIDCProvider: arn + "oidc-provider/p", OIDCTokenFile: file, STSEndpoint: "https://sts.test"}, "sts.test", 1},
	} {
		carried := &roles{t: t, asked: map[string]int{}}
		o := test.o
		o.From, o.Templates, o.Transport = "云通信", roleTemplates(t), carried
		p, err := aliyun.New(o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for range 3 {
			if _, err := p.Send(t.Context(), sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": "482913"}}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if carried.asked[test.host] != test.n || carried.asked["sent"] != 3 {
			t.Errorf("%s: the requests are %v", name, carried.asked)
		}
		p.Close()
	}
}

func roleTemplates(t *testing.T) *sms.Registry {
	t.Helper()
	r, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。", Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0001"}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRoles_faults(t *testing.T) {
	for name, test := range map[string]struct {
		o     aliyun.Options
		paths string
	}{
		"a key and a role": {aliyun.Options{RAMRole: "r", AccessKeyID: "id", AccessKeySecret: "s"}, "access_key_id access_key_secret"},
		"two roles":        {aliyun.Options{RAMRole: "r", OIDCRole: "x"}, "ram_role access_key_id access_key_secret"},
		"no such name":     {aliyun.Options{RAMRole: "a b"}, "ram_role"},
		"an empty token":   {aliyun.Options{OIDCRole: "x"}, "oidc_role oidc_provider oidc_token_file"},
	} {
		test.o.From, test.o.Templates = "云通信", roleTemplates(t)
		_, err := aliyun.New(test.o)
		var paths []string
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			if field, ok := errors.AsType[*sms.FieldError](e); ok {
				paths = append(paths, field.Path)
			}
		}
		if got := strings.Join(paths, " "); got != test.paths {
			t.Errorf("%s: the faults are at %s, want %s: %v", name, got, test.paths, err)
		}
	}
}
