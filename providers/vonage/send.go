package vonage

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	// maxText is the longest text that Vonage accepts, in characters.
	maxText = 3200
	// minTTL and maxTTL bound how long a message may wait, in seconds.
	minTTL, maxTTL = 20, 604800
)

// An order is one message in Vonage's terms.
type order struct {
	to, from, text, ref, callback string
	ttl                           int // seconds; zero: Vonage's default
	unicode                       bool
	extra                         extra
}

// order turns a message into Vonage's terms.
func (v *vendor) order(m *kit.Outgoing) (order, error) {
	o := order{to: m.To.E164()[1:], from: m.Sender, text: m.Text, ref: v.Ref(m.Key), extra: v.bindings[m.Template]}
	if err := v.check(m); err != nil {
		return o, err
	}
	if o.from == "" {
		return o, kit.Unsupported("no sender: set from, or name one in the message or its binding")
	}
	_, o.unicode = sms.CountSegments(o.text)
	o.callback = v.callback.Fill(v.Name, m.Message)
	left, err := m.Left(maxTTL)
	if left > 0 {
		o.ttl = max(left, minTTL)
	}
	return o, err
}

// check refuses a text that Vonage would refuse.
func (v *vendor) check(m *kit.Outgoing) error {
	switch n := utf8.RuneCountInString(m.Text); {
	case m.Text == "":
		return kit.InvalidMessage("the text is empty")
	case n > maxText:
		code := "12"
		if v.messages {
			code = "1090"
		}
		return kit.WithCode(code, kit.InvalidMessage("the text has %d characters: the vendor takes at most %d", n, maxText))
	}
	return nil
}

// form returns the parameters of the SMS API, without the credentials.
func (o order) form() url.Values {
	form := url.Values{"to": {o.to}, "from": {o.from}, "text": {o.text}, "client-ref": {o.ref}}
	set := func(name, value string) {
		if value != "" {
			form.Set(name, value)
		}
	}
	if o.unicode {
		form.Set("type", "unicode")
	}
	if o.ttl > 0 {
		form.Set("ttl", strconv.Itoa(o.ttl*1000))
	}
	set("callback", o.callback)
	set("entity-id", o.extra.entity)
	set("content-id", o.extra.content)
	return form
}

// body returns the request of the Messages API.
func (o order) body() map[string]any {
	body := map[string]any{"to": o.to, "from": o.from, "channel": "sms", "message_type": "text", "text": o.text, "client_ref": o.ref}
	options := map[string]any{}
	if o.unicode {
		options["encoding_type"] = "unicode"
	}
	if o.extra.entity != "" {
		options["entity_id"] = o.extra.entity
	}
	if o.extra.content != "" {
		options["content_id"] = o.extra.content
	}
	if len(options) > 0 {
		body["sms"] = options
	}
	if o.ttl > 0 {
		body["ttl"] = o.ttl
	}
	if o.callback != "" {
		body["webhook_url"], body["webhook_version"] = o.callback, "v1"
	}
	return body
}

// show returns the parameters for a preview.
func (v *vendor) show(o order) map[string]string {
	all := map[string]string{}
	if !v.messages {
		for name, values := range o.form() {
			all[name] = values[0]
		}
		return all
	}
	for name, value := range o.body() {
		text, ok := value.(string)
		if !ok {
			raw, _ := json.Marshal(value)
			text = string(raw)
		}
		all[name] = text
	}
	return all
}

// authorized makes a request with the account's credentials.
func (v *vendor) authorized(method, path, contentType, body string) (*http.Request, error) {
	r, err := v.Request(method, path, contentType, body)
	if err == nil {
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(v.key+":"+v.secret())))
		r.Header.Set("Accept", "application/json")
	}
	return r, err
}

// sendSMS submits one message by the SMS API, which answers for each part.
func (v *vendor) sendSMS(ctx context.Context, o order) (kit.Accepted, error) {
	r, err := v.authorized(http.MethodPost, "/sms/json", "application/x-www-form-urlencoded", o.form().Encode())
	if err != nil {
		return kit.Accepted{}, err
	}
	a, err := v.Do(ctx, r)
	if err != nil {
		return kit.Accepted{}, err
	}
	var said struct {
		Messages []struct {
			Status any    `json:"status"`
			ID     string `json:"message-id"`
			Words  string `json:"error-text"`
		} `json:"messages"`
	}
	switch err := a.JSON(&said); {
	case !a.OK():
		return kit.Accepted{}, a.Refused("", "")
	case err != nil || len(said.Messages) == 0:
		return kit.Accepted{}, a.Unreadable("the answer has no messages")
	}
	parts := make([]kit.Part, len(said.Messages))
	for i, m := range said.Messages {
		switch status := word(m.Status); {
		case status == "0" && m.ID != "":
			parts[i].ID = m.ID
		case status == "0", status == "":
			parts[i].Err = a.Unreadable("the answer names no message")
		default:
			parts[i].Err = refusal(a, status, m.Words)
		}
	}
	return v.Parts(parts)
}

// refusal returns what a status means, beyond the table: which parameter of a
// missing or wrong one is meant stands in the words.
func refusal(a kit.Answer, status, words string) error {
	e := a.Refusal(status, words)
	e.Scope = scopeSMS
	if (status == "2" || status == "3") && strings.Contains(strings.ToLower(words), "to param") || status == "3" && strings.Contains(words, "`to`") {
		e.Reason, e.Outcome = sms.InvalidNumber, sms.Rejected
	}
	return e
}

// word returns a field that may be a text or a number.
func word(field any) string {
	switch v := field.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// sendMessage submits one message by the Messages API.
func (v *vendor) sendMessage(ctx context.Context, o order) (kit.Accepted, error) {
	body, err := json.Marshal(o.body())
	if err != nil {
		return kit.Accepted{}, kit.InvalidMessage("it cannot be written as JSON")
	}
	r, err := v.authorized(http.MethodPost, v.At("api")+"/v1/messages", "application/json", string(body))
	if err != nil {
		return kit.Accepted{}, err
	}
	a, err := v.Do(ctx, r)
	if err != nil {
		return kit.Accepted{}, err
	}
	var said struct {
		ID     string `json:"message_uuid"`
		Type   string `json:"type"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
	switch err := a.JSON(&said); {
	case !a.OK():
		e := a.Refusal(problem(said.Type), strings.TrimSpace(said.Title+" "+said.Detail))
		e.Scope = scopeMessages
		return kit.Accepted{}, e
	case err != nil || said.ID == "":
		return kit.Accepted{}, a.Unreadable("the answer names no message")
	}
	return kit.Accepted{ID: said.ID}, nil
}

// problem returns the code of a problem's type: the number behind "#".
func problem(kind string) string {
	_, code, _ := strings.Cut(kind, "#")
	return code
}
