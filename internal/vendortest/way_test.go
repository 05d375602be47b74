package vendortest_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// shorten cuts values to 8 characters.
func shorten(_ context.Context, m sms.Message) (sms.Message, error) {
	for name, value := range m.Params {
		m.Params[name] = value[:min(len(value), 8)]
	}
	return m, nil
}

// deploys are what may change between two processes.
var deploys = map[string]func(*notify.Config){
	"nothing": nil,
	"the text": func(c *notify.Config) {
		c.Templates[0].Text = "Your order ${order} is on its way."
	},
	"the route":    func(c *notify.Config) { c.Routes[0].Providers = []string{"two"} },
	"the redirect": func(c *notify.Config) { c.Redirect = "+12025550199" },
	"the rewrite":  func(c *notify.Config) { c.Rewrite, c.RewriteVersion = []notify.Rewrite{shorten}, "2" },
	"the sender": func(c *notify.Config) {
		o := c.Providers["one"].Settings.(twilio.Options)
		o.From = "+15005550007"
		c.Providers["one"] = notify.ProviderConfig{Driver: "twilio", Settings: o}
	},
}

// A process ends when the vendor has taken a message, or just before. The next one
// has another configuration, and asks. It must never hear that the vendor never took
// what it took.
func TestClient_Ask_after_a_deploy(t *testing.T) {
	for name, deploy := range deploys {
		for _, rewriting := range []bool{false, true} {
			for _, taken := range []bool{true, false} {
				t.Run(name+map[bool]string{true: ", a rewrite in both"}[rewriting]+map[bool]string{true: ", taken", false: ", not taken"}[taken], func(t *testing.T) {
					sb := sandboxtest.Start(t)
					hang := sandbox.HangUpBefore
					if taken {
						hang = sandbox.HangUpAfter
					}
					if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Twilio, HangUp: hang, Times: 1}); err != nil {
						t.Fatal(err)
					}
					with := func(deploy func(*notify.Config)) notify.Config {
						return process(sb.URL, func(c *notify.Config) {
							if rewriting {
								c.Rewrite = []notify.Rewrite{shorten}
							}
							if deploy != nil {
								deploy(c)
							}
						})
					}
					before, after := openProcess(t, with(nil)), openProcess(t, with(deploy))
					since := time.Now()
					if _, err := before.Send(t.Context(), notice()); sms.OutcomeOf(err) != sms.Unknown {
						t.Fatal(err)
					}
					before.Close()
					if n := len(sb.Messages("")); n != map[bool]int{true: 1}[taken] {
						t.Fatalf("the vendor has %d messages", n)
					}
					receipt, err := after.Ask(t.Context(), sms.Question{Message: notice(), Since: since, Until: time.Now(), Mark: before.Mark()})
					same := name == "nothing"
					switch {
					case same != (before.Mark() == after.Mark()) && !(rewriting && name == "the rewrite"):
						t.Errorf("the marks are %s and %s", before.Mark(), after.Mark())
					case errors.Is(err, sms.ErrNotFound) && (taken || !same):
						t.Errorf("%v: it would be sent again", err)
					case same && taken && (err != nil || receipt.Key != "order-17"):
						t.Errorf("%+v, %v, want it found", receipt, err)
					case same && !taken && err != sms.ErrNotFound:
						t.Errorf("%v, want ErrNotFound", err)
					case !same && !taken && !errors.Is(err, sms.ErrUndecided):
						t.Errorf("%v, want undecided", err)
					}
				})
			}
		}
	}
}

// Every operation looks at the message that Send sends.
func TestClient_Rewrite_in_every_operation(t *testing.T) {
	sb := sandboxtest.Start(t)
	long := sms.Variable{MaxLen: 8}
	client := openProcess(t, process(sb.URL, func(c *notify.Config) {
		c.Rewrite = []notify.Rewrite{shorten}
		c.Templates[0].Variables = map[string]sms.Variable{"order": long} // refused without the rewrite
	}))
	const want = "Order A-1024-a has shipped."
	if err := client.CheckTemplate("shipped", notice().Params); err != nil {
		t.Errorf("CheckTemplate: %v", err)
	}
	preview, err := client.Preview(t.Context(), notice())
	if err != nil || preview.Text != want {
		t.Errorf("Preview: %q, %v", preview.Text, err)
	}
	m := notice()
	if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Twilio, HangUp: sandbox.HangUpAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	since := time.Now()
	if _, err := client.Send(t.Context(), m); sms.OutcomeOf(err) != sms.Unknown {
		t.Fatal(err)
	}
	if got := sb.Messages(""); len(got) != 1 || got[0].Text != want {
		t.Errorf("Send: %v", got)
	}
	for name, ask := range map[string]func() (sms.Receipt, error){
		"Find": func() (sms.Receipt, error) { return client.Find(t.Context(), m, since) },
		"Ask":  func() (sms.Receipt, error) { return client.Ask(t.Context(), sms.Question{Message: m, Since: since}) },
		"a handle": func() (sms.Receipt, error) {
			p, _ := client.Provider("one")
			return p.Ask(t.Context(), sms.Question{Message: m, Since: since})
		},
	} {
		if r, err := ask(); err != nil || r.Key != m.Key {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if m.Params["order"] != "A-1024-and-more" {
		t.Error("the caller's message was changed")
	}
}

func TestClient_Mark(t *testing.T) {
	mark := func(change func(*notify.Config)) string {
		return openProcess(t, process("http://127.0.0.1:1", change)).Mark()
	}
	base := mark(nil)
	if len(base) != 32 || base != mark(nil) {
		t.Errorf("%q is not the mark of the same configuration again", base)
	}
	settings := func(change func(*twilio.Options)) func(*notify.Config) {
		return func(c *notify.Config) {
			o := c.Providers["one"].Settings.(twilio.Options)
			change(&o)
			c.Providers["one"] = notify.ProviderConfig{Driver: "twilio", Settings: o}
		}
	}
	same := map[string]func(*notify.Config){
		"a secret that was rotated":         settings(func(o *twilio.Options) { o.AuthToken = "another" }),
		"limits":                            func(c *notify.Config) { c.Deduplicate = time.Hour },
		"a version without rewrites, twice": nil,
	}
	for name, change := range same {
		if mark(change) != base {
			t.Errorf("%s: another mark", name)
		}
	}
	seen := map[string]string{base: "nothing"}
	different := maps.Clone(deploys)
	delete(different, "nothing")
	different["the version"] = func(c *notify.Config) { c.RewriteVersion = "2" }
	different["an account"] = settings(func(o *twilio.Options) { o.AccountSID = "AC" + strings.Repeat("1", 32) })
	different["a provider more"] = func(c *notify.Config) { c.Providers["three"] = c.Providers["two"] }
	different["a secret's name as a template's"] = func(c *notify.Config) {
		c.Templates = append(c.Templates, sms.Template{Name: "token", Text: "a", Bindings: c.Templates[0].Bindings})
	}
	different["its text"] = func(c *notify.Config) {
		c.Templates = append(c.Templates, sms.Template{Name: "token", Text: "b", Bindings: c.Templates[0].Bindings})
	}
	different["an order"] = func(c *notify.Config) {
		c.Templates[0].Bindings = map[string]sms.Binding{"one": {Order: []string{"order"}}, "two": {}}
	}
	for name, change := range different {
		m := mark(change)
		if other, twice := seen[m]; twice {
			t.Errorf("%s has the mark of %s", name, other)
		}
		seen[m] = name
	}
}

// plain is a Sender made in Go that accepts everything and has no abilities.
var plain = sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) { return sms.Receipt{Key: m.Key}, nil })

// Providers are reached by handle. What one cannot do matches ErrUnsupported and is
// no *sms.Error, which would end a message.
func TestClient_Provider(t *testing.T) {
	sb := sandboxtest.Start(t)
	client := openProcess(t, process(sb.URL, func(c *notify.Config) {
		c.Providers["plain"] = notify.ProviderConfig{Sender: plain}
	}))
	var names []string
	for _, p := range client.Providers() {
		names = append(names, p.Name())
	}
	if strings.Join(names, " ") != "one plain two" {
		t.Errorf("%v", names)
	}
	if _, ok := client.Provider("none"); ok {
		t.Error("there is a provider that was not configured")
	}
	p, ok := client.Provider("one")
	if !ok || p.Driver() != "twilio" || !p.Destination().Trial || p.Destination().Endpoint != sb.URL || p.State() != (notify.ProviderState{}) ||
		!p.Can().Find || !p.Can().Preview || !p.Can().CheckTemplate || !p.Can().Inspect || !p.Can().ListTemplates {
		t.Errorf("%v, %v, %v", p.Destination(), p.State(), p.Can())
	}
	if findings, err := p.Inspect(t.Context()); err != nil || len(findings) == 0 {
		t.Errorf("Inspect: %v, %v", findings, err)
	}
	plain, _ := client.Provider("plain")
	if plain.Can() != (sms.Abilities{}) || plain.Driver() != "" || plain.Destination() != (sms.Destination{}) {
		t.Errorf("%+v", plain.Can())
	}
	r, err := client.Resolve(t.Context(), notice())
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"Ask": func() error {
			_, err := plain.Ask(t.Context(), sms.Question{Message: notice(), Since: time.Now()})
			return err
		},
		"Preview":       func() error { _, err := plain.Preview(r); return err },
		"CheckTemplate": func() error { return plain.CheckTemplate("shipped", nil) },
		"Inspect":       func() error { _, err := plain.Inspect(t.Context()); return err },
		"ListTemplates": func() error { _, err := plain.ListTemplates(t.Context()); return err },
	} {
		err := call()
		if _, ours := errors.AsType[*sms.Error](err); !errors.Is(err, errors.ErrUnsupported) || ours {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Client.Ask asks the providers that a Question names, else those of the route.
func TestClient_Ask_whom(t *testing.T) {
	sb := sandboxtest.Start(t)
	client := openProcess(t, process(sb.URL, func(c *notify.Config) {
		c.Providers["plain"] = notify.ProviderConfig{Sender: plain}
		c.Routes = []notify.Route{{Providers: []string{"one", "plain"}, AllowUnbound: true}}
	}))
	for name, test := range map[string]struct {
		providers   []string
		want        error
		unsupported bool
	}{
		"the route, with one that cannot be asked": {nil, sms.ErrUndecided, false},
		"the one that can":                         {[]string{"one"}, sms.ErrNotFound, false},
		"the one that cannot":                      {[]string{"plain"}, sms.ErrUndecided, true},
		"one of no route":                          {[]string{"two"}, sms.ErrNotFound, false},
		"one that is gone":                         {[]string{"one", "former"}, sms.ErrUndecided, false},
	} {
		_, err := client.Ask(t.Context(), sms.Question{Message: notice(), Since: time.Now().Add(-time.Minute), Providers: test.providers})
		if !errors.Is(err, test.want) || errors.Is(err, errors.ErrUnsupported) != test.unsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := notice()
	m.Key = ""
	if _, err := client.Find(t.Context(), m, time.Now()); !errors.Is(err, sms.ErrUndecided) {
		t.Errorf("without a key: %v", err)
	}
}
