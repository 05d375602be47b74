package vonage

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// wordOf is the vendor's word for a state.
func wordOf(r *kernel.Record, s kernel.State) string {
	messages := r.Facts.(*facts).messages
	switch s {
	case kernel.Delivered:
		return "delivered"
	case kernel.Failed:
		if messages {
			return "rejected"
		}
		word, _ := failure(r.Fails)
		return word
	case kernel.Sent:
		if !messages {
			return "buffered"
		}
	}
	if messages {
		return "submitted"
	}
	return "accepted"
}

// failure returns the status and the err-code of what a carrier has said: a number
// is an err-code, and a word of the vendor's is a status.
func failure(fails string) (word, code string) {
	if slices.Contains([]string{"expired", "failed", "rejected", "unknown"}, fails) {
		return fails, "1"
	}
	if _, err := strconv.Atoi(fails); err != nil {
		return "failed", "99"
	}
	if slices.Contains([]string{"4", "6", "9", "10", "13", "14", "50", "51", "52", "53", "54"}, fails) {
		return "rejected", fails
	}
	return "failed", fails
}

// report builds the receipts of a message: of the SMS API one for each part.
func (v *vendor) report(to string, messages []kernel.Record, s kernel.State) ([]*http.Request, error) {
	r := &messages[0]
	f := r.Facts.(*facts)
	if f.messages {
		return v.messageReport(to, r, s)
	}
	if f.silent {
		return nil, nil
	}
	now := time.Now().UTC()
	code := "0"
	if s == kernel.Failed {
		_, code = failure(r.Fails)
	}
	var requests []*http.Request
	for _, id := range f.ids {
		fields := map[string]string{
			"msisdn": strings.TrimPrefix(string(r.To), "+"), "to": r.From, "network-code": network(r.To), "messageId": id, "price": "0.03330000",
			"status": wordOf(r, s), "scts": now.Format("0601021504"), "err-code": code, "api-key": r.Account, "message-timestamp": now.Format(time.DateTime),
		}
		if r.Key != "" {
			fields["client-ref"] = r.Key
		}
		request, err := v.webhook(to, fields)
		if err != nil {
			return nil, err
		}
		requests = append(requests, request)
	}
	return requests, nil
}

// webhook builds a webhook of the SMS API, in the account's form, signed if the
// account has asked for that.
func (v *vendor) webhook(to string, fields map[string]string) (*http.Request, error) {
	if v.options.Sign {
		fields["timestamp"], fields["nonce"] = strconv.FormatInt(time.Now().Unix(), 10), kernel.NewUUID()
		fields["sig"] = hex.EncodeToString(v.sign(fields))
	}
	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
	}
	switch v.options.Form {
	case Get:
		target, err := url.Parse(to)
		if err != nil {
			return nil, errors.New("the address of a webhook is none")
		}
		query := target.Query()
		for name, values := range form {
			query[name] = values
		}
		target.RawQuery = query.Encode()
		return newRequest(http.MethodGet, target.String(), "", nil)
	case PostForm:
		return newRequest(http.MethodPost, to, "application/x-www-form-urlencoded", []byte(form.Encode()))
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return newRequest(http.MethodPost, to, "application/json", body)
}

func newRequest(method, to, contentType string, body []byte) (*http.Request, error) {
	r, err := http.NewRequest(method, to, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address of a webhook is none")
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r, nil
}

// sign returns the signature of the SMS API over all fields but sig.
func (v *vendor) sign(fields map[string]string) []byte {
	var b strings.Builder
	plain := strings.NewReplacer("&", "_", "=", "_")
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != "sig" {
			b.WriteString("&" + name + "=" + plain.Replace(fields[name]))
		}
	}
	newHash := hashOf(v.options.SignatureMethod)
	if newHash == nil { // md5hash
		sum := md5.Sum([]byte(b.String() + v.options.secret()))
		return sum[:]
	}
	mac := hmac.New(newHash, []byte(v.options.secret()))
	mac.Write([]byte(b.String()))
	return mac.Sum(nil)
}

// messageReport builds the status of a message of the Messages API.
func (v *vendor) messageReport(to string, r *kernel.Record, s kernel.State) ([]*http.Request, error) {
	segments, _ := sms.CountSegments(r.Text)
	body := map[string]any{
		"message_uuid": r.ID, "to": strings.TrimPrefix(string(r.To), "+"), "from": r.From, "timestamp": time.Now().UTC().Format(time.RFC3339),
		"status": wordOf(r, s), "channel": "sms", "client_ref": r.Key, "usage": map[string]string{"currency": "EUR", "price": "0.0333"},
		"destination": map[string]string{"network_code": network(r.To)}, "sms": map[string]string{"count_total": strconv.Itoa(segments)},
	}
	if s == kernel.Failed {
		code := r.Fails
		if !aCode.MatchString(code) {
			code = "1340"
		}
		body["error"] = map[string]string{"type": "https://developer.vonage.com/api-errors/messages#" + code, "title": code, "detail": "The message was not delivered", "instance": kernel.NewUUID()}
	}
	return v.tokened(to, r.Account, body)
}

// tokened builds a webhook of the Messages API, with a JSON Web Token of its body.
func (v *vendor) tokened(to, account string, value map[string]any) ([]*http.Request, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	r, err := newRequest(http.MethodPost, to, "application/json", body)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	claims, err := json.Marshal(map[string]any{"iat": time.Now().Unix(), "jti": kernel.NewUUID(), "iss": "Vonage", "payload_hash": hex.EncodeToString(sum[:]), "api_key": account})
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	token := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(v.options.secret()))
	mac.Write([]byte(token))
	r.Header.Set("Authorization", "Bearer "+token+"."+encode(mac.Sum(nil)))
	return []*http.Request{r}, nil
}

// reply builds the webhooks of a reply. The SMS API brings the parts of a long one
// apart. The application handles opt-outs itself.
func (v *vendor) reply(r kernel.Reply) ([]*http.Request, error) {
	if r.To == "" {
		r.To = Sender
	}
	if r.Account == "" {
		r.Account = APIKey
	}
	if _, ok := v.keys[r.Account]; !ok {
		return nil, errors.New("account: there is no such api_key")
	}
	from := strings.TrimPrefix(string(r.From), "+")
	if v.options.Messages {
		return v.tokened(r.URL, r.Account, map[string]any{"message_uuid": kernel.NewUUID(), "to": r.To, "from": from, "timestamp": time.Now().UTC().Format(time.RFC3339),
			"text": r.Text, "message_type": "text", "channel": "sms", "usage": map[string]string{"currency": "EUR", "price": "0.0"}, "sms": map[string]string{"num_messages": "1"}})
	}
	kind := "text"
	if _, unicode := sms.CountSegments(r.Text); unicode {
		kind = "unicode"
	}
	keyword, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(r.Text)), " ")
	parts := partsOf(r.Text)
	reference := strconv.Itoa(int(time.Now().UnixNano() % 256))
	var requests []*http.Request
	for i, part := range parts {
		fields := map[string]string{"api-key": r.Account, "msisdn": from, "to": r.To, "messageId": newID(), "text": part, "type": kind,
			"keyword": keyword, "message-timestamp": time.Now().UTC().Format(time.DateTime)}
		if len(parts) > 1 {
			fields["concat"], fields["concat-ref"], fields["concat-total"], fields["concat-part"] = "true", reference, strconv.Itoa(len(parts)), strconv.Itoa(i+1)
		}
		request, err := v.webhook(r.URL, fields)
		if err != nil {
			return nil, err
		}
		requests = append(requests, request)
	}
	return requests, nil
}

// partsOf cuts a text as carriers do.
func partsOf(text string) []string {
	segments, unicode := sms.CountSegments(text)
	if segments <= 1 {
		return []string{text}
	}
	size := 153
	if unicode {
		size = 67
	}
	var parts []string
	for chunk := range slices.Chunk([]rune(text), size) {
		parts = append(parts, string(chunk))
	}
	return parts
}
