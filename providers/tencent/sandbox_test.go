package tencent_test

import (
	"errors"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// sandboxed is a provider that sends to sb with the well-known key.
func sandboxed(t *testing.T, sb *sandbox.Sandbox) *tencent.Provider {
	t.Helper()
	return open(t, tencent.Options{SecretID: sandbox.TencentSecretID, SecretKey: sandbox.TencentSecretKey, SDKAppID: sandbox.TencentAppID,
		From: sandbox.TencentSignature, Endpoint: sb.URL, Templates: registry(t)})
}

func TestSandbox_send(t *testing.T) {
	sb := sandboxtest.Start(t)
	p := sandboxed(t, sb)
	for _, c := range []struct {
		m    sms.Message
		text string
	}{
		{code(), "【云通信】您的验证码是482913,5分钟内有效。"},
		{sms.Message{To: to, Template: "shipped", Params: sms.Params{"name": "张三", "order": "A-1"}, Key: "k2"}, "【云通信】张三,您的订单A-1已发货。"},
	} {
		receipt, err := p.Send(t.Context(), c.m)
		if err != nil {
			t.Fatal(err)
		}
		sent := sb.Messages(to)
		if last := sent[len(sent)-1]; last.ID != receipt.ID || last.Text != c.text || last.Key != c.m.Key {
			t.Errorf("the sandbox holds %v, the receipt says %v", last, receipt)
		}
	}
}

// Every code of the table, as the sandbox writes it, means what the table says.
func TestSandbox_everyCode(t *testing.T) {
	sb := sandboxtest.Start(t)
	p := sandboxed(t, sb)
	tried := 0
	for _, row := range tencent.Codes() {
		if row.Scope != "" || row.Late {
			continue
		}
		tried++
		if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Tencent, Code: row.Code}); err != nil {
			t.Fatal(err)
		}
		_, err := p.Send(t.Context(), code())
		if sms.ReasonOf(err) != row.Reason || sms.OutcomeOf(err) != row.Outcome {
			t.Errorf("%s: %v, want %s, %v", row.Code, err, row.Reason, row.Outcome)
		}
	}
	if n := len(sb.Messages("")); tried < 50 || n != 0 {
		t.Errorf("%d codes were tried, %d messages were taken", tried, n)
	}
}

func TestSandbox_faults(t *testing.T) {
	sb := sandboxtest.Start(t)
	p := sandboxed(t, sb)
	for name, c := range map[string]struct {
		fault   sandbox.Fault
		outcome sms.Outcome
		taken   int
	}{
		"a page of a proxy":           {sandbox.Fault{Status: 502}, sms.Unknown, 0},
		"hung up before it was taken": {sandbox.Fault{HangUp: sandbox.HangUpBefore}, sms.Unknown, 0},
		"hung up after it was taken":  {sandbox.Fault{HangUp: sandbox.HangUpAfter}, sms.Unknown, 1},
		"garbage":                     {sandbox.Fault{Spoil: sandbox.SpoilGarbage}, sms.Unknown, 1},
		"cut":                         {sandbox.Fault{Spoil: sandbox.SpoilCut}, sms.Unknown, 1},
		"slow":                        {sandbox.Fault{Spoil: sandbox.SpoilSlow, Latency: 10 * time.Millisecond}, sms.Accepted, 1},
		"throttled":                   {sandbox.Fault{Throttle: true}, sms.Rejected, 0},
	} {
		sb.Clear("")
		if err := sb.SetFaults(c.fault); err != nil {
			t.Fatal(err)
		}
		_, err := p.Send(t.Context(), code())
		if n := len(sb.Messages(to)); sms.OutcomeOf(err) != c.outcome || n != c.taken {
			t.Errorf("%s: %v, %d messages; want %v, %d", name, err, n, c.outcome, c.taken)
		}
	}
}

// The vendor's list decides that it has none, and cannot tell which one it has.
func TestSandbox_ask(t *testing.T) {
	sb := sandboxtest.Start(t)
	p := sandboxed(t, sb)
	since := time.Now().Add(-10 * time.Minute)
	q := sms.Question{Message: code(), Since: since, Until: since.Add(time.Second)}
	if _, err := p.Ask(t.Context(), q); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("nothing was sent: %v", err)
	}
	if err := sb.SetFaults(sandbox.Fault{Operation: "send", HangUp: sandbox.HangUpAfter}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context(), code()); sms.OutcomeOf(err) != sms.Unknown {
		t.Fatal(err)
	}
	q.Since, q.Until = time.Now().Add(-time.Minute), time.Now()
	if _, err := p.Ask(t.Context(), q); err == nil || errors.Is(err, sms.ErrNotFound) {
		t.Errorf("the vendor has one that may be it: %v", err)
	}
}
