package postal_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/postal"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

const token = "postal-token-5d41402abc"

// conformance is what the suite must know of Postal.
func conformance() smstest.Provider {
	open := func(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender {
		p, err := postal.New(postal.Options{Name: smstest.Name, Token: token, Endpoint: endpoint, Templates: r, Timeout: timeout})
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	answer := func(w http.ResponseWriter, r *http.Request, code, words string) {
		json.NewEncoder(w).Encode(map[string]string{"code": code, "message": words, "id": "p-1", "call": "c-1"})
	}
	codes, unknown := smstest.CodesOf(postal.Codes())
	return smstest.Provider{
		New: func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
			return open(tb, endpoint, r, 0)
		},
		NewTimeout: open,
		Accept: func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+token {
				answer(w, r, "11", "unknown token")
				return
			}
			answer(w, r, "0", "")
		},
		Refuse:       func(w http.ResponseWriter, r *http.Request) { answer(w, r, "12", "no credit") },
		Answer:       answer,
		Codes:        codes,
		UnknownCodes: unknown,
		Read: func(r *http.Request) (to, text string) {
			var sent struct {
				To     string
				Values []string
			}
			body, _ := io.ReadAll(r.Body)
			json.Unmarshal(body, &sent)
			return sent.To, strings.Join(sent.Values, " ")
		},
		Bindings: map[string]sms.Binding{
			smstest.LoginCode: {ID: "T1", Order: []string{"code"}},
			smstest.Notice:    {ID: "T2", Order: []string{"order", "name"}},
		},
		Secrets:       []string{token},
		TemplatesOnly: true,
	}
}

func TestConformance(t *testing.T) { smstest.Run(t, conformance()) }
