// Package providers measures each provider over HTTP beside plain net/http with
// the same pool, and beside the vendor's SDK as its README shows it.
package providers

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
	"github.com/twilio/twilio-go"
	twilioclient "github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/notifykit/notify/providers/aliyun"
	twilioprovider "github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

const (
	accountSID = "AC00000000000000000000000000000000"
	authToken  = "sandboxtoken"
	keyID      = "sandbox-key-id"
	keySecret  = "sandbox-key-secret"
	signature  = "云通信"

	// patience is the time-out of every call: with many callers on few processors the
	// connections alone take seconds at first.
	patience = time.Minute
)

// A Variant is one way to send one message to one vendor.
type Variant struct {
	Vendor, Name string
	// Send sends the n-th message.
	Send  func(ctx context.Context, n int) error
	close func() error
}

// The names of variants. The plain one is what the others are compared with.
const (
	Plain      = "net/http"
	Ours       = "notify"
	Coalescing = "notify, coalescing"
	SDK        = "the SDK"
)

// variants makes them all for a server, the plain one of each vendor first.
func variants(endpoint string) ([]Variant, error) {
	var all []Variant
	for _, of := range []func(string) ([]Variant, error){aliyunVariants, twilioVariants} {
		some, err := of(endpoint)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func aliyunVariants(endpoint string) ([]Variant, error) {
	r, err := sms.NewRegistry(
		sms.Template{Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。",
			Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0001"}}},
		sms.Template{Name: "spring-sale", Kind: sms.Promotion, Text: "春季上新,拒收请回复R。",
			Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0003"}}})
	if err != nil {
		return nil, err
	}
	options := aliyun.Options{AccessKeyID: keyID, AccessKeySecret: keySecret, Endpoint: endpoint, From: signature, Templates: r, Timeout: patience}
	ours, err := aliyun.New(options)
	if err != nil {
		return nil, err
	}
	options.Coalesce = true
	coalescing, err := aliyun.New(options)
	if err != nil {
		return nil, err
	}
	sdk, err := dysmsapi.NewClientWithAccessKey("cn-hangzhou", keyID, keySecret)
	if err != nil {
		return nil, err
	}
	domain := strings.TrimPrefix(endpoint, "https://")
	code := sms.Message{To: "+8613812345678", Template: "login-code", Params: sms.Params{"code": "482913"}}
	return []Variant{
		plain("aliyun", endpoint+"/", plainAliyun, http.StatusOK),
		{"aliyun", Ours, func(ctx context.Context, _ int) error { _, err := ours.Send(ctx, code); return err }, ours.Close},
		{"aliyun", SDK, func(context.Context, int) error { return sendBySDK(sdk, domain) }, func() error { return nil }},
		{"aliyun", Coalescing, func(ctx context.Context, n int) error {
			_, err := coalescing.Send(ctx, sms.Message{To: sms.Number(fmt.Sprintf("+86139%08d", n)), Template: "spring-sale"})
			return err
		}, coalescing.Close},
	}, nil
}

// plainAliyun is a call of ours as it stands on the wire: 500 bytes of a form.
var plainAliyun = url.Values{
	"AccessKeyId": {keyID}, "Action": {"SendSms"}, "Format": {"JSON"}, "OutId": {"YV5EZ4TEG5N6WFKQJHMDVXFVTE"}, "PhoneNumbers": {"13812345678"},
	"RegionId": {"cn-hangzhou"}, "SignName": {signature}, "Signature": {"kS3cretOfTheTests+/kS3cretOf="}, "SignatureMethod": {"HMAC-SHA1"},
	"SignatureNonce": {"b2d4a4f3d4bd2a0bd1d2c38ab3a4b1de"}, "SignatureType": {""}, "SignatureVersion": {"1.0"}, "TemplateCode": {"SMS_0001"},
	"TemplateParam": {`{"code":"482913"}`}, "Timestamp": {"2026-01-07T08:00:00Z"}, "Version": {"2017-05-25"},
}.Encode()

// sendBySDK sends as the vendor's README shows it, over https.
func sendBySDK(client *dysmsapi.Client, domain string) error {
	r := dysmsapi.CreateSendSmsRequest()
	r.Scheme, r.Domain = "https", domain
	r.PhoneNumbers, r.SignName, r.TemplateCode, r.TemplateParam = "13812345678", signature, "SMS_0001", `{"code":"482913"}`
	answer, err := client.SendSms(r)
	if err == nil && answer.Code != "OK" {
		return fmt.Errorf("the answer is %q", answer.Code)
	}
	return err
}

func twilioVariants(endpoint string) ([]Variant, error) {
	ours, err := twilioprovider.New(twilioprovider.Options{AccountSID: accountSID, AuthToken: authToken, Endpoint: endpoint, From: "+15005550006", Timeout: patience})
	if err != nil {
		return nil, err
	}
	host, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	base := &loopback{Client: &twilioclient.Client{Credentials: twilioclient.NewCredentials(accountSID, authToken)}, host: host.Host}
	base.SetAccountSid(accountSID)
	sdk := twilio.NewRestClientWithParams(twilio.ClientParams{Client: base})
	message := sms.Message{To: "+15005550006", Body: "Your code is 482913.", Kind: sms.Verification}
	form := url.Values{"To": {"+15005550006"}, "From": {"+15005550006"}, "Body": {message.Body}}.Encode()
	return []Variant{
		plain("twilio", endpoint+"/2010-04-01/Accounts/"+accountSID+"/Messages.json", form, http.StatusCreated),
		{"twilio", Ours, func(ctx context.Context, _ int) error { _, err := ours.Send(ctx, message); return err }, ours.Close},
		{"twilio", SDK, func(context.Context, int) error {
			p := &api.CreateMessageParams{}
			p.SetTo("+15005550006")
			p.SetFrom("+15005550006")
			p.SetBody(message.Body)
			_, err := sdk.Api.CreateMessage(p)
			return err
		}, func() error { return nil }},
	}, nil
}

// A loopback is the SDK's own client, which knows no other host than the
// vendor's: all it changes is where a call goes.
type loopback struct {
	*twilioclient.Client
	host string
}

func (l *loopback) SendRequest(method, rawURL string, data url.Values, headers map[string]any, body ...byte) (*http.Response, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	u.Host = l.host
	return l.Client.SendRequest(method, u.String(), data, headers, body...)
}

// plain sends a form that is ready, and reads the answer to its end: the limit of
// what net/http does here, with the providers' pool and time-out.
func plain(vendor, address, form string, status int) Variant {
	transport := &http.Transport{
		MaxIdleConnsPerHost: math.MaxInt, IdleConnTimeout: 30 * time.Second, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	client := &http.Client{Transport: transport}
	return Variant{vendor, Plain, func(ctx context.Context, _ int) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(accountSID, authToken)
		response, err := client.Do(r)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.ReadAll(response.Body); err != nil {
			return err
		}
		if response.StatusCode != status {
			return fmt.Errorf("status %d", response.StatusCode)
		}
		return nil
	}, func() error { transport.CloseIdleConnections(); return nil }}
}

// quiet drops what a server says about clients that go away.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// serial numbers messages, so that no two of a coalesced call are alike.
var serial atomic.Int64
