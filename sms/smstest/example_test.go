package smstest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/example"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// The body of a provider's TestConformance: the vendor's answers, and where its
// requests have number and text. It has no output, because a test calls it.
func ExampleRun() {
	testConformance := func(t *testing.T) {
		codes, unknown := smstest.CodesOf(example.Codes())
		answer := func(w http.ResponseWriter, _ *http.Request, code, words string) {
			json.NewEncoder(w).Encode(map[string]string{"code": code, "message": words, "id": "p-1"})
		}
		smstest.Run(t, smstest.Provider{
			New: func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
				p, err := example.New(example.Options{Name: smstest.Name, Token: "secret-token", Endpoint: endpoint, Templates: r})
				if err != nil {
					tb.Fatal(err)
				}
				return p
			},
			Accept: func(w http.ResponseWriter, r *http.Request) { answer(w, r, "0", "") },
			Refuse: func(w http.ResponseWriter, r *http.Request) { answer(w, r, "12", "no credit") },
			Answer: answer,
			Codes:  codes, UnknownCodes: unknown,
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
				smstest.Notice:    {ID: "T2", Order: []string{"name", "order"}},
			},
			Secrets:       []string{"secret-token"},
			TemplatesOnly: true,
		})
	}
	_ = testConformance
}

// A middleware around a fake passes the suite as the fake does: Local tells what
// was taken in its stead.
func ExampleLocal() {
	testMiddleware := func(t *testing.T, around sms.Middleware) {
		var behind *fake.Provider
		smstest.Run(t, smstest.Provider{
			New: func(tb testing.TB, _ string, r *sms.Registry) sms.Sender {
				var err error
				if behind, err = fake.New(fake.Options{Name: smstest.Name, Templates: r}); err != nil {
					tb.Fatal(err)
				}
				return sms.Chain(behind, around)
			},
			Local: &smstest.Local{
				Sent: func(sms.Sender) []sms.Message { return behind.Sent() },
			},
		})
	}
	_ = testMiddleware
}
