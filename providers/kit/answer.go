package kit

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/notifykit/notify/sms"
)

// An Answer is the vendor's answer to one call.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Cut is why Body is incomplete, and nil if it is complete. Nothing but the
	// Status of a cut answer can be relied on.
	Cut *Failure
	// Unframed reports that the server marked the end of Body only by closing the
	// connection, so that nothing shows whether Body is complete. JSON shows it by
	// itself; a plain text does not.
	Unframed bool
	// Took is how long the call lasted.
	Took time.Duration
}

// OK reports whether the status is a 2xx and the body is complete.
func (a Answer) OK() bool { return a.success() && a.Cut == nil }

func (a Answer) success() bool { return a.Status >= 200 && a.Status <= 299 }

// JSON decodes the body into v. It returns an error if the body is cut or is not
// valid JSON. The error holds nothing of the body.
func (a Answer) JSON(v any) error {
	switch {
	case a.Cut != nil:
		return a.Cut
	case !json.Valid(a.Body) || json.Unmarshal(a.Body, v) != nil:
		return errors.New("the answer is not the JSON that the vendor documents")
	}
	return nil
}

// Refused returns the vendor's refusal with its own code and words. The table
// and the status decide what it means: see Table. The code and the words of a
// cut answer are dropped, because they may be incomplete. requestID is the vendor's
// ID of the call, if the body has it and the header does not.
func (a Answer) Refused(code, words string, requestID ...string) error {
	r := a.Refusal(code, words)
	if len(requestID) > 0 && a.Cut == nil {
		r.RequestID = requestID[0]
	}
	return r
}

// Refusal is Refused for a vendor that adds to it. It is never nil.
func (a Answer) Refusal(code, words string) *Refusal {
	r := &Refusal{Status: a.Status, Header: a.Header, Code: code, Words: words}
	if a.Cut == nil {
		return r
	}
	r.Code, r.Words = "", ""
	if _, outcome := OfStatus(a.Status); a.success() || outcome == sms.Unknown && a.Cut.Reason == sms.Canceled {
		r.Reason, r.Outcome, r.Cause = a.Cut.Reason, sms.Unknown, a.Cut.Err
	}
	return r
}

// Unreadable returns the error of an answer that does not say what it means:
// Internal, outcome Unknown. why completes the sentence "HTTP status 200: …",
// for example "the answer names no message".
func (a Answer) Unreadable(why string) error {
	r := a.Refusal("", "")
	if r.Cause == nil {
		r.Reason, r.Outcome = sms.Internal, sms.Unknown
		r.Cause = fmt.Errorf("HTTP status %d: %s", a.Status, why)
	}
	return r
}
