// Package killtest kills real processes that use an outbox, and counts what
// became of every message. The vendor is the sandbox, which lives on: it is the
// judge of what was sent.
//
// A test's binary is the process that is killed. Its TestMain calls Child first:
//
//	func TestMain(m *testing.M) {
//		killtest.Child(open)
//		os.Exit(m.Run())
//	}
package killtest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// Workers is how many messages a process sends at once, and so how many a kill
// may leave in doubt.
const Workers = 16

// childEnv holds the plan of a process that is to be killed.
const childEnv = "NOTIFY_KILLTEST_PLAN"

// Steps are where a process kills itself, in the order of a message's way.
var Steps = []string{"before put", "after put", "after take", "before send", "after send", "before settle", "after settle"}

// A plan is what a process does until it is killed.
type plan struct {
	Place    string // of the store, as open takes it
	Endpoint string // of the sandbox
	Ask      bool   // the vendor can be asked
	Run      int    // begins the keys
	Step     string // where it kills itself; empty: the parent does
	After    int    // at the how-manieth time it comes there
	Vendor   string // "twilio", or empty for Aliyun
	Lag      time.Duration
}

// Child runs what the parent has planned and never returns, where this process
// was started by Run. Else it does nothing.
func Child(open func(place string) (outbox.Engine, error)) {
	text, ok := os.LookupEnv(childEnv)
	if !ok {
		return
	}
	var p plan
	err := json.Unmarshal([]byte(text), &p)
	if err == nil {
		err = p.run(open)
	}
	fmt.Fprintln(os.Stderr, "killtest: the process was to be killed:", err)
	os.Exit(3)
}

// tell prints what the parent has to know, at once: a pipe keeps it when this
// process is killed.
func tell(what, key string) { fmt.Fprintf(os.Stdout, "%s %s\n", what, key) }

// registry has one template of each kind that matters.
func registry() (*sms.Registry, error) {
	return sms.NewRegistry(
		sms.Template{Name: "code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。", Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0001"}, "twilio": {}}},
		sms.Template{Name: "notice", Kind: sms.Notification, Text: "${name},您的订单${order}已发货。", Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0002"}, "twilio": {}}},
	)
}

// message is the i-th of a run: by turns a code and a notice. Each has a number of
// its own.
func message(run, i int) sms.Message {
	m := sms.Message{To: sms.Number(fmt.Sprintf("+86139%03d%05d", run%1000, i)), Key: fmt.Sprintf("r%d-%d", run, i)}
	if i%2 == 0 {
		m.Template, m.Params, m.Key = "code", sms.Params{"code": fmt.Sprintf("%06d", i)}, m.Key+"-code"
		return m
	}
	m.Template, m.Params = "notice", sms.Params{"name": "张三", "order": fmt.Sprintf("A-%d", i)}
	return m
}

// newBox is an Outbox that sends to the sandbox.
func newBox(e outbox.Engine, p plan, around func(sms.Sender) sms.Sender) (*outbox.Outbox, error) {
	r, err := registry()
	if err != nil {
		return nil, err
	}
	findAfter := time.Second + p.Lag
	var vendor asked
	if p.Vendor == "twilio" {
		vendor, err = twilio.New(twilio.Options{AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken, From: "+15005550006",
			Endpoint: p.Endpoint, Templates: r, FindAfter: findAfter})
	} else {
		vendor, err = aliyun.New(aliyun.Options{AccessKeyID: "sandbox-key-id", AccessKeySecret: "sandbox-key-secret", From: "云通信",
			Endpoint: p.Endpoint, Templates: r, FindAfter: findAfter})
	}
	if err != nil {
		return nil, err
	}
	var finder sms.Finder
	if p.Ask {
		finder = vendor
	}
	return outbox.New(outbox.Options{Engine: e, Sender: around(sms.SenderFunc(vendor.Send)), Finder: finder, Templates: r, Workers: Workers, FindAfter: findAfter, SendTimeout: 5 * time.Second, AskFor: 30 * time.Second})
}

// asked is a provider that can be asked.
type asked interface {
	sms.Sender
	sms.Finder
}

func (p plan) run(open func(place string) (outbox.Engine, error)) error {
	e, err := open(p.Place)
	if err != nil {
		return err
	}
	k := &killer{plan: p}
	b, err := newBox(&stepping{e, k}, p, func(next sms.Sender) sms.Sender {
		return sms.SenderFunc(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			k.at("before send")
			r, err := next.Send(ctx, m)
			k.at("after send")
			return r, err
		})
	})
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := b.Start(ctx); err != nil {
		return err
	}
	for i := 0; ; i += 4 {
		var batch []sms.Message
		for j := range 4 {
			batch = append(batch, message(p.Run, i+j))
		}
		if err := b.Enqueue(ctx, batch...); err != nil {
			return err
		}
		for _, m := range batch {
			tell("acknowledged", m.Key)
		}
		if i > 20000 {
			return fmt.Errorf("nobody killed it at %q", p.Step)
		}
		time.Sleep(rand.N(3 * time.Millisecond)) // so that a kill meets every depth of the queue
	}
}

// A killer kills its own process at its step.
type killer struct {
	plan
	came atomic.Int64
}

func (k *killer) at(step string) {
	if step == k.Step && int(k.came.Add(1)) == k.After {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill() // SIGKILL, where there are signals
		}
		select {} // it comes at once, and not always before the next line
	}
}

// A stepping is an Engine with the steps around it.
type stepping struct {
	outbox.Engine
	*killer
}

func (s *stepping) Put(ctx context.Context, entries []outbox.Entry) []error {
	s.at("before put")
	answers := s.Engine.Put(ctx, entries)
	s.at("after put")
	return answers
}

func (s *stepping) Exchange(ctx context.Context, ends []outbox.End, wants []outbox.Want, n int) ([]outbox.Lease, []error, error) {
	if len(ends) > 0 {
		s.at("before settle")
	}
	leases, answers, err := s.Engine.Exchange(ctx, ends, wants, n)
	for i, err := range answers {
		if err == nil && ends[i].State == outbox.Accepted {
			tell("ended", ends[i].Lease.Key)
		}
	}
	for _, l := range leases {
		tell("taken", l.Key)
	}
	if len(ends) > 0 {
		s.at("after settle")
	}
	if len(leases) > 0 {
		s.at("after take")
	}
	return leases, answers, err
}
