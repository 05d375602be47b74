package aliyun_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

const (
	keyID  = "LTAI5tTestKeyId"
	secret = "kS3cretOfTheTests+/="

	mainland = sms.Number("+8613812345678")
	hongKong = sms.Number("+85251234567")
	american = sms.Number("+15005550006")

	acceptedBody = `{"Message":"OK","RequestId":"F655A8D5-B967-440B-8683-DAD6FF8DE990","Code":"OK","BizId":"900619746936498440^0"}`
)

// registry holds one template of each kind, bound under "aliyun".
func registry(tb testing.TB) *sms.Registry {
	tb.Helper()
	bound := func(t sms.Template, b sms.Binding) sms.Template {
		t.Bindings = map[string]sms.Binding{"aliyun": b}
		return t
	}
	r, err := sms.NewRegistry(
		bound(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。"},
			sms.Binding{ID: "SMS_0001", Abroad: "SMS_0004"}),
		bound(sms.Template{Name: "shipped", Kind: sms.Notification, Text: "${name},您的订单${order}已发货。"},
			sms.Binding{ID: "SMS_0002", From: "通知签名"}),
		bound(sms.Template{Name: "spring-sale", Kind: sms.Promotion, Text: "春季上新,拒收请回复R。"},
			sms.Binding{ID: "SMS_0003"}),
		bound(sms.Template{Name: "abroad-code", Kind: sms.International, Text: "Your code is ${code}."},
			sms.Binding{ID: "SMS_0004"}),
		bound(sms.Template{Name: "long", Kind: sms.Notification, Text: "${a}|${b}", Variables: map[string]sms.Variable{"b": {Optional: true}}},
			sms.Binding{ID: "SMS_0006", Extra: map[string]string{"max_value_length": "600", "sms_up_extend_code": "1234"}}),
		bound(sms.Template{Name: "only-abroad", Text: "Hello ${name}"}, sms.Binding{Abroad: "SMS_0007"}),
		sms.Template{Name: "unbound", Text: "Hello"},
	)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func loginCode() sms.Message {
	return sms.Message{To: mainland, Template: "login-code", Params: sms.Params{"code": "482913"}, Key: "order-17"}
}

func shipped() sms.Message {
	return sms.Message{To: mainland, Template: "shipped", Params: sms.Params{"name": "王芳", "order": "A1027"}, Key: "order-18"}
}

// open makes a provider and has it closed at the end of the test.
func open(tb testing.TB, o aliyun.Options) *aliyun.Provider {
	tb.Helper()
	if o.Credentials == nil {
		o.AccessKeyID, o.AccessKeySecret = cmp.Or(o.AccessKeyID, keyID), cmp.Or(o.AccessKeySecret, secret)
	}
	o.From = cmp.Or(o.From, "云通信")
	if o.Templates == nil {
		o.Templates = registry(tb)
	}
	p, err := aliyun.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

// A vendor is an HTTP server that keeps every request it was sent.
type vendor struct {
	*httptest.Server
	mu   sync.Mutex
	all  []*http.Request
	form []url.Values
}

// serve starts a vendor that answers each call with status and body.
func serve(tb testing.TB, status int, body string) *vendor {
	return serveFunc(tb, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

func serveFunc(tb testing.TB, h http.HandlerFunc) *vendor {
	v := &vendor{}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			tb.Errorf("the request could not be read: %v", err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			tb.Errorf("the request's body is no form: %v", err)
		}
		v.mu.Lock()
		v.all, v.form = append(v.all, r), append(v.form, form)
		v.mu.Unlock()
		h(w, r)
	}))
	tb.Cleanup(v.Close)
	return v
}

// only gives the one request that was made, and its parameters.
func (v *vendor) only(tb testing.TB) (*http.Request, url.Values) {
	tb.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.all) != 1 {
		tb.Fatalf("%d requests were made, and one was expected", len(v.all))
	}
	return v.all[0], v.form[0]
}

func (v *vendor) requests() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.all)
}

// verify recalculates version 1 of the vendor's signature from its description:
// the parameters sorted and percent-encoded by RFC 3986, that encoded again after
// the method and "/", HMAC-SHA1 under the secret and "&". It shares no code with
// the SDK.
func verify(method string, form url.Values, secret string) error {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if len(form[name]) != 1 {
			return fmt.Errorf("%s stands %d times", name, len(form[name]))
		}
		if name != "Signature" {
			pairs = append(pairs, percent(name)+"="+percent(form[name][0]))
		}
	}
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	io.WriteString(mac, method+"&%2F&"+percent(strings.Join(pairs, "&")))
	if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); form.Get("Signature") != want {
		return fmt.Errorf("the signature is %q, and by the parameters it is %q", form.Get("Signature"), want)
	}
	return nil
}

func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// stub is a transport that answers without a network.
type stub struct {
	status int
	body   string
	seen   func(*http.Request)
}

func (s stub) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.seen != nil {
		s.seen(r)
	}
	return &http.Response{StatusCode: s.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(s.body)), Request: r}, nil
}
