package twilio

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/sms"
)

const (
	// longestWait is the longest Retry-After that is believed.
	longestWait = 7 * 24 * time.Hour
	// shortest is the length in bytes from which a text is masked in Twilio's words:
	// masking every "a" would leave nothing to read.
	shortest = 4
)

// refusal makes the error of a call that brought no readable 2xx.
func (p *Provider) refusal(c *call, m sms.Message, r request) *sms.Error {
	if c.failure != nil {
		return c.failure.Error(p.name, m)
	}
	status := c.answer.Status
	if status >= 200 && status <= 299 {
		if c.answer.Cut != nil {
			e := c.answer.Cut.Error(p.name, m)
			e.RequestID = shownID(requestID(c.answer.Header), m)
			return e
		}
		return p.fault(c, m, sms.Internal, sms.Unknown, errors.New("the answer is a "+strconv.Itoa(status)+" that cannot be read"))
	}
	var body refusalBody
	if c.answer.Cut == nil { // of a cut answer no more is sure than its status
		body = readRefusal(c.answer.Body)
	}
	reason, outcome := classify(status, body.code)
	e := p.fault(c, m, reason, outcome, nil)
	e.Code, e.Message = body.code, p.words(body.message, m, r)
	e.RetryAfter = retryAfter(c.answer.Header, time.Now())
	if e.Code == "" {
		e.Err = errors.New("HTTP status " + strconv.Itoa(status) + " without a code of Twilio's")
	}
	return e
}

// fault makes an error of an answer.
func (p *Provider) fault(c *call, m sms.Message, reason sms.Reason, outcome sms.Outcome, cause error) *sms.Error {
	e := &sms.Error{Provider: p.name, Key: m.Key, Kind: m.Kind, Reason: reason, Outcome: outcome, Err: cause}
	e.RequestID = shownID(requestID(c.answer.Header), m)
	return e
}

// words masks what must not show in Twilio's words: the secrets, the message's
// own number and values, and the text that was made of them.
func (p *Provider) words(text string, m sms.Message, r request) string {
	if text == "" {
		return ""
	}
	who := p.who()
	secrets := []string{who.secret, who.header(), r.variables, r.callback}
	if len(r.text) >= shortest {
		secrets = append(secrets, r.text)
	}
	return redact.Words(text, m, secrets...)
}

// classify tells what a status other than 2xx means, with the code that came
// with it; "" for none. The status line decides the outcome of a 4xx: it is a
// refusal whatever the body, but for 408, by which a server says that it waited.
func classify(status int, code string) (sms.Reason, sms.Outcome) {
	row, known := lookup(code)
	if status >= 400 && status <= 499 && status != http.StatusRequestTimeout {
		if known {
			return row.Reason, sms.Rejected
		}
		return reasonOfStatus(status), sms.Rejected
	}
	if known && !row.Late && row.Outcome == sms.Rejected && status >= 500 {
		return row.Reason, sms.Rejected // a code of the request itself rules acceptance out
	}
	return sms.Unavailable, sms.Unknown
}

// reasonOfStatus is the reason of a 4xx whose code is not in the table.
func reasonOfStatus(status int) sms.Reason {
	switch status {
	case http.StatusTooManyRequests:
		return sms.Throttled
	case http.StatusUnauthorized, http.StatusForbidden:
		return sms.Unauthorized
	}
	return sms.Unsupported
}

// What a refusal's body says.
type refusalBody struct{ code, message string }

// readRefusal reads the body of an error, which may be anything: Twilio's JSON, a
// proxy's page, nothing. What cannot be read is empty.
func readRefusal(body []byte) refusalBody {
	var fields struct {
		Code    json.RawMessage `json:"code"`
		Message json.RawMessage `json:"message"`
	}
	if json.Unmarshal(body, &fields) != nil {
		return refusalBody{}
	}
	var r refusalBody
	code := strings.Trim(string(fields.Code), `"`)
	if n, err := strconv.ParseUint(code, 10, 32); err == nil && n > 0 {
		r.code = strconv.FormatUint(n, 10)
	}
	if json.Unmarshal(fields.Message, &r.message) != nil {
		r.message = ""
	}
	return r
}

// retryAfter reads a Retry-After in either of its forms, seconds or an HTTP date;
// zero where there is none, where it cannot be read, and where it has passed.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > int64(longestWait/time.Second) {
			return longestWait
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent // the same clock on both sides
	}
	return min(max(at.Sub(now), 0), longestWait)
}

// requestID gives Twilio's ID of the call; "" where it does not look like one,
// because it goes into errors and logs as it is.
func requestID(h http.Header) string {
	if id := h.Get("Twilio-Request-Id"); isID(id) {
		return id
	}
	return ""
}

// shownID gives id as it is, or "" where something of m shows in it, as in one
// that an intermediary has made of the request.
func shownID(id string, m sms.Message) string {
	if redact.Words(id, m) != id {
		return ""
	}
	return id
}

// isID tells whether s can be an ID of Twilio's: up to 64 letters and digits, a
// letter among them, so that no telephone number passes for one.
func isID(s string) bool {
	letter := false
	for i := range len(s) {
		c := s[i]
		isLetter := c|0x20 >= 'a' && c|0x20 <= 'z'
		letter = letter || isLetter
		if !isLetter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return letter && len(s) <= 64
}
