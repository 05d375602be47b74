package vonage_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sms"
)

const to = sms.Number("+447700900001")

func serve(tb testing.TB, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	tb.Cleanup(s.Close)
	return s
}

func options(endpoint string) vonage.Options {
	return vonage.Options{APIKey: apiKey, APISecret: secret, From: "ACME", Endpoint: endpoint, SignatureSecret: signatureSecret}
}

func open(tb testing.TB, o vonage.Options) *vonage.Provider {
	tb.Helper()
	p, err := vonage.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

func TestNew_faults(t *testing.T) {
	r, err := sms.NewRegistry(sms.Template{Name: "bad", Text: "x", Bindings: map[string]sms.Binding{"vonage": {Extra: map[string]string{"x": "1"}}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = vonage.New(vonage.Options{API: "fax", From: "+4477", SignatureMethod: "rot13", StatusCallback: "https://{key}/", Endpoint: "http://10.0.0.1", Templates: r})
	for _, path := range []string{"api_key:", "api_secret:", "api:", "from:", "signature_method:", "status_callback:", "endpoint:", "bindings.vonage.extra.x:"} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("the fault of %s is missing: %v", path, err)
		}
	}
}

func TestSend_request(t *testing.T) {
	got := make(chan url.Values, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		user, password, _ := r.BasicAuth()
		if user != apiKey || password != secret || r.URL.Path != "/sms/json" {
			t.Errorf("%s by %q", r.URL.Path, user)
		}
		got <- r.PostForm
		answerSMS(w, r, "0", "")
	})
	o := options(s.URL)
	o.StatusCallback = "https://example.com/r?key={key}"
	p := open(t, o)
	long := strings.Repeat("k", 60)
	receipt, err := p.Send(t.Context(), sms.Message{To: to, Body: "您好", Key: long, Expires: time.Now().Add(90 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	form := <-got
	ref := kit.Ref(long, 40)
	ttl, _ := strconv.Atoi(form.Get("ttl"))
	if form.Get("to") != "447700900001" || form.Get("type") != "unicode" || form.Get("client-ref") != ref || ttl < 80_000 || ttl > 90_000 || form.Get("callback") != "https://example.com/r?key="+long {
		t.Errorf("the request is %v", form)
	}
	if receipt.Ref != ref || receipt.Key != long || len(ref) > 40 {
		t.Errorf("the receipt is %+v", receipt)
	}
}

func TestAsk(t *testing.T) {
	ago := time.Now().Add(-10 * time.Minute)
	record := func(ref, number string) string {
		return fmt.Sprintf(`{"message_id":"0A1","client_ref":%q,"to":%q,"date_received":%q}`, ref, number, ago.Add(time.Second).Format("2006-01-02T15:04:05-0700"))
	}
	for name, test := range map[string]struct {
		records string
		since   time.Time
		want    error
	}{
		"found":                  {record("order-1", "447700900001"), ago, nil},
		"nothing":                {"", ago, sms.ErrNotFound},
		"nothing, too early":     {"", time.Now(), sms.ErrUndecided},
		"another message":        {record("order-2", "447700900001"), ago, sms.ErrNotFound},
		"one without client-ref": {record("", "447700900001"), ago, sms.ErrUndecided},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v2/reports/records" || r.URL.Query().Get("account_id") != apiKey {
					t.Errorf("it asks %s", r.URL.Path)
				}
				io.WriteString(w, `{"records":[`+test.records+`]}`)
			})
			r, err := open(t, options(s.URL)).Ask(t.Context(), sms.Question{Message: sms.Message{To: to, Body: "hello", Key: "order-1"}, Since: test.since})
			if !errors.Is(err, test.want) || test.want == nil && r.ID != "0A1" {
				t.Errorf("%+v, %v, want %v", r, err, test.want)
			}
		})
	}
}

const signatureSecret = "my_secret_key_for_testing"

// The vectors were accepted by the vendor's library for Node.js (@vonage/sms,
// verifySignature).
func TestSign_vectors(t *testing.T) {
	fields := map[string]string{
		"msisdn": "447700900001", "to": "447700900000", "messageId": "0A0000000123ABCD1", "text": "Hello & = world é", "type": "text", "keyword": "HELLO",
		"api-key": "abcd1234", "message-timestamp": "2020-01-01 12:00:00", "timestamp": "1578787200", "nonce": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
	}
	for method, want := range map[string]string{
		vonage.MethodMD5Hash: "1b5c8dd877c6d8d81f5b20d0e66fb87c",
		vonage.MethodMD5:     "270640ce864548c10488db200f8a8e16",
		vonage.MethodSHA256:  "c509ea0f8840b29ee4e228272974cf421f50959048c0d6aadc56c9b9ed9bbe6b",
	} {
		if got := hex.EncodeToString(vonage.Sign(method, signatureSecret, fields)); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
}

func signedForm(fields map[string]string, at time.Time) url.Values {
	fields["timestamp"] = strconv.FormatInt(at.Unix(), 10)
	form := url.Values{"sig": {hex.EncodeToString(vonage.Sign(vonage.MethodMD5Hash, signatureSecret, fields))}}
	for name, value := range fields {
		form.Set(name, value)
	}
	return form
}

func TestHook_smsAPI(t *testing.T) {
	p := open(t, options(""))
	for _, test := range []struct {
		status, code string
		state        sms.DeliveryState
		optedOut     bool
	}{
		{"accepted", "0", sms.StateSent, false}, {"buffered", "0", sms.StateSent, false}, {"delivered", "0", sms.StateDelivered, false},
		{"expired", "2", sms.StateExpired, false}, {"failed", "3", sms.StateUndelivered, false}, {"rejected", "9", sms.StateBlocked, true},
		{"failed", "6", sms.StateBlocked, false}, {"unknown", "1", sms.StateLost, false}, {"sideways", "0", 0, false},
	} {
		fields := map[string]string{"msisdn": "447700900001", "to": "ACME", "messageId": "0A1", "status": test.status, "err-code": test.code, "client-ref": "order-1", "price": "0.03330000", "message-timestamp": "2020-01-01 12:00:00"}
		form := signedForm(fields, time.Now())
		withSig := map[string]string{}
		for name := range form {
			withSig[name] = form.Get(name)
		}
		object, _ := json.Marshal(withSig)
		for kind, h := range map[string]kit.Hook{
			"form": {Method: http.MethodPost, URL: "https://example.com/r", Body: []byte(form.Encode())},
			"get":  {Method: http.MethodGet, URL: "https://example.com/r?" + form.Encode()},
			"json": {Method: http.MethodPost, URL: "https://example.com/r", Body: object},
		} {
			in, err := p.Hook(t.Context(), h)
			if err != nil || len(in.Reports) != 1 || !in.Signed {
				t.Fatalf("%s %s: %+v, %v", kind, test.status, in, err)
			}
			if r := in.Reports[0]; r.State != test.state || r.OptedOut != test.optedOut || r.ID != "0A1" || r.Key != "order-1" || r.To != to {
				t.Errorf("%s %s: %v %v %q %q", kind, test.status, r.State, r.OptedOut, r.ID, r.Key)
			}
		}
		for name, change := range map[string]func(url.Values){
			"no signature":    func(f url.Values) { f.Del("sig") },
			"another status":  func(f url.Values) { f.Set("status", "x") },
			"a further field": func(f url.Values) { f.Set("x", "y") },
		} {
			changed, _ := url.ParseQuery(form.Encode())
			change(changed)
			if _, err := p.Hook(t.Context(), kit.Hook{Method: http.MethodPost, Body: []byte(changed.Encode())}); !errors.Is(err, kit.ErrNotAuthentic) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	old := signedForm(map[string]string{"messageId": "0A1", "status": "delivered"}, time.Now().Add(-time.Hour))
	if _, err := p.Hook(t.Context(), kit.Hook{Method: http.MethodPost, Body: []byte(old.Encode())}); !errors.Is(err, kit.ErrNotAuthentic) {
		t.Errorf("a signature of an hour ago: %v", err)
	}
	reply := signedForm(map[string]string{"messageId": "0B1", "msisdn": "447700900001", "to": "447700900000", "text": "STOP", "type": "text", "concat": "true", "concat-part": "1", "concat-total": "2"}, time.Now())
	in, err := p.Hook(t.Context(), kit.Hook{Method: http.MethodPost, Body: []byte(reply.Encode())})
	if err != nil || len(in.Replies) != 1 || in.Replies[0].From != to || in.Replies[0].Parts != 2 {
		t.Errorf("a reply: %+v, %v", in.Replies, err)
	}
}

// token makes a JWT as the Messages API sends it.
func token(body []byte, algorithm string) string {
	part := func(v any) string {
		text, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	sum := sha256.Sum256(body)
	signed := part(map[string]string{"alg": algorithm, "typ": "JWT"}) + "." + part(map[string]any{"iat": time.Now().Unix(), "iss": "Vonage", "payload_hash": hex.EncodeToString(sum[:])})
	return tokenOf(signed, signatureSecret)
}

func tokenOf(signed, secret string) string {
	return signed + "." + base64.RawURLEncoding.EncodeToString(vonage.HS256(secret, signed))
}

func TestHook_messagesAPI(t *testing.T) {
	o := options("")
	o.API = vonage.APIMessages
	p := open(t, o)
	push := func(body, token string) (kit.Inbound, error) {
		return p.Hook(t.Context(), kit.Hook{Method: http.MethodPost, Body: []byte(body), Header: http.Header{"Authorization": {"Bearer " + token}}})
	}
	body := func(status, code string) string {
		return `{"message_uuid":"u1","to":"447700900001","from":"ACME","timestamp":"2020-01-01T12:00:00Z","status":"` + status + `","client_ref":"order-1","usage":{"currency":"EUR","price":"0.0333"},"sms":{"count_total":"2"},` +
			`"error":{"type":"https://developer.vonage.com/api-errors/messages#` + code + `","title":"t"},"channel":"sms"}`
	}
	for status, want := range map[string]sms.DeliveryState{"submitted": sms.StateSent, "delivered": sms.StateDelivered, "undeliverable": sms.StateUndelivered, "odd": 0} {
		b := body(status, "1030")
		in, err := push(b, token([]byte(b), "HS256"))
		if err != nil || !in.Signed || len(in.Reports) != 1 {
			t.Fatalf("%s: %+v, %v", status, in, err)
		}
		if r := in.Reports[0]; r.State != want || r.Key != "order-1" || r.Segments != 2 || r.Price != "0.0333" || r.Currency != "EUR" || r.To != to {
			t.Errorf("%s: %v %q %d %q", status, r.State, r.Key, r.Segments, r.Price)
		}
	}
	b := body("rejected", "1240")
	if in, err := push(b, token([]byte(b), "HS256")); err != nil || in.Reports[0].State != sms.StateBlocked || !in.Reports[0].OptedOut {
		t.Errorf("opted out: %+v, %v", in.Reports, err)
	}
	for name, bad := range map[string]string{"none": "", "of another body": token([]byte("x"), "HS256"), "of another algorithm": token([]byte(b), "none"), "HS512": token([]byte(b), "HS512")} {
		if _, err := push(b, bad); !errors.Is(err, kit.ErrNotAuthentic) {
			t.Errorf("a token %s: %v", name, err)
		}
	}
	in, err := push(`{"message_uuid":"u2","from":"447700900001","to":"447700900000","text":"STOP","channel":"sms"}`, token([]byte(`{"message_uuid":"u2","from":"447700900001","to":"447700900000","text":"STOP","channel":"sms"}`), "HS256"))
	if err != nil || len(in.Replies) != 1 || in.Replies[0].Text != "STOP" || in.Replies[0].From != to {
		t.Errorf("a reply: %+v, %v", in.Replies, err)
	}
}

func TestHook_withoutASecretIsUnsigned(t *testing.T) {
	o := options("")
	o.SignatureSecret = ""
	in, err := open(t, o).Hook(t.Context(), kit.Hook{Method: http.MethodPost, Body: []byte("messageId=1&status=delivered&msisdn=447700900001")})
	if err != nil || in.Signed || len(in.Reports) != 1 {
		t.Errorf("%+v, %v", in, err)
	}
}

func FuzzHook(f *testing.F) {
	f.Add("messageId=1&status=delivered", true)
	f.Add(`{"message_uuid":"1","status":"delivered"}`, true)
	o := options("")
	signed := open(f, o)
	o.SignatureSecret = ""
	unsigned := open(f, o)
	f.Fuzz(func(t *testing.T, body string, post bool) {
		h := kit.Hook{Method: http.MethodPost, Body: []byte(body)}
		if !post {
			h = kit.Hook{Method: http.MethodGet, URL: "https://example.com/?" + body}
		}
		if in, err := signed.Hook(t.Context(), h); err == nil {
			t.Errorf("an unsigned request is taken: %+v", in)
		}
		if in, err := unsigned.Hook(t.Context(), h); err == nil && in.Signed {
			t.Errorf("it counts as signed: %+v", in)
		}
	})
}
