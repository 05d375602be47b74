package vonage

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

const (
	maxText = 3200 // characters
	maxRef  = 40
)

// facts are what the vendor's records hold besides the Message. They do not change.
type facts struct {
	ids      []string // one a part
	messages bool     // sent by the Messages API
	silent   bool     // no receipt is wanted
}

// words are the texts of the statuses of the SMS API.
var words = map[string]string{
	"1": "Throughput Rate Exceeded - please wait [ 1000 ] and retry", "2": "Missing parameter", "3": "Invalid parameter", "4": "Bad Credentials",
	"5": "Internal Error", "6": "Unroutable message - rejected", "7": "Number barred", "8": "Partner account barred", "9": "Quota Exceeded - rejected",
	"10": "Too many existing binds", "11": "Account not HTTP enabled", "12": "Message too long", "14": "Invalid Signature", "15": "Illegal Sender Address - rejected",
	"22": "Invalid network code", "23": "Invalid callback URL", "29": "Non White-listed Destination - rejected", "32": "Signature And API Secret disallowed", "33": "Number de-activated",
}

// A refused is why the SMS API refuses a message.
type refused struct{ status, words string }

func refuse(status int) *refused {
	code := strconv.Itoa(status)
	return &refused{code, words[code]}
}

var (
	aRecipient = regexp.MustCompile(`^[0-9]{7,15}$`)
	aNumber    = regexp.MustCompile(`^[0-9]{3,15}$`)
)

func refuseSMS(c *call, code, text string, status int) kernel.Answer {
	text = cmp.Or(text, words[code], "Error "+code)
	a := kernel.JSON(cmp.Or(status, http.StatusOK), "application/json", map[string]any{
		"message-count": "1", "messages": []map[string]string{{"status": code, "error-text": text}},
	})
	a.Code, a.Words = code, text
	return a
}

// letPass reports whether a lenient sandbox accepts what a status refuses.
func (v *vendor) letPass(operation string, r *refused) bool {
	return v.desk.LetPass(operation, r.status, r.words)
}

// sendSMS takes a message by the SMS API.
func (v *vendor) sendSMS(c *call) kernel.Answer {
	if c.invalid {
		return refuseSMS(c, "3", "Invalid request body", 0)
	}
	if status := v.authorize(c); status != 0 {
		r := refuse(status)
		if status == 2 {
			r.words = "Missing api_key or api_secret"
		}
		if !v.letPass("sms", r) {
			return refuseSMS(c, r.status, r.words, 0)
		}
	}
	to, r := c.readSMS()
	if r == nil {
		r = c.checkOptions()
	}
	if r == nil {
		if status := v.limited(c, to); status != 0 {
			r = refuse(status)
		}
	}
	if r != nil {
		return refuseSMS(c, r.status, r.words, 0)
	}
	text := c.params["text"]
	if c.params["type"] != "unicode" {
		text = inGSM(text)
	}
	return c.takeSMS(to, text)
}

// readSMS checks what every message has, and returns the recipient.
func (c *call) readSMS() (sms.Number, *refused) {
	for _, name := range []string{"from", "to", "text"} {
		if c.params[name] == "" {
			return "", &refused{"2", "Missing " + name + " param"}
		}
	}
	to := number(c.params["to"])
	switch from, text := c.params["from"], c.params["text"]; {
	case !aRecipient.MatchString(c.params["to"]):
		return "", &refused{"3", "Invalid value for `to` param"}
	case to == "" || to.Region() == "":
		return "", refuse(6)
	case !isSender(from):
		return "", refuse(15)
	case utf8.RuneCountInString(text) > maxText:
		return "", refuse(12)
	}
	return to, nil
}

func isSender(from string) bool {
	return aNumber.MatchString(from) || utf8.RuneCountInString(from) <= 11 && strings.TrimSpace(from) == from && !strings.HasPrefix(from, "+")
}

// checkOptions checks the parameters that need not be there.
func (c *call) checkOptions() *refused {
	if kind := c.params["type"]; kind != "" && kind != "text" && kind != "unicode" {
		return &refused{"3", "Invalid value for `type` param: the sandbox takes text and unicode"}
	}
	if ttl := c.params["ttl"]; ttl != "" {
		if n, err := strconv.Atoi(ttl); err != nil || n < 20_000 || n > 604_800_000 {
			return &refused{"3", "Invalid value for `ttl` param"}
		}
	}
	if utf8.RuneCountInString(c.params["client-ref"]) > maxRef {
		return &refused{"3", "Invalid value for `client-ref` param"}
	}
	if !isURL(c.params["callback"]) {
		return refuse(23)
	}
	return nil
}

// isURL reports whether a callback can be called, or is left out.
func isURL(callback string) bool {
	u, err := url.Parse(callback)
	return callback == "" || err == nil && len(callback) <= 2000 && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// inGSM returns what the recipient reads of a text that is sent as "text": what the
// GSM alphabet does not have becomes a question mark.
func inGSM(text string) string {
	if _, unicode := sms.CountSegments(text); !unicode {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		if _, unicode := sms.CountSegments(string(c)); unicode {
			c = '?'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// takeSMS answers for each part of a text.
func (c *call) takeSMS(to sms.Number, text string) kernel.Answer {
	segments, _ := sms.CountSegments(text)
	f := &facts{silent: c.params["status-report-req"] == "false" || c.params["status-report-req"] == "0"}
	var parts []map[string]string
	for range max(1, segments) {
		id := newID()
		f.ids = append(f.ids, id)
		part := map[string]string{"to": c.params["to"], "message-id": id, "status": "0", "remaining-balance": "10.28000000", "message-price": "0.03330000", "network": network(to)}
		for _, echoed := range []string{"client-ref", "account-ref"} {
			if c.params[echoed] != "" {
				part[echoed] = c.params[echoed]
			}
		}
		parts = append(parts, part)
	}
	a := kernel.JSON(http.StatusOK, "application/json", map[string]any{"message-count": strconv.Itoa(len(parts)), "messages": parts})
	a.Taken = []kernel.Record{c.record(to, text, f, c.params["client-ref"], c.params["callback"])}
	return a
}

func (c *call) record(to sms.Number, text string, f *facts, ref, callback string) kernel.Record {
	return kernel.Record{Facts: f, FactBytes: 64 + 48*len(f.ids), ReportTo: callback, Message: kernel.Message{
		ID: f.ids[0], Account: c.key, To: to, From: c.params["from"], Params: sms.Params{}, Text: text, Key: ref, At: c.now,
	}}
}

// messageCodes are the statuses of the Messages API's codes where they are not 422.
var messageCodes = map[string]int{"1000": 429, "1030": 500, "1060": 403, "1070": 402, "1080": 403, "1100": 500, "1331": 500}

// titles are the words of the Messages API's codes that the sandbox itself uses.
var titles = map[string]string{
	"1000": "Throttled", "1020": "Invalid params", "1070": "Low balance", "1090": "Message too long", "1120": "Illegal Sender Address - rejected",
	"1150": "Invalid params", "1170": "Invalid or Missing Msisdn Param", "1260": "Destination not permitted",
}

// messageCode is the Messages API's code for a status of the SMS API.
var messageCode = map[string]string{"1": "1000", "6": "1170", "12": "1090", "15": "1120", "23": "1150", "29": "1260"}

func refuseMessage(c *call, code, text string, status int) kernel.Answer {
	code = cmp.Or(messageCode[code], code)
	text = cmp.Or(text, titles[code], "Error "+code)
	a := problem(cmp.Or(status, messageCodes[code], http.StatusUnprocessableEntity), "/messages#"+code, text, text)
	a.Code, a.Words = code, text
	return a
}

// sendMessage takes an SMS by the Messages API.
func (v *vendor) sendMessage(c *call) kernel.Answer {
	if v.authorize(c) != 0 && !v.letPass("messages", &refused{"401", "Unauthorized"}) {
		a := problem(http.StatusUnauthorized, "#unauthorized", "Unauthorized", "You did not provide correct credentials.")
		a.Code, a.Words = "401", "Unauthorized"
		return a
	}
	var request struct {
		SMS struct {
			Encoding string `json:"encoding_type"`
		} `json:"sms"`
	}
	if err := json.Unmarshal(c.body, &request); c.invalid || err != nil {
		return refuseMessage(c, "1150", "The body is no JSON object of this API", 0)
	}
	if c.params["channel"] != "sms" || c.params["message_type"] != "text" {
		return refuseMessage(c, "1150", "channel must be sms and message_type text", 0)
	}
	to, r := c.readSMS()
	switch ttl, err := strconv.Atoi(cmp.Or(c.params["ttl"], "20")); {
	case r != nil:
		if to == "" && (r.status == "3" || r.status == "2") {
			r.status = map[bool]string{true: "1170", false: "1150"}[strings.Contains(r.words, "to")]
		}
	case err != nil || ttl < 20 || ttl > 604_800, utf8.RuneCountInString(c.params["client_ref"]) > 100, !isURL(c.params["webhook_url"]):
		r = &refused{"1150", "ttl, client_ref or webhook_url is invalid"}
	default:
		if status := v.limited(c, to); status != 0 {
			r = refuse(status)
		}
	}
	if r != nil {
		return refuseMessage(c, r.status, r.words, 0)
	}
	text := c.params["text"]
	if request.SMS.Encoding == "text" {
		text = inGSM(text)
	}
	f := &facts{ids: []string{kernel.NewUUID()}, messages: true}
	a := kernel.JSON(http.StatusAccepted, "application/json", map[string]string{"message_uuid": f.ids[0]})
	a.Taken = []kernel.Record{c.record(to, text, f, c.params["client_ref"], c.params["webhook_url"])}
	return a
}
