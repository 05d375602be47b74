package vendortest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sandbox"
	sandboxtencent "github.com/notifykit/notify/sandbox/tencent"
	"github.com/notifykit/notify/sms"
)

// The vendors of the route, in order, and a code by which each refuses for lack of
// money.
var route = []struct{ name, broke string }{
	{sandbox.Aliyun, "isv.AMOUNT_NOT_ENOUGH"}, {sandbox.Tencent, "FailedOperation.InsufficientBalanceInSmsPackage"}, {sandbox.Twilio, "20005"}, {sandbox.Vonage, "9"},
}

// mixed is a Client whose one route has four vendors, all at one sandbox.
func mixed(t *testing.T) (*notify.Client, *sandbox.Sandbox) {
	t.Helper()
	sb, err := sandbox.Listen("", sandbox.Options{Tencent: sandboxtencent.Options{Templates: []sandboxtencent.Template{
		{ID: "1000009", Kind: sms.Verification, Text: "您的验证码是{1},5分钟内有效。"}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	bound := func(aliyunID, tencentID string, order ...string) map[string]sms.Binding {
		return map[string]sms.Binding{sandbox.Aliyun: {ID: aliyunID}, sandbox.Tencent: {ID: tencentID, Order: order}, sandbox.Twilio: {}, sandbox.Vonage: {}}
	}
	var names []string
	for _, v := range route {
		names = append(names, v.name)
	}
	const timeout = 2 * time.Second
	client, err := notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{
			sandbox.Aliyun: {Driver: "aliyun", Settings: aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret,
				From: sandbox.AliyunSignature, Endpoint: sb.URL, Timeout: timeout}},
			sandbox.Tencent: {Driver: "tencent", Settings: tencent.Options{SecretID: sandbox.TencentSecretID, SecretKey: sandbox.TencentSecretKey,
				SDKAppID: sandbox.TencentAppID, From: sandbox.TencentSignature, Endpoint: sb.URL, Timeout: timeout}},
			sandbox.Twilio: {Driver: "twilio", Settings: twilio.Options{AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken,
				From: sandbox.TwilioSender, Endpoint: sb.URL, Timeout: timeout}},
			sandbox.Vonage: {Driver: "vonage", Settings: vonage.Options{APIKey: sandbox.VonageAPIKey, APISecret: sandbox.VonageAPISecret,
				From: "ACME", Endpoint: sb.URL, Timeout: timeout}},
		},
		Templates: []sms.Template{
			{Name: "code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。", Bindings: bound("SMS_0001", "1000009", "code")},
			{Name: "shipped", Kind: sms.Notification, Text: "${name},您的订单${order}已发货。", Bindings: bound("SMS_0002", "1000002", "name", "order")},
		},
		Routes:  []notify.Route{{Providers: names}},
		Retry:   middleware.RetryOptions{Attempts: 1},
		Breaker: middleware.BreakerOptions{Failures: 1_000_000},
	}, aliyun.Driver(), tencent.Driver(), twilio.Driver(), vonage.Driver())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client, sb
}

// judge compares what the Client says of a message with what the sandbox has.
func judge(t *testing.T, sb *sandbox.Sandbox, m sms.Message, receipt sms.Receipt, err error) {
	t.Helper()
	taken := map[string]int{}
	total := 0
	for _, sent := range sb.Messages(m.To) {
		taken[sent.Vendor]++
		total++
	}
	code := m.Template == "code"
	switch outcome := sms.OutcomeOf(err); {
	case !code && total > 1:
		t.Errorf("a notification reached a number %d times: %v, %v", total, taken, err)
	case outcome == sms.Accepted && taken[receipt.Provider] == 0:
		t.Errorf("%s: accepted by %s, which does not have it: %v", m.Template, receipt.Provider, taken)
	case outcome == sms.Rejected && total > 0:
		t.Errorf("%s: %v, and it was sent: %v", m.Template, err, taken)
	}
	for vendor, n := range taken {
		if n > 1 {
			t.Errorf("%s: %d times by %s: %v", m.Template, n, vendor, err)
		}
	}
}

func message(template string, n int) sms.Message {
	m := sms.Message{To: sms.Number(fmt.Sprintf("+86138%08d", n)), Template: template, Key: fmt.Sprint(template, n), Params: sms.Params{"code": "482913"}}
	if template == "shipped" {
		m.Params = sms.Params{"name": "张三", "order": fmt.Sprint(n)}
	}
	return m
}

// Four vendors in one route, each of which fails in every way in turn, together
// with those before it: every outcome is what the sandbox has.
func TestMixed_eachFailsInTurn(t *testing.T) {
	for i, v := range route {
		for _, c := range []struct {
			name  string
			fault sandbox.Fault
			next  bool // whether another vendor may send a notification too
		}{
			{"refuses", sandbox.Fault{Code: v.broke}, true},
			{"throttles", sandbox.Fault{Throttle: true}, true},
			{"answers by a proxy's page", sandbox.Fault{Status: 502}, false},
			{"hangs up before", sandbox.Fault{HangUp: sandbox.HangUpBefore}, false},
			{"hangs up after", sandbox.Fault{HangUp: sandbox.HangUpAfter}, false},
			{"answers garbage", sandbox.Fault{Spoil: sandbox.SpoilGarbage}, false},
			{"cuts its answer", sandbox.Fault{Spoil: sandbox.SpoilCut}, false},
		} {
			t.Run(v.name+" "+c.name, func(t *testing.T) {
				t.Parallel() // an unknown outcome waits before the vendor is asked
				client, sb := mixed(t)
				faults := []sandbox.Fault{c.fault}
				faults[0].Vendor, faults[0].Operation = v.name, "send"
				for _, before := range route[:i] {
					faults = append(faults, sandbox.Fault{Vendor: before.name, Operation: "send", Code: before.broke})
				}
				if err := sb.SetFaults(faults...); err != nil {
					t.Fatal(err)
				}
				for n, template := range []string{"code", "shipped"} {
					m := message(template, n)
					receipt, err := client.Send(t.Context(), m)
					judge(t, sb, m, receipt, err)
					// A vendor is left that works, unless it is the last that fails.
					if works := i < len(route)-1 && (c.next || template == "code"); works && err != nil {
						t.Errorf("%s: %v, although the next vendor works", template, err)
					}
				}
			})
		}
	}
}

// Faults drawn at random at all four, of calls and of listings.
func TestMixed_randomFaults(t *testing.T) {
	seeds := 48
	if os.Getenv("NOTIFY_LONG") == "1" {
		seeds = 2000
	}
	const workers = 16
	var mu sync.Mutex
	outcomes := map[sms.Outcome]int{}
	var running sync.WaitGroup
	for worker := range workers {
		client, sb := mixed(t)
		running.Go(func() {
			for seed := worker; seed < seeds && !t.Failed(); seed += workers {
				faults := drawFaults(uint64(seed))
				if err := sb.SetFaults(faults...); err != nil {
					t.Error(err)
				}
				for i, template := range []string{"code", "shipped", "code", "shipped"} {
					m := message(template, 10*seed+i)
					receipt, err := client.Send(t.Context(), m)
					judge(t, sb, m, receipt, err)
					mu.Lock()
					outcomes[sms.OutcomeOf(err)]++
					mu.Unlock()
				}
				if t.Failed() {
					t.Logf("seed %d", seed)
				}
			}
		})
	}
	running.Wait()
	for _, o := range []sms.Outcome{sms.Accepted, sms.Unknown} {
		if outcomes[o] == 0 {
			t.Errorf("none was %v: %v", o, outcomes)
		}
	}
	t.Log(outcomes)
}

// drawFaults returns faults for every vendor, in a random order.
func drawFaults(seed uint64) (faults []sandbox.Fault) {
	r := rand.New(rand.NewPCG(seed, 1))
	for _, v := range route {
		for _, f := range []sandbox.Fault{
			{Operation: "send", Code: v.broke}, {Operation: "send", Throttle: true}, {Operation: "send", Status: 500}, {Operation: "send", HangUp: sandbox.HangUpBefore},
			{Operation: "send", HangUp: sandbox.HangUpAfter}, {Operation: "send", Spoil: sandbox.SpoilGarbage}, {Operation: "send", Spoil: sandbox.SpoilCut},
			{Operation: "send", Spoil: sandbox.SpoilSlow, Latency: 10 * time.Millisecond}, {Operation: "list", HangUp: sandbox.HangUpBefore}, {Operation: "list", ListAfter: time.Minute},
		} {
			if f.Vendor, f.Share, f.Seed = v.name, r.Float64()/2, seed; f.Share > 0.05 {
				faults = append(faults, f)
			}
		}
	}
	r.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	return faults
}
