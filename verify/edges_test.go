package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// Requests without an address, over a Unix socket that is not trusted or without the
// header that would be, share one limit, and Logger says so once.
func TestHandler_noAddress(t *testing.T) {
	for name, c := range map[string]struct {
		options verify.HTTPOptions
		h       header
	}{
		"a socket that is not trusted":     {verify.HTTPOptions{}, header{"RemoteAddr": "@"}},
		"no address at all":                {verify.HTTPOptions{}, header{"RemoteAddr": ""}},
		"a header that is not trusted":     {verify.HTTPOptions{}, header{"RemoteAddr": "@", "X-Forwarded-For": "198.51.100.1"}},
		"a trusted socket without header":  {verify.HTTPOptions{TrustSocket: true}, header{"RemoteAddr": "@"}},
		"a trusted socket, and no address": {verify.HTTPOptions{TrustSocket: true}, header{"RemoteAddr": "@", "X-Forwarded-For": "unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			c.options.Logger = slog.New(slog.NewTextHandler(&log, nil))
			s := newSite(t, c.options)
			sent, judged := 0, 0
			for i := range 200 {
				to := fmt.Sprintf(`{"mobile":"+86138%08d"`, i)
				if answer, _ := s.call("POST", "/codes", jsonMedia, to+`}`, c.h); answer.Code == 201 {
					sent++
				}
				if answer, _ := s.call("POST", "/codes/check", jsonMedia, to+`,"code":"1"}`, c.h); answer.Code == 400 {
					judged++
				}
			}
			if sent != 30 || judged != 100 {
				t.Errorf("%d codes were sent and %d answers judged of 200: the limits of one address are 30 and 100", sent, judged)
			}
			if n := strings.Count(log.String(), "level=WARN"); n != 1 {
				t.Errorf("%d warnings: %s", n, log.String())
			}
		})
	}
}

// A range of IPv4 addresses in IPv6 form is that range.
func TestHandler_mappedProxies(t *testing.T) {
	for prefix, trusted := range map[string]bool{
		"::ffff:10.0.0.0/104": true, "::ffff:10.0.0.1/128": true, "::ffff:0:0/96": true, "10.0.0.0/8": true,
		"::ffff:11.0.0.0/104": false, "::/0": false,
	} {
		s := newSite(t, verify.HTTPOptions{TrustedProxies: []netip.Prefix{netip.MustParsePrefix(prefix)}}, func(o *verify.Options) {
			o.Limits.IP = []middleware.Window{{Count: 1, Per: time.Hour}}
		})
		answers := 0
		for i := range 2 {
			answer, _ := s.call("POST", "/codes", jsonMedia, fmt.Sprintf(`{"mobile":"+861380000000%d"}`, i), header{"RemoteAddr": "10.0.0.1:1", "X-Forwarded-For": fmt.Sprintf("198.51.100.%d", i)})
			if answer.Code == 201 {
				answers++
			}
		}
		if (answers == 2) != trusted {
			t.Errorf("%s trusts 10.0.0.1: %v, want %v", prefix, answers == 2, trusted)
		}
	}
	w := newWorld(t)
	for _, prefix := range []string{"::ffff:10.0.0.0/90", "::ffff:0:0/0"} {
		if _, err := verify.NewHandler(w.Verifier, verify.HTTPOptions{TrustedProxies: []netip.Prefix{netip.MustParsePrefix(prefix)}}); err == nil || !strings.Contains(err.Error(), "TrustedProxies[0]") {
			t.Errorf("%s: %v", prefix, err)
		}
	}
}

// A key of JSON that is there twice, or in other letters, is read in different ways by
// different programs.
func TestHandler_ambiguousKeys(t *testing.T) {
	s := newSite(t, verify.HTTPOptions{})
	for _, body := range []string{
		`{"mobile":"+8613800000001","mobile":"+8613800000002"}`,
		`{"mobile":"+8613800000001","mobile":"+8613800000001"}`,
		`{"mobile":"+8613800000001","Mobile":"+8613800000002"}`,
		`{"MOBILE":"+8613800000001"}`,
		`{"mobile":"+8613800000001","code":"1","Code":"2"}`,
		`{"mobile":"+8613800000001","\u006dobile":"+8613800000002"}`,
		`{"mobile":"+8613800000001","x":1,"x":2}`,
		`{"mobile":"+8613800000001","x":1,"X":2}`,
	} {
		for _, path := range []string{"/codes", "/codes/check"} {
			if status, got := s.post(path, body); status != 400 || got["reason"] != "malformed" {
				t.Errorf("%s %s: %d %v", path, body, status, got)
			}
		}
	}
	if status, got := s.post("/codes", `{"x":{"mobile":1,"mobile":2},"mobile":"+8613800000001","y":null}`); status != 201 {
		t.Errorf("keys that are not ours: %d %v", status, got)
	}
}

// The answer for a number that is not allowed, or no longer, is that of a wrong code,
// whatever code waits; a test number is no exception.
func TestHandler_checkAsksAllow(t *testing.T) {
	allowed := true
	s := newSite(t, verify.HTTPOptions{Allow: func(context.Context, sms.Number) bool { return allowed }}, withoutLimits, func(o *verify.Options) {
		o.TestNumbers = map[sms.Number]verify.TestNumber{bob: {Code: "123456", Until: time.Now().Add(time.Hour)}}
		o.Environment = "test"
	})
	s.post("/codes", `{"mobile":"+8613800000001"}`)
	code := s.vendor.Code(alice)
	allowed = false
	for i := range 5 {
		status, got := s.post("/codes/check", `{"mobile":"+8613800000001","code":"`+code+`"}`)
		if left, _ := got["attempts_left"].(float64); i < 4 && (status != 400 || got["reason"] != "wrong_code" || int(left) != 4-i) || i == 4 && status != 429 {
			t.Errorf("answer %d for a number that is no longer allowed: %d %v", i+1, status, got)
		}
	}
	s.post("/codes", `{"mobile":"+8613800000002"}`)
	if status, _ := s.post("/codes/check", `{"mobile":"+8613800000002","code":"123456"}`); status != 400 {
		t.Errorf("a test number that is not allowed: %d", status)
	}
	allowed = true
	s.post("/codes", `{"mobile":"+8613800000002"}`)
	if status, got := s.post("/codes/check", `{"mobile":"+8613800000002","code":"123456"}`); status != 200 {
		t.Errorf("a test number that is allowed: %d %v", status, got)
	}
}

// Other kinds of templates take line ends in their values, and so a false line for
// browsers that offer the code.
func TestNew_templateKind(t *testing.T) {
	for kind, good := range map[sms.Kind]bool{sms.Verification: true, sms.Notification: false, sms.International: false, 0: false} {
		r, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: kind, Text: "Hello ${name}, your code is ${code}."})
		if err != nil {
			t.Fatal(err)
		}
		vendor, err := fake.New(fake.Options{Templates: r})
		if err != nil {
			t.Fatal(err)
		}
		_, err = verify.New(verify.Options{Sender: vendor, Store: verify.NewMemoryStore(), Key: key("one"), Template: "login-code", Params: sms.Params{"name": "Ann"}})
		if (err == nil) != good {
			t.Errorf("a template of kind %v: %v", kind, err)
		}
		// A Sender that cannot be asked refuses each message.
		v, err := verify.New(verify.Options{Sender: sms.SenderFunc(vendor.Send), Store: verify.NewMemoryStore(), Key: key("one"), Template: "login-code"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Start(t.Context(), verify.Request{To: alice, Params: sms.Params{"name": "x\n\n@evil.example #123456"}})
		if sms.ReasonOf(err) != sms.InvalidMessage {
			t.Errorf("a false line in a template of kind %v: %v", kind, err)
		}
	}
}

// JSON is UTF-8 whatever its charset says; JSON that is said to be a form is answered
// with the content type to send.
func TestHandler_contentTypes(t *testing.T) {
	for _, media := range []string{"application/json; charset=utf8", "application/json; charset=UTF-8", `application/json; charset="utf-8"`, "application/json;charset=us-ascii", "Application/JSON; charset=gbk"} {
		s := newSite(t, verify.HTTPOptions{})
		if answer, got := s.call("POST", "/codes", media, `{"mobile":"+8613800000001"}`, nil); answer.Code != 201 {
			t.Errorf("%s: %d %v", media, answer.Code, got)
		}
	}
	s := newSite(t, verify.HTTPOptions{})
	for _, media := range []string{"application/x-www-form-urlencoded; charset=utf8", "application/x-www-form-urlencoded;charset=UTF-8"} {
		if answer, got := s.call("POST", "/codes/check", media, `mobile=%2B8613800000001&code=1`, nil); answer.Code != 400 || got["reason"] != "wrong_code" {
			t.Errorf("%s: %d %v", media, answer.Code, got)
		}
	}
	if answer, _ := s.call("POST", "/codes", formMedia+"; charset=gbk", `mobile=%2B8613800000001`, nil); answer.Code != 415 {
		t.Errorf("a form in another charset: %d", answer.Code)
	}
	for _, body := range []string{`{"mobile":"+8613800000001"}`, ` {"mobile":"+8613800000001","code":"1"}`, "{\n}", `["+8613800000001"]`, `{"mobile":"+8613800000001","next":"a=b&c"}`} {
		for _, path := range []string{"/codes", "/codes/check"} {
			answer, got := s.call("POST", path, formMedia, body, nil)
			if detail, _ := got["detail"].(string); answer.Code != 415 || !strings.Contains(detail, "application/json") {
				t.Errorf("%s %s as a form: %d %v", path, body, answer.Code, got)
			}
		}
	}
}
