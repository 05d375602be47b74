package verify_test

import (
	"net/http"
	"testing"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// A "+" that a form has not encoded arrives as a blank: the code must not go to
// another country's number.
func TestHandler_plusOfAForm(t *testing.T) {
	for _, c := range []struct {
		region, media, body string
		status              int
		mobile              string // which got the code, or the text of the answer
	}{
		{"US", formMedia, "mobile=+6581234567", 201, "+6581234567"},
		{"US", formMedia, "mobile=%2B6581234567", 201, "+6581234567"},
		{"", formMedia, "mobile=+6581234567", 201, "+6581234567"},
		{"CN", formMedia, "mobile=+8613800000001", 201, "+8613800000001"},
		{"CN", formMedia, "mobile=+13800000001", 201, "+8613800000001"},
		{"DE", formMedia, "mobile=+01701234567", 201, "+491701234567"},
		{"CN", formMedia, "mobile=+01012345678", 400, "this number begins with a blank, which may have been a +: encode + as %2B"},
		{"US", formMedia, "mobile=+12345", 400, "this number begins with a blank, which may have been a +: encode + as %2B"},
		{"CN", jsonMedia, `{"mobile":" 13800000001"}`, 201, "+8613800000001"},
		{"US", jsonMedia, `{"mobile":" 6581234567"}`, 400, "this is not a telephone number: check its digits"},
	} {
		s := newSite(t, verify.HTTPOptions{Region: c.region})
		answer, got := s.call("POST", "/codes", c.media, c.body, nil)
		if answer.Code != c.status || got["mobile"] != c.mobile {
			t.Errorf("%s %s: %d %v, want %d %s", c.region, c.body, answer.Code, got, c.status, c.mobile)
		}
		if answer.Code == http.StatusCreated {
			if s.vendor.Code(sms.Number(c.mobile)) == "" {
				t.Errorf("%s %s: %s got no code", c.region, c.body, c.mobile)
			}
		}
	}
}

// A right code with a character that is not seen is right: it must not count
// against the number.
func TestCheck_pastedCodes(t *testing.T) {
	pasted := []rune{0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0x061c, 0x2002, 0x2007, 0x2009, 0x2010, 0x2011,
		0x2013, 0x2060, 0x00ad, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, // and siblings
		0x00a0, 0x202f, 0x3000, 0xfeff, 0x2212, 0xff0d, 0xfe0f, 0x034f, 0x3164, 0x2800, 0x30fc, 0x2028, 0x0085, '\v', '\f', '\n', '\t', ' ', '-'}
	for _, c := range pasted {
		w := newWorld(t)
		if _, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login", IP: "192.0.2.1"}); err != nil {
			t.Fatal(err)
		}
		code := w.vendor.Code(alice)
		typed := string(c) + code[:3] + string(c) + code[3:] + string(c)
		if err := w.Check(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: typed, IP: "192.0.2.1"}); err != nil {
			t.Errorf("a right code with %U: %v", c, err)
		}
	}
}
