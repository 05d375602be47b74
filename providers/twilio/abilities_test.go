package twilio_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// reportsTo is where the suite has reports sent to. Twilio has our key in it alone.
const reportsTo = "https://example.com/sms/twilio/reports?key={key}"

// withAbilities adds to p what the suite must know of Twilio's list of messages,
// webhooks and keys. Twilio lists the text as it was sent, unless it is of a content
// template.
func withAbilities(p smstest.Provider, by smstest.ListedBy) smstest.Provider {
	p.Key = func(r *http.Request) string {
		address, _ := url.Parse(r.FormValue("StatusCallback"))
		return address.Query().Get("key")
	}
	p.Listing = &smstest.Listing{
		By:   by,
		Asks: func(r *http.Request) bool { return r.Method == http.MethodGet },
		ID:   func(n int) string { return fmt.Sprintf("SM%032d", n) },
		Accept: func(w http.ResponseWriter, r *http.Request, id string) {
			answer(http.StatusCreated, strings.ReplaceAll(accepted, messageSID, id))(w, r)
		},
		Write: func(w http.ResponseWriter, _ *http.Request, taken []smstest.Taken) {
			var items []item
			now := time.Now()
			for _, m := range taken {
				to, text := readRequest(m.Request())
				items = append(items, item{sid: m.ID, to: to, body: text, age: now.Sub(m.At)})
			}
			io.WriteString(w, listed("", now, items...))
		},
	}
	post := func(form url.Values) kit.Hook {
		const address = "https://example.com/sms/twilio/reports"
		return hook(address, twilio.Sign(token, address, form), form)
	}
	p.Webhook = &smstest.Webhook{
		ID: messageSID, Delivered: "delivered", Failed: "undelivered",
		Report: func(to sms.Number, id, word string) kit.Hook {
			return post(url.Values{"MessageSid": {id}, "MessageStatus": {word}, "To": {to.E164()}, "From": {"+15005550006"}})
		},
		Reply: func(from sms.Number, text string) kit.Hook {
			return post(url.Values{"MessageSid": {messageSID}, "Body": {text}, "From": {from.E164()}, "To": {"+15005550006"}})
		},
		Spoil: func(h kit.Hook) kit.Hook {
			form, _ := url.ParseQuery(string(h.Body))
			return hook(h.URL, twilio.Sign("another-token", h.URL, form), form)
		},
	}
	return p
}
