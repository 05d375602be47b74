package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const pathSecret = "0123456789abcdefGHIJ"

// vendors are two vendors: "signed" checks that the body is "signed URL", and "plain"
// checks nothing. A body of "malformed" cannot be read.
type vendors struct{}

func (v vendors) Hook(_ context.Context, provider string, h kit.Hook) (kit.Inbound, error) {
	in := kit.Inbound{ContentType: "text/xml", Answer: []byte("<taken/>"), Status: http.StatusAccepted}
	switch {
	case provider != "signed" && provider != "plain":
		return kit.Inbound{}, fmt.Errorf("no such provider: %w", errors.ErrUnsupported)
	case string(h.Body) == "malformed":
		return kit.Inbound{}, kit.ErrMalformed
	case provider == "signed" && string(h.Body) != "signed "+h.URL:
		return kit.Inbound{}, kit.ErrNotAuthentic
	}
	in.Signed = provider == "signed"
	if h.Kind == "replies" {
		in.Replies = []sms.Reply{{ID: "R1", From: ann, Text: "Stop!"}}
	} else {
		in.Reports = []sms.Report{{ID: "SM1", To: ann, State: sms.StateDelivered}}
	}
	return in, nil
}

func post(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("X-Forwarded-Proto", "http")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	for _, test := range []struct {
		name, method, target, body string
		status                     int
		stored                     bool
	}{
		{"signed", "POST", "/sms/signed/reports?key=a%20b", "signed https://example.com/sms/signed/reports?key=a%20b", 202, true},
		{"signed, by GET", "GET", "/sms/signed/reports", "signed https://example.com/sms/signed/reports", 202, true},
		{"signed, with a secret as well", "POST", "/sms/signed/" + pathSecret + "/reports", "signed https://example.com/sms/signed/" + pathSecret + "/reports", 202, true},
		{"a wrong signature", "POST", "/sms/signed/reports", "signed for another address", 403, false},
		{"a signature over the address of a proxy", "POST", "/sms/signed/reports", "signed http://evil.example/sms/signed/reports", 403, false},
		{"a wrong signature under the secret", "POST", "/sms/signed/" + pathSecret + "/reports", "x", 403, false},
		{"the secret", "POST", "/sms/plain/" + pathSecret + "/reports", "anything", 202, true},
		{"no secret", "POST", "/sms/plain/reports", "anything", 404, false},
		{"a wrong secret", "POST", "/sms/plain/0123456789abcdefGHIK/reports", "anything", 404, false},
		{"an empty secret", "POST", "/sms/plain//reports", "anything", 404, false},
		{"a wrong secret before a signature", "POST", "/sms/signed/wrong/reports", "x", 404, false},
		{"no such provider", "POST", "/sms/other/reports", "x", 404, false},
		{"no such address", "POST", "/sms/signed/other", "x", 404, false},
		{"too deep", "POST", "/sms/plain/" + pathSecret + "/x/reports", "x", 404, false},
		{"the root", "POST", "/sms/", "x", 404, false},
		{"cannot be read, without a secret", "POST", "/sms/plain/reports", "malformed", 404, false},
		{"cannot be read", "POST", "/sms/plain/" + pathSecret + "/reports", "malformed", 400, false},
		{"another method", "PUT", "/sms/plain/" + pathSecret + "/reports", "anything", 405, false},
		{"too large", "POST", "/sms/plain/" + pathSecret + "/reports", strings.Repeat("x", 1<<20+1), 413, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			tracker := open(t, delivery.Options{Webhooks: delivery.Webhooks{URL: "https://example.com/sms/", Secrets: []string{"another-secret-0123", pathSecret}}})
			provider := strings.Split(test.target, "/")[2]
			note(t, tracker, "order-1", ann, provider, "SM1")
			w := post(http.StripPrefix("/sms", tracker.Handler(vendors{})), test.method, test.target, test.body)
			if w.Code != test.status {
				t.Errorf("status %d, want %d: %s", w.Code, test.status, w.Body)
			}
			if stored := status(t, tracker, "order-1").State == sms.StateDelivered; stored != test.stored {
				t.Errorf("stored: %v", stored)
			}
			if test.status == 202 && (w.Body.String() != "<taken/>" || w.Header().Get("Content-Type") != "text/xml") {
				t.Errorf("the vendor's own answer is missing: %q", w.Body)
			}
		})
	}
}

// Without the public address no signature can be right.
func TestHandler_withoutURL(t *testing.T) {
	tracker := open(t, delivery.Options{})
	if w := post(tracker.Handler(vendors{}), "POST", "/signed/reports", "signed https://example.com/signed/reports"); w.Code != 403 {
		t.Errorf("status %d", w.Code)
	}
	if w := post(tracker.Handler(vendors{}), "POST", "/plain//reports", "x"); w.Code != 404 {
		t.Errorf("an empty secret: status %d", w.Code)
	}
}

// A vendor is answered 2xx only after the store has it.
func TestHandler_storeFails(t *testing.T) {
	store := &failing{Store: delivery.NewMemoryStore(1000)}
	store.fail(errors.New("down"))
	tracker := open(t, delivery.Options{Store: store, Secret: secret, Webhooks: delivery.Webhooks{Secrets: []string{pathSecret}}})
	address := "/plain/" + pathSecret + "/reports"
	if w := post(tracker.Handler(vendors{}), "POST", address, "x"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
	store.fail(nil)
	if w := post(tracker.Handler(vendors{}), "POST", address, "x"); w.Code != http.StatusAccepted {
		t.Errorf("status %d", w.Code)
	}
}

func TestHandler_replies(t *testing.T) {
	var replies []sms.Reply
	var optOuts []delivery.OptOut
	var fault error
	tracker := open(t, delivery.Options{
		Webhooks: delivery.Webhooks{Secrets: []string{pathSecret}},
		OnReply:  func(_ context.Context, r sms.Reply) error { replies = append(replies, r); return fault },
		OnOptOut: func(_ context.Context, o delivery.OptOut) error { optOuts = append(optOuts, o); return nil },
	})
	address := "/plain/" + pathSecret + "/replies"
	if w := post(tracker.Handler(vendors{}), "POST", address, "x"); w.Code != http.StatusAccepted {
		t.Errorf("status %d", w.Code)
	}
	if len(replies) != 1 || replies[0].Keyword != sms.KeywordStop || replies[0].Provider != "plain" || replies[0].Text != "Stop!" {
		t.Errorf("%v", replies)
	}
	if len(optOuts) != 1 || optOuts[0] != (delivery.OptOut{To: ann, On: true, Provider: "plain", By: "reply"}) {
		t.Errorf("%v", optOuts)
	}
	fault = errors.New("down")
	if w := post(tracker.Handler(vendors{}), "POST", address, "x"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
	report(t, tracker, sms.Report{Provider: "plain", ID: "1", To: ben, State: sms.StateBlocked, OptedOut: true})
	if last := optOuts[len(optOuts)-1]; last != (delivery.OptOut{To: ben, On: true, Provider: "plain", By: "report"}) {
		t.Errorf("%v", last)
	}
	if err := tracker.Reply(t.Context(), sms.Reply{From: ann, Text: "START"}); err == nil {
		t.Error("OnReply failed without an error")
	}
	if last := optOuts[len(optOuts)-1]; last.On || last.To != ann {
		t.Errorf("%v", last)
	}
	if text := fmt.Sprintf("%v %+v %#v", optOuts[0], optOuts[0], optOuts[0]); strings.Contains(text, "13800000001") {
		t.Error(text)
	}
}

func TestKeyword(t *testing.T) {
	for _, test := range []struct {
		text, region string
		want         sms.Keyword
	}{
		{"STOP", "US", sms.KeywordStop}, {" Stop! ", "", sms.KeywordStop}, {"\"stop\".", "GB", sms.KeywordStop}, {"stop  all", "US", sms.KeywordStop},
		{"ARRÊT", "FR", sms.KeywordStop}, {"ARRE\u0302T", "CA", sms.KeywordStop}, {"ＳＴＯＰ", "JP", sms.KeywordStop}, {"退订", "CN", sms.KeywordStop}, {"退訂。", "HK", sms.KeywordStop},
		{"ОСТАНОВИТЬ", "RU", sms.KeywordStop}, {"Opt-Out", "US", sms.KeywordStop}, {"T", "CN", sms.KeywordStop}, {"td", "CN", sms.KeywordStop}, {"R", "CN", sms.KeywordStop},
		{"END", "US", sms.KeywordStop}, {"cancel", "CA", sms.KeywordStop},
		{"T", "US", 0}, {"R", "", 0}, {"END", "GB", 0}, {"cancel", "CN", 0}, {"stop please", "US", 0}, {"don't stop", "US", 0}, {"YES", "US", 0}, {"", "CN", 0}, {"...", "CN", 0},
		{"START", "US", sms.KeywordStart}, {"unstop", "US", sms.KeywordStart}, {"Help?", "US", sms.KeywordHelp}, {"INFO", "", sms.KeywordHelp}, {"帮助", "CN", sms.KeywordHelp},
		{strings.Repeat(" ", 70) + "stop", "US", 0},
	} {
		if got := delivery.Keyword(test.text, test.region); got != test.want {
			t.Errorf("%q from %q: %v, want %v", test.text, test.region, got, test.want)
		}
	}
}

func FuzzKeyword(f *testing.F) {
	f.Add("Stop!")
	f.Add("\xff\xfeT")
	f.Fuzz(func(t *testing.T, text string) {
		if k := delivery.Keyword(text, "CN"); k < 0 || k > sms.KeywordHelp {
			t.Error(k)
		}
	})
}

func TestNew_webhooks(t *testing.T) {
	for want, w := range map[string]delivery.Webhooks{
		"Webhooks.URL":        {URL: "example.com/sms"},
		"Webhooks.URL is":     {URL: "https://example.com/sms?a=b"},
		"Webhooks.Secrets[0]": {Secrets: []string{"short"}},
		"Webhooks.Secrets[1]": {Secrets: []string{pathSecret, "with a blank and / in it"}},
	} {
		_, err := delivery.New(delivery.Options{Store: delivery.NewMemoryStore(10), Webhooks: w})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, have %v", want, err)
		}
		if err != nil && (strings.Contains(err.Error(), "short,") || strings.Contains(err.Error(), "blank")) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}
