package smstest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// about is what the suite must know of a subject with a flaw.
func about(flaw string) smstest.Provider {
	say := func(w http.ResponseWriter, _ *http.Request, code, words string) {
		json.NewEncoder(w).Encode(map[string]string{"code": code, "message": words})
	}
	return withAbilities(smstest.Provider{
		New: func(_ testing.TB, endpoint string, r *sms.Registry) sms.Sender {
			return asked{newSubject(flaw, endpoint, r, 0)}
		},
		NewTimeout: func(_ testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender {
			return asked{newSubject(flaw, endpoint, r, timeout)}
		},
		Accept:       func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, sentence) },
		Refuse:       func(w http.ResponseWriter, r *http.Request) { say(w, r, "9", "no") },
		Answer:       say,
		Codes:        codes,
		UnknownCodes: []string{"3"},
		Read: func(r *http.Request) (to, text string) {
			var sent struct{ To, Text string }
			body, _ := io.ReadAll(r.Body)
			json.Unmarshal(body, &sent)
			return sent.To, sent.Text
		},
		Secrets: []string{secret},
	}, flaw)
}
