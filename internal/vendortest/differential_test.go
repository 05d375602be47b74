package vendortest_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"testing"
	"time"

	twilioapi "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// A call is a request as the recorder has it.
type call struct {
	path, auth string
	fields     url.Values // of the query and of the body
}

// between starts a recorder before sb, and returns a Sandbox of its address and the
// last call. The calls are made one after the other.
func between(t *testing.T, sb *sandbox.Sandbox) (address string, last func() call) {
	t.Helper()
	target, err := url.Parse(sb.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	calls := make(chan call, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fields, _ := url.ParseQuery(string(body))
		for name, values := range r.URL.Query() {
			fields[name] = append(fields[name], values...)
		}
		calls <- call{r.Method + " " + r.URL.Path, r.Header.Get("Authorization"), fields}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() call { return <-calls }
}

// randomValue has letters that an encoding may spoil.
func randomValue(r *rand.Rand, more string) string {
	letters := []rune("aZ09 <>&\"'\\/+%=;*~{}$漢字é—" + more)
	text := []rune{'x'}
	for range r.IntN(20) {
		text = append(text, letters[r.IntN(len(letters))])
	}
	return string(append(text, 'x'))
}

// Our provider and Aliyun's SDK send the same 200 random messages. All parameters are
// equal but those of each call, and one verifier accepts both signatures. That both
// signers make the same signature is TestSign_agreesWithTheSDK of providers/aliyun.
func TestAliyun_differential(t *testing.T) {
	sb := sandboxtest.Start(t)
	address, last := between(t, sb)
	templates, err := sms.NewRegistry(sms.Template{Name: "shipped", Text: "${name},您的订单${order}已发货。", Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0002"}}})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := aliyun.New(aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature, Endpoint: address, Templates: templates})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	theirs := aliyunSDK(t, &sandbox.Sandbox{URL: address}, sandbox.AliyunKeyID, sandbox.AliyunKeySecret)
	r := rand.New(rand.NewPCG(17, 200))
	for i := range 200 {
		m := sms.Message{To: sms.Number(fmt.Sprintf("+86138%08d", r.IntN(100_000_000))), Template: "shipped", Key: fmt.Sprint("key-", i),
			Params: sms.Params{"name": randomValue(r, ""), "order": randomValue(r, "")}}
		if _, err := ours.Send(t.Context(), m); err != nil {
			t.Fatalf("message %d, ours: %v", i, err)
		}
		mine := last()
		q := sendSmsRequest(m.To.E164()[len("+86"):], "SMS_0002", mine.fields.Get("TemplateParam"))
		q.OutId = m.Key
		answer, err := theirs.SendSms(q)
		if err != nil || answer.Code != "OK" {
			t.Fatalf("message %d, the SDK: %v, %+v", i, err, answer)
		}
		his := last()
		for _, own := range []string{"SignatureNonce", "Timestamp", "Signature"} {
			if len(mine.fields[own]) != 1 || len(his.fields[own]) != 1 {
				t.Fatalf("message %d: %s is there %d times, and in the SDK's %d times", i, own, len(mine.fields[own]), len(his.fields[own]))
			}
			mine.fields.Del(own)
			his.fields.Del(own)
		}
		if !reflect.DeepEqual(mine, his) {
			t.Fatalf("message %d:\nours %v\nSDK  %v", i, mine, his)
		}
		sent := sb.Messages(m.To)
		if n := len(sent); n < 2 || sent[n-1].Text != sent[n-2].Text || sent[n-1].Params["name"] != m.Params["name"] || sent[n-1].Params["order"] != m.Params["order"] {
			t.Fatalf("message %d: the recipient reads two texts, or other values", i)
		}
	}
}

// Our provider and Twilio's SDK send the same 200 random messages: path, credentials and
// form are equal.
func TestTwilio_differential(t *testing.T) {
	sb := sandboxtest.Start(t)
	address, last := between(t, sb)
	ours, err := twilio.New(twilio.Options{AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken, From: sandbox.TwilioSender, Endpoint: address,
		StatusCallback: "https://example.com/twilio/reports?key={key}"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	theirs := twilioSDK(t, &sandbox.Sandbox{URL: address}, sandbox.TwilioAccountSID, sandbox.TwilioAuthToken, sandbox.TwilioAccountSID)
	r := rand.New(rand.NewPCG(17, 200))
	for i := range 200 {
		m := sms.Message{To: sms.Number(fmt.Sprintf("+1202555%04d", r.IntN(10_000))), Body: randomValue(r, "😀\n@_[]"), Key: fmt.Sprint("key-", i)}
		if r.IntN(2) == 0 {
			m.Expires = time.Now().Add(time.Duration(60+r.IntN(3600)) * time.Second)
		}
		if _, err := ours.Send(t.Context(), m); err != nil {
			t.Fatalf("message %d, ours: %v", i, err)
		}
		mine := last()
		p := &twilioapi.CreateMessageParams{}
		p.SetTo(m.To.E164()).SetFrom(sandbox.TwilioSender).SetBody(m.Body).SetStatusCallback("https://example.com/twilio/reports?key=" + m.Key)
		if seconds := mine.fields.Get("ValidityPeriod"); seconds != "" { // it depends on the moment of the call
			n := 0
			if _, err := fmt.Sscan(seconds, &n); err != nil {
				t.Fatal(err)
			}
			p.SetValidityPeriod(n)
		}
		if _, err := theirs.CreateMessage(p); err != nil {
			t.Fatalf("message %d, the SDK: %v", i, err)
		}
		if his := last(); !reflect.DeepEqual(mine, his) {
			t.Fatalf("message %d:\nours %v\nSDK  %v", i, mine, his)
		}
	}
}
