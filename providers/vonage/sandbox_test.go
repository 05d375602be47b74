package vonage_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	sandboxvonage "github.com/notifykit/notify/sandbox/vonage"
	"github.com/notifykit/notify/sms"
)

var bothAPIs = []string{vonage.APISMS, vonage.APIMessages}

// sandboxed is a provider that sends to sb with the well-known credentials.
func sandboxed(t *testing.T, sb *sandbox.Sandbox, api string) *vonage.Provider {
	t.Helper()
	return open(t, vonage.Options{APIKey: sandbox.VonageAPIKey, APISecret: sandbox.VonageAPISecret, From: "ACME", Endpoint: sb.URL, API: api,
		SignatureSecret: sandbox.VonageSignatureSecret})
}

func TestSandbox_send(t *testing.T) {
	for _, api := range bothAPIs {
		sb := sandboxtest.Start(t)
		p := sandboxed(t, sb, api)
		for _, text := range []string{"hello", "漢字 é & =", strings.Repeat("x", 400)} {
			sb.Clear("")
			receipt, err := p.Send(t.Context(), sms.Message{To: to, Body: text, Key: "order-1"})
			if err != nil {
				t.Fatalf("%s: %v", api, err)
			}
			if sent := sb.Messages(to); len(sent) != 1 || sent[0].ID != receipt.ID || sent[0].Text != text || sent[0].Key != "order-1" {
				t.Errorf("%s: the sandbox holds %v, the receipt says %v", api, sent, receipt)
			}
		}
	}
}

// Every code of the table, as the sandbox writes it, means what the table says.
func TestSandbox_everyCode(t *testing.T) {
	for _, api := range bothAPIs {
		sb := sandboxtest.Start(t)
		p := sandboxed(t, sb, api)
		tried := 0
		for _, row := range vonage.Codes() {
			if row.Scope != api {
				continue
			}
			tried++
			if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Vonage, Code: row.Code}); err != nil {
				t.Fatal(err)
			}
			_, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello"})
			if sms.ReasonOf(err) != row.Reason || sms.OutcomeOf(err) != row.Outcome {
				t.Errorf("%s %s: %v, want %s, %v", api, row.Code, err, row.Reason, row.Outcome)
			}
		}
		if n := len(sb.Messages("")); tried < 15 || n != 0 {
			t.Errorf("%s: %d codes were tried, %d messages were taken", api, tried, n)
		}
	}
}

// What the sandbox refuses by itself the provider reads as it is meant.
func TestSandbox_refusals(t *testing.T) {
	for _, api := range bothAPIs {
		sb := sandboxtest.Start(t)
		wrong := open(t, vonage.Options{APIKey: sandbox.VonageAPIKey, APISecret: "wrong-secret", From: "ACME", Endpoint: sb.URL, API: api})
		if _, err := wrong.Send(t.Context(), sms.Message{To: to, Body: "hello"}); sms.ReasonOf(err) != sms.Unauthorized || sms.OutcomeOf(err) != sms.Rejected {
			t.Errorf("%s: a wrong secret: %v", api, err)
		}
		if _, err := sandboxed(t, sb, api).Send(t.Context(), sms.Message{To: "+99900000000", Body: "hello"}); sms.ReasonOf(err) != sms.InvalidNumber {
			t.Errorf("%s: an unknown prefix: %v", api, err)
		}
		if _, err := wrong.Inspect(t.Context()); err == nil {
			t.Errorf("%s: a wrong secret passes the inspection", api)
		}
		if findings, err := sandboxed(t, sb, api).Inspect(t.Context()); err != nil || findings[0].State != sms.Ready {
			t.Errorf("%s: %v, %v", api, findings, err)
		}
	}
}

// An unknown outcome is settled exactly: the listing has the key.
func TestSandbox_ask(t *testing.T) {
	for _, api := range bothAPIs {
		sb := sandboxtest.Start(t)
		p := sandboxed(t, sb, api)
		m := sms.Message{To: to, Body: "hello", Key: "order-1"}
		old := time.Now().Add(-10 * time.Minute)
		if _, err := p.Ask(t.Context(), sms.Question{Message: m, Since: old, Until: old}); !errors.Is(err, sms.ErrNotFound) {
			t.Errorf("%s: nothing was sent: %v", api, err)
		}
		if err := sb.SetFaults(sandbox.Fault{Operation: "send", HangUp: sandbox.HangUpAfter}); err != nil {
			t.Fatal(err)
		}
		since := time.Now()
		if _, err := p.Send(t.Context(), m); sms.OutcomeOf(err) != sms.Unknown {
			t.Fatalf("%s: %v", api, err)
		}
		receipt, err := p.Ask(t.Context(), sms.Question{Message: m, Since: since, Until: time.Now()})
		if err != nil || receipt.ID != sb.Messages(to)[0].ID {
			t.Errorf("%s: %v, %v", api, receipt, err)
		}
	}
}

// What the sandbox posts the provider's webhook reads, in every form, signed and not.
func TestSandbox_reports(t *testing.T) {
	for _, form := range []string{sandboxvonage.PostJSON, sandboxvonage.PostForm, sandboxvonage.Get} {
		for _, api := range bothAPIs {
			hooks := make(chan kit.Hook, 10)
			receiver := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				hooks <- kit.Hook{Method: r.Method, URL: "http://" + r.Host + r.URL.RequestURI(), Header: r.Header, Body: body}
			})
			sb := sandboxtest.StartWith(t, sandbox.Options{Pace: time.Nanosecond, Vonage: sandboxvonage.Options{Form: form, Sign: true}})
			if err := sb.SetWebhooks(map[string]sandbox.Webhooks{sandbox.Vonage: {Reports: receiver.URL}}); err != nil {
				t.Fatal(err)
			}
			p := sandboxed(t, sb, api)
			receipt, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello", Key: "order-1"})
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []sms.DeliveryState{sms.StateSent, sms.StateDelivered} {
				in, err := p.Hook(t.Context(), <-hooks)
				if err != nil || !in.Signed || len(in.Reports) != 1 {
					t.Fatalf("%s, %s: %v, %+v", form, api, err, in)
				}
				if r := in.Reports[0]; r.ID != receipt.ID || r.State != want || r.Key != "order-1" || r.To != to {
					t.Errorf("%s, %s: %+v, want %v", form, api, r, want)
				}
			}
		}
	}
}
