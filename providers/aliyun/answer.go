package aliyun

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// accepted is the code of an answer that refuses nothing.
const accepted = "OK"

// readAnswer returns what an answer says, or the error that it is.
func readAnswer(a kit.Answer, read func(body []byte) (reply, error)) (reply, error) {
	switch {
	case a.Cut != nil:
		return reply{}, a.Refused("", "")
	case a.OK():
		r, err := read(a.Body)
		switch {
		case err != nil:
			return reply{}, a.Unreadable(err.Error())
		case r.code == "":
			return reply{}, a.Unreadable("the answer has no Code")
		case r.code != accepted:
			return reply{}, refusal(a, r)
		}
		r.requestID = requestID(a, r)
		return r, nil
	case a.Status >= 400:
		return reply{}, refusal(a, readRefusal(a.Body))
	}
	return reply{}, &kit.Refusal{Status: a.Status, Reason: sms.Unavailable, Outcome: sms.Unknown, RequestID: requestID(a, reply{}),
		Cause: fmt.Errorf("HTTP status %d, which the vendor does not answer with: is the endpoint the vendor's? Redirects are not followed, because that would send the message again", a.Status)}
}

func requestID(a kit.Answer, r reply) string {
	if r.requestID != "" {
		return r.requestID
	}
	return a.Header.Get("X-Acs-Request-Id")
}

// readRefusal reads the body of a 4xx or 5xx: the gateway's, if it is one. A body
// that is no object of JSON is not shown: it may repeat the request in a form that
// no masking knows. The SDK's own reader panics if a field is not a string.
func readRefusal(body []byte) reply {
	var fields struct{ Code, Message, RequestId any }
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if !json.Valid(body) || d.Decode(&fields) != nil {
		return reply{}
	}
	return reply{code: text(fields.Code), message: text(fields.Message), requestID: text(fields.RequestId)}
}

// text returns a field that should be a string, and "" for anything but a string or
// a number.
func text(field any) string {
	switch v := field.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// refusal returns what a refusal means, beyond the table: the older meaning of one
// code, and how long a limit lasts.
func refusal(a kit.Answer, r reply) error {
	e := a.Refusal(r.code, beforeRequest(r.message))
	e.RequestID = requestID(a, r)
	if r.code == blackKeyControl && saysContent(r.message) {
		e.Reason, e.Outcome = sms.ContentRejected, sms.Rejected
	}
	e.RetryAfter = retryAfter(r.code, r.message, time.Now())
	return e
}

// guess classifies a code that the table does not hold. Dypnsapi writes its own
// codes with and without "isv.", and all of its documented ones are refusals.
func (v *vendor) guess(status int, code string) (sms.Reason, sms.Outcome) {
	switch {
	case v.product == APIPNVS && status == http.StatusOK && !strings.HasPrefix(code, "isp."):
		return sms.Unsupported, sms.Rejected
	case strings.HasPrefix(code, "Throttling"):
		return sms.Throttled, sms.Rejected
	case status >= 500 || status == http.StatusRequestTimeout || strings.HasPrefix(code, "isp."):
		return sms.Unavailable, sms.Unknown
	case strings.HasPrefix(code, "isv."):
		return sms.Unsupported, sms.Rejected
	case strings.HasPrefix(code, "Missing"): // and a parameter's name: a request of ours without it
		return sms.Internal, sms.Rejected
	case status >= 400:
		return kit.OfStatus(status)
	}
	return sms.Internal, sms.Unknown // a 2xx with a code that is not documented
}

// Codes that one number of many may be the cause of, though their Reason is not
// about a number.
var aboutNumbers = []string{
	"isv.INVALID_PARAMETERS",            // of a SendSms, the numbers too
	"PARAMS_ILLEGAL",                    // says so: signature, text or number
	"isv.DOMESTIC_NUMBER_NOT_SUPPORTED", // a number in mainland China
	"isv.SMS_TEST_NUMBER_LIMIT",         // a number that is not bound
	"PORT_NOT_REGISTERED", "NO_ROUTE",   // a number's carrier
	"NOT_SUPPORTED_COUNTRY", "IS_CLOSE", // its country; its carrier's channel
}

// mayBeOneNumber reports whether one number of many may be the cause of a refusal.
// It is not documented whether the vendor then sends to the others. Signature,
// template and values are the same for all, so that what is wrong with them is
// wrong with every message. A code that is not documented may mean a number.
func (v *vendor) mayBeOneNumber(e *sms.Error) bool {
	switch e.Reason {
	case sms.InvalidNumber, sms.RecipientBlocked, sms.RecipientLimited:
		return true
	}
	_, known := v.Codes.Find("", e.Code)
	return slices.Contains(aboutNumbers, e.Code) || !known && strings.HasPrefix(e.Code, "isv.")
}

// beforeRequest returns what comes before "server string to sign is:", which the
// vendor's gateway writes with SignatureDoesNotMatch and IncompleteSignature.
func beforeRequest(words string) string {
	if at := requestSaidBack.FindStringIndex(words); at != nil {
		return words[:at[0]]
	}
	return words
}

// requestSaidBack finds also the string itself, should other words lead to it.
var requestSaidBack = regexp.MustCompile(`(?i)(?:server\s+)?string\s+to\s+sign|(?:GET|POST)&%2F`)
