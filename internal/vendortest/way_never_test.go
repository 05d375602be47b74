package vendortest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// refuses is a Sender made in Go that refuses every message.
type refuses struct{}

func (refuses) Send(_ context.Context, m sms.Message) (sms.Receipt, error) {
	return sms.Receipt{}, sms.Refuse(m, sms.Unsupported, nil)
}

func (refuses) Preview(m sms.Message) (sms.Preview, error) {
	return sms.Preview{}, sms.Refuse(m, sms.Unsupported, nil)
}

// mainland is process with two more providers: Aliyun, which has no template for the
// number of notice, Vonage, which has no binding, and one that cannot be asked.
func mainland(url string, change func(*notify.Config)) notify.Config {
	return process(url, func(c *notify.Config) {
		c.Providers["aliyun"] = notify.ProviderConfig{Driver: "aliyun", Settings: aliyun.Options{
			AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature, Endpoint: url}}
		c.Providers["vonage"] = notify.ProviderConfig{Driver: "vonage", Settings: vonage.Options{
			APIKey: sandbox.VonageAPIKey, APISecret: sandbox.VonageAPISecret, From: "ACME", Endpoint: url}}
		c.Providers["plain"] = notify.ProviderConfig{Driver: "plain"}
		c.Providers["go"] = notify.ProviderConfig{Sender: refuses{}}
		c.Templates[0].Bindings["aliyun"] = sms.Binding{ID: "SMS_0002"}
		c.Routes = []notify.Route{{Providers: []string{"aliyun", "one"}}}
		if change != nil {
			change(c)
		}
	})
}

func openMainland(t *testing.T, c notify.Config) *notify.Client {
	t.Helper()
	plain := sms.Driver{Name: "plain", Open: func(sms.DriverConfig) (sms.Sender, error) {
		return sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) { return sms.Receipt{}, nil }), nil
	}}
	client, err := notify.New(c, aliyun.Driver(), twilio.Driver(), vonage.Driver(), plain)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// A provider that refuses the message before any call never took it. Without that a
// route to one such provider could never say that nobody took a message.
func TestClient_Ask_ofAProviderThatCouldNotTakeIt(t *testing.T) {
	route := func(names ...string) func(*notify.Config) {
		return func(c *notify.Config) { c.Routes = []notify.Route{{Providers: names, AllowUnbound: true}} }
	}
	bind := func(provider string, b sms.Binding) func(*notify.Config) {
		return func(c *notify.Config) {
			c.Templates[0].Bindings = maps.Clone(c.Templates[0].Bindings)
			c.Templates[0].Bindings[provider] = b
		}
	}
	for name, test := range map[string]struct {
		before, after func(*notify.Config) // nil after: the same
		ask           func(q sms.Question) sms.Question
		want          error
		unsupported   bool
	}{
		"no template for the number":                 {want: sms.ErrNotFound},
		"in the other order":                         {before: route("one", "aliyun"), want: sms.ErrNotFound},
		"no binding":                                 {before: route("one", "vonage"), want: sms.ErrNotFound},
		"no provider could":                          {before: route("aliyun", "vonage"), want: sms.ErrNotFound},
		"it could, and its list is too young":        {before: bind("aliyun", sms.Binding{ID: "SMS_0002", Abroad: "SMS_0005"}), want: sms.ErrUndecided},
		"one made in Go, of which no Mark knows":     {before: route("one", "go"), want: sms.ErrUndecided},
		"one that cannot be asked":                   {before: route("one", "plain"), want: sms.ErrUndecided},
		"one could not, and one cannot be asked":     {before: route("aliyun", "plain"), want: sms.ErrUndecided, unsupported: true},
		"it could in the process that sent":          {before: bind("aliyun", sms.Binding{ID: "SMS_0002", Abroad: "SMS_0005"}), after: func(*notify.Config) {}, want: sms.ErrUndecided},
		"it is not known which process sent":         {ask: func(q sms.Question) sms.Question { q.Mark = ""; return q }, want: sms.ErrUndecided},
		"the asker says that it was tried":           {ask: func(q sms.Question) sms.Question { q.Providers = []string{"one", "aliyun"}; return q }, want: sms.ErrUndecided},
		"a message that has expired in the meantime": {ask: func(q sms.Question) sms.Question { q.Expires = time.Now().Add(-time.Second); return q }, want: sms.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			sb := sandboxtest.Start(t)
			before := openMainland(t, mainland(sb.URL, test.before))
			after := before
			if test.after != nil {
				after = openMainland(t, mainland(sb.URL, test.after))
			}
			q := sms.Question{Message: notice(), Since: time.Now(), Mark: before.Mark()}
			if test.ask != nil {
				q = test.ask(q)
			}
			_, err := after.Ask(t.Context(), q)
			if !errors.Is(err, test.want) || errors.Is(err, sms.ErrNotFound) != (test.want == sms.ErrNotFound) || errors.Is(err, errors.ErrUnsupported) != test.unsupported {
				t.Errorf("Ask: %v, want %v", err, test.want)
			}
			if test.after == nil && test.ask == nil {
				if _, err := after.Find(t.Context(), q.Message, q.Since); !errors.Is(err, test.want) {
					t.Errorf("Find: %v, want %v", err, test.want)
				}
			}
		})
	}
}

// An outbox sends a message again that nobody took, although its route has a provider
// that could not have taken it.
func TestOutbox_afterAProviderThatCouldNotTakeIt(t *testing.T) {
	sb := sandboxtest.Start(t)
	if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Twilio, Operation: "send", HangUp: sandbox.HangUpBefore, Times: 1}); err != nil {
		t.Fatal(err)
	}
	config := mainland(sb.URL, nil)
	templates, err := sms.NewRegistry(config.Templates...)
	if err != nil {
		t.Fatal(err)
	}
	box, err := outbox.New(outbox.Options{Engine: outboxtest.NewDisk().Open(), Sender: openMainland(t, config), Templates: templates, FindAfter: time.Millisecond, AskFor: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer box.Close(t.Context())
	if err := box.Enqueue(t.Context(), notice()); err != nil {
		t.Fatal(err)
	}
	await(t, box, notice().Key, outbox.Accepted)
	if n := len(sb.Messages("")); n != 1 {
		t.Errorf("the vendors have it %d times", n)
	}
}

// What is believed never to have been taken because its provider refuses it is refused:
// for random messages and bindings, Send to that provider alone reaches no vendor. The
// lists of the vendors are too young to say anything.
func TestClient_Ask_believesNoRefusalThatSendDoesNotGive(t *testing.T) {
	sb := sandboxtest.Start(t)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	some := func(values ...string) string { return values[random.IntN(len(values))] }
	believed, sent := 0, 0
	for i := range 400 {
		bindings := map[string]sms.Binding{}
		if random.IntN(4) > 0 {
			bindings["aliyun"] = sms.Binding{ID: "SMS_0002", Abroad: some("", "SMS_0005")}
		}
		for _, name := range []string{"one", "vonage"} {
			if random.IntN(4) > 0 {
				bindings[name] = sms.Binding{}
			}
		}
		name := some("aliyun", "one", "vonage")
		client := openMainland(t, mainland(sb.URL, func(c *notify.Config) {
			c.Templates = []sms.Template{{Name: "shipped", Text: "${name},您的订单${order}已发货。", Bindings: bindings}}
			c.Routes = []notify.Route{{Providers: []string{name}, AllowUnbound: true}}
			one := c.Providers["one"].Settings.(twilio.Options)
			one.FindAfter, one.From = time.Hour, some("", sandbox.TwilioSender)
			if one.From == "" {
				one.Senders = map[string]string{"US": sandbox.TwilioSender}
			}
			c.Providers["one"] = notify.ProviderConfig{Driver: "twilio", Settings: one}
		}))
		m := sms.Message{To: sms.Number(fmt.Sprintf("%s%04d", some("+861380000", "+1202555", "+49151123"), i)), Key: fmt.Sprint("key-", i), From: some("", "", "nobody")}
		if random.IntN(3) == 0 {
			m.Body = "Your parcel has arrived."
		} else {
			m.Template, m.Params = "shipped", sms.Params{"name": "张三", "order": "A-1024"}
		}
		_, asked := client.Find(t.Context(), m, time.Now())
		_, err := client.Send(t.Context(), m)
		taken := len(sb.Messages(m.To))
		if asked == sms.ErrNotFound {
			believed++
			if sms.OutcomeOf(err) != sms.Rejected || taken != 0 {
				t.Errorf("seed %d, %d: %s was believed not to take it, and: %v, the vendor has %d", seed, i, name, err, taken)
			}
		}
		sent += taken
	}
	if believed == 0 || sent == 0 {
		t.Errorf("seed %d: %d were believed, %d sent: the test shows nothing", seed, believed, sent)
	}
	t.Logf("%d were believed, %d were sent", believed, sent)
}
