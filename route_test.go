package notify_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

func TestRoutes_first_match(t *testing.T) {
	vendors := []*vendor{newVendor("a"), newVendor("b"), newVendor("c"), newVendor("d")}
	client := open(t, notify.Config{
		Templates: []sms.Template{
			{Name: "code", Kind: sms.Verification, Text: "${code}"},
			{Name: "sale", Kind: sms.Promotion, Text: "Sale!"},
			{Name: "plain", Text: "Hello."},
		},
		Routes: []notify.Route{
			{Regions: []string{"CN"}, Templates: []string{"code"}, Providers: []string{"a"}, AllowUnbound: true},
			{Regions: []string{"CN", "HK"}, Kinds: []sms.Kind{sms.Notification, sms.Verification}, Providers: []string{"b"}, AllowUnbound: true},
			{Kinds: []sms.Kind{sms.Promotion}, Providers: []string{"c"}, AllowUnbound: true},
			{Regions: []string{"US"}, Providers: []string{"d"}, AllowUnbound: true},
		},
	}, vendors...)
	defer client.Close()
	for name, c := range map[string]struct {
		m    sms.Message
		want string // the provider, or words of the error
	}{
		"by region and template":        {sms.Message{To: to, Template: "code", Params: sms.Params{"code": "1"}}, "a"},
		"by region and kind":            {sms.Message{To: "+85251234567", Template: "code", Params: sms.Params{"code": "1"}}, "b"},
		"an unset kind is Notification": {sms.Message{To: to, Template: "plain"}, "b"},
		"a body by its kind":            {sms.Message{To: to, Body: "x", Kind: sms.Promotion}, "c"},
		"a body without a kind":         {sms.Message{To: to, Body: "x"}, "b"},
		"by kind alone":                 {sms.Message{To: "+15005550006", Template: "sale"}, "c"},
		"by region alone":               {sms.Message{To: "+15005550006", Template: "plain"}, "d"},
		"none": {sms.Message{To: "+4915112345678", Template: "plain"},
			`no route takes a message of kind notification with template "plain" to region DE: add a route for it, or one without regions, templates and kinds at the end`},
		"none for a body": {sms.Message{To: "+4915112345678", Body: "x", Kind: sms.Verification},
			"no route takes a message of kind verification with a body to region DE"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := client.Send(t.Context(), c.m)
			switch {
			case err == nil && r.Provider != c.want:
				t.Errorf("by %s, want %s", r.Provider, c.want)
			case err != nil && (!strings.Contains(err.Error(), c.want) || sms.ReasonOf(err) != sms.Unsupported || sms.OutcomeOf(err) != sms.Rejected):
				t.Errorf("%v", err)
			}
		})
	}
}

func TestRoutes_without_any_all_providers_by_name(t *testing.T) {
	a, b, c := newVendor("a"), newVendor("b"), newVendor("c")
	config := notify.Config{Providers: map[string]notify.ProviderConfig{"c": {Driver: "c"}, "a": {Driver: "a"}, "b": {Driver: "b"}}}
	client, err := notify.New(config, c.driver(), b.driver(), a.driver())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	a.set(a.refuse(sms.Unauthorized))
	b.set(b.refuse(sms.Unsupported))
	r, err := client.Send(t.Context(), body())
	if err != nil || len(r.Attempts) != 3 || r.Attempts[0].Provider != "a" || r.Attempts[1].Provider != "b" || r.Provider != "c" {
		t.Errorf("%+v, %v", r, err)
	}
}

// A template needs a binding at every provider of every route that it may take,
// and at no other.
func TestRoutes_bindings(t *testing.T) {
	bound := func(names ...string) map[string]sms.Binding {
		m := map[string]sms.Binding{}
		for _, n := range names {
			m[n] = sms.Binding{}
		}
		return m
	}
	both := []string{"a", "b"}
	for name, c := range map[string]struct {
		bindings map[string]sms.Binding
		routes   []notify.Route
		want     string // the path of the fault; empty: none
	}{
		"all are there":                        {bound("a", "b"), []notify.Route{{Providers: both}}, ""},
		"one is missing":                       {bound("a"), []notify.Route{{Providers: both}}, "routes[0].providers[1]"},
		"one is missing and may be":            {bound("a"), []notify.Route{{Providers: both, AllowUnbound: true}}, ""},
		"another template's route":             {bound("a"), []notify.Route{{Templates: []string{"other"}, Providers: []string{"b"}}, {Providers: []string{"a"}}}, ""},
		"another kind's route":                 {bound("a"), []notify.Route{{Kinds: []sms.Kind{sms.Promotion}, Providers: []string{"b"}}, {Providers: []string{"a"}}}, ""},
		"an earlier route takes it everywhere": {bound("a"), []notify.Route{{Templates: []string{"code"}, Providers: []string{"a"}}, {Providers: both}}, ""},
		"an earlier route takes its regions":   {bound("a"), []notify.Route{{Regions: []string{"CN", "HK"}, Templates: []string{"code"}, Providers: []string{"a"}}, {Regions: []string{"CN"}, Providers: both}, {Regions: []string{"US"}, Providers: []string{"a"}}}, ""},
		"an earlier route leaves a region":     {bound("a"), []notify.Route{{Regions: []string{"CN"}, Providers: []string{"a"}}, {Regions: []string{"CN", "US"}, Providers: both}}, "routes[1].providers[1]"},
		"an earlier route leaves the rest":     {bound("a"), []notify.Route{{Regions: []string{"CN"}, Providers: []string{"a"}}, {Providers: both}}, "routes[1].providers[1]"},
		"no routes":                            {bound(), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			other := sms.Template{Name: "other", Text: "x", Bindings: bound("a", "b")}
			client, err := notify.New(notify.Config{
				Providers: map[string]notify.ProviderConfig{"a": {Sender: newVendor("a")}, "b": {Sender: newVendor("b")}},
				Templates: []sms.Template{{Name: "code", Kind: sms.Verification, Text: "${code}", Bindings: c.bindings}, other},
				Routes:    c.routes,
			})
			if err == nil {
				client.Close()
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), "notify: "+c.want+": template \"code\"") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestClient_abilities(t *testing.T) {
	vendorFake, err := fake.New(fake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := notify.Open("testdata/notify.yaml", vendorFake.Driver("aliyun"), vendorFake.Driver("twilio"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	m := sms.Message{To: "+15005550006", Template: "login-code", Params: sms.Params{"code": "482913"}}

	t.Run("CheckTemplate", func(t *testing.T) {
		for name, c := range map[string]struct {
			template string
			params   sms.Params
			want     sms.Reason
		}{
			"good":                {"login-code", sms.Params{"code": "482913"}, ""},
			"not letters, digits": {"login-code", sms.Params{"code": "四八二"}, sms.InvalidMessage},
			"no such template":    {"login", nil, sms.InvalidMessage},
		} {
			if err := client.CheckTemplate(c.template, c.params); sms.ReasonOf(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
	})

	t.Run("Preview is the first provider's of the route", func(t *testing.T) {
		p, err := client.Preview(t.Context(), m)
		if err != nil || p.Provider != "twilio" || p.Text != "Your code is 482913." {
			t.Errorf("%+v, %v", p, err)
		}
		if _, err := client.Preview(t.Context(), sms.Message{To: m.To, Template: "login-code"}); sms.ReasonOf(err) != sms.InvalidMessage {
			t.Errorf("%v", err)
		}
		if len(vendorFake.Sent()) != 0 {
			t.Error("a preview was sent")
		}
	})

	t.Run("Find asks the providers of the route", func(t *testing.T) {
		receipt, err := client.Send(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		m := m
		m.Key = receipt.Key
		found, err := client.Ask(t.Context(), sms.Question{Message: m, Since: time0})
		if err != nil || found.Provider != "twilio" || found.ID != receipt.ID {
			t.Errorf("%+v, %v", found, err)
		}
		m.Key = "never sent"
		if _, err := client.Find(t.Context(), m, time0); err != sms.ErrNotFound {
			t.Errorf("%v", err)
		}
	})

	t.Run("Find of a provider that cannot be asked, or without a route, is undecided", func(t *testing.T) {
		client := open(t, notify.Config{Routes: []notify.Route{{Regions: []string{"CN"}, Providers: []string{"a"}}}}, newVendor("a"))
		defer client.Close()
		for _, number := range []sms.Number{to, "+15005550006"} {
			if _, err := client.Find(t.Context(), sms.Message{To: number, Body: "x", Key: "k"}, time0); !isUndecided(err) {
				t.Errorf("%v", err)
			}
		}
	})
}
