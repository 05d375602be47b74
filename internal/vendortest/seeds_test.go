package vendortest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// A vendorSender is a provider of one vendor.
type vendorSender interface {
	sms.Sender
	sms.Finder
	Close() error
}

// at makes the provider of one vendor at a sandbox that transport reaches.
func at(t *testing.T, vendor string, sb *sandbox.Sandbox, transport http.RoundTripper) vendorSender {
	t.Helper()
	const endpoint = "http://127.0.0.1:1"
	r, err := sms.NewRegistry(sms.Template{Name: "shipped", Kind: sms.Notification, Text: "${name}, your order ${order} was shipped.", Bindings: map[string]sms.Binding{
		sandbox.Aliyun: {Abroad: "SMS_0009"}, "aliyunglobe": {}, sandbox.Tencent: {Abroad: "1000009", Order: []string{"name", "order"}}, sandbox.Twilio: {}, sandbox.Vonage: {},
		sandbox.AWS: {}, sandbox.SMPP: {}}})
	if err != nil {
		t.Fatal(err)
	}
	var p vendorSender
	switch vendor {
	case sandbox.Aliyun, "aliyunglobe":
		o := aliyun.Options{Name: vendor, AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, Endpoint: endpoint, Templates: r, Transport: transport}
		if o.From = sandbox.AliyunSignature; vendor != sandbox.Aliyun {
			o.API, o.From = "globe", ""
		}
		p, err = aliyun.New(o)
	case sandbox.AWS:
		p, err = aws.New(aws.Options{Region: "us-east-1", AccessKeyID: sandbox.AWSKeyID, SecretAccessKey: sandbox.AWSKeySecret, From: sandbox.AWSSender,
			Endpoint: endpoint, Templates: r, Transport: transport})
	case sandbox.SMPP:
		p, err = smpp.New(smpp.Options{SystemID: sandbox.SMPPSystemID, Password: sandbox.SMPPPassword, From: "ACME", Endpoint: "smsc.test:2775", Templates: r,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				here, there := net.Pipe()
				go sb.ServeConn(t.Context(), sandbox.SMPP, there)
				return here, nil
			}})
	case sandbox.Tencent:
		p, err = tencent.New(tencent.Options{SecretID: sandbox.TencentSecretID, SecretKey: sandbox.TencentSecretKey, SDKAppID: sandbox.TencentAppID, From: sandbox.TencentSignature,
			Endpoint: endpoint, Templates: r, Transport: transport})
	case sandbox.Twilio:
		p, err = twilio.New(twilio.Options{AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken, From: sandbox.TwilioSender,
			Endpoint: endpoint, Templates: r, Transport: transport})
	case sandbox.Vonage:
		p, err = vonage.New(vonage.Options{APIKey: sandbox.VonageAPIKey, APISecret: sandbox.VonageAPISecret, From: "ACME",
			Endpoint: endpoint, Templates: r, Transport: transport})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// listAfter is how late a fault lets the vendor list a message: before any provider
// believes a listing that lacks it.
const listAfter = sms.FindAfter - 10*time.Second

// vendorFaults are those of one vendor, each for a random share of its calls. Half of
// them are left out.
func vendorFaults(vendor, broke string, r *rand.Rand) (faults []sandbox.Fault) {
	for _, f := range []sandbox.Fault{
		{Operation: "send", Code: broke}, {Operation: "send", Throttle: true}, {Operation: "send", Status: 502}, {Operation: "send", Status: 403},
		{Operation: "send", HangUp: sandbox.HangUpBefore}, {Operation: "send", HangUp: sandbox.HangUpAfter},
		{Operation: "send", Spoil: sandbox.SpoilGarbage}, {Operation: "send", Spoil: sandbox.SpoilCut},
		{Operation: "send", Spoil: sandbox.SpoilSlow, Latency: 2 * time.Second}, {Operation: "send", Spoil: sandbox.SpoilSlow, Latency: time.Minute},
		{Operation: "send", Latency: time.Minute},
		{Operation: "list", HangUp: sandbox.HangUpBefore}, {Operation: "list", HangUp: sandbox.HangUpAfter}, {Operation: "list", Status: 500}, {Operation: "list", Status: 403},
		{Operation: "list", Throttle: true}, {Operation: "list", Spoil: sandbox.SpoilGarbage}, {Operation: "list", Spoil: sandbox.SpoilCut},
		{Operation: "list", Spoil: sandbox.SpoilSlow, Latency: time.Minute}, {Operation: "list", ListAfter: listAfter},
	} {
		if f.Vendor, f.Seed, f.Share = vendor, r.Uint64(), 0.05+r.Float64()/4; r.IntN(2) == 0 && (vendor != sandbox.SMPP || f.Status == 0) {
			faults = append(faults, f)
		}
	}
	r.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	return faults
}

// A seed is one run with one vendor.
type seed struct {
	t      *testing.T
	p      vendorSender
	sb     *sandbox.Sandbox
	r      *rand.Rand
	counts map[string]int
}

// send sends a message as the outbox does: what was refused, and what the vendor
// certainly never took, is sent again. After each step the sandbox is looked at. It
// reports whether the message ended accepted, and whether that is open.
func (s *seed) send(m sms.Message) (accepted, open bool) {
	const tries = 4
	for range tries {
		before := len(s.sb.Messages(m.To))
		since := time.Now()
		_, err := s.p.Send(s.t.Context(), m)
		until := time.Now()
		has := len(s.sb.Messages(m.To)) - before
		outcome := sms.OutcomeOf(err)
		s.counts[outcome.String()]++
		switch {
		case has > 1:
			s.t.Errorf("one Send was taken %d times: %v", has, err)
		case outcome == sms.Accepted:
			if has != 1 {
				s.t.Errorf("accepted, and the vendor has %d", has)
			}
			return true, false
		case outcome == sms.Rejected:
			if has != 0 {
				s.t.Errorf("refused, and the vendor has it: %v", err)
			}
			time.Sleep(time.Second)
			continue
		}
		switch found, err := s.ask(m, since, until); {
		case err == nil && !found:
			if has != 0 {
				s.t.Error("the vendor never took it, says Ask, and the vendor has it")
			}
			continue
		case found:
			if has != 1 {
				s.t.Errorf("found, and the vendor has %d", has)
			}
			return true, false
		default:
			return false, true
		}
	}
	return false, false
}

// ask asks at once and then until the vendor's listing is complete. It returns an
// error if it stays undecided.
func (s *seed) ask(m sms.Message, since, until time.Time) (found bool, err error) {
	for i, wait := range []time.Duration{0, 20 * time.Second, 10 * time.Minute, time.Minute, time.Minute} {
		time.Sleep(wait)
		_, err := s.p.Ask(s.t.Context(), sms.Question{Message: m, Since: since, Until: until})
		switch {
		case err == nil:
			s.counts["found"]++
			return true, nil
		case errors.Is(err, sms.ErrUndecided), errors.Is(err, errors.ErrUnsupported):
		case errors.Is(err, sms.ErrNotFound):
			if s.counts["not found"]++; i < 2 {
				s.t.Errorf("%v after it may have left: ErrNotFound", time.Since(until))
			}
			return false, nil
		default:
			s.t.Errorf("Ask returned %v", err)
		}
	}
	s.counts["undecided"]++
	return false, sms.ErrUndecided
}

// Refused, cut, slow, hung up after, garbage and lost listings, drawn at random for one
// vendor after the other: what is said of each message is what the sandbox has, and
// none is there twice unless it was left open.
func TestSeeds(t *testing.T) {
	seeds := 60
	if os.Getenv("NOTIFY_LONG") == "1" {
		seeds = 2000
	}
	for i, v := range mixedRoute {
		t.Run(v.name, func(t *testing.T) {
			counts := map[string]int{}
			o := abroad()
			o.Pace = time.Nanosecond
			synctest.Test(t, func(t *testing.T) {
				sb, transport := inBubble(t, o)
				for n := range seeds {
					s := &seed{t: t, p: at(t, v.name, sb, transport), sb: sb, r: rand.New(rand.NewPCG(uint64(n), uint64(i))), counts: counts}
					if err := sb.SetFaults(vendorFaults(v.name, v.broke, s.r)...); err != nil {
						t.Fatal(err)
					}
					s.run(n)
					_ = s.p.Close()
					sb.Clear("")
					if t.Failed() {
						t.Fatalf("seed %d", n)
					}
				}
			})
			t.Logf("%d seeds: %v", seeds, counts)
			for _, word := range []string{"accepted", "rejected", "unknown", "not found", "undecided"} {
				if counts[word] == 0 && !(word == "not found" && neverAsked[v.name]) {
					t.Errorf("none was %s: %v", word, counts)
				}
			}
		})
	}
}

// neverAsked are the vendors that cannot be asked: what is unknown stays so.
var neverAsked = map[string]bool{"aliyunglobe": true, sandbox.AWS: true, sandbox.SMPP: true}

// run sends two messages with one text to one number, and two others.
func (s *seed) run(n int) {
	type end struct{ accepted, open int }
	ends := map[sms.Number]end{}
	for i := range 4 {
		m := message("shipped", 4*n+max(i-1, 0))
		m.Key = fmt.Sprint(m.Key, "-", i)
		accepted, open := s.send(m)
		e := ends[m.To]
		if accepted {
			e.accepted++
		}
		if open {
			e.open++
		}
		ends[m.To] = e
	}
	for to, e := range maps.All(ends) {
		if has := len(s.sb.Messages(to)); has < e.accepted || has > e.accepted+e.open {
			s.t.Errorf("of the messages to one number %d were accepted and %d are open, and the vendor has %d", e.accepted, e.open, has)
		}
	}
}
