package vonage_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// withAbilities adds to p what the suite must know of Vonage's records, webhooks and
// keys. It needs p.Key, which differs by API.
func withAbilities(p smstest.Provider, api string) smstest.Provider {
	p.MaxKey = 40
	idField := "message_id"
	if api == vonage.APIMessages {
		idField = "message_uuid"
	}
	p.Listing = &smstest.Listing{
		By:   smstest.ByKey,
		Asks: func(r *http.Request) bool { return r.URL.Path == "/v2/reports/records" },
		ID:   func(n int) string { return fmt.Sprintf("aaaaaaaa-bbbb-4ccc-8ddd-%012d", n) },
		Accept: func(w http.ResponseWriter, _ *http.Request, id string) {
			if api == vonage.APIMessages {
				w.WriteHeader(http.StatusAccepted)
				fmt.Fprintf(w, `{"message_uuid":%q}`, id)
				return
			}
			fmt.Fprintf(w, `{"message-count":"1","messages":[{"status":"0","message-id":%q}]}`, id)
		},
		Write: func(w http.ResponseWriter, _ *http.Request, taken []smstest.Taken) {
			records := []map[string]string{}
			for _, m := range taken {
				to, _ := p.Read(m.Request())
				records = append(records, map[string]string{
					idField: m.ID, "client_ref": p.Key(m.Request()), "to": strings.TrimPrefix(to, "+"), "date_received": m.At.UTC().Format("2006-01-02T15:04:05-0700"),
				})
			}
			json.NewEncoder(w).Encode(map[string]any{"records": records})
		},
	}
	if p.Webhook = ofSMS(); api == vonage.APIMessages {
		p.Webhook = ofMessages()
	}
	return p
}

// ofSMS describes the webhooks of the SMS API, which are signed over their fields.
func ofSMS() *smstest.Webhook {
	post := func(fields map[string]string) kit.Hook {
		return kit.Hook{Method: http.MethodPost, URL: "https://example.com/vonage", Body: []byte(signedForm(fields, time.Now()).Encode())}
	}
	return &smstest.Webhook{
		ID: "0A0000000123ABCD1", Delivered: "delivered", Failed: "failed",
		Report: func(to sms.Number, id, word string) kit.Hook {
			return post(map[string]string{"messageId": id, "msisdn": strings.TrimPrefix(to.E164(), "+"), "status": word, "err-code": "0", "message-timestamp": "2026-01-02 03:04:05"})
		},
		Reply: func(from sms.Number, text string) kit.Hook {
			return post(map[string]string{"messageId": "0B1", "msisdn": strings.TrimPrefix(from.E164(), "+"), "to": "447700900000", "text": text, "type": "text"})
		},
		Spoil: func(h kit.Hook) kit.Hook {
			form, _ := url.ParseQuery(string(h.Body))
			fields := map[string]string{}
			for name := range form {
				fields[name] = form.Get(name)
			}
			form.Set("sig", hex.EncodeToString(vonage.Sign(vonage.MethodMD5Hash, "another-secret", fields)))
			h.Body = []byte(form.Encode())
			return h
		},
	}
}

// ofMessages describes the webhooks of the Messages API, which carry a token.
func ofMessages() *smstest.Webhook {
	post := func(fields map[string]string) kit.Hook {
		body, _ := json.Marshal(fields)
		return kit.Hook{Method: http.MethodPost, URL: "https://example.com/vonage", Body: body, Header: http.Header{"Authorization": {"Bearer " + token(body, "HS256")}}}
	}
	return &smstest.Webhook{
		ID: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", Delivered: "delivered", Failed: "undeliverable",
		Report: func(to sms.Number, id, word string) kit.Hook {
			return post(map[string]string{"message_uuid": id, "to": strings.TrimPrefix(to.E164(), "+"), "status": word, "timestamp": "2026-01-02T03:04:05Z"})
		},
		Reply: func(from sms.Number, text string) kit.Hook {
			return post(map[string]string{"message_uuid": "u2", "from": strings.TrimPrefix(from.E164(), "+"), "to": "447700900000", "text": text})
		},
		Spoil: func(h kit.Hook) kit.Hook {
			by := token(h.Body, "HS256")
			signed := by[:strings.LastIndexByte(by, '.')]
			h.Header = http.Header{"Authorization": {"Bearer " + tokenOf(signed, "another-secret")}}
			return h
		},
	}
}

// readKey returns the reader of the key of a request.
func readKey(api string) func(r *http.Request) string {
	if api == vonage.APISMS {
		return func(r *http.Request) string { return r.PostFormValue("client-ref") }
	}
	return func(r *http.Request) string {
		var sent struct {
			Ref string `json:"client_ref"`
		}
		body, _ := io.ReadAll(r.Body)
		json.Unmarshal(body, &sent)
		return sent.Ref
	}
}
