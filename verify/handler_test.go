package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

const (
	jsonMedia = "application/json"
	formMedia = "application/x-www-form-urlencoded"
)

// A site is a world with a Handler in front of it, whose every answer is held
// against the OpenAPI file.
type site struct {
	*world
	handler  http.Handler
	contract *contract
}

func newSite(t testing.TB, o verify.HTTPOptions, change ...func(*verify.Options)) *site {
	w := newWorld(t, change...)
	return &site{world: w, handler: verify.Handler(w.Verifier, o), contract: newContract(t)}
}

type header map[string]string

// call sends a request and gives status and body.
func (s *site) call(method, path, media, body string, h header) (*httptest.ResponseRecorder, map[string]any) {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), method, path, strings.NewReader(body))
	r.RemoteAddr = "192.0.2.1:4711"
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	for name, value := range h {
		if name == "RemoteAddr" {
			r.RemoteAddr = value
			continue
		}
		r.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, r)
	s.contract.hold(s, r, answer)
	var got map[string]any
	if answer.Body.Len() > 0 {
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
			s.Fatal(err)
		}
	}
	return answer, got
}

func (s *site) post(path, body string) (int, map[string]any) {
	s.Helper()
	answer, got := s.call("POST", path, jsonMedia, body, nil)
	return answer.Code, got
}

func wantBody(t testing.TB, code int, got map[string]any, want int, text string) {
	t.Helper()
	var wanted map[string]any
	if err := json.Unmarshal([]byte(text), &wanted); err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(got)
	again, _ := json.Marshal(wanted)
	if code != want || string(body) != string(again) {
		t.Errorf("the answer is %d %s\nit should be %d %s", code, body, want, again)
	}
}

const (
	askAlice = `{"mobile":"138 0000 0001"}`
	inChina  = "CN"
)

func tryAlice(code string) string { return `{"mobile":"138 0000 0001","code":"` + code + `"}` }

func TestHandler_theWholeWay(t *testing.T) {
	for _, media := range []string{jsonMedia, formMedia, jsonMedia + "; charset=UTF-8"} {
		for _, slash := range []string{"", "/"} {
			t.Run(media+slash, func(t *testing.T) {
				s := newSite(t, verify.HTTPOptions{Region: inChina})
				start, check := askAlice, func(code string) string { return tryAlice(code) }
				if media == formMedia {
					start, check = "mobile=138+0000+0001", func(code string) string { return "mobile=138+0000+0001&code=" + code }
				}
				answer, got := s.call("POST", "/codes"+slash, media, start, nil)
				wantBody(t, answer.Code, got, 201, `{"mobile":"+8613800000001","expires_in":300,"resend_after":60}`)
				code := s.vendor.Code(alice)
				answer, got = s.call("POST", "/codes/check"+slash, media, check(otherThan(code, 1)), nil)
				wantBody(t, answer.Code, got, 400, `{"verified":false,"code":"the code is wrong or has expired","reason":"wrong_code","attempts_left":4}`)
				answer, got = s.call("POST", "/codes/check"+slash, media, check(code), nil)
				wantBody(t, answer.Code, got, 200, `{"verified":true}`)
				answer, got = s.call("POST", "/codes/check"+slash, media, check(code), nil)
				wantBody(t, answer.Code, got, 400, `{"verified":false,"code":"the code is wrong or has expired","reason":"wrong_code","attempts_left":0}`)
				if answer.Header().Get("Cache-Control") != "no-store" {
					t.Error("the answer may be cached")
				}
			})
		}
	}
}

func TestHandler_proof(t *testing.T) {
	s := newSite(t, verify.HTTPOptions{Region: inChina, Prove: true, Purpose: "sign-up"})
	s.post("/codes", askAlice)
	_, got := s.post("/codes/check", tryAlice(s.vendor.Code(alice)))
	token, _ := got["proof"].(string)
	if err := s.Redeem(t.Context(), verify.Proof{To: alice, Purpose: "sign-up", Token: token}); err != nil {
		t.Error(err)
	}
}

func TestHandler_session(t *testing.T) {
	var in sms.Number
	fails := error(nil)
	s := newSite(t, verify.HTTPOptions{Verified: func(w http.ResponseWriter, _ *http.Request, to sms.Number) error {
		in = to
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "x"})
		return fails
	}}, withoutLimits)
	s.post("/codes", `{"mobile":"+8613800000001"}`)
	body := `{"mobile":"+8613800000001","code":"` + s.vendor.Code(alice) + `"}`
	answer, _ := s.call("POST", "/codes/check", jsonMedia, body, nil)
	if in != alice || len(answer.Result().Cookies()) != 1 {
		t.Errorf("verified was %v, and %d cookies set", in, len(answer.Result().Cookies()))
	}
	fails = errors.New("no session store")
	s.post("/codes", `{"mobile":"+8613800000001"}`)
	if code, _ := s.post("/codes/check", `{"mobile":"+8613800000001","code":"`+s.vendor.Code(alice)+`"}`); code != 503 {
		t.Errorf("with no session the answer is %d", code)
	}
}

// The table from Reason to status.
func TestHandler_statusByReason(t *testing.T) {
	unavailable := `{"detail":"this does not work at the moment: try again later","reason":"unavailable"}`
	created := `{"mobile":"+8613800000001","expires_in":300,"resend_after":60}`
	for _, c := range []struct {
		err    error
		status int
		body   string
	}{
		{sms.InvalidNumber, 400, `{"mobile":"this is not a telephone number that can be reached","reason":"invalid_number"}`},
		{sms.InvalidMessage, 400, `{"mobile":"the request cannot be read","reason":"invalid_message"}`},
		{sms.RecipientBlocked, 400, `{"mobile":"no codes can be sent to this number","reason":"recipient_blocked"}`},
		{sms.RecipientLimited, 429, `{"mobile":"this number has had enough codes for now: try again later","reason":"recipient_limited","retry_after":60}`},
		{&sms.Error{Reason: sms.RecipientLimited, Outcome: sms.Rejected, RetryAfter: time.Hour}, 429,
			`{"mobile":"this number has had enough codes for now: try again later","reason":"recipient_limited","retry_after":3600}`},
		{sms.ContentRejected, 503, unavailable},
		{sms.Expired, 503, unavailable},
		{sms.TemplateRejected, 503, unavailable},
		{sms.Unauthorized, 503, unavailable},
		{&sms.Error{Reason: sms.AccountBlocked, Outcome: sms.Rejected, Code: "isv.AMOUNT_NOT_ENOUGH", Message: "余额不足"}, 503, unavailable},
		{sms.Throttled, 503, unavailable},
		{sms.Paced, 503, unavailable},
		{sms.OverBudget, 503, unavailable},
		{sms.Unsupported, 503, unavailable},
		{sms.Unavailable, 503, unavailable},
		{sms.Internal, 503, unavailable},
		{&sms.Error{Reason: sms.Unavailable}, 201, created},
		{errors.New("nobody knows"), 201, created},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			s := newSite(t, verify.HTTPOptions{Region: inChina})
			s.vendor.FailNext(c.err)
			code, got := s.post("/codes", askAlice)
			wantBody(t, code, got, c.status, c.body)
		})
	}
}

func TestHandler_languages(t *testing.T) {
	s := newSite(t, verify.HTTPOptions{})
	_, got := s.call("POST", "/codes", jsonMedia, `{"mobile":"13800000001"}`, header{"Accept-Language": "zh-CN,zh;q=0.9"})
	if got["mobile"] != "请在号码前加上 + 和国家代码，例如 +86 138 0000 0000" {
		t.Errorf("in Chinese: %v", got)
	}
	_, got = s.call("POST", "/codes", jsonMedia, `{"mobile":"13800000001"}`, header{"Accept-Language": "fr"})
	if got["mobile"] != "write the number with + and its country code, such as +86 138 0000 0000" {
		t.Errorf("in English: %v", got)
	}
}

func TestHandler_limits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, verify.HTTPOptions{Region: inChina})
		s.post("/codes", askAlice)
		time.Sleep(18*time.Second + 1) // 41.999999999 s are left: nobody should come too early
		answer, got := s.call("POST", "/codes", jsonMedia, askAlice, nil)
		wantBody(t, answer.Code, got, 429, `{"mobile":"a code was sent a moment ago: ask for another in 42 seconds","reason":"recipient_limited","scope":"cooldown","retry_after":42}`)
		if answer.Header().Get("Retry-After") != "42" {
			t.Errorf("Retry-After is %q", answer.Header().Get("Retry-After"))
		}
		code := s.vendor.Code(alice)
		for i := range 4 {
			s.post("/codes/check", tryAlice(otherThan(code, i)))
		}
		for range 2 {
			status, got := s.post("/codes/check", tryAlice(otherThan(code, 9)))
			wantBody(t, status, got, 429, `{"detail":"too many wrong codes: try again in 15 minutes","reason":"too_many_attempts","retry_after":900}`)
		}
		time.Sleep(time.Minute)
		status, got := s.post("/codes", askAlice)
		wantBody(t, status, got, 429, `{"mobile":"too many wrong codes: try again in 14 minutes","reason":"recipient_limited","scope":"attempts","retry_after":840}`)
	})
}

func TestHandler_otherSites(t *testing.T) {
	s := newSite(t, verify.HTTPOptions{Region: inChina, Origins: []string{"https://app.example.com"}}, withoutLimits)
	foreign := header{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
	for _, path := range []string{"/codes", "/codes/check"} {
		answer, got := s.call("POST", path, formMedia, "mobile=13800000001&code=1", foreign)
		if answer.Code != 403 || got["reason"] != "cross_origin" || answer.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("a page of another site: %d %v %v", answer.Code, got, answer.Header())
		}
		own := header{"Origin": "https://app.example.com", "Sec-Fetch-Site": "cross-site"}
		answer, _ = s.call("OPTIONS", path, "", "", own)
		if answer.Code != 204 || answer.Header().Get("Access-Control-Allow-Origin") != "https://app.example.com" || answer.Header().Get("Access-Control-Allow-Methods") != "POST" {
			t.Errorf("a listed site asks before: %d %v", answer.Code, answer.Header())
		}
		answer, _ = s.call("OPTIONS", path, "", "", foreign)
		if answer.Header().Get("Access-Control-Allow-Origin") != "" || answer.Header().Get("Vary") != "Origin" {
			t.Errorf("another site asks before: %v", answer.Header())
		}
	}
	answer, _ := s.call("POST", "/codes", jsonMedia, askAlice, header{"Origin": "https://app.example.com", "Sec-Fetch-Site": "cross-site"})
	if answer.Code != 201 || answer.Header().Get("Access-Control-Allow-Origin") != "https://app.example.com" {
		t.Errorf("a listed site: %d %v", answer.Code, answer.Header())
	}
	if answer, _ := s.call("POST", "/codes", jsonMedia, askAlice, header{"Sec-Fetch-Site": "same-origin"}); answer.Code != 201 {
		t.Errorf("the site itself: %d", answer.Code)
	}
}

func TestHandler_faultsOfItsOptions(t *testing.T) {
	v := newWorld(t).Verifier
	for _, c := range []struct {
		name  string
		v     *verify.Verifier
		o     verify.HTTPOptions
		wants []string
	}{
		{"no verifier", nil, verify.HTTPOptions{}, []string{"no Verifier"}},
		{"a malformed purpose", v, verify.HTTPOptions{Purpose: "Log in"}, []string{`Purpose "Log in"`}},
		{"a malformed origin", v, verify.HTTPOptions{Origins: []string{"app.example.com"}}, []string{"Origins"}},
		{"an unknown region", v, verify.HTTPOptions{Region: "Germany"}, []string{"Region"}},
		{"a zero proxy", v, verify.HTTPOptions{TrustedProxies: make([]netip.Prefix, 1)}, []string{"TrustedProxies[0]"}},
		{"several", nil, verify.HTTPOptions{Purpose: "Log in", Origins: []string{"a", "b"}}, []string{"no Verifier", "Purpose", `"a"`, `"b"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log strings.Builder
			c.o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			h, err := verify.NewHandler(c.v, c.o)
			if h != nil || err == nil {
				t.Fatalf("NewHandler returns %v, %v", h, err)
			}
			s := &site{world: &world{TB: t}, handler: verify.Handler(c.v, c.o), contract: newContract(t)}
			code, _ := s.post("/codes", `{"mobile":"+8613800000001"}`)
			for _, want := range c.wants {
				if code != 503 || !strings.Contains(err.Error(), want) || !strings.Contains(log.String(), strings.ReplaceAll(want, `"`, `\"`)) {
					t.Errorf("%q is missing: the error is %v; the status is %d, and the log says %s", want, err, code, log.String())
				}
			}
		})
	}
	if h, err := verify.NewHandler(v, verify.HTTPOptions{Region: inChina, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Origins: []string{"https://app.example.com"}}); h == nil || err != nil {
		t.Errorf("good options: %v, %v", h, err)
	}
}

func TestHandler_storeFault(t *testing.T) {
	var log strings.Builder
	broken := &brokenStore{Store: verify.NewMemoryStore(), fails: map[string]error{"check": errors.New("pq: connection refused")}}
	s := newSite(t, verify.HTTPOptions{Region: inChina, Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(o *verify.Options) { o.Store = broken })
	s.post("/codes", askAlice)
	code, got := s.post("/codes/check", tryAlice(s.vendor.Code(alice)))
	wantBody(t, code, got, 503, `{"detail":"this does not work at the moment: try again later","reason":"unavailable"}`)
	if !strings.Contains(log.String(), "pq: connection refused") || strings.Contains(log.String(), "13800000001") {
		t.Errorf("the log says %s", log.String())
	}
}

// Everything in the file is met by the handler, over real connections.
func TestHandler_meetsTheWholeFile(t *testing.T) {
	c := newContract(t)
	broken := &brokenStore{Store: verify.NewMemoryStore(), fails: map[string]error{}}
	s := newSite(t, verify.HTTPOptions{Region: inChina}, func(o *verify.Options) { o.Store = broken })
	hasty := newSite(t, verify.HTTPOptions{Timeout: 50 * time.Millisecond})
	s.contract, hasty.contract = c, c
	for path, body := range map[string]string{"/codes": `{"mobile":"13800000002"}`, "/codes/check": `{"mobile":"13800000002","code":"1"}`} {
		if fault := c.holdRequest(path, jsonMedia, body); fault != "" {
			t.Errorf("the request to %s is not as described: it %s", path, fault)
		}
		s.call("OPTIONS", path, "", "", nil)
		s.call("GET", path, "", "", nil)
		s.call("POST", path, "", "", nil)
		s.call("POST", path, jsonMedia, strings.Repeat(" ", 5000), nil)
		s.call("POST", path, jsonMedia, body, header{"Sec-Fetch-Site": "cross-site"})
		hasty.slowBody(path)
	}
	s.post("/codes", askAlice)
	s.post("/codes", askAlice)
	s.vendor.FailNext(sms.InvalidNumber)
	s.post("/codes", `{"mobile":"13800000002"}`)
	broken.fails["take"], broken.fails["check"] = errors.New("down"), errors.New("down")
	s.post("/codes", `{"mobile":"13800000002"}`)
	s.post("/codes/check", tryAlice("1"))
	broken.fails = nil
	s.post("/codes/check", tryAlice(s.vendor.Code(alice)))
	s.post("/codes/check", tryAlice("1"))
	s.lock()
	c.wantAllMet(t)
}

// lock gives wrong answers until the number is locked.
func (s *site) lock() {
	v := s.another(withoutLimits)
	if _, err := v.Start(s.Context(), verify.Request{To: alice, Purpose: "login"}); err != nil {
		s.Fatal(err)
	}
	for i := range 5 {
		s.post("/codes/check", tryAlice(otherThan(s.vendor.Code(alice), i)))
	}
}

// slowBody begins a body on a real connection and does not go on.
func (s *site) slowBody(path string) {
	server := httptest.NewServer(s.handler)
	defer server.Close()
	reader, writer := io.Pipe()
	defer writer.Close()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "POST", server.URL+path, reader)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", jsonMedia)
	response, err := server.Client().Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	answer := httptest.NewRecorder()
	answer.Code = response.StatusCode
	for name := range response.Header {
		answer.Header().Set(name, response.Header.Get(name))
	}
	if _, err := io.Copy(answer.Body, response.Body); err != nil {
		s.Fatal(err)
	}
	s.contract.hold(s, r, answer)
}

// Mounted in a router, below a prefix or not, both paths are answered with and
// without a slash, and never by a redirect, which would lose the body.
func TestHandler_inARouter(t *testing.T) {
	s := newSite(t, verify.HTTPOptions{Region: inChina}, withoutLimits)
	mux := http.NewServeMux()
	mux.Handle("/codes", s.handler)
	mux.Handle("/codes/", s.handler)
	mux.Handle("/api/", http.StripPrefix("/api", s.handler))
	for _, prefix := range []string{"", "/api"} {
		for _, slash := range []string{"", "/"} {
			for path, want := range map[string]int{"/codes": 201, "/codes/check": 400} {
				r := httptest.NewRequest("POST", prefix+path+slash, strings.NewReader(tryAlice("no")))
				r.Header.Set("Content-Type", jsonMedia)
				answer := httptest.NewRecorder()
				mux.ServeHTTP(answer, r)
				if answer.Code != want {
					t.Errorf("%s%s%s is answered with %d, not %d", prefix, path, slash, answer.Code, want)
				}
			}
		}
	}
}

func FuzzHandler(f *testing.F) {
	f.Add("/codes", jsonMedia, askAlice)
	f.Add("/codes/check", jsonMedia, tryAlice("123456"))
	f.Add("/codes/check/", formMedia, "mobile=%2B8613800000001&code=1")
	f.Fuzz(func(t *testing.T, path, media, body string) {
		s := newSite(t, verify.HTTPOptions{Region: inChina})
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.URL.Path = path
		r.Header.Set("Content-Type", media)
		answer := httptest.NewRecorder()
		s.handler.ServeHTTP(answer, r)
		if answer.Code != 404 {
			s.contract.hold(t, r, answer)
		}
	})
}
