package recipes_test

import (
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/http/recipe"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sandbox/recipes"
	"github.com/notifykit/notify/sms"
)

func load(tb testing.TB) (list []*recipe.Recipe) {
	tb.Helper()
	for _, name := range http.Names() {
		r, err := http.Load(name)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// start serves every recipe that ships.
func start(tb testing.TB, o sandbox.Options) *sandbox.Sandbox {
	tb.Helper()
	for _, r := range load(tb) {
		o.Vendors = append(o.Vendors, recipes.New(r, recipes.Options{}))
	}
	sb, err := sandbox.Listen("", o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := sb.Close(); err != nil {
			tb.Error(err)
		}
	})
	return sb
}

// options are those of a recipe's provider at the sandbox.
func options(tb testing.TB, r *recipe.Recipe, url string) http.Options {
	tb.Helper()
	id := "1001" // some gateways number their templates
	registry, err := sms.NewRegistry(sms.Template{Name: "code", Kind: sms.Notification, Text: "Your code is ${code}, for ${minutes} minutes.",
		Bindings: map[string]sms.Binding{r.Name: {ID: id}}})
	if err != nil {
		tb.Fatal(err)
	}
	o := http.Options{Recipe: r.Name, Endpoint: url + "/" + r.Name, From: "12025550199", Templates: registry, AllowNumberInURL: true, Secrets: map[string]string{}, Settings: map[string]string{}}
	for _, name := range r.Secrets {
		o.Secrets[name] = recipes.Secret(name)
	}
	for _, s := range r.Settings {
		if !s.HasDefault {
			o.Settings[s.Name] = s.Example
		}
	}
	return o
}

func open(tb testing.TB, o http.Options) *http.Provider {
	tb.Helper()
	p, err := http.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

// message is one that the recipe takes.
func message(r *recipe.Recipe, text string) sms.Message {
	m := sms.Message{To: "+12025550123", Body: text, Key: "order-1"}
	switch {
	case slices.Contains(r.Regions, "CN"):
		m.To = "+8613812345678"
	case slices.Contains(r.Regions, "TR"):
		m.To = "+905051234567"
	}
	if r.Needs("template") || r.Needs("values") {
		m.Body, m.Template, m.Params = "", "code", sms.Params{"code": text, "minutes": "5"}
	}
	return m
}

// Every recipe sends to its gateway read backwards: the message is in the inbox, each
// code of its table is refused as the table says, and a wrong secret is not accepted.
func TestRecipes_sendToThemselves(t *testing.T) {
	sb := start(t, sandbox.Options{Pace: -1})
	for _, r := range load(t) {
		t.Run(r.Name, func(t *testing.T) {
			o := options(t, r, sb.URL)
			p := open(t, o)
			for _, text := range []string{"48291", "你好 48291"} {
				sb.Clear("")
				m := message(r, text)
				receipt, err := p.Send(t.Context(), m)
				if err != nil {
					t.Fatal(err)
				}
				got := sb.Messages(m.To)
				if len(got) != 1 || got[0].Vendor != r.Name || got[0].To != m.To || !strings.Contains(got[0].Text, text) {
					t.Fatalf("the inbox has %+v", got)
				}
				if r.HasID() && (receipt.ID == "" || receipt.ID != got[0].ID) {
					t.Errorf("the ID is %q, and the inbox has %q", receipt.ID, got[0].ID)
				}
				if m.Template != "" && (got[0].Template != "1001" || len(got[0].Params) != 2) {
					t.Errorf("the inbox has template %q with %d values", got[0].Template, len(got[0].Params))
				}
				if r.Needs("key") && got[0].Key != m.Key {
					t.Errorf("the key is %q", got[0].Key)
				}
				refuses(t, sb, r, p, m)
			}
			for _, name := range r.Secrets {
				wrong := o
				wrong.Secrets = map[string]string{}
				for n, v := range o.Secrets {
					wrong.Secrets[n] = v
				}
				wrong.Secrets[name] = "wrong-secret"
				_, err := open(t, wrong).Send(t.Context(), message(r, "48291"))
				if sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != sms.Unauthorized {
					t.Errorf("with another %s: %v", name, err)
				}
			}
		})
	}
}

// refuses sets each code of the table as a fault.
func refuses(t *testing.T, sb *sandbox.Sandbox, r *recipe.Recipe, p *http.Provider, m sms.Message) {
	t.Helper()
	defer func() { _ = sb.SetFaults() }()
	for _, info := range r.Codes() {
		if info.Late || info.Outcome == sms.Accepted {
			continue
		}
		if err := sb.SetFaults(kernel.Fault{Vendor: r.Name, Operation: "send", Code: info.Code}); err != nil {
			t.Fatal(err)
		}
		_, err := p.Send(t.Context(), m)
		if err == nil {
			t.Errorf("the code %q is taken for an acceptance", info.Code)
			continue
		}
		e := sms.AsError(err)
		fits := false // a code may have rows with conditions
		for _, row := range r.Codes() {
			fits = fits || row.Code == info.Code && e.Outcome == row.Outcome && (e.Reason == row.Reason || e.Outcome == sms.Unknown)
		}
		if shown := info.Code; !fits || !strings.HasPrefix(shown, "HTTP ") && e.Code != shown {
			t.Errorf("the code %q is taken for %v, %s, code %q", info.Code, e.Outcome, e.Reason, e.Code)
		}
	}
}

// The reports that the sandbox sends are read by the provider, and name the message.
func TestRecipes_report(t *testing.T) {
	hooks := make(chan kit.Hook, 100)
	server := httptest.NewServer(nethttp.HandlerFunc(func(_ nethttp.ResponseWriter, r *nethttp.Request) {
		body, _ := io.ReadAll(r.Body)
		hooks <- kit.Hook{Method: r.Method, URL: "http://" + r.Host + r.URL.String(), Header: r.Header, Body: body, Kind: "reports"}
	}))
	defer server.Close()
	sb := start(t, sandbox.Options{Pace: time.Millisecond})
	signedElsewhere := []string{"telnyx"} // by a key that only the gateway has
	for _, r := range load(t) {
		if !r.Reports() || slices.Contains(signedElsewhere, r.Name) {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			if err := sb.SetWebhooks(map[string]kernel.Webhooks{r.Name: {Reports: server.URL + "/r?key=order-1"}}); err != nil {
				t.Fatal(err)
			}
			p := open(t, options(t, r, sb.URL))
			m := message(r, "48291")
			receipt, err := p.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			for {
				in, err := p.Hook(t.Context(), <-hooks)
				if err != nil || len(in.Reports) != 1 {
					t.Fatalf("%d reports: %v", len(in.Reports), err)
				}
				report := in.Reports[0]
				if report.ID != receipt.ID && report.Key != m.Key {
					t.Errorf("the report names %q and %q", report.ID, report.Key)
				}
				if report.State == sms.StateDelivered {
					break
				}
			}
		})
	}
}

// Gateways that can be asked find what the sandbox has.
func TestRecipes_find(t *testing.T) {
	sb := start(t, sandbox.Options{Pace: -1})
	asked := 0
	for _, r := range load(t) {
		if _, can := r.Find(); !can {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			asked++
			o := options(t, r, sb.URL)
			o.FindAfter = time.Nanosecond
			p := open(t, o)
			m := message(r, "48291")
			sb.Clear("")
			if err := sb.SetFaults(kernel.Fault{Vendor: r.Name, Operation: "send", HangUp: kernel.HangUpAfter}); err != nil {
				t.Fatal(err)
			}
			_, err := p.Send(t.Context(), m)
			if sms.OutcomeOf(err) != sms.Unknown {
				t.Fatal(err)
			}
			receipt, err := p.Ask(t.Context(), sms.Question{Message: m, Since: time.Now().Add(-time.Minute)})
			if got := sb.Messages(m.To); err != nil || receipt.ID == "" || receipt.ID != got[0].ID {
				t.Errorf("%q, and the inbox has %q: %v", receipt.ID, got[0].ID, err)
			}
		})
	}
	if asked == 0 {
		t.Error("no recipe was asked")
	}
}

// The well-known secrets are those that the provider knows too.
func TestSecret(t *testing.T) {
	if got := recipes.Secret("api_key"); got != "sandboxapikey" || got != http.SandboxSecret("api_key") {
		t.Errorf("the secret is %q", got)
	}
}

// With AtRoot a recipe's requests are known at their own path too. What lacks a field
// of the recipe's is left to the other vendors.
func TestNew_atRoot(t *testing.T) {
	var vendors []kernel.Opener
	for _, r := range load(t) {
		vendors = append(vendors, recipes.New(r, recipes.Options{AtRoot: true}))
	}
	sb, err := sandbox.Listen("", sandbox.Options{Pace: -1, Vendors: vendors})
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	for _, name := range []string{"yunpian", "ucloud", "huawei", "infobip"} {
		r, err := http.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		o := options(t, r, sb.URL)
		o.Endpoint = sb.URL
		m := message(r, "48291")
		if _, err := open(t, o).Send(t.Context(), m); err != nil {
			t.Error(err)
		}
		if got := sb.Messages(m.To); len(got) == 0 || got[len(got)-1].Vendor != name {
			t.Errorf("%s: the inbox has %v", name, got)
		}
	}
	answer, err := nethttp.Get(sb.URL + "/?Action=SendSms&Format=JSON")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); !strings.Contains(string(body), "MissingAccessKeyId") {
		t.Errorf("a request of Aliyun's is answered with %s", body)
	}
}

// A recipe without an example of an acceptance cannot be imitated.
func TestNew_withoutAnExample(t *testing.T) {
	r, err := recipe.Parse("acme.yaml", []byte(`recipe: acme
endpoint: https://sms.acme.example
secrets: [key]
request: {path: /send, bearer: "{secret.key}", json: {to: "{to}", text: "{text}"}}
answer: {format: json, status: decides, accepted: {present: id}, id: id}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	sb := sandbox.New(sandbox.Options{Vendors: []kernel.Opener{recipes.New(r, recipes.Options{})}})
	defer sb.Close()
	if sb.Err() == nil || !strings.Contains(sb.Err().Error(), "no example of an acceptance") {
		t.Errorf("the fault is %v", sb.Err())
	}
}
