package aws_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sandbox"
	sandboxaws "github.com/notifykit/notify/sandbox/aws"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// sandboxed is a provider that sends to sb with the well-known credentials.
func sandboxed(t *testing.T, sb *sandbox.Sandbox) *aws.Provider {
	t.Helper()
	return open(t, aws.Options{Region: "us-east-1", AccessKeyID: sandbox.AWSKeyID, SecretAccessKey: sandbox.AWSKeySecret, From: sandbox.AWSSender,
		Endpoint: sb.URL, ConfigurationSet: sandbox.AWSSet, Topics: []string{sandbox.AWSTopic}})
}

func TestSandbox_send(t *testing.T) {
	sb := sandboxtest.Start(t)
	p := sandboxed(t, sb)
	for _, text := range []string{"hello", "漢字 é & = <b> \u2028", strings.Repeat("x", 1600)} {
		sb.Clear("")
		receipt, err := p.Send(t.Context(), sms.Message{To: to, Body: text, Key: "order-1", Expires: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if sent := sb.Messages(to); len(sent) != 1 || sent[0].ID != receipt.ID || sent[0].Text != text || sent[0].Key != "order-1" || receipt.RequestID == "" {
			t.Errorf("the sandbox holds %v, the receipt says %v", sent, receipt)
		}
	}
	findings, err := p.Inspect(t.Context())
	if err != nil || len(findings) == 0 || findings[0].State != sms.Ready {
		t.Errorf("%v, %v", findings, err)
	}
	if d := p.Destination(); !d.Trial {
		t.Errorf("the sandbox's key reaches no telephone: %v", d)
	}
}

// Every code of the table, as the sandbox writes it, means what the table says.
func TestSandbox_everyCode(t *testing.T) {
	sb := sandboxtest.Start(t)
	p := sandboxed(t, sb)
	tried := 0
	for _, row := range aws.Codes() {
		if row.Late {
			continue
		}
		tried++
		if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.AWS, Code: row.Code}); err != nil {
			t.Fatal(err)
		}
		_, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello"})
		if e := sms.AsError(err); e == nil || e.Reason != row.Reason || e.Outcome != row.Outcome || e.Code != row.Code {
			t.Errorf("%s: %v, want %s, %v", row.Code, err, row.Reason, row.Outcome)
		}
	}
	if n := len(sb.Messages("")); tried < 40 || n != 0 {
		t.Errorf("%d codes were tried, %d messages were taken", tried, n)
	}
}

// What the sandbox refuses by itself the provider reads as it is meant.
func TestSandbox_refusals(t *testing.T) {
	sb := sandboxtest.StartWith(t, sandbox.Options{})
	base := aws.Options{Region: "us-east-1", AccessKeyID: sandbox.AWSKeyID, SecretAccessKey: sandbox.AWSKeySecret, From: sandbox.AWSSender, Endpoint: sb.URL}
	for name, test := range map[string]struct {
		change func(*aws.Options)
		to     sms.Number
		reason sms.Reason
		code   string
	}{
		"a wrong secret":    {func(o *aws.Options) { o.SecretAccessKey = "wrong" }, to, sms.Unauthorized, "InvalidSignatureException"},
		"an unknown key":    {func(o *aws.Options) { o.AccessKeyID = "AKIAUNKNOWN" }, to, sms.Unauthorized, "UnrecognizedClientException"},
		"an unknown sender": {func(o *aws.Options) { o.From = "OTHER" }, to, sms.Unsupported, "ResourceNotFoundException"},
		"an unknown set":    {func(o *aws.Options) { o.ConfigurationSet = "other" }, to, sms.Unsupported, "ResourceNotFoundException"},
		"a price":           {func(o *aws.Options) { o.MaxPrice = "0.001" }, to, sms.Unsupported, "PRICE_OVER_THRESHOLD"},
		"an unknown prefix": {func(*aws.Options) {}, "+99900000000", sms.InvalidNumber, "ValidationException"},
	} {
		o := base
		test.change(&o)
		_, err := open(t, o).Send(t.Context(), sms.Message{To: test.to, Body: "hello"})
		if e := sms.AsError(err); e == nil || e.Reason != test.reason || e.Outcome != sms.Rejected || e.Code != test.code {
			t.Errorf("%s: %v, want %s (%s)", name, err, test.reason, test.code)
		}
	}
	if n := len(sb.Messages("")); n != 0 {
		t.Errorf("%d messages were taken", n)
	}
	limited := sandboxtest.StartWith(t, sandbox.Options{Limits: true, AWS: sandboxaws.Options{Verified: []string{string(to)}}})
	p := sandboxed(t, limited)
	if _, err := p.Send(t.Context(), sms.Message{To: "+447700900999", Body: "hello"}); sms.AsError(err).Code != "DESTINATION_PHONE_NUMBER_NOT_VERIFIED" {
		t.Errorf("a number that is not verified: %v", err)
	}
	if _, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello"}); err != nil {
		t.Errorf("a verified number: %v", err)
	}
}

// What the sandbox posts the provider takes, to the last event, and replies too.
func TestSandbox_hooks(t *testing.T) {
	hooks := make(chan kit.Inbound, 16)
	var p *aws.Provider
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		in, err := p.Hook(t.Context(), kit.Hook{Method: r.Method, Header: r.Header, Body: body})
		if err != nil {
			t.Errorf("%v: %s", err, body)
			w.WriteHeader(http.StatusForbidden)
			return
		}
		hooks <- in
	})
	sb := sandboxtest.StartWith(t, sandbox.Options{Pace: time.Millisecond})
	p = sandboxed(t, sb)
	if err := sb.SetWebhooks(map[string]sandbox.Webhooks{sandbox.AWS: {Reports: url, Replies: url}}); err != nil {
		t.Fatal(err)
	}
	receipt, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello", Key: "order-1"})
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for len(states) < 2 {
		in := <-hooks
		r := in.Reports[0]
		if r.ID != receipt.ID || r.Key != "order-1" || r.To != to || r.Segments != 1 || !in.Signed {
			t.Fatalf("%+v", in)
		}
		states = append(states, r.State.String())
	}
	if got := strings.Join(states, " "); got != "sent delivered" {
		t.Errorf("the states are %s", got)
	}
	if status, err := sb.Reply(t.Context(), sandbox.Reply{Vendor: sandbox.AWS, From: to, Text: "STOP"}); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v", status, err)
	}
	if in := <-hooks; len(in.Replies) != 1 || in.Replies[0].From != to || in.Replies[0].Text != "STOP" {
		t.Errorf("%+v", in)
	}
}

// A dry run says whether a message would be taken, and leaves none.
func TestSandbox_try(t *testing.T) {
	sb := sandboxtest.StartWith(t, sandbox.Options{})
	o := aws.Options{Region: "us-east-1", AccessKeyID: sandbox.AWSKeyID, SecretAccessKey: sandbox.AWSKeySecret, From: sandbox.AWSSender,
		Senders: map[string]string{"other": "OTHER"}, Endpoint: sb.URL}
	found, err := open(t, o).Try(t.Context(), to)
	if err != nil || len(found) != 2 || found[0].Name != "OTHER" || found[0].State != sms.Missing || found[1].Name != sandbox.AWSSender || found[1].State != sms.Ready {
		t.Errorf("%+v, %v", found, err)
	}
	if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.AWS, Code: "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION", Times: 2}); err != nil {
		t.Fatal(err)
	}
	found, err = open(t, o).Try(t.Context(), to)
	if err != nil || len(found) != 2 || found[1].State != sms.NotApproved || !strings.Contains(found[1].Detail, "blocks the country") || strings.Contains(found[1].Detail, string(to)) {
		t.Errorf("%+v, %v", found, err)
	}
	o.SecretAccessKey = "wrong"
	if _, err := open(t, o).Try(t.Context(), to); sms.ReasonOf(err) != sms.Unauthorized {
		t.Errorf("a wrong secret: %v", err)
	}
	if n := len(sb.Messages("")); n != 0 {
		t.Errorf("%d messages were taken", n)
	}
}
