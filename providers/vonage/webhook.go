package vonage

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// longestAge is how old a signed request of the SMS API may be, so that it cannot be
// repeated later.
const longestAge = 5 * time.Minute

// webhook reads a delivery report or a reply, in the form of either API.
func (v *vendor) webhook(_ context.Context, h kit.Hook) (kit.Inbound, error) {
	fields, err := fieldsOf(h)
	if err != nil {
		return kit.Inbound{}, err
	}
	in := kit.Inbound{Status: http.StatusOK}
	switch {
	case fields["message_uuid"] != "":
		if in.Signed, err = v.signedByToken(h); err != nil {
			return kit.Inbound{}, err
		}
		if fields["status"] != "" {
			in.Reports = []sms.Report{messageReport(h.Body, fields)}
			return in, nil
		}
		in.Replies = []sms.Reply{{ID: fields["message_uuid"], From: number(fields["from"]), To: fields["to"], Text: fields["text"], At: timeOf(time.RFC3339, fields["timestamp"])}}
	case fields["messageId"] != "":
		if in.Signed, err = v.signedByFields(fields); err != nil {
			return kit.Inbound{}, err
		}
		if fields["status"] != "" {
			in.Reports = []sms.Report{report(fields)}
			return in, nil
		}
		in.Replies = []sms.Reply{reply(fields)}
	default:
		return kit.Inbound{}, fmt.Errorf("%w: it has neither messageId nor message_uuid", kit.ErrMalformed)
	}
	return in, nil
}

// fieldsOf returns the fields of a GET, a form or a JSON object. Nested values are
// kept as JSON.
func fieldsOf(h kit.Hook) (map[string]string, error) {
	fields := map[string]string{}
	add := func(form url.Values) {
		for name := range form {
			fields[name] = form.Get(name)
		}
	}
	body := strings.TrimSpace(string(h.Body))
	switch {
	case h.Method == http.MethodGet:
		u, err := url.Parse(h.URL)
		if err != nil {
			return nil, kit.ErrMalformed
		}
		add(u.Query())
	case strings.HasPrefix(body, "{"):
		var object map[string]json.RawMessage
		if err := json.Unmarshal(h.Body, &object); err != nil {
			return nil, fmt.Errorf("%w: it is no JSON", kit.ErrMalformed)
		}
		for name, raw := range object {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			fields[name] = text
		}
	default:
		form, err := url.ParseQuery(body)
		if err != nil {
			return nil, kit.ErrMalformed
		}
		add(form)
	}
	return fields, nil
}

// signedByToken checks the token of the Messages API: a JWT under the signature
// secret whose payload_hash is that of the body.
func (v *vendor) signedByToken(h kit.Hook) (bool, error) {
	if v.signature() == "" {
		return false, nil
	}
	token, _ := strings.CutPrefix(h.Header.Get("Authorization"), "Bearer ")
	claims, err := kit.CheckJWT(token, time.Now(), v.signature())
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(h.Body)
	want := hex.EncodeToString(sum[:])
	if got, _ := claims["payload_hash"].(string); subtle.ConstantTimeCompare([]byte(strings.ToLower(got)), []byte(want)) != 1 {
		return false, fmt.Errorf("%w: the token is of another body", kit.ErrNotAuthentic)
	}
	if issued, ok := claims["iat"].(float64); ok {
		return true, kit.CheckAge(time.Unix(int64(issued), 0), time.Now(), longestAge)
	}
	return true, nil
}

// signedByFields checks the signature of the SMS API, which is over the sorted
// fields.
func (v *vendor) signedByFields(fields map[string]string) (bool, error) {
	if v.signature() == "" {
		return false, nil
	}
	got, err := hex.DecodeString(strings.ToLower(fields["sig"]))
	if err != nil || len(got) == 0 || !hmac.Equal(got, sign(v.method, v.signature(), fields)) {
		return false, kit.ErrNotAuthentic
	}
	seconds, err := strconv.ParseInt(fields["timestamp"], 10, 64)
	if err != nil {
		return false, kit.ErrNotAuthentic
	}
	return true, kit.CheckAge(time.Unix(seconds, 0), time.Now(), longestAge)
}

// sign returns the signature of the SMS API over all fields but sig.
func sign(method, secret string, fields map[string]string) []byte {
	var b strings.Builder
	plain := strings.NewReplacer("&", "_", "=", "_")
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != "sig" {
			b.WriteString("&" + plain.Replace(name) + "=" + plain.Replace(fields[name]))
		}
	}
	if method == MethodMD5Hash {
		sum := md5.Sum([]byte(b.String() + secret))
		return sum[:]
	}
	mac := hmac.New(hashOf(method), []byte(secret))
	mac.Write([]byte(b.String()))
	return mac.Sum(nil)
}

// hashOf returns the hash of a method with HMAC, and nil for any other.
func hashOf(method string) func() hash.Hash {
	return map[string]func() hash.Hash{MethodMD5: md5.New, MethodSHA1: sha1.New, MethodSHA256: sha256.New, MethodSHA512: sha512.New}[method]
}

// states are the words of the SMS API.
var states = map[string]sms.DeliveryState{
	"accepted": sms.StateSent, "buffered": sms.StateSent, "delivered": sms.StateDelivered, "expired": sms.StateExpired,
	"failed": sms.StateUndelivered, "rejected": sms.StateUndelivered, "deleted": sms.StateUndelivered, "unknown": sms.StateLost,
}

// blocking are the codes of the SMS API by which the recipient or a filter refused.
var blocking = []string{"4", "6", "9", "13", "14", "50", "51", "52", "53", "54"}

// report returns what a delivery receipt of the SMS API says. Each part of a long
// text has its own.
func report(fields map[string]string) sms.Report {
	r := sms.Report{
		ID: fields["messageId"], Key: fields["client-ref"], Ref: fields["client-ref"], To: number(fields["msisdn"]),
		State: states[fields["status"]], Code: fields["err-code"], Price: fields["price"], At: timeOf(time.DateTime, fields["message-timestamp"]),
	}
	switch {
	case r.State == 0:
		r.Code, r.Message = fields["status"], "err-code "+fields["err-code"]
	case r.Code == "0":
		r.Code = ""
	case r.State == sms.StateUndelivered && slices.Contains(blocking, r.Code):
		r.State = sms.StateBlocked
	}
	r.OptedOut = r.State == sms.StateBlocked && r.Code == "9"
	if row, ok := (kit.Table{Rows: table}).Find(kit.ScopeReport, r.Code); ok {
		r.Reason, r.Message = row.Reason, row.Meaning
	}
	if r.Price != "" {
		r.Currency = "EUR" // the account's prices are in euros
	}
	return r
}

// messageStates are the words of the Messages API.
var messageStates = map[string]sms.DeliveryState{
	"submitted": sms.StateSent, "delivered": sms.StateDelivered, "read": sms.StateDelivered,
	"undeliverable": sms.StateUndelivered, "rejected": sms.StateUndelivered,
}

// messageReport returns what a status of the Messages API says.
func messageReport(body []byte, fields map[string]string) sms.Report {
	var nested struct {
		Error struct{ Type, Title, Detail string } `json:"error"`
		Usage struct{ Currency, Price string }     `json:"usage"`
		SMS   struct {
			Count json.RawMessage `json:"count_total"`
		} `json:"sms"`
	}
	_ = json.Unmarshal(body, &nested) // what is not there stays empty
	r := sms.Report{
		ID: fields["message_uuid"], Key: fields["client_ref"], Ref: fields["client_ref"], To: number(fields["to"]),
		State: messageStates[fields["status"]], Code: problem(nested.Error.Type), Message: nested.Error.Title,
		Price: nested.Usage.Price, Currency: nested.Usage.Currency, At: timeOf(time.RFC3339, fields["timestamp"]),
	}
	r.Segments, _ = strconv.Atoi(strings.Trim(string(nested.SMS.Count), `"`))
	switch {
	case r.State == 0:
		r.Code = fields["status"]
	case r.Code == "1050", r.Code == "1240":
		r.State, r.OptedOut = sms.StateBlocked, r.Code == "1240"
	case r.Code == "1360":
		r.State = sms.StateExpired
	}
	if row, ok := (kit.Table{Rows: table}).Find(scopeMessages, r.Code); ok {
		r.Reason = row.Reason
	}
	return r
}

// reply returns a reply of the SMS API. The parts of a long one arrive apart.
func reply(fields map[string]string) sms.Reply {
	r := sms.Reply{ID: fields["messageId"], From: number(fields["msisdn"]), To: fields["to"], Text: fields["text"], At: timeOf(time.DateTime, fields["message-timestamp"])}
	if fields["concat"] == "true" {
		r.Part, _ = strconv.Atoi(fields["concat-part"])
		r.Parts, _ = strconv.Atoi(fields["concat-total"])
	}
	return r
}

func number(digits string) sms.Number {
	return kit.E164("+" + strings.TrimPrefix(digits, "+"))
}

func timeOf(layout, text string) time.Time {
	at, err := time.Parse(layout, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
