package vonage_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

const (
	apiKey = "abcd1234"
	secret = "s3cr3t-of-vonage-0123"
)

// answerSMS answers as the SMS API: HTTP 200 to everything.
func answerSMS(w http.ResponseWriter, _ *http.Request, status, words string) {
	m := map[string]string{"status": status, "to": "hidden"}
	if status == "0" {
		m["message-id"], m["message-price"] = "0A0000000123ABCD1", "0.0333"
	} else {
		m["error-text"] = words
	}
	json.NewEncoder(w).Encode(map[string]any{"message-count": "1", "messages": []any{m}})
}

// answerMessages answers as the Messages API: a problem for a refusal.
func answerMessages(w http.ResponseWriter, _ *http.Request, code, words string) {
	if code == "" {
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, `{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"}`)
		return
	}
	status := http.StatusUnprocessableEntity
	if slices.Contains([]string{"1030", "1100", "1331"}, code) {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"type": "https://developer.vonage.com/api-errors/messages#" + code, "title": words, "instance": "bf0ca0bf"})
}

func codesOf(scope string) (codes map[string]sms.Reason, unknown []string) {
	return smstest.CodesOf(slices.DeleteFunc(vonage.Codes(), func(c sms.CodeInfo) bool { return c.Scope != scope }))
}

func TestConformance(t *testing.T) {
	for _, api := range []string{vonage.APISMS, vonage.APIMessages} {
		t.Run(api, func(t *testing.T) { smstest.Run(t, conformance(api)) })
	}
}

func conformance(api string) smstest.Provider {
	open := func(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender {
		p, err := vonage.New(vonage.Options{
			Name: smstest.Name, API: api, Endpoint: endpoint, Templates: r, Timeout: timeout, APIKey: apiKey, APISecret: secret, From: "ACME", SignatureSecret: signatureSecret,
		})
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	codes, unknown := codesOf(api)
	p := smstest.Provider{
		New:        func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender { return open(tb, endpoint, r, 0) },
		NewTimeout: open, Codes: codes, UnknownCodes: unknown, Secrets: []string{secret, signatureSecret}, Key: readKey(api),
		Bindings: map[string]sms.Binding{smstest.LoginCode: {}, smstest.Notice: {}},
	}
	if api == vonage.APISMS {
		p.Accept = func(w http.ResponseWriter, r *http.Request) { answerSMS(w, r, "0", "") }
		p.Refuse = func(w http.ResponseWriter, r *http.Request) { answerSMS(w, r, "9", "no credit") }
		p.Answer = answerSMS
		p.Read = func(r *http.Request) (to, text string) { return "+" + r.PostFormValue("to"), r.PostFormValue("text") }
		return withAbilities(p, api)
	}
	p.Accept = func(w http.ResponseWriter, r *http.Request) { answerMessages(w, r, "", "") }
	p.Refuse = func(w http.ResponseWriter, r *http.Request) { answerMessages(w, r, "1070", "no credit") }
	p.Answer = answerMessages
	p.Read = func(r *http.Request) (to, text string) {
		var sent struct{ To, Text string }
		json.NewDecoder(r.Body).Decode(&sent)
		return "+" + sent.To, sent.Text
	}
	return withAbilities(p, api)
}

// A long text has an answer for each part.
func TestSend_parts(t *testing.T) {
	part := func(status, id string) string {
		return fmt.Sprintf(`{"status":%q,"message-id":%q,"error-text":"x"}`, status, id)
	}
	for name, test := range map[string]struct {
		parts   []string
		outcome sms.Outcome
		reason  sms.Reason
		ids     int
	}{
		"both":                     {[]string{part("0", "a"), part("0", "b")}, sms.Accepted, "", 2},
		"the first only":           {[]string{part("0", "a"), part("9", "")}, sms.Accepted, "", 1},
		"the second only":          {[]string{part("9", ""), part("0", "b")}, sms.Accepted, "", 1},
		"none, one not known":      {[]string{part("9", ""), part("5", "")}, sms.Unknown, sms.Unavailable, 0},
		"none":                     {[]string{part("9", ""), part("1", "")}, sms.Rejected, sms.AccountBlocked, 0},
		"one without an ID":        {[]string{part("0", "")}, sms.Unknown, sms.Internal, 0},
		"a number for a status":    {[]string{`{"status":0,"message-id":"a"}`}, sms.Accepted, "", 1},
		"no part":                  {nil, sms.Unknown, sms.Internal, 0},
		"a status of another type": {[]string{`{"status":[0],"message-id":"a"}`}, sms.Unknown, sms.Internal, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, `{"message-count":"2","messages":[`+strings.Join(test.parts, ",")+`]}`)
			})
			receipt, err := open(t, options(s.URL)).Send(t.Context(), sms.Message{To: to, Body: "hello"})
			if sms.OutcomeOf(err) != test.outcome || sms.ReasonOf(err) != test.reason {
				t.Errorf("%v, want %v, %s", err, test.outcome, test.reason)
			}
			if n := len(receipt.IDs); test.ids > 1 && n != test.ids || test.ids == 1 && (receipt.ID == "" || n > 1) {
				t.Errorf("the IDs are %q and %q", receipt.ID, receipt.IDs)
			}
		})
	}
}
