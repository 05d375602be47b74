package example_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/example"
	"github.com/notifykit/notify/sms"
)

const token = "postal-token-5d41402abc"

func registry(tb testing.TB) *sms.Registry {
	r, err := sms.NewRegistry(sms.Template{
		Name: "shipped", Text: "${name}, your order ${order} has been sent.",
		Bindings: map[string]sms.Binding{"postal": {ID: "T7", From: "SHOP", Order: []string{"order", "name"}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestEveryFaultOfTheOptionsAtOnce(t *testing.T) {
	_, err := example.New(example.Options{Endpoint: "http://api.postal.example"})
	for _, path := range []string{"endpoint: ", "token: ", "templates: "} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("the fault of %s is not told: %v", path, err)
		}
	}
	short, _ := sms.NewRegistry(sms.Template{Name: "shipped", Text: "${name}, ${order}", Bindings: map[string]sms.Binding{"postal": {ID: "T7", Order: []string{"name"}}}})
	if _, err := example.New(example.Options{Token: token, Templates: short}); err == nil || !strings.Contains(err.Error(), "it names 1 of 2 variables") {
		t.Errorf("a variable without a position: %v", err)
	}
}

func TestTheRequest(t *testing.T) {
	got := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r.Method + " " + r.URL.String() + " " + string(body)
		io.WriteString(w, `{"code":"0","id":"p-1"}`)
	}))
	defer s.Close()
	p, err := example.New(example.Options{Token: token, Endpoint: s.URL, Templates: registry(t), Senders: map[string]string{"acme": "ACME"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	m := sms.Message{To: "+8613812345678", Template: "shipped", Params: sms.Params{"name": "Ann", "order": "7"}, Key: "k1"}
	for from, want := range map[string]string{"": "SHOP", "acme": "ACME"} {
		m.From = from
		if _, err := p.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		want = `POST /v1/messages {"to":"+8613812345678","from":"` + want + `","template":"T7","values":["7","Ann"],"reference":"k1"}`
		if body := <-got; body != want {
			t.Errorf("the request is %s, and should be %s", body, want)
		}
	}
}

func TestDriver(t *testing.T) {
	d := example.Driver()
	s, err := d.Open(sms.DriverConfig{Name: "letters", Templates: registry(t), Decode: func(into any) error {
		into.(*example.Options).Token = token
		return nil
	}})
	if err != nil || fmt.Sprint(s) != "letters" {
		t.Errorf("it is %v, %v", s, err)
	}
	if s, err := d.Open(sms.DriverConfig{Decode: func(any) error { return nil }}); err == nil || s != nil {
		t.Errorf("without a token it is %v, %v", s, err)
	}
	if s, err := d.Open(sms.DriverConfig{Decode: func(any) error { return io.EOF }}); err != io.EOF || s != nil {
		t.Errorf("with settings that cannot be read it is %v, %v", s, err)
	}
}

func TestPrintingShowsNoToken(t *testing.T) {
	p, err := example.New(example.Options{Token: token, Templates: registry(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		if got := fmt.Sprintf(verb, p); !strings.Contains(got, "postal") || strings.Contains(got, token) {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

// Whatever Postal answers, only a code of zero with an ID is an acceptance.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"code":"0","id":"p-1"}`, `{"code":"12","message":"no credit"}`, `{"code":0}`, `{}`, ``, `[]`, `{"code":"0"}`, `{"code":"0","id":"p-1"`} {
		f.Add(200, []byte(seed))
		f.Add(400, []byte(seed))
	}
	var status int
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		w.Write(body)
	}))
	f.Cleanup(s.Close)
	p, err := example.New(example.Options{Token: token, Endpoint: s.URL, Templates: registry(f)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { p.Close() })
	f.Fuzz(func(t *testing.T, st int, b []byte) {
		status, body = 200+(st&0x7fffffff)%400, b
		_, err := p.Send(t.Context(), sms.Message{To: "+8613812345678", Template: "shipped", Params: sms.Params{"name": "Ann", "order": "7"}})
		var said map[string]any
		readable := status == 200 && json.Unmarshal(b, &said) == nil
		if err == nil && !readable {
			t.Errorf("the status %d with %q was taken for an acceptance", status, b)
		}
		if err != nil && sms.OutcomeOf(err) == sms.Rejected && !readable && (status < 400 || status > 499 || status == 408) {
			t.Errorf("the status %d with %q was taken for a refusal: %v", status, b, err)
		}
	})
}

// Codes at HTTP 200 are told apart by the table.
func Example() {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"code":"22","message":"+8613812345678 has opted out","call":"c-81"}`)
	}))
	defer vendor.Close()
	templates, err := sms.NewRegistry(sms.Template{
		Name: "shipped", Text: "${name}, your order ${order} has been sent.",
		Bindings: map[string]sms.Binding{"postal": {ID: "T7", Order: []string{"order", "name"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	p, err := example.New(example.Options{Token: "secret", Endpoint: vendor.URL, Templates: templates})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	_, err = p.Send(context.Background(), sms.Message{To: "+8613812345678", Template: "shipped", Params: sms.Params{"name": "Ann", "order": "7"}})
	fmt.Println(sms.OutcomeOf(err), errors.Is(err, sms.RecipientBlocked))
	fmt.Println(err)
	// Output:
	// rejected true
	// postal: recipient blocked (22): **** has opted out; request c-81
}
