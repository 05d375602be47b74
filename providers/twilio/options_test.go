package twilio_test

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

// paths gives the configured path of every fault in err.
func paths(err error) []string {
	var all []string
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, paths(e)...)
		}
		return all
	}
	if f, ok := errors.AsType[*sms.FieldError](err); ok {
		return []string{f.Path}
	}
	return []string{"no FieldError: " + err.Error()}
}

func TestNewTellsEveryFaultAtOnce(t *testing.T) {
	o := twilio.Options{
		AccountSID: "ACnope", AuthToken: "with a blank", ParentAccountSID: "x", APIKeySID: "SKnope", APIKeySecret: keySecret + "\n",
		Endpoint: "ftp://example.com", From: "+12", MessagingServiceSID: "MGnope", StatusCallback: "https://example.com/{nothing}",
		Senders: map[string]string{"good": "Acme", "bad": "", "long": "twelve chars"},
		Timeout: -time.Second,
		Templates: templates(t, sms.Template{Name: "bad", Text: "${a_name_that_is_too_long}", Bindings: map[string]sms.Binding{"twilio": {
			ID: content, From: "MG" + strings.Repeat("x", 32), Abroad: "HX1",
			Extra: map[string]string{"smart_encodings": "true", "shorten_urls": "yes", "risk_check": "", "validity_period": "0", "content_retention": "discard"},
		}}}),
	}
	_, err := twilio.New(o)
	want := []string{
		"account_sid", "parent_account_sid", "api_key_sid", "auth_token", "api_key_secret", "auth_token", "parent_account_sid",
		"endpoint", "from", "messaging_service_sid", "senders.bad", "senders.long", "status_callback",
		"templates.bad.bindings.twilio.abroad", "templates.bad.bindings.twilio.extra.risk_check",
		"templates.bad.bindings.twilio.extra.shorten_urls", "templates.bad.bindings.twilio.extra.smart_encodings",
		"templates.bad.bindings.twilio.extra.validity_period", "templates.bad.bindings.twilio.from",
		"templates.bad.bindings.twilio.order", "timeout",
	}
	if got := slices.Sorted(slices.Values(paths(err))); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("got  %q\nwant %q\n%v", got, want, err)
	}
	for _, secret := range []string{o.AuthToken, strings.TrimSpace(o.APIKeySecret)} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("a fault shows %q", secret)
		}
	}
}

func TestNew(t *testing.T) {
	loop := "http://127.0.0.1:8025"
	for name, test := range map[string]struct {
		set  func(*twilio.Options)
		want []string // paths of faults; none: it is made
	}{
		"nothing more than an account and a token": {set: func(o *twilio.Options) { *o = twilio.Options{AccountSID: account, AuthToken: token} }},
		"nothing":                  {func(o *twilio.Options) { *o = twilio.Options{} }, []string{"account_sid", "auth_token"}},
		"no token":                 {func(o *twilio.Options) { o.AuthToken = "" }, []string{"auth_token"}},
		"a key without its secret": {func(o *twilio.Options) { o.AuthToken, o.APIKeySID = "", keySID }, []string{"api_key_secret"}},
		"a secret without its key": {func(o *twilio.Options) { o.AuthToken, o.APIKeySecret = "", keySecret }, []string{"api_key_sid"}},
		"a key and a token":        {func(o *twilio.Options) { o.APIKeySID, o.APIKeySecret = keySID, keySecret }, []string{"auth_token"}},
		"a key and a parent account": {func(o *twilio.Options) {
			o.AuthToken, o.ParentAccountSID, o.APIKeySID, o.APIKeySecret = "", parent, keySID, keySecret
		}, []string{"parent_account_sid"}},
		"a line end after the token":         {func(o *twilio.Options) { o.AuthToken += "\n" }, []string{"auth_token"}},
		"an API key as the account":          {func(o *twilio.Options) { o.AccountSID = keySID }, []string{"account_sid"}},
		"two services":                       {func(o *twilio.Options) { o.From, o.MessagingServiceSID = service, "MG"+strings.Repeat("0", 32) }, []string{"from"}},
		"one service twice":                  {set: func(o *twilio.Options) { o.From, o.MessagingServiceSID = service, service }},
		"a WhatsApp sender":                  {func(o *twilio.Options) { o.From = "whatsapp:+15005550006" }, []string{"from"}},
		"a sender ID of digits and letters":  {set: func(o *twilio.Options) { o.From = "4U Shop" }},
		"a sender ID in Chinese":             {func(o *twilio.Options) { o.From = "云通信" }, []string{"from"}},
		"a sender ID of digits":              {func(o *twilio.Options) { o.From = "123456789" }, []string{"from"}},
		"https":                              {set: func(o *twilio.Options) { o.Endpoint = "https://api.dublin.ie1.twilio.com/" }},
		"a host without a scheme":            {func(o *twilio.Options) { o.Endpoint = "api.twilio.com" }, []string{"endpoint"}},
		"a port without a host":              {func(o *twilio.Options) { o.Endpoint = "https://:443" }, []string{"endpoint"}},
		"credentials in the endpoint":        {func(o *twilio.Options) { o.Endpoint = "https://user:secretword@api.twilio.com" }, []string{"endpoint"}},
		"a query in the endpoint":            {func(o *twilio.Options) { o.Endpoint = "https://api.twilio.com?a=b" }, []string{"endpoint"}},
		"an endpoint that is no URL":         {func(o *twilio.Options) { o.Endpoint = "https://user:secretword@[::1" }, []string{"endpoint"}},
		"http to this machine":               {set: func(o *twilio.Options) { o.Endpoint = loop }},
		"http to this machine by name":       {set: func(o *twilio.Options) { o.Endpoint = "http://LocalHost:8025" }},
		"http to this machine by IPv6":       {set: func(o *twilio.Options) { o.Endpoint = "http://[::1]:8025" }},
		"http to another":                    {func(o *twilio.Options) { o.Endpoint = "http://10.0.0.1:8025" }, []string{"endpoint"}},
		"http to a name that only begins so": {func(o *twilio.Options) { o.Endpoint = "http://127.0.0.1.example.com" }, []string{"endpoint"}},
		"http to another, allowed":           {set: func(o *twilio.Options) { o.Endpoint, o.AllowPlainHTTP = "http://10.0.0.1:8025", true }},
		"http with the sandbox's account": {set: func(o *twilio.Options) {
			onANetwork(o)
			o.AccountSID, o.AuthToken = "AC"+strings.Repeat("0", 32), "sandboxtoken"
		}},
		"http with the sandbox's subaccount": {set: func(o *twilio.Options) {
			onANetwork(o)
			o.AccountSID, o.AuthToken = "AC"+strings.Repeat("0", 31)+"1", "sandboxsubtoken"
		}},
		"http with the sandbox's key": {set: func(o *twilio.Options) {
			onANetwork(o)
			o.AuthToken, o.APIKeySID, o.APIKeySecret = "", "SK"+strings.Repeat("0", 32), "sandboxsecret"
		}},
		"http with another's token of that account": {func(o *twilio.Options) { onANetwork(o); o.AccountSID = "AC" + strings.Repeat("0", 32) }, []string{"endpoint"}},
		"a callback with a placeholder in the host": {func(o *twilio.Options) { o.StatusCallback = "https://{tag:team}.example.com/" }, []string{"status_callback"}},
		"a callback with one right after the host":  {func(o *twilio.Options) { o.StatusCallback = "https://example.com{key}" }, []string{"status_callback"}},
		"a callback that is a placeholder":          {func(o *twilio.Options) { o.StatusCallback = "{tag:url}" }, []string{"status_callback"}},
		"a callback with an underscore in the host": {func(o *twilio.Options) { o.StatusCallback = "https://my_host.example.com/" }, []string{"status_callback"}},
		"a callback of another scheme":              {func(o *twilio.Options) { o.StatusCallback = "mailto:{key}" }, []string{"status_callback"}},
		"a callback never closed":                   {func(o *twilio.Options) { o.StatusCallback = "https://example.com/{key" }, []string{"status_callback"}},
		"a callback never opened":                   {func(o *twilio.Options) { o.StatusCallback = "https://example.com/key}" }, []string{"status_callback"}},
		"a callback with a tag without a name":      {func(o *twilio.Options) { o.StatusCallback = "https://example.com/{tag:}" }, []string{"status_callback"}},
		"a callback too long":                       {func(o *twilio.Options) { o.StatusCallback = "https://example.com/" + strings.Repeat("x", 4000) }, []string{"status_callback"}},
		"a callback without placeholders":           {set: func(o *twilio.Options) { o.StatusCallback = "https://example.com" }},
		"a callback with one in the query":          {set: func(o *twilio.Options) { o.StatusCallback = "http://user:pw@example.com?k={key}" }},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, "")
			test.set(&o)
			p, err := twilio.New(o)
			if got := paths(err); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(test.want))) {
				t.Fatalf("faults %q, want %q: %v", got, test.want, err)
			}
			if err == nil {
				p.Close()
				return
			}
			if strings.Contains(err.Error(), "secretword") || strings.Contains(err.Error(), token) {
				t.Errorf("a fault shows a secret: %v", err)
			}
		})
	}
}

// onANetwork sets an endpoint that asks for http:// on a network.
func onANetwork(o *twilio.Options) { o.Endpoint = "http://sandbox:8025" }

func TestOptionsAreTakenAsTheyWere(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	o := options(t, v.URL)
	o.Senders = map[string]string{"acme": "Acme"}
	p := open(t, o)
	o.Senders["acme"] = "Other"
	if _, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello", From: "acme"}); err != nil {
		t.Fatal(err)
	}
	if got := v.only(t).form.Get("From"); got != "Acme" {
		t.Errorf("a change to the map after New is sent: %q", got)
	}
}

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T"}

func TestSecretsDoNotPrint(t *testing.T) {
	o := options(t, "https://user:secretword@example.com/secretpath")
	o.APIKeySID, o.APIKeySecret = token, keySecret // a secret pasted into the wrong place
	o.StatusCallback = "https://user:secretword@example.com/r?token=secretquery"
	p := open(t, options(t, ""))
	key := options(t, "")
	key.AuthToken, key.APIKeySID, key.APIKeySecret = "", keySID, keySecret
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, value := range []any{o, &o, []twilio.Options{o}, p, *p, struct{ p *twilio.Provider }{p}, struct{ p twilio.Provider }{*p}, open(t, key)} {
		for _, verb := range verbs[:len(verbs)-2] {
			text := fmt.Sprintf(verb, value)
			for _, secret := range []string{token, keySecret, "secretword", "secretquery", "secretpath", fmt.Sprintf("%x", token), fmt.Sprintf("%X", token)} {
				if strings.Contains(text, secret) {
					t.Errorf("%s of %T shows %q: %s", verb, value, secret, text)
				}
			}
		}
	}
	logger.Info("options", "options", o, "provider", p)
	if strings.Contains(log.String(), token) || strings.Contains(log.String(), "secretword") {
		t.Errorf("the log shows a secret: %s", log.String())
	}
	if got := open(t, options(t, "")).String(); got != "twilio (account "+account+")" {
		t.Errorf("a provider prints as %q", got)
	}
}

func TestDriver(t *testing.T) {
	d := twilio.Driver()
	if d.Name != "twilio" || len(d.Codes) != len(twilio.Codes()) {
		t.Errorf("%q with %d codes", d.Name, len(d.Codes))
	}
	v := serve(t, answer(http.StatusCreated, accepted))
	r, err := sms.NewRegistry(sms.Template{Name: "t", Text: "hello", Bindings: map[string]sms.Binding{"abroad": {Text: "hi"}}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Open(sms.DriverConfig{Name: "abroad", Templates: r, Decode: func(into any) error {
		o, ok := into.(*twilio.Options)
		if !ok {
			return fmt.Errorf("it decodes into %T", into)
		}
		*o = options(t, v.URL)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := s.Send(t.Context(), sms.Message{To: to, Template: "t"})
	if err != nil || receipt.Provider != "abroad" || v.only(t).form.Get("Body") != "hi" {
		t.Errorf("%+v, %v", receipt, err)
	}

	s, err = d.Open(sms.DriverConfig{Name: "abroad", Decode: func(any) error { return nil }})
	if s != nil || !slices.Equal(paths(err), []string{"account_sid", "auth_token"}) {
		t.Errorf("without settings: %v, %v", s, err)
	}
	broken := errors.New("line 3: no such key")
	if s, err = d.Open(sms.DriverConfig{Decode: func(any) error { return broken }}); s != nil || !errors.Is(err, broken) {
		t.Errorf("settings that cannot be decoded: %v, %v", s, err)
	}
}

func TestCheckTemplate(t *testing.T) {
	o := options(t, "")
	o.Templates = templates(t, sms.Template{Name: "content", Text: "${a}", Variables: map[string]sms.Variable{"a": {Optional: true}},
		Bindings: map[string]sms.Binding{"twilio": {Abroad: content}}})
	p := open(t, o)
	for name, test := range map[string]struct {
		template string
		params   sms.Params
		want     sms.Reason
	}{
		"right":                          {"login-code", sms.Params{"code": code}, ""},
		"no code":                        {"login-code", sms.Params{"code": "你好"}, sms.InvalidMessage},
		"no binding":                     {"elsewhere", nil, sms.Unsupported},
		"no such template":               {"nothing", nil, sms.InvalidMessage},
		"too long a text":                {"shipped", sms.Params{"name": strings.Repeat("x", 1600), "order": "1"}, sms.InvalidMessage},
		"a content template":             {"content", sms.Params{"a": "x"}, ""},
		"an empty value for one of them": {"content", nil, sms.InvalidMessage},
	} {
		err := p.CheckTemplate(test.template, test.params)
		if got := sms.ReasonOf(err); got != test.want {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		if e, ok := errors.AsType[*sms.Error](err); err != nil && (!ok || e.Provider != "twilio" || e.Outcome != sms.Rejected) {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

func TestPreviewIsWhatIsSent(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	o := options(t, v.URL)
	o.StatusCallback = "https://example.com/{key}"
	o.Templates = templates(t,
		sms.Template{Name: "content", Text: "Hallo ${a} 你", Bindings: map[string]sms.Binding{"twilio": {ID: content, Order: []string{"a"}, From: service}}})
	p := open(t, o)
	for _, m := range []sms.Message{login(), {To: to, Template: "content", Params: sms.Params{"a": "Ann"}, Key: "k"}} {
		preview, err := p.Preview(m)
		if err != nil {
			t.Fatal(err)
		}
		if len(v.taken()) > 0 && m.Template == "login-code" {
			t.Fatal("Preview made a call")
		}
		if _, err := p.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		calls := v.taken()
		wantForm(t, calls[len(calls)-1].form, maps.Clone(preview.Parameters))
		want := sms.Preview{Provider: "twilio", Text: "Your code is 482913.", Segments: 1, Encoding: "GSM-7"}
		if m.Template == "content" {
			want.Text, want.Encoding = "Hallo Ann 你", "UCS-2"
		}
		if preview.Provider != want.Provider || preview.Text != want.Text || preview.Segments != want.Segments || preview.Encoding != want.Encoding {
			t.Errorf("preview %+v", preview)
		}
	}
	_, err := p.Preview(sms.Message{To: to, Template: "elsewhere"})
	refused(t, err, sms.Unsupported, sms.Rejected)
	_, err = p.Preview(sms.Message{Template: "login-code"})
	refused(t, err, sms.InvalidMessage, sms.Rejected)
}
