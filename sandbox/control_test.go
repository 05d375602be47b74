package sandbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// listing is the answer of GET /_sandbox/messages, with its keys as they stand.
type listing struct {
	Messages []map[string]any `json:"messages"`
	Next     string           `json:"next"`
}

func listMessages(t *testing.T, sb *sandbox.Sandbox, query string) listing {
	t.Helper()
	w := httptest.NewRecorder()
	sb.ServeHTTP(w, httptest.NewRequest("GET", "/_sandbox/messages"+query, nil))
	var l listing
	if err := json.Unmarshal(w.Body.Bytes(), &l); w.Code != 200 || err != nil || l.Messages == nil {
		t.Fatalf("%s: %d, %v, %s", query, w.Code, err, w.Body)
	}
	return l
}

func TestMessages_fields(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	_, aliyun := callAliyun(t, sb, aliyunParams("SendSms", "OutId", "key"))
	_, twilio := createTwilio(t, sb)
	want := []map[string]any{
		{"id": aliyun["BizId"], "vendor": "aliyun", "account": sandbox.AliyunKeyID, "to": "+8613800000000", "from": sandbox.AliyunSignature,
			"template": "SMS_0001", "params": map[string]any{"code": "482913"}, "text": "【云通信】您的验证码是482913,5分钟内有效。", "key": "key", "status": "accepted"},
		{"id": twilio["sid"], "vendor": "twilio", "account": sandbox.TwilioAccountSID, "to": "+12025550123", "from": sandbox.TwilioSender,
			"template": "", "params": map[string]any{}, "text": "hello", "key": "", "status": "queued"},
	}
	for i, m := range listMessages(t, sb, "").Messages {
		if _, err := time.Parse(time.RFC3339, fmt.Sprint(m["at"])); err != nil {
			t.Error(err)
		}
		delete(m, "at")
		if fmt.Sprint(m) != fmt.Sprint(want[i]) {
			t.Errorf("got %v, want %v", m, want[i])
		}
	}
}

func TestMessages_after(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	for i := range 4 {
		callAliyun(t, sb, aliyunParams("SendSms", "OutId", fmt.Sprint(i)))
		createTwilio(t, sb)
	}
	keys := func(query string) (string, string) {
		l := listMessages(t, sb, query)
		var keys []string
		for _, m := range l.Messages {
			keys = append(keys, m["key"].(string))
		}
		return strings.Join(keys, ","), l.Next
	}
	got, next := keys("?to=%2B8613800000000")
	if got != "0,1,2,3" {
		t.Errorf("one number: %s", got)
	}
	if got, _ = keys("?to=+8613800000000&after=" + next); got != "" {
		t.Errorf("after next: %s", got)
	}
	third := listMessages(t, sb, "?to=%2B8613800000000").Messages[2]["id"].(string)
	if got, _ = keys("?to=%2B8613800000000&after=" + third); got != "3" {
		t.Errorf("after an ID: %s", got)
	}
	callAliyun(t, sb, aliyunParams("SendSms", "OutId", "new"))
	if got, _ = keys("?after=" + next); got != "new" {
		t.Errorf("after next, once one came: %s", got)
	}
	for _, wrong := range []string{"?after=SM1", "?after=seq-x", "?to=138", "?wait=long", "?wait=-1s"} {
		w := httptest.NewRecorder()
		if sb.ServeHTTP(w, httptest.NewRequest("GET", "/_sandbox/messages"+wrong, nil)); w.Code != 400 {
			t.Errorf("%s: %d", wrong, w.Code)
		}
	}
}

func TestMessages_wait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{})
		go func() {
			time.Sleep(time.Second)
			createTwilio(t, sb) // another number: no reason to answer
			time.Sleep(time.Second)
			callAliyun(t, sb, aliyunParams("SendSms"))
		}()
		start := time.Now()
		if l := listMessages(t, sb, "?to=%2B8613800000000&wait=5s"); len(l.Messages) != 1 || time.Since(start) != 2*time.Second {
			t.Errorf("%d messages after %v", len(l.Messages), time.Since(start))
		}
		start = time.Now()
		if l := listMessages(t, sb, "?to=%2B8613900000000&wait=5s"); len(l.Messages) != 0 || time.Since(start) != 5*time.Second {
			t.Errorf("none comes: %d messages after %v", len(l.Messages), time.Since(start))
		}
		start = time.Now()
		if l := listMessages(t, sb, "?wait=1000h&after=seq-99"); len(l.Messages) != 0 || time.Since(start) != time.Minute {
			t.Errorf("a wait without measure: %d messages after %v", len(l.Messages), time.Since(start))
		}
		go func() {
			time.Sleep(time.Second)
			sb.Close()
		}()
		start = time.Now()
		if listMessages(t, sb, "?wait=1m&to=%2B8613900000000"); time.Since(start) != time.Second {
			t.Errorf("Close ends a wait after %v", time.Since(start))
		}
	})
}

func TestMessages_delete(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	callAliyun(t, sb, aliyunParams("SendSms", "PhoneNumbers", "13800000000,13900000000"))
	if _, body := do(t, sb, httptest.NewRequest("DELETE", "/_sandbox/messages?to=%2B8613800000000", nil)); body["removed"] != 1.0 {
		t.Errorf("one number: %v", body)
	}
	if left := sb.Messages(""); len(left) != 1 || left[0].To != "+8613900000000" {
		t.Errorf("left are %v", left)
	}
	do(t, sb, httptest.NewRequest("DELETE", "/_sandbox/messages", nil))
	if left := sb.Messages(""); len(left) != 0 {
		t.Errorf("left are %v", left)
	}
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{})
		go func() {
			time.Sleep(time.Second)
			callAliyun(t, sb, aliyunParams("SendSms"))
		}()
		m, err := sb.Await(t.Context(), "+8613800000000", "")
		if err != nil || m.Params["code"] != "482913" {
			t.Fatalf("%v, %v", m, err)
		}
		m.Params["code"] = "changed"
		if sb.Messages("")[0].Params["code"] != "482913" {
			t.Error("a caller can change what the sandbox holds")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := sb.Await(ctx, m.To, m.ID); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("none after it: %v", err)
		}
		sb.Close()
		if _, err := sb.Await(t.Context(), m.To, m.ID); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestInbox(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	createTwilio(t, sb, "Body", `<script>alert("x")</script>`)
	callAliyun(t, sb, aliyunParams("SendSms"))
	get := func(path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		sb.ServeHTTP(w, r)
		return w
	}
	page := get("/inbox", "text/html")
	body := page.Body.String()
	if page.Code != 200 || !strings.Contains(body, "482913") || !strings.Contains(body, "2 messages") {
		t.Errorf("status %d: %s", page.Code, body)
	}
	if strings.Contains(body, "<script>alert") || !strings.Contains(page.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error("a message can run a script in the page")
	}
	if strings.Index(body, "482913") > strings.Index(body, "alert") {
		t.Error("the newest message is not the first")
	}
	if script := get("/inbox.js", "*/*"); script.Code != 200 || !strings.HasPrefix(script.Header().Get("Content-Type"), "text/javascript") || !strings.Contains(body, "/inbox.js") {
		t.Errorf("the page's script: %d, %v", script.Code, script.Header())
	}
	if one := get("/inbox?to=%2B12025550123", "text/html").Body.String(); strings.Contains(one, "482913") || !strings.Contains(one, "1 message to") {
		t.Error("the page of a number shows another's messages")
	}
	if w := get("/", "text/html,*/*"); w.Code != 302 || w.Header().Get("Location") != "/inbox" {
		t.Errorf("a browser at /: %d to %q", w.Code, w.Header().Get("Location"))
	}
	if w := get("/?Action=SendSms", "text/html"); w.Code != 400 {
		t.Errorf("a call of Aliyun's in a browser: %d", w.Code)
	}
	if w := get("/", "*/*"); w.Code != 400 || !strings.Contains(w.Body.String(), "MissingAccessKeyId") {
		t.Errorf("a client at /: %d, %s", w.Code, w.Body)
	}
	if w := get("/nothing", "*/*"); w.Code != 404 {
		t.Errorf("a path that is none: %d", w.Code)
	}
}

func TestLenient(t *testing.T) {
	var refusals []sandbox.Refusal
	sb := newSandbox(t, sandbox.Options{Lenient: true, OnRefusal: func(r sandbox.Refusal) { refusals = append(refusals, r) }})
	codes := func() string {
		var codes []string
		for _, r := range refusals {
			codes = append(codes, r.Code)
			if text := fmt.Sprint(r); strings.Contains(text, "13800000000") || strings.Contains(text, "482913") || strings.Contains(text, "wrong") {
				t.Errorf("it shows too much: %s", text)
			}
		}
		refusals = nil
		return strings.Join(codes, " ")
	}
	for _, c := range []struct {
		name    string
		secret  string
		changes []string
		want    string
	}{
		{"all in order", sandbox.AliyunKeySecret, nil, ""},
		{"an unknown key", "wrong", []string{"AccessKeyId", "unknown"}, "InvalidAccessKeyId.NotFound"},
		{"a wrong signature", "wrong", nil, "SignatureDoesNotMatch"},
		{"an unknown signature name and template", sandbox.AliyunKeySecret, []string{"SignName", "x", "TemplateCode", "SMS_9"}, "isv.SMS_SIGNATURE_ILLEGAL isv.SMS_TEMPLATE_ILLEGAL"},
		{"a template that review refused", sandbox.AliyunKeySecret, []string{"TemplateCode", "SMS_0005", "TemplateParam", `{"name":"a"}`}, "isv.SMS_TEMPLATE_ILLEGAL"},
	} {
		_, body := do(t, sb, aliyunRequest("POST body", c.secret, aliyunParams("SendSms", c.changes...)))
		if got := codes(); body["Code"] != "OK" || got != c.want {
			t.Errorf("%s: %v, reported %q, want %q", c.name, body, got, c.want)
		}
	}
	if _, body := callAliyun(t, sb, aliyunParams("SendSms", "TemplateParam", `{"code":"1"}`)); body["Code"] != "isv.PARAM_LENGTH_LIMIT" {
		t.Errorf("a value that a known template refuses: %v", body)
	}
	r := twilioRequest("POST", "/2010-04-01/Accounts/ACany/Messages.json", "To", "+12025550123", "From", "+1999", "Body", "x")
	r.SetBasicAuth("ACany", "wrong")
	if status, body := do(t, sb, r); status != 201 || body["account_sid"] != "ACany" || codes() != "20003 21606" {
		t.Errorf("Twilio: %d, %v", status, body)
	}
	if got := sb.Messages("+8613800000000"); !strings.Contains(got[len(got)-2].Text, "SMS_9 code=482913") {
		t.Errorf("the text of an unknown template does not show it and its values")
	}
}

func TestMessage_printsMasked(t *testing.T) {
	m := sandbox.Message{ID: "1^0", To: "+8613812345678", Text: "your code is 482913", Params: sms.Params{"code": "482913"}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, m); strings.Contains(text, "1381234") || strings.Contains(text, "482913") {
			t.Errorf("%s shows %s", verb, text)
		}
	}
}

func TestOptions_printWithoutSecrets(t *testing.T) {
	o := sandbox.Options{Keys: []sandbox.Key{{ID: "id", Secret: "hidden"}},
		Accounts: []sandbox.Account{{SID: sandbox.TwilioAccountSID, Token: "hidden", APIKeys: []sandbox.Key{{ID: "SK", Secret: "hidden"}}}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		for _, value := range []any{o, &o, o.Keys, o.Accounts, o.Keys[0], o.Accounts[0]} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "hidden") {
				t.Errorf("%s shows %s", verb, text)
			}
		}
	}
	var b strings.Builder
	log := slog.New(slog.NewTextHandler(&b, nil))
	if log.Info("opened", "key", o.Keys[0], "account", o.Accounts[0]); strings.Contains(b.String(), "hidden") {
		t.Errorf("the log shows %s", b.String())
	}
}

func TestListen(t *testing.T) {
	sb := sandboxtest.Start(t)
	if !strings.HasPrefix(sb.URL, "http://127.0.0.1:") || strings.HasSuffix(sb.URL, ":0") {
		t.Errorf("URL %q", sb.URL)
	}
	if _, err := sandbox.Listen(strings.TrimPrefix(sb.URL, "http://"), sandbox.Options{}); err == nil {
		t.Error("two sandboxes on one port")
	}
	if _, err := sandbox.Listen("nonsense", sandbox.Options{}); err == nil || !strings.Contains(err.Error(), "host:port") {
		t.Errorf("an address that is none: %v", err)
	}
	other, err := sandbox.Listen(":0", sandbox.Options{})
	if err != nil || !strings.HasPrefix(other.URL, "http://127.0.0.1:") {
		t.Fatalf("a host left out: %v, %v", other, err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if err := other.Close(); err != nil {
		t.Errorf("Close twice: %v", err)
	}
}

func TestListen_TLS(t *testing.T) {
	sb := sandboxtest.StartWith(t, sandbox.Options{TLS: true})
	pool := x509.NewCertPool()
	if !strings.HasPrefix(sb.URL, "https://127.0.0.1:") || !pool.AppendCertsFromPEM(sb.Certificate) {
		t.Fatalf("URL %q, certificate %q", sb.URL, sb.Certificate)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	call := func() error {
		r := aliyunRequest("GET query", sandbox.AliyunKeySecret, aliyunParams("SendSms"))
		answer, err := client.Get(sb.URL + r.URL.RequestURI())
		if err != nil {
			return err
		}
		return answer.Body.Close()
	}
	if err := call(); err != nil || len(sb.Messages("")) != 1 {
		t.Errorf("%v, %d messages", err, len(sb.Messages("")))
	}
	if err := sb.SetFaults(sandbox.Fault{HangUp: sandbox.HangUpAfter}); err != nil {
		t.Fatal(err)
	}
	if err := call(); err == nil || len(sb.Messages("")) != 2 {
		t.Errorf("hung up after taking: %v, %d messages", err, len(sb.Messages("")))
	}
	if _, err := http.Get(sb.URL); err == nil {
		t.Error("a client that does not know the certificate trusts it")
	}
}

func TestOptions_refused(t *testing.T) {
	o := sandbox.Options{Keys: []sandbox.Key{{ID: "x"}}, Signatures: []sandbox.Signature{{Name: "【x】"}}, Templates: []sandbox.Template{{Code: "SMS_1"}},
		Accounts: []sandbox.Account{{SID: "AC1"}}, CallbackHosts: []string{"http://example.com"}}
	err := o.Validate()
	for _, want := range []string{"keys[0]", "signatures[0]", "templates[0]", "accounts[0]: \"AC1\"", "accounts[0] AC1: Token or APIKeys", "callback hosts[0]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	if _, listenErr := sandbox.Listen("", o); listenErr == nil || listenErr.Error() != err.Error() {
		t.Errorf("Listen says %v", listenErr)
	}
	sb := sandbox.New(o)
	defer sb.Close()
	answer := httptest.NewRecorder()
	sb.ServeHTTP(answer, httptest.NewRequest("GET", "/_sandbox/messages", nil))
	if answer.Code != http.StatusInternalServerError || !strings.Contains(answer.Body.String(), "keys[0]") {
		t.Errorf("a sandbox with wrong options answers %d: %s", answer.Code, answer.Body)
	}
}
