package aliyun

import (
	"maps"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
)

// keyOf hands the SDK one key.
type keyOf Credentials

func (k keyOf) GetCredentials() (*credentials.Credentials, error) {
	return &credentials.Credentials{AccessKeyId: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken}, nil
}

func (keyOf) GetProviderName() string { return "static_ak" }

// The vendor's own signer is the oracle: for the same request it sets the same
// parameters, and signs them with the same signature.
func TestSign_agreesWithTheSDK(t *testing.T) {
	odd := []string{"", "plain", "云通信", "a b+c*d~e", `{"code":"482913"}`, "100% & = / ? #", "\x00\n\xff", "😀", "-_.!'()"}
	pick := func() string { return odd[rand.IntN(len(odd))] + odd[rand.IntN(len(odd))] }
	send := func() requests.AcsRequest {
		r := dysmsapi.CreateSendSmsRequest()
		r.PhoneNumbers, r.SignName, r.TemplateCode, r.TemplateParam, r.OutId = pick(), pick(), pick(), pick(), pick()
		return r
	}
	query := func() requests.AcsRequest {
		r := dysmsapi.CreateQuerySendDetailsRequest()
		r.PhoneNumber, r.SendDate, r.PageSize, r.CurrentPage = pick(), pick(), requests.NewInteger(50), requests.NewInteger(3)
		return r
	}
	template := func() requests.AcsRequest {
		r := dysmsapi.CreateQuerySmsTemplateRequest()
		r.TemplateCode = pick()
		return r
	}
	for _, request := range []func() requests.AcsRequest{send, query, template} {
		for range 300 {
			key := Credentials{AccessKeyID: "id" + pick(), AccessKeySecret: "secret" + pick(), SecurityToken: pick()}
			r := request()
			if err := requests.InitParams(r); err != nil {
				t.Fatal(err)
			}
			ours := maps.Clone(r.GetQueryParams())
			complete(ours, r.GetVersion(), r.GetActionName(), r.GetAcceptFormat(), "cn-hangzhou", key)
			if err := auth.Sign(r, nil, "cn-hangzhou", keyOf(key)); err != nil {
				t.Fatal(err)
			}
			theirs := r.GetQueryParams()
			for _, own := range []string{"SignatureNonce", "Timestamp"} {
				if len(ours[own]) != len(theirs[own]) {
					t.Errorf("%s is %q, the SDK's is %q", own, ours[own], theirs[own])
				}
				ours[own] = theirs[own]
			}
			form, err := url.ParseQuery(formOf(r.GetMethod(), ours, key.AccessKeySecret))
			if err != nil {
				t.Fatal(err)
			}
			if len(form) != len(theirs) {
				t.Errorf("%d parameters, the SDK has %d", len(form), len(theirs))
			}
			for name, want := range theirs {
				if got := form[name]; len(got) != 1 || got[0] != want {
					t.Fatalf("%s is %q, the SDK's is %q", name, got, want)
				}
			}
		}
	}
}

// No two calls share a nonce, by which the vendor knows a repeated call.
func TestSign_nonces(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		p := map[string]string{}
		complete(p, "", "", "", "", Credentials{})
		nonce := p["SignatureNonce"]
		if len(nonce) != 32 || strings.Trim(nonce, "0123456789abcdef") != "" || seen[nonce] {
			t.Fatalf("nonce %q, seen before: %v", nonce, seen[nonce])
		}
		seen[nonce] = true
	}
}

func BenchmarkSign(b *testing.B) {
	o := order{phone: "13800000000", signature: "云通信", template: "SMS_0001", params: `{"code":"482913"}`, key: "YV5EZ4TEG5N6WFKQJHMDVXFVTE"}
	key := Credentials{AccessKeyID: "testid", AccessKeySecret: "testsecret"}
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := signSendSms(o, "cn-hangzhou", key); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("the SDK", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := dysmsapi.CreateSendSmsRequest()
			r.PhoneNumbers, r.SignName, r.TemplateCode, r.TemplateParam, r.OutId = o.phone, o.signature, o.template, o.params, o.key
			if err := requests.InitParams(r); err != nil {
				b.Fatal(err)
			}
			if err := auth.Sign(r, nil, "cn-hangzhou", keyOf(key)); err != nil {
				b.Fatal(err)
			}
		}
	})
	answer := []byte(`{"RequestId":"F655A8D5-B967-440B-8683-DAD6FF8DE990","Message":"OK","BizId":"900619746936498440^0","Code":"OK"}`)
	b.Run("reading the answer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := readSendSms(answer); err != nil {
				b.Fatal(err)
			}
		}
	})
}
