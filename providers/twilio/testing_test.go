package twilio_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

const (
	account    = "AC0123456789abcdef0123456789abcdef"
	parent     = "AC1123456789abcdef0123456789abcdef"
	token      = "f00dfacef00dfacef00dfacef00dface"
	keySID     = "SK0123456789abcdef0123456789abcdef"
	keySecret  = "c0ffeec0ffeec0ffeec0ffeec0ffee00"
	service    = "MG0123456789abcdef0123456789abcdef"
	content    = "HX0123456789abcdef0123456789abcdef"
	messageSID = "SM0123456789abcdef0123456789abcdef"
	requestID  = "RQf3a09c17be52d84660a1c9e3b7f25d08"

	to   = sms.Number("+15551234567")
	code = "482913"
)

// accepted is an answer of Twilio's to a create.
const accepted = `{"account_sid":"` + account + `","api_version":"2010-04-01","body":"Your code is 482913.",` +
	`"date_created":"Thu, 24 Aug 2023 05:01:45 +0000","date_sent":null,"date_updated":"Thu, 24 Aug 2023 05:01:45 +0000",` +
	`"direction":"outbound-api","error_code":null,"error_message":null,"from":"+15005550006","messaging_service_sid":null,` +
	`"num_media":"0","num_segments":"1","price":null,"price_unit":"USD","sid":"` + messageSID + `","status":"queued",` +
	`"subresource_uris":{"media":"/2010-04-01/Accounts/` + account + `/Messages/` + messageSID + `/Media.json"},` +
	`"to":"+15551234567","uri":"/2010-04-01/Accounts/` + account + `/Messages/` + messageSID + `.json"}`

// A vendor is an httptest server that keeps what it was sent.
type vendor struct {
	*httptest.Server
	mu    sync.Mutex
	calls []call
}

// A call is a request that was taken.
type call struct {
	method, path, user, password, remote string
	header                               http.Header
	form                                 url.Values
}

// serve starts a vendor that answers with h, after it has read the request.
func serve(tb testing.TB, h http.HandlerFunc) *vendor {
	v := &vendor{}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, err := url.ParseQuery(string(body))
		if err != nil {
			tb.Errorf("the body is no form: %v", err)
		}
		c := call{method: r.Method, path: r.URL.RequestURI(), header: r.Header, form: form, remote: r.RemoteAddr}
		c.user, c.password, _ = r.BasicAuth()
		v.mu.Lock()
		v.calls = append(v.calls, c)
		v.mu.Unlock()
		h(w, r)
	}))
	tb.Cleanup(v.Close)
	return v
}

// taken gives the calls so far.
func (v *vendor) taken() []call {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]call(nil), v.calls...)
}

// only gives the one call that there was.
func (v *vendor) only(tb testing.TB) call {
	tb.Helper()
	calls := v.taken()
	if len(calls) != 1 {
		tb.Fatalf("%d calls were made, want 1", len(calls))
	}
	return calls[0]
}

// answer makes a handler of a status and a body.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Twilio-Request-Id", requestID)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// templates are those that the tests send.
func templates(tb testing.TB, more ...sms.Template) *sms.Registry {
	tb.Helper()
	bound := func(b sms.Binding) map[string]sms.Binding { return map[string]sms.Binding{"twilio": b} }
	r, err := sms.NewRegistry(append([]sms.Template{
		{Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code}。", Bindings: bound(sms.Binding{Text: "Your code is ${code}."})},
		{Name: "shipped", Kind: sms.Notification, Text: "${name}, order ${order} has shipped.", Bindings: bound(sms.Binding{})},
		{Name: "elsewhere", Text: "not for this vendor"},
	}, more...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// options are right for a vendor at endpoint.
func options(tb testing.TB, endpoint string) twilio.Options {
	return twilio.Options{
		AccountSID: account, AuthToken: token, From: "+15005550006",
		Endpoint: endpoint, Templates: templates(tb),
	}
}

// open makes a provider and has it closed.
func open(tb testing.TB, o twilio.Options) *twilio.Provider {
	tb.Helper()
	p, err := twilio.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

// login is a message with a code.
func login() sms.Message {
	return sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": code}, Key: "key-1"}
}

// refused gives the *sms.Error of err and demands its reason and outcome.
func refused(tb testing.TB, err error, reason sms.Reason, outcome sms.Outcome) *sms.Error {
	tb.Helper()
	e, ok := errors.AsType[*sms.Error](err)
	if !ok {
		tb.Fatalf("the error is %T: %v", err, err)
	}
	if e.Reason != reason || e.Outcome != outcome {
		tb.Errorf("it is %s, %v; want %s, %v: %v", string(e.Reason), e.Outcome, string(reason), outcome, err)
	}
	if e.Provider != "twilio" || e.Key == "" {
		tb.Errorf("provider %q and key %q are not both told", e.Provider, e.Key)
	}
	return e
}

// transport answers without a network.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// canned makes a transport that reads the request and gives one answer.
func canned(status int, header http.Header, body string) transport {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			io.Copy(io.Discard, r.Body)
			r.Body.Close()
		}
		if header == nil {
			header = http.Header{}
		}
		return &http.Response{
			StatusCode: status, Header: header, Request: r, ProtoMajor: 1, ProtoMinor: 1,
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}, nil
	}
}

func jsonString(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}
