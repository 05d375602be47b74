package example_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/example"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// conformance is what the suite must know of Postal.
func conformance() smstest.Provider {
	start := func(tb testing.TB, o example.Options) sms.Sender {
		o.Name, o.Token = smstest.Name, token
		p, err := example.New(o)
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	answer := func(w http.ResponseWriter, r *http.Request, code, words string) {
		json.NewEncoder(w).Encode(map[string]string{"code": code, "message": words, "id": "p-1", "call": "c-1"})
	}
	codes, unknown := smstest.CodesOf(example.Codes())
	return smstest.Provider{
		New: func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
			return start(tb, example.Options{Endpoint: endpoint, Templates: r})
		},
		NewTimeout: func(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender {
			return start(tb, example.Options{Endpoint: endpoint, Templates: r, Timeout: timeout})
		},
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
			var m message
			json.NewDecoder(r.Body).Decode(&m)
			return m.To, strings.Join(m.Values, " ")
		},
		Key: func(r *http.Request) string {
			var m message
			json.NewDecoder(r.Body).Decode(&m)
			return m.Reference
		},
		MaxKey:  36,
		Listing: listing(),
		Webhook: webhook(),
		Batch: &smstest.Batch{
			New: func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
				return start(tb, example.Options{Endpoint: endpoint, Templates: r, Coalesce: true, MaxCalls: 1})
			},
			Numbers: numbers,
			Answer:  answerBatch,
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

// A message is one message in a request to Postal.
type message struct {
	To, Reference string
	Values        []string
}

// listing describes Postal's list of messages.
func listing() *smstest.Listing {
	return &smstest.Listing{
		By:   smstest.ByKey,
		Asks: func(r *http.Request) bool { return r.Method == http.MethodGet },
		ID:   func(n int) string { return fmt.Sprintf("p-%d", n) },
		Accept: func(w http.ResponseWriter, _ *http.Request, id string) {
			json.NewEncoder(w).Encode(map[string]string{"code": "0", "id": id})
		},
		Write: func(w http.ResponseWriter, _ *http.Request, taken []smstest.Taken) {
			rows := []map[string]any{}
			for _, t := range taken {
				var m message
				json.NewDecoder(t.Request().Body).Decode(&m)
				rows = append(rows, map[string]any{"id": t.ID, "reference": m.Reference, "at": t.At})
			}
			json.NewEncoder(w).Encode(map[string]any{"messages": rows})
		},
	}
}

// webhook describes what Postal posts.
func webhook() *smstest.Webhook {
	post := func(fields map[string]string) kit.Hook {
		body, _ := json.Marshal(fields)
		return kit.Hook{Method: http.MethodPost, URL: "https://example.com/postal", Body: body, Header: signature(token, body)}
	}
	return &smstest.Webhook{
		ID: "p-1", Delivered: "delivered", Failed: "returned",
		Report: func(to sms.Number, id, word string) kit.Hook {
			return post(map[string]string{"id": id, "to": to.E164(), "status": word})
		},
		Reply: func(from sms.Number, text string) kit.Hook {
			return post(map[string]string{"id": "r-1", "from": from.E164(), "text": text})
		},
		Spoil: func(h kit.Hook) kit.Hook {
			h.Header = signature("another-token", h.Body)
			return h
		},
	}
}

func signature(secret string, body []byte) http.Header {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return http.Header{"Postal-Signature": {hex.EncodeToString(mac.Sum(nil))}}
}

// numbers returns those of a request for one message or for several.
func numbers(r *http.Request) (all []string) {
	body, _ := io.ReadAll(r.Body)
	var several []message
	if json.Unmarshal(body, &several) != nil {
		several = make([]message, 1)
		json.Unmarshal(body, &several[0])
	}
	for _, m := range several {
		all = append(all, m.To)
	}
	return all
}

// answerBatch accepts all messages of a request but the one to the number refused.
func answerBatch(w http.ResponseWriter, r *http.Request, refused string) {
	all := numbers(r)
	if len(all) == 1 && r.URL.Path == "/v1/messages" {
		json.NewEncoder(w).Encode(map[string]string{"code": "0", "id": "p-1"})
		return
	}
	var results []map[string]string
	for i, number := range all {
		result := map[string]string{"code": "0", "id": fmt.Sprintf("p-%d", i)}
		if number == refused {
			result = map[string]string{"code": "21", "message": "no such number: " + number}
		}
		results = append(results, result)
	}
	json.NewEncoder(w).Encode(map[string]any{"call": "c-1", "results": results})
}
