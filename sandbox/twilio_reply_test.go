package sandbox_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/notifykit/notify/sandbox"
)

func TestReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		sb := newSandbox(t, sandbox.Options{CallbackTransport: &r})
		write := func(text string) {
			t.Helper()
			body := fmt.Sprintf(`{"from":"+12025550123","text":%q,"url":"http://127.0.0.1:9000/inbound?a=1"}`, text)
			if status, answer := do(t, sb, httptest.NewRequest("POST", "/_sandbox/replies", strings.NewReader(body))); status != 200 || answer["status"] != 204.0 {
				t.Fatalf("status %d, %v", status, answer)
			}
		}
		send := func(changes ...string) any {
			_, m := createTwilio(t, sb, changes...)
			return m["code"]
		}
		write("Thank you é")
		got := r.taken()[0]
		for name, want := range map[string]string{"Body": "Thank you é", "From": "+12025550123", "To": sandbox.TwilioSender, "SmsStatus": "received",
			"AccountSid": sandbox.TwilioAccountSID, "NumMedia": "0", "NumSegments": "1", "FromCountry": "US"} {
			if got.form.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, got.form.Get(name), want)
			}
		}
		if !got.valid(sandbox.TwilioAuthToken) || got.valid("other") || got.form.Get("MessageSid") != got.form.Get("SmsMessageSid") {
			t.Error("the vendor's validator does not take the signature")
		}
		if code := send(); code != nil {
			t.Errorf("thanks are taken for an opt-out: %v", code)
		}
		write(" stop ")
		for name, changes := range map[string][]string{"by the sender": nil, "by the service": {"From", "-", "MessagingServiceSid", sandbox.TwilioServiceSID}} {
			if code := send(changes...); code != 21610.0 {
				t.Errorf("after STOP, %s: %v", name, code)
			}
		}
		if code := send("To", "+12025550124"); code != nil {
			t.Errorf("another number: %v", code)
		}
		write("START")
		if code := send(); code != nil {
			t.Errorf("after START: %v", code)
		}
	})
}

func TestReplies_refused(t *testing.T) {
	r := receiver{do: func() (*http.Response, error) { return nil, errors.New("http://secret.example") }}
	sb := newSandbox(t, sandbox.Options{CallbackTransport: &r})
	for _, c := range []struct {
		name, method, body string
		status             int
	}{
		{"a GET", "GET", "", 405},
		{"no JSON", "POST", "hello", 400},
		{"an unknown key", "POST", `{"number":"+12025550123"}`, 400},
		{"no number", "POST", `{"from":"202","url":"http://127.0.0.1/"}`, 400},
		{"no address", "POST", `{"from":"+12025550123"}`, 400},
		{"another host", "POST", `{"from":"+12025550123","url":"http://example.com/"}`, 400},
		{"an unknown account", "POST", `{"from":"+12025550123","url":"http://127.0.0.1/","account":"AC1"}`, 400},
		{"no receiver", "POST", `{"from":"+12025550123","url":"http://127.0.0.1/"}`, 400},
	} {
		w := httptest.NewRecorder()
		sb.ServeHTTP(w, httptest.NewRequest(c.method, "/_sandbox/replies", strings.NewReader(c.body)))
		if w.Code != c.status || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d, %s", c.name, w.Code, w.Body)
		}
	}
}

func TestReply_printsMasked(t *testing.T) {
	r := sandbox.Reply{From: "+12025550123", Text: "482913", URL: "http://127.0.0.1/secret"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		if text := fmt.Sprintf(verb, r); strings.Contains(text, "5550123") || strings.Contains(text, "482913") || strings.Contains(text, "secret") {
			t.Errorf("%s shows %s", verb, text)
		}
	}
}
