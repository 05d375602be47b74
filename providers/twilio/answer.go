package twilio

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// refused returns the error of a call that brought no readable 2xx.
func (c *call) refused() error {
	switch {
	case c.err != nil:
		return c.err
	case c.answer.Status >= 200 && c.answer.Status <= 299:
		return c.answer.Unreadable("the answer cannot be read")
	}
	said := readRefusal(c.answer.Body)
	return c.answer.Refused(said.code, said.message)
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

// requestID returns Twilio's ID of the call, or "" if it does not look like one,
// because it is shown in errors and logs.
func requestID(h http.Header) string {
	if id := h.Get("Twilio-Request-Id"); isID(id) {
		return id
	}
	return ""
}

// isID reports whether s can be an ID of Twilio's: up to 64 letters and digits, a
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
