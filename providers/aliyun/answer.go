package aliyun

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/sms"
)

// accepted is the code of an answer that refuses nothing.
const accepted = "OK"

// readAnswer tells what an answer means. Exactly one of its results counts: a
// nil error is a call that was taken. The vendor's words in the error are as they
// came.
//
// An OK without a BizId is accepted all the same. OK is the vendor's one word
// for "taken", and whoever repeated the message for want of an ID would double
// it; OutId finds it without.
func readAnswer(a carrier.Answer, read func(body []byte) (reply, error)) (reply, *sms.Error) {
	var r reply
	var err *sms.Error
	switch {
	case a.Status >= 200 && a.Status < 300:
		if r, err = readSuccess(a, read); err == nil && r.code == accepted {
			r.requestID = requestID(a, r)
			return r, nil
		}
	case a.Status >= 400:
		r, err = readRefusal(a)
	default:
		err = &sms.Error{Reason: sms.Unavailable, Outcome: sms.Unknown,
			Err: fmt.Errorf("HTTP status %d, which the vendor does not answer with: is the endpoint the vendor's? Redirects are not followed, for that would send the message again", a.Status)}
	}
	if err == nil {
		err = judge(a.Status, r, time.Now())
	}
	err.RequestID = requestID(a, r)
	return reply{}, err
}

func requestID(a carrier.Answer, r reply) string {
	if r.requestID != "" {
		return r.requestID
	}
	return a.Header.Get("X-Acs-Request-Id")
}

// readSuccess reads a 2xx, which says no more than its body does.
func readSuccess(a carrier.Answer, read func(body []byte) (reply, error)) (reply, *sms.Error) {
	unknown := func(words error) (reply, *sms.Error) {
		return reply{}, &sms.Error{Reason: sms.Internal, Outcome: sms.Unknown, Err: fmt.Errorf("HTTP status %d: %w", a.Status, words)}
	}
	if a.Cut != nil {
		return reply{}, &sms.Error{Reason: a.Cut.Reason, Outcome: sms.Unknown, Err: a.Cut.Err}
	}
	r, err := read(a.Body)
	if err != nil {
		return unknown(err)
	}
	if r.code == "" {
		return unknown(errors.New("the answer has no Code"))
	}
	return r, nil
}

// readRefusal reads a 4xx or 5xx: the gateway's body, where it is one. A body
// that is cut or no object of JSON leaves the status alone, and is not shown: it
// may echo the request in a form that no masking knows.
//
// The SDK's own reading panics where a field is not a string, so this does it.
func readRefusal(a carrier.Answer) (reply, *sms.Error) {
	if a.Cut != nil {
		if a.Cut.Reason == sms.Canceled && !refuses(a.Status) {
			return reply{}, &sms.Error{Reason: sms.Canceled, Outcome: sms.Unknown, Err: a.Cut.Err}
		}
		return reply{}, nil
	}
	var fields struct{ Code, Message, RequestId any }
	d := json.NewDecoder(bytes.NewReader(a.Body))
	d.UseNumber()
	if !json.Valid(a.Body) || d.Decode(&fields) != nil {
		return reply{}, nil
	}
	return reply{code: text(fields.Code), message: text(fields.Message), requestID: text(fields.RequestId)}, nil
}

// text gives a field that should be a string; what is neither that nor a number
// is no text.
func text(field any) string {
	switch v := field.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// refuses tells whether a status line alone says that nothing was sent.
func refuses(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout
}

// judge tells what a refusal means: by the table, else by the code's prefix and
// the status.
func judge(status int, r reply, now time.Time) *sms.Error {
	e := &sms.Error{Code: r.code, Message: r.message}
	if info, ok := codeInfo(r.code); ok {
		e.Reason, e.Outcome = info.Reason, info.Outcome
	} else {
		e.Reason, e.Outcome = guess(status, r.code)
		e.Err = fmt.Errorf("HTTP status %d", status)
	}
	if e.Code == blackKeyControl && saysContent(r.message) {
		e.Reason = sms.ContentRejected
	}
	e.RetryAfter = retryAfter(r.code, r.message, now)
	return e
}

// guess classifies what the table does not hold.
func guess(status int, code string) (sms.Reason, sms.Outcome) {
	switch {
	case strings.HasPrefix(code, "Throttling"):
		return sms.Throttled, sms.Rejected
	case status >= 500 || status == http.StatusRequestTimeout || strings.HasPrefix(code, "isp."):
		return sms.Unavailable, sms.Unknown
	case strings.HasPrefix(code, "isv."):
		return sms.Unsupported, sms.Rejected
	case strings.HasPrefix(code, "Missing"): // and a parameter's name: a request of ours without it
		return sms.Internal, sms.Rejected
	case refuses(status):
		return sms.Unsupported, sms.Rejected
	}
	return sms.Internal, sms.Unknown // a 2xx with a code that no one has described
}

// told completes the error of a call: the vendor's words masked, and cut where
// the vendor says the whole request back, encoded twice, which no masking by
// value finds. It makes a copy: e may be told of several messages.
func (p *Provider) told(e *sms.Error, m sms.Message, key Credentials) *sms.Error {
	t := *e
	mask := func(words string) string {
		return redact.Words(words, m, key.AccessKeySecret, key.SecurityToken)
	}
	t.Provider, t.Key, t.Kind = p.name, m.Key, m.Kind
	t.Code, t.RequestID = mask(e.Code), mask(e.RequestID)
	t.Message = mask(beforeRequest(e.Message))
	return &t
}

// beforeRequest gives what stands before "server string to sign is:", which the
// vendor's gateway writes with SignatureDoesNotMatch and IncompleteSignature.
func beforeRequest(words string) string {
	if at := requestSaidBack.FindStringIndex(words); at != nil {
		return words[:at[0]]
	}
	return words
}

// requestSaidBack finds also the string itself, should other words lead to it.
var requestSaidBack = regexp.MustCompile(`(?i)(?:server\s+)?string\s+to\s+sign|(?:GET|POST)&%2F`)
