package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// app is the application with a vendor in memory.
func app(t *testing.T) (http.Handler, *fake.Provider) {
	t.Helper()
	templates, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."})
	if err != nil {
		t.Fatal(err)
	}
	vendor, err := fake.New(fake.Options{Templates: templates})
	if err != nil {
		t.Fatal(err)
	}
	h, err := newApp(vendor)
	if err != nil {
		t.Fatal(err)
	}
	return h, vendor
}

func ask(h http.Handler, method, path, body string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer.Result()
}

// signInAs signs a number in, and returns its cookie.
func signInAs(t *testing.T, h http.Handler, vendor *fake.Provider, to sms.Number, headers ...string) *http.Cookie {
	t.Helper()
	if answer := ask(h, "POST", "/codes", `{"mobile":"`+to.E164()+`"}`); answer.StatusCode != 201 {
		t.Fatal(answer.Status)
	}
	answer := ask(h, "POST", "/codes/check", `{"mobile":"`+to.E164()+`","code":"`+vendor.Code(to)+`"}`, headers...)
	for _, c := range answer.Cookies() {
		if c.Name == cookie {
			return c
		}
	}
	t.Fatal("no session: ", answer.Status)
	return nil
}

// No other site may show the page in a frame, in which clicks are stolen.
func TestNotInAFrame(t *testing.T) {
	h, _ := app(t)
	if policy := ask(h, "GET", "/", "").Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("the policy is %q", policy)
	}
}

// A page of another site signs nobody out.
func TestCrossSiteLogout(t *testing.T) {
	h, vendor := app(t)
	session := signInAs(t, h, vendor, "+8613800000000")
	in := session.Name + "=" + session.Value
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		if answer := ask(h, "POST", "/logout", "", append(headers, "Cookie", in)...); answer.StatusCode != http.StatusForbidden {
			t.Errorf("%v: %s", headers, answer.Status)
		}
		if answer := ask(h, "GET", "/me", "", "Cookie", in); answer.StatusCode != 200 {
			t.Fatalf("%v has signed out", headers)
		}
	}
	if answer := ask(h, "POST", "/logout", "", "Sec-Fetch-Site", "same-origin", "Cookie", in); answer.StatusCode != http.StatusNoContent {
		t.Errorf("the page itself: %s", answer.Status)
	}
	if answer := ask(h, "GET", "/me", "", "Cookie", in); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("after signing out: %s", answer.Status)
	}
}

// Behind a proxy that ends TLS the cookie is Secure by configuration, the one that
// signs out too.
func TestSecureCookie(t *testing.T) {
	for setting, want := range map[string]bool{"": false, "false": false, "true": true, "1": true} {
		t.Setenv("LOGIN_SECURE", setting)
		h, vendor := app(t)
		if c := signInAs(t, h, vendor, "+8613800000000"); c.Secure != want || !c.HttpOnly {
			t.Errorf("LOGIN_SECURE=%q: %v", setting, c)
		}
		for _, c := range ask(h, "POST", "/logout", "").Cookies() {
			if c.Secure != want {
				t.Errorf("LOGIN_SECURE=%q, signing out: %v", setting, c)
			}
		}
	}
	t.Setenv("LOGIN_SECURE", "maybe")
	if _, err := newApp(sms.SenderFunc(nil)); err == nil || !strings.Contains(err.Error(), "LOGIN_SECURE") {
		t.Errorf("LOGIN_SECURE=maybe: %v", err)
	}
}

// Sessions that are over are removed, and who signs in again leaves the one before.
func TestSessionsAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSessions(false)
		begin := func(i int, cookies ...*http.Cookie) *http.Cookie {
			r := httptest.NewRequest("POST", "/codes/check", nil)
			for _, c := range cookies {
				r.AddCookie(c)
			}
			w := httptest.NewRecorder()
			if err := s.begin(w, r, sms.Number(fmt.Sprintf("+86138%08d", i))); err != nil {
				t.Fatal(err)
			}
			return w.Result().Cookies()[0]
		}
		first := begin(0)
		begin(0, first)
		if len(s.who) != 1 {
			t.Errorf("%d sessions of one browser", len(s.who))
		}
		for i := range 1000 {
			begin(i)
			time.Sleep(time.Hour)
		}
		if len(s.who) > 26 {
			t.Errorf("%d sessions are kept: one an hour, for 24 hours", len(s.who))
		}
	})
}
