package notify_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// Each method of Client is here: what it has to do with a message, or that it has
// nothing to do with one. A method that is not known fails the test: say which it is.
var methods = map[string]bool{ // whether a provider sees a message by it
	"Send": true, "SendAll": true, "Find": true, "Ask": true, "Preview": true, "CheckTemplate": true, "Resolve": true, "Check": true, "Provider": true, "Providers": true,
	"Mark": false, "Hook": false, "Look": false, "Format": false, "Close": false, "Shutdown": false,
}

func TestClient_everyMethodIsKnown(t *testing.T) {
	client := reflect.TypeFor[*notify.Client]()
	for i := range client.NumMethod() {
		if _, known := methods[client.Method(i).Name]; !known {
			t.Errorf("Client.%s is new: if providers see a message by it, let seenBy call it, and list it in methods", client.Method(i).Name)
		}
	}
	handle := reflect.TypeFor[*notify.Provider]()
	known := []string{"Name", "Driver", "Destination", "State", "Can", "Ask", "Preview", "CheckTemplate", "Inspect", "ListTemplates", "Try"}
	for i := range handle.NumMethod() {
		if !slices.Contains(known, handle.Method(i).Name) {
			t.Errorf("Provider.%s is new: if the provider sees a message by it, let seenBy call it", handle.Method(i).Name)
		}
	}
}

// A witness is a provider that notes which messages it sees.
type witness struct {
	mu   sync.Mutex
	seen []sms.Message
}

func (w *witness) note(m sms.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, m.Clone())
}

func (w *witness) Send(_ context.Context, m sms.Message) (sms.Receipt, error) {
	w.note(m)
	return sms.Receipt{Key: m.Key}, nil
}

func (w *witness) Ask(_ context.Context, q sms.Question) (sms.Receipt, error) {
	w.note(q.Message)
	return sms.Receipt{}, sms.ErrNotFound
}

func (w *witness) Preview(m sms.Message) (sms.Preview, error) {
	w.note(m)
	return sms.Preview{Text: "x", Segments: 1}, nil
}

func (w *witness) CheckTemplate(name string, p sms.Params) error {
	w.note(sms.Message{Template: name, Params: p})
	return nil
}

func (w *witness) take() []sms.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

// rewrites are what a configuration may do to a message.
var rewrites = []notify.Rewrite{
	func(_ context.Context, m sms.Message) (sms.Message, error) { m.To = "+12025550100"; return m, nil },
	func(_ context.Context, m sms.Message) (sms.Message, error) { m.From = "acme"; return m, nil },
	func(_ context.Context, m sms.Message) (sms.Message, error) {
		if m.Template == "parcel" {
			m.Template = "order"
		}
		return m, nil
	},
	shorten,
	func(_ context.Context, m sms.Message) (sms.Message, error) {
		if m.Params != nil {
			m.Params["order"] += "!"
		}
		return m, nil
	},
	func(_ context.Context, m sms.Message) (sms.Message, error) {
		if m.Body != "" {
			m.Body += " Bye."
		}
		return m, nil
	},
	func(_ context.Context, m sms.Message) (sms.Message, error) {
		m.Tags = map[string]string{"tenant": "acme"}
		return m, nil
	},
	func(_ context.Context, m sms.Message) (sms.Message, error) {
		m.Expires = m.Expires.Add(time.Hour)
		return m, nil
	},
	func(_ context.Context, m sms.Message) (sms.Message, error) {
		if m.From == "bad" {
			return m, sms.RecipientBlocked
		}
		return m, nil
	},
}

// A situation is a random configuration with a message.
type situation struct {
	config notify.Config
	m      sms.Message
	w      *witness
}

func newSituation(random *rand.Rand) situation {
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	s := situation{w: &witness{}}
	s.config = notify.Config{
		Providers: map[string]notify.ProviderConfig{"a": {Sender: s.w}, "b": {Sender: s.w}},
		Templates: []sms.Template{{Name: "order", Text: "Order ${order}."}, {Name: "parcel", Text: "Parcel ${order}."}, {Name: "code", Kind: sms.Verification, Text: "${order}"}},
		Routes:    []notify.Route{{Providers: []string{one("a", "b")}, AllowUnbound: true}},
	}
	if random.IntN(3) == 0 {
		s.config.Routes = slices.Insert(s.config.Routes, 0, notify.Route{Regions: []string{one("CN", "US")}, Providers: []string{"b", "a"}, AllowUnbound: true})
	}
	for range random.IntN(4) {
		s.config.Rewrite = append(s.config.Rewrite, rewrites[random.IntN(len(rewrites))])
	}
	if random.IntN(3) == 0 {
		s.config.Redirect = "+12025550177"
	}
	if random.IntN(2) == 0 {
		s.config.Middleware = []sms.Middleware{withValue}
	}
	s.m = sms.Message{To: sms.Number(one("+8613800000000", "+12025550123", "+4915112345678")), From: one("", "acme", "bad"), Key: one("k1", "k2"),
		Expires: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)}
	switch random.IntN(4) {
	case 0:
		s.m.Body, s.m.Kind = "Hello.", sms.Kind(random.IntN(4))
	case 1:
		s.m.Template, s.m.Params = "code", sms.Params{"order": "482913"}
	default:
		s.m.Template, s.m.Params = one("order", "parcel"), sms.Params{"order": one("7", "A-1024-and-more")}
	}
	return s
}

// An asker is a way to ask; the mutant is another one.
type asker func(client *notify.Client, s situation) error

// seenBy calls every operation, and returns for each what the provider saw first and
// the error.
func seenBy(t *testing.T, s situation, find asker) (seen map[string]sms.Message, errs map[string]error) {
	client, err := notify.New(s.config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := t.Context()
	seen, errs = map[string]sms.Message{}, map[string]error{}
	see := func(name string, err error) {
		errs[name] = err
		if all := s.w.take(); len(all) > 0 {
			seen[name] = all[0]
		}
	}
	_, err = client.Send(ctx, s.m)
	see("Send", err)
	var one iter.Seq2[sms.Message, error] = func(yield func(sms.Message, error) bool) { yield(s.m, nil) }
	for _, r := range client.SendAll(ctx, one, notify.BulkOptions{}) {
		err = r.Err
	}
	see("SendAll", err)
	see("Find", find(client, s))
	_, err = client.Ask(ctx, sms.Question{Message: s.m, Since: time.Now()})
	see("Ask", err)
	_, err = client.Preview(ctx, s.m)
	see("Preview", err)
	r, err := client.Resolve(ctx, s.m)
	see("Resolve", err)
	if refused := client.Check(ctx, s.m); refused != nil != (sms.ReasonOf(err) != "" && sms.ReasonOf(err) != sms.Unsupported) {
		errs["Check"], seen["Check"] = refused, sms.Message{Body: "it disagrees with Resolve"}
	}
	if err == nil {
		seen["Resolve"] = r.Message
		p, _ := client.Provider(r.Route[0])
		_, err = p.Preview(r)
		see("Provider.Preview", err)
		_, err = p.Ask(ctx, sms.Question{Message: s.m, Since: time.Now()})
		see("Provider.Ask", err)
		_, err = client.Providers()[0].Ask(ctx, sms.Question{Message: s.m, Since: time.Now()})
		see("Providers.Ask", err)
	}
	if s.m.Template != "" && s.m.From != "bad" { // it has no sender, of which the last rewrite judges
		see("CheckTemplate", client.CheckTemplate(s.m.Template, s.m.Params))
	}
	return seen, errs
}

// differences returns in which operations the provider saw another message than with
// Send.
func differences(t *testing.T, s situation, find asker) (list []string) {
	seen, errs := seenBy(t, s, find)
	sent, accepted := seen["Send"], errs["Send"] == nil
	for _, name := range slices.Sorted(maps.Keys(errs)) {
		m, saw := seen[name]
		switch {
		case name == "Send":
		case saw != accepted && name != "CheckTemplate":
			list = append(list, fmt.Sprintf("%s: the provider saw it: %v, with Send: %v (%v, %v)", name, saw, accepted, errs[name], errs["Send"]))
		case !accepted && (name == "Find" || name == "Ask") && !errors.Is(errs[name], sms.ErrUndecided):
			list = append(list, fmt.Sprintf("%s: %v, and Send was refused: want undecided", name, errs[name]))
		case name == "CheckTemplate":
			if saw && (m.Template != sent.Template || !maps.Equal(m.Params, sent.Params)) && accepted {
				list = append(list, fmt.Sprintf("%s: %v %v", name, m.Template, map[string]string(m.Params)))
			}
		case saw && !reflect.DeepEqual(normal(m), normal(sent)):
			list = append(list, fmt.Sprintf("%s: %s, with Send: %s", name, shown(m), shown(sent)))
		}
	}
	return list
}

// normal makes empty maps equal.
func normal(m sms.Message) sms.Message {
	if len(m.Params) == 0 {
		m.Params = nil
	}
	if len(m.Tags) == 0 {
		m.Tags = nil
	}
	return m
}

func shown(m sms.Message) string {
	return fmt.Sprint(m.To.E164(), m.Template, map[string]string(m.Params), m.Body, m.Kind, m.From, m.Key, m.Expires, m.Tags)
}

func findAsk(client *notify.Client, s situation) error {
	_, err := client.Find(context.Background(), s.m, time.Now())
	return err
}

// Over 10,000 random configurations the provider sees the same message whatever is
// asked of it.
func TestClient_everyOperationSeesTheSameMessage(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range 10_000 {
		if list := differences(t, newSituation(random), findAsk); len(list) > 0 {
			t.Fatalf("seed %d, configuration %d:\n%s", seed, i, strings.Join(list, "\n"))
		}
	}
}

// The test is able to fail: a Find that skips the last rewrite, or the redirect, is
// found.
func TestClient_everyOperationSeesTheSameMessage_mutants(t *testing.T) {
	for name, change := range map[string]func(*notify.Config){
		"a Find that skips a rewrite":   func(c *notify.Config) { c.Rewrite = c.Rewrite[:max(len(c.Rewrite)-1, 0)] },
		"a Find that skips a redirect":  func(c *notify.Config) { c.Redirect = "" },
		"a Find with another template":  func(c *notify.Config) { c.Rewrite = append(slices.Clone(c.Rewrite), rewrites[2]) },
		"a Find that redirects as well": func(c *notify.Config) { c.Redirect = "+12025550199" },
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 1))
			for range 200 {
				s := newSituation(random)
				mutant := s.config
				change(&mutant)
				if len(differences(t, s, func(_ *notify.Client, s situation) error {
					client, err := notify.New(mutant)
					if err != nil {
						t.Fatal(err)
					}
					defer client.Close()
					return findAsk(client, s)
				})) > 0 {
					return
				}
			}
			t.Error("the mutant is not caught")
		})
	}
}
