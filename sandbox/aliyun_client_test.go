package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sandbox"
)

// newSandbox makes one that is called without a network.
func newSandbox(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	sb := sandbox.New(o)
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	return sb
}

// do calls the handler and reads the answer, JSON where it is some.
func do(t *testing.T, h http.Handler, r *http.Request) (status int, body map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	_ = json.Unmarshal(w.Body.Bytes(), &body)
	return w.Code, body
}

// rfc3986 writes every byte but the unreserved ones as %XX. It is written apart
// from the sandbox's own, which it judges.
func rfc3986(s string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// signAliyun signs as the vendor's documentation describes version 1.
func signAliyun(method, secret string, params map[string]string) (toSign, signature string) {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		pairs = append(pairs, rfc3986(name)+"="+rfc3986(params[name]))
	}
	toSign = method + "&" + rfc3986("/") + "&" + rfc3986(strings.Join(pairs, "&"))
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	_, _ = io.WriteString(mac, toSign)
	return toSign, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

var nonceCounter int

// aliyunParams are those of a call that the sandbox takes, with changes: a name
// whose value is "-" is left out.
func aliyunParams(action string, changes ...string) map[string]string {
	nonceCounter++
	params := map[string]string{
		"AccessKeyId": sandbox.AliyunKeyID, "Action": action, "Format": "JSON", "Version": "2017-05-25", "RegionId": "cn-hangzhou",
		"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureType": "",
		"SignatureNonce": fmt.Sprint("nonce-", nonceCounter), "Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05Z"),
	}
	switch action {
	case "SendSms":
		maps.Copy(params, map[string]string{"PhoneNumbers": "13800000000", "SignName": sandbox.AliyunSignature,
			"TemplateCode": "SMS_0001", "TemplateParam": `{"code":"482913"}`})
	case "QuerySendDetails":
		maps.Copy(params, map[string]string{"PhoneNumber": "13800000000", "PageSize": "10", "CurrentPage": "1",
			"SendDate": time.Now().In(time.FixedZone("", 8*3600)).Format("20060102")})
	}
	for i := 0; i < len(changes); i += 2 {
		if params[changes[i]] = changes[i+1]; changes[i+1] == "-" {
			delete(params, changes[i])
		}
	}
	return params
}

// places are where the parameters of a call may stand.
var places = []string{"GET query", "POST query", "POST body", "POST mixed"}

// aliyunRequest signs params and puts them in one of the places.
func aliyunRequest(place, secret string, params map[string]string) *http.Request {
	method, where, _ := strings.Cut(place, " ")
	query, form := url.Values{}, url.Values{}
	signed := maps.Clone(params)
	_, signed["Signature"] = signAliyun(method, secret, params)
	for i, name := range slices.Sorted(maps.Keys(signed)) {
		if where == "body" || where == "mixed" && i%2 == 0 {
			form.Set(name, signed[name])
		} else {
			query.Set(name, signed[name])
		}
	}
	r := httptest.NewRequest(method, "/?"+query.Encode(), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// callAliyun makes one call with the well-known key.
func callAliyun(t *testing.T, h http.Handler, params map[string]string) (status int, body map[string]any) {
	t.Helper()
	return do(t, h, aliyunRequest("POST body", sandbox.AliyunKeySecret, params))
}
