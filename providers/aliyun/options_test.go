package aliyun_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

// paths lists the settings that err finds fault with.
func paths(err error) []string {
	var all []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if f, ok := errors.AsType[*sms.FieldError](e); ok {
				all = append(all, f.Path)
			} else {
				all = append(all, "no FieldError: "+e.Error())
			}
		}
	}
	slices.Sort(all)
	return all
}

func TestNew_everyFaultAtOnce(t *testing.T) {
	r, err := sms.NewRegistry(
		sms.Template{Name: "a", Text: "x", Bindings: map[string]sms.Binding{"cn": {ID: "SMS_1", From: "【签名】",
			Extra: map[string]string{"sms_up_extend_code": "12a", "max_value_length": "many", "sign_name": "x"}}}},
		sms.Template{Name: "b", Text: "x", Bindings: map[string]sms.Binding{"cn": {}}},
		sms.Template{Name: "c", Text: "x", Kind: sms.International, Bindings: map[string]sms.Binding{"cn": {ID: "SMS_2", Abroad: "SMS_3"}}},
		sms.Template{Name: "d", Text: "${x}", Kind: sms.Verification, Bindings: map[string]sms.Binding{"cn": {ID: "SMS_2", Extra: map[string]string{"max_value_length": "3"}}}},
		sms.Template{Name: "e", Text: "x", Bindings: map[string]sms.Binding{"other": {Extra: map[string]string{"not": "ours"}}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	_, err = aliyun.New(aliyun.Options{
		Name: "cn", AccessKeySecret: " " + secret, Region: "cn hangzhou", Endpoint: "dysmsapi.aliyuncs.com",
		From: "[云通信]", Senders: map[string]string{"acme": "", "": "x", "blank": "极品 "}, Timeout: -time.Second, Templates: r,
	})
	want := []string{
		"access_key_id", "access_key_secret", "endpoint", "from", "region", "senders", "senders.acme", "senders.blank",
		"templates.a.bindings.cn.extra.max_value_length", "templates.a.bindings.cn.extra.sign_name", "templates.a.bindings.cn.extra.sms_up_extend_code",
		"templates.a.bindings.cn.from", "templates.b.bindings.cn.id", "templates.c.bindings.cn.abroad", "templates.d.bindings.cn.extra.max_value_length",
		"timeout",
	}
	if got := paths(err); !slices.Equal(got, want) {
		t.Errorf("the faults are in\n%q, want\n%q\n%v", got, want, err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
		t.Error("the error shows the secret")
	}
}

func TestNew_faults(t *testing.T) {
	ok := aliyun.Options{AccessKeyID: keyID, AccessKeySecret: secret, From: "云通信", Templates: registry(t)}
	ask := func(context.Context) (aliyun.Credentials, error) { return aliyun.Credentials{}, nil }
	for name, test := range map[string]struct {
		change func(*aliyun.Options)
		want   string
	}{
		"nothing wrong":                      {func(*aliyun.Options) {}, ""},
		"no templates":                       {func(o *aliyun.Options) { o.Templates = nil }, "templates"},
		"a key and Credentials":              {func(o *aliyun.Options) { o.Credentials, o.AccessKeySecret = ask, "" }, "access_key_id"},
		"Credentials alone":                  {func(o *aliyun.Options) { o.Credentials, o.AccessKeyID, o.AccessKeySecret = ask, "", "" }, ""},
		"no secret":                          {func(o *aliyun.Options) { o.AccessKeySecret = "" }, "access_key_secret"},
		"fewer calls than none":              {func(o *aliyun.Options) { o.Coalesce, o.MaxCalls = true, -1 }, "max_calls"},
		"a token with a line end":            {func(o *aliyun.Options) { o.SecurityToken = "x\n" }, "security_token"},
		"no signature for a template":        {func(o *aliyun.Options) { o.From = "" }, "from"},
		"signatures by the message's sender": {func(o *aliyun.Options) { o.From, o.Senders = "", map[string]string{"acme": "极品公司"} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := ok
			test.change(&o)
			p, err := aliyun.New(o)
			if p != nil {
				defer p.Close()
			}
			got := paths(err)
			if test.want == "" && err != nil || test.want != "" && !slices.Contains(got, test.want) {
				t.Errorf("the faults are in %q, want %q: %v", got, test.want, err)
			}
		})
	}
}

func TestNew_endpoints(t *testing.T) {
	for _, test := range []struct {
		endpoint, region, keyID, keySecret string
		plain                              bool
		want                               string // the URL of a call; "": refused
	}{
		{want: "https://dysmsapi.aliyuncs.com/"},
		{region: "cn-hangzhou", want: "https://dysmsapi.aliyuncs.com/"},
		{region: "cn-beijing", want: "https://dysmsapi.aliyuncs.com/"},
		{region: "mars-north-1", want: "https://dysmsapi.aliyuncs.com/"},
		{region: "cn-hongkong", want: "https://dysmsapi-xman.cn-hongkong.aliyuncs.com/"},
		{region: "ap-southeast-1", want: "https://dysmsapi.ap-southeast-1.aliyuncs.com/"},
		{region: "eu-central-1", want: "https://dysmsapi.eu-central-1.aliyuncs.com/"},
		{endpoint: "https://sms.example", want: "https://sms.example/"},
		{endpoint: "https://sms.example:8443/", want: "https://sms.example:8443/"},
		{endpoint: "http://127.0.0.1:8025", want: "http://127.0.0.1:8025/"},
		{endpoint: "http://127.8.9.1:8025", want: "http://127.8.9.1:8025/"},
		{endpoint: "http://[::1]:8025", want: "http://[::1]:8025/"},
		{endpoint: "http://localhost:8025", want: "http://localhost:8025/"},
		{endpoint: "http://sandbox:8025", keyID: "sandbox-key-id", keySecret: "sandbox-key-secret", want: "http://sandbox:8025/"},
		{endpoint: "http://sandbox:8025", keyID: "sandbox-key-id", keySecret: "real"},
		{endpoint: "http://sandbox:8025", plain: true, want: "http://sandbox:8025/"},
		{endpoint: "http://sandbox:8025"},
		{endpoint: "http://localhost.example"},
		{endpoint: "http://10.0.0.1"},
		{endpoint: "dysmsapi.aliyuncs.com"},
		{endpoint: "127.0.0.1:8025"},
		{endpoint: "ftp://127.0.0.1"},
		{endpoint: "https://"},
		{endpoint: "https://user:password@sms.example"},
		{endpoint: "https://sms.example/v1"},
		{endpoint: "https://sms.example/?a=b"},
		{endpoint: "https://sms.example/#a"},
		{endpoint: "https://sms example"},
	} {
		t.Run(test.endpoint+" "+test.region, func(t *testing.T) {
			var url string
			o := aliyun.Options{Endpoint: test.endpoint, Region: test.region, AccessKeyID: test.keyID, AccessKeySecret: test.keySecret, AllowPlainHTTP: test.plain,
				From: "云通信", Templates: registry(t), Transport: stub{status: 200, body: acceptedBody, seen: func(r *http.Request) { url = r.URL.String() }}}
			if o.AccessKeyID == "" {
				o.AccessKeyID, o.AccessKeySecret = keyID, secret
			}
			p, err := aliyun.New(o)
			if test.want == "" {
				if got := paths(err); !slices.Equal(got, []string{"endpoint"}) {
					t.Errorf("the faults are in %q: %v", got, err)
				}
				if err != nil && strings.Contains(err.Error(), "password") {
					t.Errorf("%v shows a password", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if _, err := p.Send(t.Context(), loginCode()); err != nil || url != test.want {
				t.Errorf("the call went to %q (%v), want %q", url, err, test.want)
			}
		})
	}
}

// A signature, a sender map or a template changed afterwards changes nothing.
func TestNew_keepsNoMapOfTheCaller(t *testing.T) {
	senders := map[string]string{"acme": "极品公司"}
	p := open(t, aliyun.Options{Senders: senders, Transport: stub{status: 200, body: acceptedBody}})
	delete(senders, "acme")
	m := loginCode()
	m.From = "acme"
	if _, err := p.Send(t.Context(), m); err != nil {
		t.Error(err)
	}
}
