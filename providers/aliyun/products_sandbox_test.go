package aliyun_test

import (
	"cmp"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dypnsapi"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// A case of a product at the sandbox.
type productAtSandbox struct {
	api, vendor, from string
	message           func() sms.Message
}

var productsAtSandbox = []productAtSandbox{
	{"globe", "aliyunglobe", "ACME", func() sms.Message {
		return sms.Message{To: hongKong, Template: "login-code", Params: sms.Params{"code": "482913"}, Key: "k-1"}
	}},
	{"pnvs", "aliyunpnvs", "速通互联验证码", personCode},
}

func (c productAtSandbox) open(t *testing.T, sb *sandbox.Sandbox) *aliyun.Provider {
	t.Helper()
	p, err := aliyun.New(aliyun.Options{Name: c.api, API: c.api, AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, Endpoint: sb.URL, From: c.from, Templates: productRegistry(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// What Preview shows is what the recipient reads, and every row of a product's table
// and every kind of fault has its outcome through the sandbox.
func TestProducts_throughTheSandbox(t *testing.T) {
	for _, c := range productsAtSandbox {
		t.Run(c.api, func(t *testing.T) {
			sb := sandboxtest.Start(t)
			p := c.open(t, sb)
			m := c.message()
			preview, err := p.Preview(m)
			if err != nil {
				t.Fatal(err)
			}
			receipt, err := p.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			inbox := sb.Messages(m.To)
			if len(inbox) != 1 || inbox[0].Vendor != c.vendor || inbox[0].ID != receipt.ID || inbox[0].Key != m.Key || !strings.Contains(inbox[0].Text, "482913") {
				t.Fatalf("the sandbox has %+v, and the receipt says %+v", inbox, receipt)
			}
			if c.api == "globe" && inbox[0].Text != preview.Text {
				t.Errorf("the recipient reads %q, and the preview was %q", inbox[0].Text, preview.Text)
			}
			if c.api == "globe" {
				found, err := p.Inspect(t.Context())
				if err != nil || len(found) != 1 || found[0].State != sms.Ready {
					t.Errorf("the account: %+v, %v", found, err)
				}
				if err := sb.SetFaults(sandbox.Fault{Vendor: c.vendor, Code: "PRODUCT_NOT_SUBSCRIBED"}); err != nil {
					t.Fatal(err)
				}
				if _, err := p.Inspect(t.Context()); sms.ReasonOf(err) != sms.AccountBlocked {
					t.Errorf("an account without the product: %v", err)
				}
			}
			for _, row := range aliyun.Codes() {
				if row.Scope != c.api {
					continue
				}
				if err := sb.SetFaults(sandbox.Fault{Vendor: c.vendor, Code: row.Code}); err != nil {
					t.Fatal(err)
				}
				_, err := p.Send(t.Context(), m)
				if sms.ReasonOf(err) != row.Reason || sms.OutcomeOf(err) != row.Outcome || sms.AsError(err).Code != row.Code {
					t.Errorf("%s: %v, want %s, %v", row.Code, err, row.Reason, row.Outcome)
				}
			}
			for name, test := range map[string]struct {
				fault sandbox.Fault
				taken int
			}{
				"a page of a proxy":           {sandbox.Fault{Status: 502}, 0},
				"hung up before it was taken": {sandbox.Fault{HangUp: sandbox.HangUpBefore}, 0},
				"hung up after it was taken":  {sandbox.Fault{HangUp: sandbox.HangUpAfter}, 1},
			} {
				sb.Clear(m.To)
				if err := sb.SetFaults(test.fault); err != nil {
					t.Fatal(err)
				}
				_, err := p.Send(t.Context(), m)
				if n := len(sb.Messages(m.To)); sms.OutcomeOf(err) != sms.Unknown || n != test.taken {
					t.Errorf("%s: %v; %d messages were taken, want %d", name, err, n, test.taken)
				}
			}
		})
	}
}

// 200 random messages go through the vendor's SDK and through the provider: every
// parameter is the same, and one verifier accepts both signatures.
func TestProducts_sendWhatTheSDKSends(t *testing.T) {
	var got url.Values
	v := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		got = r.Form
		if err := verify(r.Method, got, secret); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, map[bool]string{true: globeAccepted, false: pnvsAccepted}[got.Get("Action") == "SendMessageToGlobe"])
	}))
	defer v.Close()
	host := strings.TrimPrefix(v.URL, "http://")
	intl, err := dysmsapi.NewClientWithAccessKey("ap-southeast-1", keyID, secret)
	if err != nil {
		t.Fatal(err)
	}
	person, err := dypnsapi.NewClientWithAccessKey("cn-hangzhou", keyID, secret)
	if err != nil {
		t.Fatal(err)
	}
	theirs := map[string]func(o preview) error{
		"globe": func(o preview) error {
			r := dysmsapi.CreateSendMessageToGlobeRequest()
			r.Domain, r.Scheme = host, "http"
			r.To, r.From, r.Message, r.Type, r.TaskId = o["To"], o["From"], o["Message"], o["Type"], o["TaskId"]
			_, err := intl.SendMessageToGlobe(r)
			return err
		},
		"pnvs": func(o preview) error {
			r := dypnsapi.CreateSendSmsVerifyCodeRequest()
			r.Domain, r.Scheme = host, "http"
			r.PhoneNumber, r.CountryCode, r.SignName, r.TemplateCode = o["PhoneNumber"], o["CountryCode"], o["SignName"], o["TemplateCode"]
			r.TemplateParam, r.OutId, r.Interval = o["TemplateParam"], o["OutId"], requests.Integer(o["Interval"])
			_, err := person.SendSmsVerifyCode(r)
			return err
		},
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for _, c := range productsAtSandbox {
		p := product(t, c.api, aliyun.Options{Endpoint: v.URL, From: c.from})
		for range 100 {
			m := c.message()
			m.Key = sms.NewKey()
			if c.api == "globe" {
				m.Template, m.Params, m.Body = "", nil, randomText(random)
			}
			show, err := p.Preview(m)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			ours := got
			if err := theirs[c.api](show.Parameters); err != nil {
				t.Fatalf("the SDK: %v", err)
			}
			for name := range ours {
				switch name {
				case "SignatureNonce", "Timestamp", "Signature":
					continue
				}
				if ours.Get(name) != got.Get(name) {
					t.Fatalf("seed %d: %s is %q, and the SDK's %q", seed, name, ours.Get(name), got.Get(name))
				}
			}
			if len(got) != len(ours) {
				t.Fatalf("seed %d: %d parameters, and the SDK's are %d", seed, len(ours), len(got))
			}
		}
	}
}

type preview = map[string]string

func randomText(r *rand.Rand) string {
	letters := []rune("aZ09 ~*+!'()%&=/\"\\\n<>#?;:,漢é𠀀-_.")
	text := make([]rune, 1+r.IntN(60))
	for i := range text {
		text[i] = letters[r.IntN(len(letters))]
	}
	return cmp.Or(strings.TrimSpace(string(text)), "x")
}
