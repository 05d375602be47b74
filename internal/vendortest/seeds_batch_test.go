package vendortest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// gathering makes a provider that puts messages that are alike into one call.
func gathering(t *testing.T, vendor string, transport http.RoundTripper) vendorSender {
	t.Helper()
	const endpoint = "http://127.0.0.1:1"
	r, err := sms.NewRegistry(sms.Template{Name: "shipped", Kind: sms.Notification, Text: "${name},您的订单${order}已发货。", Bindings: map[string]sms.Binding{
		sandbox.Aliyun: {ID: "SMS_0002"}, sandbox.Tencent: {ID: "1000002", Order: []string{"name", "order"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if vendor == sandbox.Aliyun {
		p, err := aliyun.New(aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature,
			Endpoint: endpoint, Templates: r, Transport: transport, Coalesce: true, MaxCalls: 2})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p, err := tencent.New(tencent.Options{SecretID: sandbox.TencentSecretID, SecretKey: sandbox.TencentSecretKey, SDKAppID: sandbox.TencentAppID, From: sandbox.TencentSignature,
		Endpoint: endpoint, Templates: r, Transport: transport, Coalesce: true, MaxCalls: 2})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A sent message is one message of a crowd, and how its Send ended.
type sentMessage struct {
	m     sms.Message
	since time.Time
	until time.Time
	r     sms.Receipt
	err   error
}

// crowd sends n messages that are alike at once.
func crowd(t *testing.T, p vendorSender, seed, n int) []sentMessage {
	all := make([]sentMessage, n)
	var sending sync.WaitGroup
	for i := range all {
		s := &all[i]
		s.m = sms.Message{To: sms.Number(fmt.Sprintf("+86138%08d", 100*seed+i)), Template: "shipped", Key: fmt.Sprint("key-", i), Params: sms.Params{"name": "A", "order": "7"}}
		sending.Go(func() {
			s.since = time.Now()
			s.r, s.err = p.Send(t.Context(), s.m)
			s.until = time.Now()
		})
	}
	sending.Wait()
	return all
}

// Messages that share calls, with the faults of TestSeeds: each has its own outcome,
// which is what the sandbox has, and none is there twice.
func TestSeeds_coalescing(t *testing.T) {
	seeds := 60
	if os.Getenv("NOTIFY_LONG") == "1" {
		seeds = 2000
	}
	for i, v := range mixedRoute {
		if blocked[v.name] == "" {
			continue // one number a call
		}
		t.Run(v.name, func(t *testing.T) {
			counts := map[string]int{}
			synctest.Test(t, func(t *testing.T) {
				sb, transport := inBubble(t, sandbox.Options{Pace: time.Nanosecond})
				for n := range seeds {
					p := gathering(t, v.name, transport)
					r := rand.New(rand.NewPCG(uint64(n), 100+uint64(i)))
					faults := vendorFaults(v.name, v.broke, r)
					if r.IntN(2) == 0 { // a fault of one number: of its own entry, or of the call as a whole
						faults = append(faults, sandbox.Fault{Vendor: v.name, Operation: "send", To: sms.Number(fmt.Sprintf("+86138%08d", 100*n+r.IntN(12))), Code: blocked[v.name]})
					}
					if err := sb.SetFaults(faults...); err != nil {
						t.Fatal(err)
					}
					all := crowd(t, p, n, 12)
					time.Sleep(10 * time.Minute) // the listing is complete
					for _, s := range all {
						counts[judgeOne(t, p, sb, s)]++
						if s.r.Ref != "" { // the call's own
							counts["in a shared call"]++
						}
					}
					_ = p.Close()
					sb.Clear("")
					if t.Failed() {
						t.Fatalf("seed %d", n)
					}
				}
			})
			t.Logf("%d seeds: %v", seeds, counts)
			for _, word := range []string{"accepted", "in a shared call", "rejected", "undecided"} {
				if counts[word] == 0 {
					t.Errorf("none was %s: %v", word, counts)
				}
			}
		})
	}
}

// blocked are codes that concern one number.
var blocked = map[string]string{sandbox.Aliyun: "isv.MOBILE_NUMBER_ILLEGAL", sandbox.Tencent: "FailedOperation.PhoneNumberInBlacklist"}

// judgeOne compares what is said of one message with what the sandbox has, and returns
// how it ended.
func judgeOne(t *testing.T, p vendorSender, sb *sandbox.Sandbox, s sentMessage) string {
	t.Helper()
	has := len(sb.Messages(s.m.To))
	want := func(n int, what string) string {
		if has != n {
			t.Errorf("%s, and the vendor has it %d times: %v", what, has, s.err)
		}
		return what
	}
	switch sms.OutcomeOf(s.err) {
	case sms.Accepted:
		return want(1, "accepted")
	case sms.Rejected:
		return want(0, "rejected")
	}
	if has > 1 {
		t.Errorf("unknown, and the vendor has it %d times: %v", has, s.err)
	}
	switch _, err := p.Ask(t.Context(), sms.Question{Message: s.m, Since: s.since, Until: s.until}); {
	case err == nil:
		return want(1, "found")
	case errors.Is(err, sms.ErrUndecided):
		return "undecided"
	case errors.Is(err, sms.ErrNotFound):
		return want(0, "not found")
	default:
		t.Errorf("Ask returned %v", err)
		return "another error"
	}
}
