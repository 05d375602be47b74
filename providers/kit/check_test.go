package kit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

func TestCheck(t *testing.T) {
	registry, err := sms.NewRegistry(
		sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."},
		sms.Template{Name: "plain", Text: "Hello"},
	)
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	login := sms.Message{To: "+8613812345678", Template: "login-code", Params: sms.Params{"code": "482913"}, Key: "k1"}
	with := func(f func(*sms.Message)) sms.Message { m := login.Clone(); f(&m); return m }
	for _, test := range []struct {
		name   string
		ctx    context.Context
		m      sms.Message
		reason sms.Reason // "": accepted
		kind   sms.Kind
	}{
		{"a message that is right", t.Context(), login, "", sms.Verification},
		{"a template without a kind", t.Context(), sms.Message{To: login.To, Template: "plain", Key: "k1"}, "", sms.Notification},
		{"a body without a kind", t.Context(), sms.Message{To: login.To, Body: "Hello", Key: "k1"}, "", sms.Notification},
		{"a body with a kind", t.Context(), sms.Message{To: login.To, Body: "Hello", Kind: sms.Promotion, Key: "k1"}, "", sms.Promotion},
		{"a wrong number", t.Context(), with(func(m *sms.Message) { m.To = "13812345678" }), sms.InvalidNumber, sms.Verification},
		{"a missing value", t.Context(), with(func(m *sms.Message) { m.Params = nil }), sms.InvalidMessage, sms.Verification},
		{"a template that does not exist", t.Context(), with(func(m *sms.Message) { m.Template = "none" }), sms.InvalidMessage, 0},
		{"a message that has expired", t.Context(), with(func(m *sms.Message) { m.Expires = time.Now().Add(-time.Second) }), sms.Expired, sms.Verification},
		{"a message that expires later", t.Context(), with(func(m *sms.Message) { m.Expires = time.Now().Add(time.Hour) }), "", sms.Verification},
		{"a caller who has left", over, login, sms.Canceled, sms.Verification},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, refused := kit.Check(test.ctx, "acme", registry, test.m)
			if m.Key != "k1" || m.Kind != test.kind {
				t.Errorf("the message has the key %q and is a %v", m.Key, m.Kind)
			}
			if test.reason == "" {
				if refused != nil {
					t.Errorf("it is refused: %v", refused)
				}
				return
			}
			if refused == nil {
				t.Fatal("it is not refused")
			}
			if refused.Reason != test.reason || refused.Outcome != sms.Rejected {
				t.Errorf("it is %v, %q", refused.Outcome, string(refused.Reason))
			}
			if refused.Provider != "acme" || refused.Key != "k1" || refused.Kind != test.kind {
				t.Errorf("the error is of %q, %q, %v", refused.Provider, refused.Key, refused.Kind)
			}
		})
	}
	t.Run("a message without a key gets one of its own", func(t *testing.T) {
		one, _ := kit.Check(t.Context(), "acme", registry, with(func(m *sms.Message) { m.Key = "" }))
		two, _ := kit.Check(t.Context(), "acme", registry, with(func(m *sms.Message) { m.Key = "" }))
		if one.Key == "" || one.Key == two.Key {
			t.Errorf("the keys are %q and %q", one.Key, two.Key)
		}
	})
}

func TestRefuse(t *testing.T) {
	m := sms.Message{Key: "k1", Kind: sms.Promotion}
	given := &sms.Error{Provider: "other", Reason: sms.Throttled, Outcome: sms.Rejected, Code: "7"}
	e := kit.Refuse("acme", m, given)
	if e.Provider != "acme" || e.Key != "k1" || e.Kind != sms.Promotion || e.Code != "7" || e.Reason != sms.Throttled {
		t.Errorf("it is %+v", *e)
	}
	if given.Provider != "other" || given.Key != "" {
		t.Error("the error that was given has changed")
	}
	if e := kit.Refuse("acme", m, errors.New("disk full")); e.Outcome != sms.Unknown || e.Reason != sms.Internal {
		t.Errorf("an error that nobody has classified is %v, %q", e.Outcome, string(e.Reason))
	}
	for name, none := range map[string]error{"nil": nil, "a nil *sms.Error": (*sms.Error)(nil)} {
		if e := kit.Refuse("acme", m, none); e.Reason != sms.Internal || e.Provider != "acme" {
			t.Errorf("%s becomes %v", name, e)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for _, test := range []struct {
		address string
		plain   bool
		want    string // "": refused
	}{
		{"https://api.example.com", false, "https://api.example.com"},
		{"https://api.example.com/", false, "https://api.example.com"},
		{"https://api.example.com/v1/", false, "https://api.example.com/v1"},
		{"http://127.0.0.1:8025", false, "http://127.0.0.1:8025"},
		{"http://[::1]:8025", false, "http://[::1]:8025"},
		{"http://[::ffff:127.0.0.1]:8025", false, "http://[::ffff:127.0.0.1]:8025"},
		{"http://localhost:8025", false, "http://localhost:8025"},
		{"http://api.example.com", true, "http://api.example.com"},
		{"http://api.example.com", false, ""},
		{"http://localhost.example.com", false, ""},
		{"http://127.0.0.1.example.com", false, ""},
		{"ftp://api.example.com", true, ""},
		{"api.example.com", false, ""},
		{"https://", false, ""},
		{"https://:443", false, ""},
		{"", false, ""},
		{"https://user:secret@api.example.com", false, ""},
		{"https://api.example.com?a=secret", false, ""},
		{"https://api.example.com#secret", false, ""},
		{"https://user:secret%zz@api.example.com", false, ""},
	} {
		got, err := kit.Endpoint(test.address, test.plain)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%q (plain %v) is %q, %v", test.address, test.plain, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("a secret shows: %v", err)
		}
	}
}

func TestOfStatus(t *testing.T) {
	for status := 100; status < 600; status++ {
		reason, outcome := kit.OfStatus(status)
		wantReason, wantOutcome := sms.Unavailable, sms.Unknown
		if status >= 400 && status <= 499 && status != 408 {
			wantReason, wantOutcome = sms.Unsupported, sms.Rejected
		}
		switch status {
		case 401, 403:
			wantReason = sms.Unauthorized
		case 429:
			wantReason = sms.Throttled
		}
		if reason != wantReason || outcome != wantOutcome {
			t.Errorf("%d is %v, %q", status, outcome, string(reason))
		}
	}
}
