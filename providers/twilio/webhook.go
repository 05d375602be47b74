package twilio

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// webhook reads a status callback or an incoming message. Both are signed with the
// auth token of the account that sent (X-Twilio-Signature): HMAC-SHA1 over the URL
// and the sorted parameters.
func (v *vendor) webhook(_ context.Context, h kit.Hook) (kit.Inbound, error) {
	u, err := url.Parse(h.URL)
	if err != nil {
		return kit.Inbound{}, kit.ErrMalformed
	}
	form, err := formOf(h, u)
	if err != nil {
		return kit.Inbound{}, err
	}
	if !v.signed(h, u, form) {
		return kit.Inbound{}, kit.ErrNotAuthentic
	}
	in := kit.Inbound{Signed: true, ContentType: "text/xml", Answer: []byte("<Response></Response>")}
	switch {
	case form.Get("MessageSid") == "":
		return kit.Inbound{}, fmt.Errorf("%w: it has no MessageSid", kit.ErrMalformed)
	case form.Get("MessageStatus") != "" && form.Get("MessageStatus") != "received":
		in.Reports = []sms.Report{report(form, u.Query().Get("key"))}
	default:
		in.Replies = []sms.Reply{reply(form)}
	}
	return in, nil
}

// webhookTokens lists the auth tokens that may sign: that of the account that sends.
func (o *Options) webhookTokens() (tokens []string) {
	if o.WebhookToken != "" {
		tokens = append(tokens, o.WebhookToken)
	}
	if o.AuthToken != "" && (o.ParentAccountSID == "" || o.ParentAccountSID == o.AccountSID) {
		tokens = append(tokens, o.AuthToken)
	}
	return tokens
}

// formOf returns the parameters: those of the body, or of the query of a GET.
func formOf(h kit.Hook, u *url.URL) (url.Values, error) {
	if h.Method == http.MethodGet {
		return u.Query(), nil
	}
	form, err := url.ParseQuery(string(h.Body))
	if err != nil {
		return nil, kit.ErrMalformed
	}
	return form, nil
}

// signed checks the signature. Twilio signs the URL with its port or without it,
// so both are accepted.
func (v *vendor) signed(h kit.Hook, u *url.URL, form url.Values) bool {
	params := ""
	if h.Method == http.MethodPost && !strings.Contains(h.Header.Get("Content-Type"), "json") {
		params = sortedParams(form)
	}
	if sum := u.Query().Get("bodySHA256"); sum != "" {
		want := sha256.Sum256(h.Body)
		if sent, err := hex.DecodeString(sum); err != nil || !bytes.Equal(sent, want[:]) {
			return false
		}
		params = ""
	}
	for _, address := range addresses(u) {
		signature := h.Header.Get("X-Twilio-Signature")
		if kit.CheckHMAC(sha1.New, []byte(address+params), signature, base64.StdEncoding.DecodeString, v.webhookTokens()...) == nil {
			return true
		}
	}
	return false
}

// sortedParams joins names and values, sorted by name. Of a name that is repeated,
// every different value counts once, in order, as Twilio's validator for Node.js has
// it.
func sortedParams(form url.Values) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(form[name]))) {
			b.WriteString(name + value)
		}
	}
	return b.String()
}

// addresses returns the URL without its fragment: as it is, without its port, and
// with the port of its scheme.
func addresses(u *url.URL) []string {
	plain := *u
	plain.Fragment, plain.RawFragment = "", ""
	without, with := plain, plain
	if port := u.Port(); port != "" {
		without.Host = strings.TrimSuffix(u.Host, ":"+port)
	} else {
		with.Host = u.Host + map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	}
	list := []string{plain.String(), without.String(), with.String()}
	return slices.Compact(list)
}

// report returns what a status callback says. key is our key, which Twilio has in
// the URL of the callback.
func report(form url.Values, key string) sms.Report {
	status, code := form.Get("MessageStatus"), form.Get("ErrorCode")
	if code == "0" {
		code = ""
	}
	r := sms.Report{
		ID: form.Get("MessageSid"), Key: key, Ref: key, To: kit.E164(form.Get("To")),
		State: states[status], Code: code, OptedOut: code == optedOut,
	}
	if r.State == sms.StateUndelivered {
		if state, ok := statesOfCodes[code]; ok {
			r.State = state
		}
	}
	if r.State == 0 { // a word that is not known here
		r.Code, r.Message = status, "MessageStatus "+status
	}
	// The time of the network has no zone: the time of arrival is used for order.
	return r
}

// optedOut is the code of a recipient who has opted out.
const optedOut = "21610"

// states are Twilio's words for the status of a message.
var states = map[string]sms.DeliveryState{
	"accepted": sms.StateAccepted, "queued": sms.StateAccepted, "scheduled": sms.StateAccepted, "sending": sms.StateAccepted,
	"sent": sms.StateSent, "partially_delivered": sms.StateSent,
	"delivered": sms.StateDelivered, "read": sms.StateDelivered,
	"undelivered": sms.StateUndelivered, "failed": sms.StateUndelivered, "canceled": sms.StateUndelivered,
}

// statesOfCodes are the codes that say more than "undelivered".
var statesOfCodes = map[string]sms.DeliveryState{
	"30004": sms.StateBlocked, "30007": sms.StateBlocked, optedOut: sms.StateBlocked, "30036": sms.StateExpired,
}

func reply(form url.Values) sms.Reply {
	return sms.Reply{
		ID: form.Get("MessageSid"), From: kit.E164(form.Get("From")), To: form.Get("To"), Text: form.Get("Body"),
		Keyword: map[string]sms.Keyword{"STOP": sms.KeywordStop, "START": sms.KeywordStart, "HELP": sms.KeywordHelp}[form.Get("OptOutType")],
	}
}
