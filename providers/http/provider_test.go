package http_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

const token = "webhook-token-0123456789"

func open(tb testing.TB, o http.Options) *http.Provider {
	tb.Helper()
	p, err := http.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

// The suite that every provider passes, for the recipe whose vendor is a web server of
// the user's own.
func TestConformance(t *testing.T) {
	newProvider := func(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender {
		p, err := http.New(http.Options{Name: smstest.Name, Recipe: "webhook", Secrets: map[string]string{"token": token}, Endpoint: endpoint, Templates: r, Timeout: timeout})
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	answer := func(w nethttp.ResponseWriter, _ *nethttp.Request, code, words string) {
		w.WriteHeader(nethttp.StatusUnprocessableEntity)
		json.NewEncoder(w).Encode(map[string]string{"code": code, "message": words})
	}
	r, err := http.Load("webhook")
	if err != nil {
		t.Fatal(err)
	}
	codes, unknown := smstest.CodesOf(r.Codes())
	smstest.Run(t, smstest.Provider{
		New: func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
			return newProvider(tb, endpoint, r, 0)
		},
		NewTimeout: newProvider,
		Accept:     func(w nethttp.ResponseWriter, _ *nethttp.Request) { io.WriteString(w, `{"id":"5f3a9c0b12"}`) },
		Refuse:     func(w nethttp.ResponseWriter, r *nethttp.Request) { answer(w, r, "invalid_message", "no") },
		Answer:     answer, Codes: codes, UnknownCodes: unknown,
		Read: func(r *nethttp.Request) (to, text string) {
			var sent struct{ To, Text string }
			json.NewDecoder(r.Body).Decode(&sent)
			return sent.To, sent.Text
		},
		Bindings: map[string]sms.Binding{smstest.LoginCode: {}, smstest.Notice: {}},
		Secrets:  []string{token},
	})
}

// What a message holds never changes the shape of a request.
func TestSend_hostileTexts(t *testing.T) {
	var mu sync.Mutex
	got := map[string]string{} // by key
	s := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		var sent map[string]string
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || len(sent) != 3 {
			t.Errorf("the body has %d fields: %v", len(sent), err)
		}
		mu.Lock()
		got[sent["key"]] = sent["text"]
		mu.Unlock()
		fmt.Fprintf(w, `{"id":"id-%s"}`, sent["key"])
	}))
	defer s.Close()
	p := open(t, http.Options{Recipe: "webhook", Endpoint: s.URL, Secrets: map[string]string{"token": token}})
	var wait sync.WaitGroup
	texts := []string{`a "quote"`, "a\nline", "{to}", "${HOME}", "{{text}}", "a&b=c", "]]>", "%s%00", "喂 😀", " blanks ", `\u0000`, "<to>+1</to>", `","to":"+1`}
	for i := range 64 {
		wait.Go(func() {
			key, text := fmt.Sprintf("key-%d", i), texts[i%len(texts)]
			receipt, err := p.Send(t.Context(), sms.Message{To: "+12025550123", Body: text, Key: key})
			mu.Lock()
			defer mu.Unlock()
			if err != nil || receipt.ID != "id-"+key || got[key] != text {
				t.Errorf("%q arrived as %q: %v", text, got[key], err)
			}
		})
	}
	wait.Wait()
}

// What cannot be read leaves the outcome Unknown.
func TestSend_hostileAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		body    string
		status  int
		outcome sms.Outcome
	}{
		"accepted":            {`{"id":"a"}`, 200, sms.Accepted},
		"with a BOM":          {"\ufeff" + `{"id":"a"}`, 200, sms.Accepted},
		"a long number":       {`{"id":1234567890123456789}`, 200, sms.Accepted},
		"GBK beside it":       {"{\"message\":\"\xc4\xe3\",\"id\":\"a\"}", 200, sms.Accepted},
		"empty":               {``, 200, sms.Unknown},
		"null":                {`{"id":null}`, 200, sms.Unknown},
		"cut":                 {`{"id":"a"`, 200, sms.Unknown},
		"more behind":         {`{"id":"a"} x`, 200, sms.Unknown},
		"a page":              {"<html></html>", 200, sms.Unknown},
		"a name twice":        {`{"id":"a","id":"b"}`, 200, sms.Unknown},
		"deep":                {strings.Repeat(`{"a":`, 10_000), 200, sms.Unknown},
		"deep lists":          {strings.Repeat(`[`, 10_000), 200, sms.Unknown},
		"long":                {`{"id":"` + strings.Repeat("a", kit.MaxAnswer) + `"}`, 200, sms.Unknown},
		"a list":              {`[{"id":"a"}]`, 200, sms.Unknown},
		"a redirect":          {`{"id":"a"}`, 302, sms.Unknown},
		"a server's fault":    {`{"id":"a"}`, 500, sms.Unknown},
		"a page that refuses": {"<html></html>", 404, sms.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}))
			defer s.Close()
			p := open(t, http.Options{Recipe: "webhook", Endpoint: s.URL, Secrets: map[string]string{"token": token}})
			_, err := p.Send(t.Context(), sms.Message{To: "+12025550123", Body: "hello"})
			if sms.OutcomeOf(err) != test.outcome {
				t.Errorf("the outcome is %v: %v", sms.OutcomeOf(err), err)
			}
		})
	}
}

// A text that ends with the connection may be cut, so that it is not believed.
func TestSend_unframedText(t *testing.T) {
	s := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		conn, _, err := nethttp.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(conn, "HTTP/1.0 202 Accepted\r\n\r\n0: Accepted for del")
		conn.Close()
	}))
	defer s.Close()
	p := open(t, http.Options{Recipe: "kannel", Endpoint: s.URL, AllowNumberInURL: true, Secrets: map[string]string{"username": "u", "password": "p"}})
	if _, err := p.Send(t.Context(), sms.Message{To: "+12025550123", Body: "hello"}); sms.OutcomeOf(err) != sms.Unknown {
		t.Errorf("the outcome is %v: %v", sms.OutcomeOf(err), err)
	}
}

// The vendor's words are shown without number, text and secrets.
func TestSend_masks(t *testing.T) {
	s := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		w.WriteHeader(nethttp.StatusBadRequest)
		fmt.Fprintf(w, `{"code":"x","message":"+12025550123 %s 482913"}`, token)
	}))
	defer s.Close()
	o := http.Options{Recipe: "webhook", Endpoint: s.URL, Secrets: map[string]string{"token": token}}
	p := open(t, o)
	_, err := p.Send(t.Context(), sms.Message{To: "+12025550123", Body: "482913"})
	for _, shown := range []string{err.Error(), fmt.Sprintf("%+v", o), fmt.Sprintf("%#v", o), fmt.Sprint(p)} {
		for _, secret := range []string{token, "2025550123", "482913"} {
			if strings.Contains(shown, secret) {
				t.Errorf("%q is shown: %s", secret, shown)
			}
		}
	}
}

// New reports every fault at once.
func TestNew_faults(t *testing.T) {
	_, err := http.New(http.Options{Recipe: "kannel", Secrets: map[string]string{"usrname": "u"}, Settings: map[string]string{"x": "y"}, ReportURL: "ftp://x",
		Codes: map[string]http.Code{"1": {Reason: "bad"}}})
	if err == nil {
		t.Fatal("it was opened")
	}
	for _, want := range []string{"secrets.username", "secrets.password", "secrets.usrname", "settings.x", "endpoint", "allow_number_in_url", "report_url", "codes.1.reason"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing of %s in: %v", want, err)
		}
	}
	if _, err := http.New(http.Options{Recipe: "no-such"}); err == nil || !strings.Contains(err.Error(), "yunpian") {
		t.Errorf("no such recipe: %v", err)
	}
}

// A row of the user's own comes before the recipe's.
func TestSend_ownCodes(t *testing.T) {
	s := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		io.WriteString(w, `{"code":3,"msg":"x"}`)
	}))
	defer s.Close()
	p := open(t, http.Options{Recipe: "yunpian", Endpoint: s.URL, Secrets: map[string]string{"apikey": "k"}, Codes: map[string]http.Code{"3": {Reason: "throttled"}}})
	if _, err := p.Send(t.Context(), sms.Message{To: "+8613800000000", Body: "hello"}); !errors.Is(err, sms.Throttled) {
		t.Errorf("the reason is %v", err)
	}
	for _, c := range p.Codes() {
		if c.Code == "3" && c.Reason != sms.Throttled {
			t.Errorf("the table has %v", c)
		}
	}
}

// Reports are read, and one that others send is refused.
func TestHook(t *testing.T) {
	p := open(t, http.Options{Recipe: "webhook", Endpoint: "http://127.0.0.1:1", Secrets: map[string]string{"token": token}})
	h := kit.Hook{Method: "POST", Kind: "reports", Header: nethttp.Header{"X-Token": {token}}, Body: []byte(`{"id":"a","state":"delivered","to":"+12025550123"}`)}
	in, err := p.Hook(t.Context(), h)
	if err != nil || len(in.Reports) != 1 || in.Reports[0].State != sms.StateDelivered || !in.Signed {
		t.Errorf("%v: %v", in.Reports, err)
	}
	h.Header.Set("X-Token", "other")
	if _, err := p.Hook(t.Context(), h); !errors.Is(err, kit.ErrNotAuthentic) {
		t.Errorf("another token: %v", err)
	}
}
