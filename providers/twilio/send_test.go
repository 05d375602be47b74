package twilio_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

func TestRequestAsTwilioTakesIt(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	o := options(t, v.URL)
	o.StatusCallback = "https://example.com/reports/{provider}/{key}"
	receipt, err := open(t, o).Send(t.Context(), login())
	if err != nil {
		t.Fatal(err)
	}
	if want := (sms.Receipt{Provider: "twilio", Key: "key-1", ID: messageSID, RequestID: requestID, Segments: 1}); !equal(receipt, want) {
		t.Errorf("receipt %+v, want %+v", receipt, want)
	}
	c := v.only(t)
	if c.method != "POST" || c.path != "/2010-04-01/Accounts/"+account+"/Messages.json" {
		t.Errorf("%s %s", c.method, c.path)
	}
	if c.user != account || c.password != token {
		t.Errorf("the credentials are not account and token")
	}
	wantForm(t, c.form, map[string]string{
		"To": "+15551234567", "From": "+15005550006", "Body": "Your code is 482913.",
		"StatusCallback": "https://example.com/reports/twilio/key-1",
	})
	for name, want := range map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
		"Content-Length": strconv.Itoa(len(c.form.Encode())), "User-Agent": "notify twilio-go/1.31.0",
	} {
		if got := c.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"Idempotency-Key", "I-Twilio-Idempotency-Token"} {
		if c.header.Get(name) != "" {
			t.Errorf("%s is set: net/http would then repeat a request, and Twilio knows no such thing", name)
		}
	}
}

func equal(a, b sms.Receipt) bool {
	return a.Provider == b.Provider && a.Key == b.Key && a.ID == b.ID && a.RequestID == b.RequestID && a.Segments == b.Segments && len(a.Attempts) == len(b.Attempts)
}

// wantForm demands exactly these parameters, each once.
func wantForm(t *testing.T, form url.Values, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for name, values := range form {
		if len(values) != 1 {
			t.Errorf("%s stands %d times", name, len(values))
		}
		got[name] = values[0]
	}
	if !maps.Equal(got, want) {
		t.Errorf("the form is %v, want %v", got, want)
	}
}

func TestEnvironmentChoosesNoHost(t *testing.T) {
	t.Setenv("TWILIO_EDGE", "sydney")
	t.Setenv("TWILIO_REGION", "au1")
	v := serve(t, answer(http.StatusCreated, accepted))
	if _, err := open(t, options(t, v.URL)).Send(t.Context(), login()); err != nil {
		t.Fatal(err)
	}
	v.only(t)

	var host string
	o := options(t, "")
	o.Transport = transport(func(r *http.Request) (*http.Response, error) {
		host = r.URL.Scheme + "://" + r.URL.Host + " " + r.Host
		return canned(http.StatusCreated, nil, accepted)(r)
	})
	if _, err := open(t, o).Send(t.Context(), login()); err != nil || host != "https://api.twilio.com api.twilio.com" {
		t.Errorf("it went to %q (%v)", host, err)
	}
}

func TestEndpointMayHoldAPath(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	if _, err := open(t, options(t, v.URL+"/proxy/twilio/")).Send(t.Context(), login()); err != nil {
		t.Fatal(err)
	}
	if c := v.only(t); c.path != "/proxy/twilio/2010-04-01/Accounts/"+account+"/Messages.json" {
		t.Errorf("the path is %s", c.path)
	}
}

func TestCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		set                  func(*twilio.Options)
		user, password, path string
	}{
		"an account and its token": {func(*twilio.Options) {}, account, token, account},
		"an API key": {func(o *twilio.Options) {
			o.AuthToken, o.APIKeySID, o.APIKeySecret = "", keySID, keySecret
		}, keySID, keySecret, account},
		"a subaccount and the token of the account above": {func(o *twilio.Options) {
			o.ParentAccountSID = parent
		}, parent, token, account},
	} {
		t.Run(name, func(t *testing.T) {
			v := serve(t, answer(http.StatusCreated, accepted))
			o := options(t, v.URL)
			test.set(&o)
			if _, err := open(t, o).Send(t.Context(), login()); err != nil {
				t.Fatal(err)
			}
			c := v.only(t)
			if c.user != test.user || c.password != test.password {
				t.Errorf("the user is %q", c.user)
			}
			if !strings.Contains(c.path, "/Accounts/"+test.path+"/") {
				t.Errorf("the path is %s", c.path)
			}
		})
	}
}

func TestSenders(t *testing.T) {
	bound := func(from string) map[string]sms.Binding { return map[string]sms.Binding{"twilio": {From: from}} }
	for name, test := range map[string]struct {
		set           func(*twilio.Options)
		template      string
		message       string
		from, service string
		reason        sms.Reason
	}{
		"the provider's number":                        {from: "+15005550006"},
		"the provider's service as From":               {set: func(o *twilio.Options) { o.From = service }, service: service},
		"the provider's service":                       {set: func(o *twilio.Options) { o.From, o.MessagingServiceSID = "", service }, service: service},
		"the provider's number of a service":           {set: func(o *twilio.Options) { o.MessagingServiceSID = service }, from: "+15005550006", service: service},
		"the binding's sender ID":                      {template: "with-id", from: "MGM Grand"},
		"the binding's service":                        {template: "with-service", service: service},
		"the message's before the binding's":           {template: "with-service", message: "acme", from: "Acme"},
		"the message's service":                        {message: "pool", service: service},
		"the message's, a short code":                  {message: "short", from: "12345"},
		"one that this vendor lacks":                   {message: "nobody", reason: sms.Unsupported},
		"none at all":                                  {set: func(o *twilio.Options) { o.From = "" }, reason: sms.Unsupported},
		"none of the provider's, the binding's":        {set: func(o *twilio.Options) { o.From = "" }, template: "with-id", from: "MGM Grand"},
		"none of the provider's, the message's":        {set: func(o *twilio.Options) { o.From = "" }, message: "acme", from: "Acme"},
		"the message's without the provider's service": {set: func(o *twilio.Options) { o.MessagingServiceSID = service }, message: "acme", from: "Acme"},
	} {
		t.Run(name, func(t *testing.T) {
			v := serve(t, answer(http.StatusCreated, accepted))
			o := options(t, v.URL)
			o.Senders = map[string]string{"acme": "Acme", "pool": service, "short": "12345"}
			o.Templates = templates(t,
				sms.Template{Name: "with-id", Text: "hello", Bindings: bound("MGM Grand")},
				sms.Template{Name: "with-service", Text: "hello", Bindings: bound(service)})
			if test.set != nil {
				test.set(&o)
			}
			m := sms.Message{To: to, Body: "hello", From: test.message}
			if test.template != "" {
				m.Body, m.Template = "", test.template
			}
			_, err := open(t, o).Send(t.Context(), m)
			if test.reason != "" {
				refused(t, err, test.reason, sms.Rejected)
				if len(v.taken()) > 0 {
					t.Error("a call was made")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			form := v.only(t).form
			if form.Get("From") != test.from || form.Get("MessagingServiceSid") != test.service {
				t.Errorf("From %q and MessagingServiceSid %q; want %q and %q", form["From"], form["MessagingServiceSid"], test.from, test.service)
			}
		})
	}
}

func TestTextArrivesAsItIs(t *testing.T) {
	hard := "a=b&c=d%20+\n\"${x}\" ~*'(); 中文 😀"
	v := serve(t, answer(http.StatusCreated, accepted))
	p := open(t, options(t, v.URL))
	for _, m := range []sms.Message{
		{To: to, Body: hard},
		{To: to, Template: "shipped", Params: sms.Params{"name": hard, "order": "7"}},
	} {
		if _, err := p.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	calls := v.taken()
	if got := calls[0].form.Get("Body"); got != hard {
		t.Errorf("the body arrived as %q", got)
	}
	if got := calls[1].form.Get("Body"); got != hard+", order 7 has shipped." {
		t.Errorf("the value arrived as %q", got)
	}
}

func TestNoRegistryTakesABody(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	o := options(t, v.URL)
	o.Templates = nil
	p := open(t, o)
	if _, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello"}); err != nil {
		t.Error(err)
	}
	_, err := p.Send(t.Context(), login())
	refused(t, err, sms.InvalidMessage, sms.Rejected)
	v.only(t)
}

func TestContentTemplates(t *testing.T) {
	bound := func(b sms.Binding) map[string]sms.Binding { return map[string]sms.Binding{"twilio": b} }
	const text = "${name}, your code is ${code}."
	other := "HX" + strings.Repeat("a", 32)
	for name, test := range map[string]struct {
		binding   sms.Binding
		text      string
		to        sms.Number
		params    sms.Params
		content   string
		variables string
		body      string
		reason    sms.Reason
	}{
		"by name": {binding: sms.Binding{ID: content}, params: sms.Params{"name": "O'Neill & \"Söhne\"", "code": code},
			content: content, variables: `{"name":"O'Neill & \"Söhne\"","code":"482913"}`},
		"by position": {binding: sms.Binding{ID: content, Order: []string{"code", "name"}}, params: sms.Params{"name": "Ann", "code": code},
			content: content, variables: `{"1":"482913","2":"Ann"}`},
		"without variables": {binding: sms.Binding{ID: content}, text: "hello", content: content},
		"an empty value":    {binding: sms.Binding{ID: content}, params: sms.Params{"name": "", "code": code}, reason: sms.InvalidMessage},
		"a text longer than Twilio's bodies, which is Twilio's own": {binding: sms.Binding{ID: content}, text: strings.Repeat("a", 1601), content: content},
		"an ID of another form":            {binding: sms.Binding{ID: "SMS_0001"}, params: sms.Params{"name": "Ann", "code": code}, body: "Ann, your code is 482913."},
		"another template abroad":          {binding: sms.Binding{ID: content, Abroad: other}, text: "hello", content: other},
		"the mainland's in mainland China": {binding: sms.Binding{ID: content, Abroad: other}, text: "hello", to: "+8613812345678", content: content},
		"one template for everywhere":      {binding: sms.Binding{ID: content}, text: "hello", to: "+8613812345678", content: content},
		"a content template abroad only":   {binding: sms.Binding{Abroad: other}, text: "hello", to: "+8613812345678", body: "hello"},
	} {
		t.Run(name, func(t *testing.T) {
			v := serve(t, answer(http.StatusCreated, accepted))
			o := options(t, v.URL)
			template := sms.Template{Name: "content", Text: text, Bindings: bound(test.binding)}
			if test.text != "" {
				template.Text = test.text
			}
			o.Templates = templates(t, template)
			m := sms.Message{To: to, Template: "content", Params: test.params}
			if test.to != "" {
				m.To = test.to
			}
			_, err := open(t, o).Send(t.Context(), m)
			if test.reason != "" {
				refused(t, err, test.reason, sms.Rejected)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			form := v.only(t).form
			if form.Get("ContentSid") != test.content || form.Get("Body") != test.body {
				t.Errorf("ContentSid %q, Body %q", form["ContentSid"], form["Body"])
			}
			if got, want := object(t, form.Get("ContentVariables")), object(t, test.variables); !maps.Equal(got, want) {
				t.Errorf("ContentVariables %v, want %v", got, want)
			}
		})
	}
}

// object reads a JSON object of strings; "" is none.
func object(t *testing.T, text string) map[string]string {
	t.Helper()
	if text == "" {
		return nil
	}
	var o map[string]string
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return o
}

func TestExtraIsTwiliosParameters(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	o := options(t, v.URL)
	o.Templates = templates(t, sms.Template{Name: "extra", Text: "hello", Bindings: map[string]sms.Binding{"twilio": {Extra: map[string]string{
		"smart_encoded": "true", "shorten_urls": "false", "risk_check": "disable",
		"content_retention": "discard", "address_retention": "obfuscate", "validity_period": "600",
	}}}})
	if _, err := open(t, o).Send(t.Context(), sms.Message{To: to, Template: "extra"}); err != nil {
		t.Fatal(err)
	}
	wantForm(t, v.only(t).form, map[string]string{
		"To": to.E164(), "From": "+15005550006", "Body": "hello",
		"SmartEncoded": "true", "ShortenUrls": "false", "RiskCheck": "disable",
		"ContentRetention": "discard", "AddressRetention": "obfuscate", "ValidityPeriod": "600",
	})
}

func TestExpiresBecomesValidityPeriod(t *testing.T) {
	for name, test := range map[string]struct {
		left     time.Duration
		template string
		want     string
		expired  bool
	}{
		"a whole number of seconds":      {left: 60 * time.Second, want: "60"},
		"rounded down":                   {left: 90*time.Second + 999*time.Millisecond, want: "90"},
		"the shortest":                   {left: time.Second, want: "1"},
		"less than a second":             {left: time.Second - 1, expired: true},
		"past":                           {left: -time.Second, expired: true},
		"the longest":                    {left: 36000 * time.Second, want: "36000"},
		"more than Twilio's longest":     {left: 48 * time.Hour, want: "36000"},
		"the template's bound is sooner": {left: time.Hour, template: "bounded", want: "600"},
		"the message's is sooner":        {left: time.Minute, template: "bounded", want: "60"},
		"two hundred years":              {left: 200 * 365 * 24 * time.Hour, want: "36000"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var form url.Values
				o := options(t, "")
				o.Templates = templates(t,
					sms.Template{Name: "plain", Text: "hello", Bindings: map[string]sms.Binding{"twilio": {}}},
					sms.Template{Name: "bounded", Text: "hello", Bindings: map[string]sms.Binding{"twilio": {Extra: map[string]string{"validity_period": "600"}}}})
				o.Transport = transport(func(r *http.Request) (*http.Response, error) {
					r.ParseForm()
					form = r.PostForm
					return canned(http.StatusCreated, nil, accepted)(r)
				})
				m := sms.Message{To: to, Template: "plain", Expires: time.Now().Add(test.left)}
				if test.template != "" {
					m.Template = test.template
				}
				_, err := open(t, o).Send(t.Context(), m)
				if test.expired {
					refused(t, err, sms.Expired, sms.Rejected)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := form.Get("ValidityPeriod"); got != test.want {
					t.Errorf("ValidityPeriod is %q, want %q", got, test.want)
				}
			})
		})
	}
}

func TestStatusCallbackIsFilledInEscaped(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	o := options(t, v.URL)
	o.StatusCallback = "https://example.com/{provider}/{key}?team={tag:team}&none={tag:none}#rc=3"
	o.Name = "twilio"
	m := login()
	m.Key = "a/b?c=d&e f+#{key}%"
	m.Tags = map[string]string{"team": "größe/../x&y", "unused": "secret"}
	if _, err := open(t, o).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := v.only(t).form.Get("StatusCallback")
	want := "https://example.com/twilio/a%2Fb%3Fc%3Dd%26e%20f%2B%23%7Bkey%7D%25?team=gr%C3%B6%C3%9Fe%2F..%2Fx%26y&none=#rc=3"
	if got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	u, err := url.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if u.Path != "/twilio/"+m.Key || u.Query().Get("team") != m.Tags["team"] {
		t.Errorf("read back: %q, %q", u.Path, u.Query())
	}

	m.Tags["team"] = strings.Repeat("x", 4000)
	_, err = open(t, o).Send(t.Context(), m)
	refused(t, err, sms.Unsupported, sms.Rejected)
}

func TestSegments(t *testing.T) {
	for said, want := range map[string]int{`"1"`: 1, `"3"`: 3, `"0"`: 2, `null`: 2, `""`: 2, `"-4"`: 2, `"many"`: 2} {
		v := serve(t, answer(http.StatusCreated, strings.Replace(accepted, `"num_segments":"1"`, `"num_segments":`+said, 1)))
		r, err := open(t, options(t, v.URL)).Send(t.Context(), sms.Message{To: to, Body: strings.Repeat("a", 161)})
		if err != nil || r.Segments != want {
			t.Errorf("num_segments %s: %d segments (%v), want %d", said, r.Segments, err, want)
		}
	}
}

// What Twilio would refuse is refused before the call, with the reason that its
// own code has.
func TestRefusedBeforeTheCall(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	o := options(t, v.URL)
	o.Templates = templates(t, sms.Template{Name: "empty", Text: "${x}", Variables: map[string]sms.Variable{"x": {Optional: true}}, Bindings: map[string]sms.Binding{"twilio": {}}})
	p := open(t, o)
	reasonOf := func(code string) sms.Reason {
		for _, c := range twilio.Codes() {
			if c.Code == code {
				return c.Reason
			}
		}
		t.Fatalf("there is no code %s", code)
		return ""
	}
	for name, test := range map[string]struct {
		m      sms.Message
		reason sms.Reason
	}{
		"1601 characters":       {sms.Message{To: to, Body: strings.Repeat("é", 1601)}, reasonOf("21617")},
		"no text":               {sms.Message{To: to, Template: "empty"}, reasonOf("21602")},
		"no number":             {sms.Message{Body: "hello"}, reasonOf("21604")},
		"two numbers":           {sms.Message{To: "13800000000,13900000000", Body: "hello"}, sms.InvalidNumber},
		"a national number":     {sms.Message{To: "13800000000", Body: "hello"}, sms.InvalidNumber},
		"full-width digits":     {sms.Message{To: "+１５５５１２３４５６７", Body: "hello"}, sms.InvalidNumber},
		"a newline":             {sms.Message{To: "+15551234567\n", Body: "hello"}, sms.InvalidNumber},
		"no binding":            {sms.Message{To: to, Template: "elsewhere"}, sms.Unsupported},
		"no such template":      {sms.Message{To: to, Template: "nothing"}, sms.InvalidMessage},
		"a value with a blank":  {sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "48 29"}}, sms.InvalidMessage},
		"a missing value":       {sms.Message{To: to, Template: "login-code"}, sms.InvalidMessage},
		"a text and a template": {sms.Message{To: to, Template: "login-code", Body: "hello"}, sms.InvalidMessage},
		"a key of 256 bytes":    {sms.Message{To: to, Body: "hello", Key: strings.Repeat("k", 256)}, sms.InvalidMessage},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Send(t.Context(), test.m)
			refused(t, err, test.reason, sms.Rejected)
			if n := len(v.taken()); n > 0 {
				t.Errorf("%d calls were made", n)
			}
		})
	}
	if _, err := p.Send(t.Context(), sms.Message{To: to, Body: strings.Repeat("é", 1600)}); err != nil {
		t.Errorf("1600 characters: %v", err)
	}
}

func TestKindIsTheTemplatesOwn(t *testing.T) {
	v := serve(t, answer(http.StatusBadRequest, `{"code":21610}`))
	_, err := open(t, options(t, v.URL)).Send(t.Context(), login())
	if e := refused(t, err, sms.RecipientBlocked, sms.Rejected); e.Kind != sms.Verification || e.Key != "key-1" {
		t.Errorf("kind %v, key %q", e.Kind, e.Key)
	}
}

func TestKeyIsMadeWhereThereIsNone(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	o := options(t, v.URL)
	o.StatusCallback = "https://example.com/{key}"
	m := login()
	m.Key = ""
	r, err := open(t, o).Send(t.Context(), m)
	if err != nil || len(r.Key) < 20 {
		t.Fatalf("key %q, %v", r.Key, err)
	}
	if got := v.only(t).form.Get("StatusCallback"); got != "https://example.com/"+r.Key {
		t.Errorf("the callback is %q and the key %q", got, r.Key)
	}
}

func TestMessageIsLeftAlone(t *testing.T) {
	v := serve(t, answer(http.StatusCreated, accepted))
	m := login()
	m.Tags = map[string]string{"team": "a"}
	before := m.Clone()
	if _, err := open(t, options(t, v.URL)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(m.Params, before.Params) || !maps.Equal(m.Tags, before.Tags) {
		t.Error("Send changed the message")
	}
	if form := v.only(t).form; slices.Contains(slices.Collect(maps.Keys(form)), "Tags") || strings.Contains(form.Encode(), "team") {
		t.Errorf("a tag was sent: %v", form)
	}
}
