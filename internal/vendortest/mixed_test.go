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
	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sandbox"
	sandboxtencent "github.com/notifykit/notify/sandbox/tencent"
	"github.com/notifykit/notify/sms"
)

// The vendors of the route, in order, and a code by which each refuses for lack of
// money, and a carrier for its sender.
var mixedRoute = []struct{ name, broke string }{
	{sandbox.Aliyun, "isv.AMOUNT_NOT_ENOUGH"}, {"aliyunglobe", "isv.AMOUNT_NOT_ENOUGH"}, {sandbox.Tencent, "FailedOperation.InsufficientBalanceInSmsPackage"},
	{sandbox.Twilio, "20005"}, {sandbox.Vonage, "9"}, {sandbox.AWS, "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"}, {sandbox.SMPP, "0x0A"},
}

// abroad are the options of a sandbox whose vendors all send the same notification to
// numbers abroad.
func abroad() sandbox.Options {
	return sandbox.Options{
		Templates: []sandbox.Template{{Code: "SMS_0009", Kind: sms.International, Text: "${name}, your order ${order} was shipped."}},
		Tencent:   sandboxtencent.Options{Templates: []sandboxtencent.Template{{ID: "1000009", Kind: sms.International, Text: "{1}, your order {2} was shipped."}}},
		SMPP:      "127.0.0.1:0",
	}
}

// mixed is a Client whose one route has seven vendors, all at one sandbox.
func mixed(t *testing.T) (*notify.Client, *sandbox.Sandbox) {
	t.Helper()
	sb, err := sandbox.Listen("", abroad())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	bound := func(aliyunID, tencentID string, order ...string) map[string]sms.Binding {
		return map[string]sms.Binding{sandbox.Aliyun: {Abroad: aliyunID}, "aliyunglobe": {}, sandbox.Tencent: {Abroad: tencentID, Order: order}, sandbox.Twilio: {}, sandbox.Vonage: {}, sandbox.AWS: {}, sandbox.SMPP: {}}
	}
	var names []string
	for _, v := range mixedRoute {
		names = append(names, v.name)
	}
	const timeout = 2 * time.Second
	client, err := notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{
			sandbox.Aliyun: {Driver: "aliyun", Settings: aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret,
				From: sandbox.AliyunSignature, Endpoint: sb.URL, Timeout: timeout}},
			"aliyunglobe": {Driver: "aliyun", Settings: aliyun.Options{API: "globe", AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret,
				Endpoint: sb.URL, Timeout: timeout}},
			sandbox.Tencent: {Driver: "tencent", Settings: tencent.Options{SecretID: sandbox.TencentSecretID, SecretKey: sandbox.TencentSecretKey,
				SDKAppID: sandbox.TencentAppID, From: sandbox.TencentSignature, Endpoint: sb.URL, Timeout: timeout}},
			sandbox.Twilio: {Driver: "twilio", Settings: twilio.Options{AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken,
				From: sandbox.TwilioSender, Endpoint: sb.URL, Timeout: timeout}},
			sandbox.Vonage: {Driver: "vonage", Settings: vonage.Options{APIKey: sandbox.VonageAPIKey, APISecret: sandbox.VonageAPISecret,
				From: "ACME", Endpoint: sb.URL, Timeout: timeout}},
			sandbox.AWS: {Driver: "aws", Settings: aws.Options{Region: "us-east-1", AccessKeyID: sandbox.AWSKeyID, SecretAccessKey: sandbox.AWSKeySecret,
				From: sandbox.AWSSender, Endpoint: sb.URL, Timeout: timeout}},
			sandbox.SMPP: {Driver: "smpp", Settings: smpp.Options{SystemID: sandbox.SMPPSystemID, Password: sandbox.SMPPPassword,
				From: "ACME", Endpoint: sb.Addr(sandbox.SMPP), Timeout: timeout}},
		},
		Templates: []sms.Template{
			{Name: "code", Kind: sms.Verification, Text: "Your code is ${code}.", Bindings: bound("SMS_0004", "1000003", "code")},
			{Name: "shipped", Kind: sms.Notification, Text: "${name}, your order ${order} was shipped.", Bindings: bound("SMS_0009", "1000009", "name", "order")},
		},
		Routes:  []notify.Route{{Providers: names}},
		Retry:   middleware.RetryOptions{Attempts: 1},
		Breaker: middleware.BreakerOptions{Failures: 1_000_000},
	}, aliyun.Driver(), aws.Driver(), smpp.Driver(), tencent.Driver(), twilio.Driver(), vonage.Driver())
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
	m := sms.Message{To: sms.Number(fmt.Sprintf("+4477009%05d", n)), Template: template, Key: fmt.Sprint(template, n), Params: sms.Params{"code": "482913"}}
	if template == "shipped" {
		m.Params = sms.Params{"name": "Ann", "order": fmt.Sprint(n)}
	}
	return m
}

// Seven vendors in one route, each of which fails in every way in turn, together
// with those before it: every outcome is what the sandbox has.
func TestMixed_eachFailsInTurn(t *testing.T) {
	for i, v := range mixedRoute {
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
			if v.name == sandbox.SMPP && c.fault.Status != 0 {
				continue // it is no HTTP service
			}
			t.Run(v.name+" "+c.name, func(t *testing.T) {
				t.Parallel() // an unknown outcome waits before the vendor is asked
				client, sb := mixed(t)
				faults := []sandbox.Fault{c.fault}
				faults[0].Vendor, faults[0].Operation = v.name, "send"
				for _, before := range mixedRoute[:i] {
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
					if works := i < len(mixedRoute)-1 && (c.next || template == "code"); works && (err != nil || receipt.Provider != mixedRoute[i+1].name) {
						t.Errorf("%s: %v by %q, although %s works", template, err, receipt.Provider, mixedRoute[i+1].name)
					}
				}
			})
		}
	}
}

// Faults drawn at random at all seven, of calls and of listings.
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
	for _, v := range mixedRoute {
		for _, f := range []sandbox.Fault{
			{Operation: "send", Code: v.broke}, {Operation: "send", Throttle: true}, {Operation: "send", Status: 500}, {Operation: "send", HangUp: sandbox.HangUpBefore},
			{Operation: "send", HangUp: sandbox.HangUpAfter}, {Operation: "send", Spoil: sandbox.SpoilGarbage}, {Operation: "send", Spoil: sandbox.SpoilCut},
			{Operation: "send", Spoil: sandbox.SpoilSlow, Latency: 10 * time.Millisecond}, {Operation: "list", HangUp: sandbox.HangUpBefore}, {Operation: "list", ListAfter: time.Minute},
		} {
			if f.Vendor, f.Share, f.Seed = v.name, r.Float64()/2, seed; f.Share > 0.05 && (v.name != sandbox.SMPP || f.Status == 0) {
				faults = append(faults, f)
			}
		}
	}
	r.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	return faults
}
