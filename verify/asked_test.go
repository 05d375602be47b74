package verify_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/notifykit/notify/verify"
)

func TestHandler_refusesWhatIsNoRequest(t *testing.T) {
	s := newSite(t, verify.HTTPOptions{})
	for _, c := range []struct {
		name, method, path, media, body string
		status                          int
		reason                          string
	}{
		{"another method", "GET", "/codes", "", "", 405, "method_not_allowed"},
		{"another method", "DELETE", "/codes/check/", "", "", 405, "method_not_allowed"},
		{"no media type", "POST", "/codes", "", askAlice, 415, "unsupported_media_type"},
		{"another media type", "POST", "/codes/check", "text/plain", askAlice, 415, "unsupported_media_type"},
		{"another charset", "POST", "/codes", formMedia + "; charset=gbk", "mobile=1", 415, "unsupported_media_type"},
		{"a body too large", "POST", "/codes", jsonMedia, `{"mobile":"` + strings.Repeat("1", 5000) + `"}`, 413, "too_large"},
		{"a body too large", "POST", "/codes/check", formMedia, "mobile=" + strings.Repeat("1", 5000), 413, "too_large"},
		{"nothing", "POST", "/codes", jsonMedia, "", 400, "malformed"},
		{"no JSON", "POST", "/codes", jsonMedia, "{", 400, "malformed"},
		{"a list", "POST", "/codes", jsonMedia, `["+8613800000001"]`, 400, "malformed"},
		{"a number as a number", "POST", "/codes", jsonMedia, `{"mobile":13800000001}`, 400, "malformed"},
		{"two objects", "POST", "/codes", jsonMedia, `{"mobile":"+8613800000001"}{}`, 400, "malformed"},
		{"not UTF-8", "POST", "/codes", jsonMedia, "{\"mobile\":\"\xff\"}", 400, "malformed"},
		{"no form", "POST", "/codes", formMedia, "mobile=%zz", 400, "malformed"},
		{"a field twice", "POST", "/codes", formMedia, "mobile=%2B8613800000001&mobile=%2B8613800000002", 400, "malformed"},
		{"a form not in UTF-8", "POST", "/codes", formMedia, "mobile=%ff", 400, "malformed"},
		{"no number", "POST", "/codes", jsonMedia, `{}`, 400, "invalid_number"},
		{"null", "POST", "/codes", jsonMedia, `null`, 400, "invalid_number"},
		{"an empty number", "POST", "/codes", jsonMedia, `{"mobile":" "}`, 400, "invalid_number"},
		{"no country", "POST", "/codes", jsonMedia, `{"mobile":"13800000001"}`, 400, "invalid_number"},
		{"two numbers", "POST", "/codes", jsonMedia, `{"mobile":"+8613800000001,+8613800000002"}`, 400, "invalid_number"},
		{"no code", "POST", "/codes/check", jsonMedia, `{"mobile":"+8613800000001"}`, 400, "code_missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, got := s.call(c.method, c.path, c.media, c.body, nil)
			if answer.Code != c.status || got["reason"] != c.reason {
				t.Errorf("the answer is %d %v; it should be %d %s", answer.Code, got, c.status, c.reason)
			}
		})
	}
	s.vendor.AssertCount(t, 0)
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, httptest.NewRequest("POST", "/codes/other", nil))
	if answer.Code != 404 {
		t.Errorf("another path is answered with %d", answer.Code)
	}
}
