package kit

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/sms"
)

// A Refusal is the vendor's "no", or an answer of the vendor that leaves the
// outcome open. Answer.Refused and Answer.Unreadable make one of an HTTP answer.
// A vendor over another protocol fills it in itself.
type Refusal struct {
	// Status is the HTTP status, and zero over another protocol.
	Status int
	// Header is the answer's, for a Retry-After and a request ID. May be nil.
	Header http.Header
	// Scope selects rows of the table: see Row.Scope.
	Scope string
	// Code, Words and RequestID are the vendor's own. They need not be masked.
	Code, Words, RequestID string
	// Reason and Outcome overrule the table. Outcome is used only with a Reason.
	Reason  sms.Reason
	Outcome sms.Outcome
	// RetryAfter is how long to wait before the next try. Zero: as the Header says.
	RetryAfter time.Duration
	// Cause is shown in the error's text behind the vendor's words.
	Cause error
	// Hide lists further texts to mask in the vendor's words: credentials that are
	// known only at the call, the text as it was sent.
	Hide []string
}

// Error returns the code and the words, unmasked.
func (r *Refusal) Error() string {
	if r == nil {
		return "the vendor refused"
	}
	parts := []string{}
	for _, s := range []string{r.Code, r.Words} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if r.Cause != nil {
		parts = append(parts, r.Cause.Error())
	}
	return cmp.Or(strings.Join(parts, ": "), "the vendor refused")
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error {
	if r == nil {
		return nil
	}
	return r.Cause
}

// Explain returns the *sms.Error of what a call of m returned: a *Failure, a
// *Refusal or an *sms.Error, wrapped or not. The vendor's code, words and request
// ID are masked: m's number, body and values, About.Secrets, and what hide lists.
//
// Any other error is a defect of the vendor's package. It becomes Internal with
// the outcome Unknown, and its text is not shown, because nothing says what it
// holds. A nil pointer in err is such a defect too.
func (b *Base) Explain(m sms.Message, err error, hide ...string) *sms.Error {
	e := b.classify(err)
	e.Provider, e.Key = b.Name, m.Key
	e.Kind = cmp.Or(e.Kind, m.Kind)
	secrets := hide
	if b.Secrets != nil {
		secrets = append(b.Secrets(), hide...)
	}
	if r, ok := errors.AsType[*Refusal](err); ok && r != nil {
		secrets = append(secrets, r.Hide...)
	}
	e.Code = redact.Words(e.Code, m, secrets...)
	e.Message = redact.Words(e.Message, m, secrets...)
	e.RequestID = shownID(e.RequestID, m, secrets...)
	return e
}

// ReasonOf returns the Reason that Explain would give err.
func (b *Base) ReasonOf(err error) sms.Reason { return b.classify(err).Reason }

// classify returns a new *sms.Error of what a call returned, unmasked.
func (b *Base) classify(err error) *sms.Error {
	if r, ok := errors.AsType[*Refusal](err); ok {
		if r == nil {
			return defect(err)
		}
		return b.refused(r)
	}
	if f, ok := errors.AsType[*Failure](err); ok {
		if f == nil {
			return defect(err)
		}
		return &sms.Error{Reason: f.Reason, Outcome: f.Outcome, Err: f.Err}
	}
	if e, ok := errors.AsType[*sms.Error](err); ok && e != nil {
		known := *e
		return &known
	}
	return defect(err)
}

// defect is the error of something that a vendor's package must not return.
func defect(err error) *sms.Error {
	return &sms.Error{Reason: sms.Internal, Outcome: sms.Unknown,
		Err: fmt.Errorf("the provider returned a %T, which says nothing about the outcome; return a kit.Failure, a kit.Refusal or an sms.Error", err)}
}

func (b *Base) refused(r *Refusal) *sms.Error {
	e := &sms.Error{Code: r.Code, Message: r.Words, RequestID: r.RequestID, RetryAfter: r.RetryAfter, Err: r.Cause}
	if r.Reason != "" {
		e.Reason, e.Outcome = r.Reason, r.Outcome
	} else {
		var known bool
		e.Reason, e.Outcome, known = b.Codes.judge(r.Scope, r.Status, r.Code)
		if !known && r.Cause == nil && r.Status != 0 {
			e.Err = b.unlisted(r.Status, r.Code)
		}
	}
	if r.Header == nil {
		return e
	}
	if e.RetryAfter == 0 {
		e.RetryAfter = RetryAfter(r.Header, time.Now())
	}
	if e.RequestID == "" && b.RequestID != nil {
		e.RequestID = b.RequestID(r.Header)
	}
	return e
}

func (b *Base) unlisted(status int, code string) error {
	switch {
	case status == http.StatusProxyAuthRequired:
		return errors.New("a proxy refused the call (HTTP status 407): check the proxy's credentials")
	case code == "":
		return fmt.Errorf("HTTP status %d without a code of the vendor's", status)
	}
	return fmt.Errorf("HTTP status %d", status)
}

// shownID returns id, or "" if something that must not be shown is part of it.
// It does not allocate for an ID of the usual form.
func shownID(id string, m sms.Message, secrets ...string) string {
	if id == "" || plainID(id) && !holdsAny(id, m, secrets) {
		return id
	}
	if redact.Words(id, m, secrets...) != id {
		return ""
	}
	return id
}

// plainID reports whether s consists of at most 128 letters, digits and "-_.:"
// and has at least one letter, so that it is no telephone number.
func plainID(s string) bool {
	letter := false
	for i := range len(s) {
		c := s[i]
		isLetter := c|0x20 >= 'a' && c|0x20 <= 'z'
		letter = letter || isLetter
		if !isLetter && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' && c != ':' {
			return false
		}
	}
	return letter && len(s) <= 128
}

// holdsAny reports whether id may hold a part of m's number, a value or a secret.
func holdsAny(id string, m sms.Message, secrets []string) bool {
	const shortest = 4
	holds := func(s string) bool { return len(s) >= shortest && strings.Contains(id, s) }
	if digits := string(m.To); len(digits) > 7 && strings.Contains(id, digits[len(digits)-7:]) {
		return true
	}
	for _, value := range m.Params {
		if holds(value) {
			return true
		}
	}
	for _, s := range secrets {
		if holds(s) {
			return true
		}
	}
	return holds(m.Body)
}

// Unsupported returns a refusal of ours: this vendor cannot send the message, and
// another may.
func Unsupported(format string, args ...any) error {
	return sms.Refuse(sms.Message{}, sms.Unsupported, fmt.Errorf(format, args...))
}

// InvalidMessage returns a refusal of ours: the message itself is wrong.
func InvalidMessage(format string, args ...any) error {
	return sms.Refuse(sms.Message{}, sms.InvalidMessage, fmt.Errorf(format, args...))
}

// WithCode returns refusal, a refusal of ours, with the code with which the vendor would
// refuse the same. The code is not repeated in the refusal's words: Error prints it.
func WithCode(code string, refusal error) error {
	e := *sms.AsError(refusal)
	e.Code = code
	return &e
}

// A ValueFault is a value that a vendor would refuse. It does not hold the value.
type ValueFault struct {
	Variable string     // the variable's name
	Words    string     // what is wrong, after "the value of …"
	Code     string     // the vendor's
	Reason   sms.Reason // that of the code
}

// RefuseValues returns a refusal of ours of a template's values; nil if there is no
// fault. Its Code is that of the first fault. Its Reason is InvalidMessage if the
// reasons differ.
func RefuseValues(template string, kind sms.Kind, faults []ValueFault) error {
	if len(faults) == 0 {
		return nil
	}
	first := faults[0]
	reason, words := first.Reason, make([]string, len(faults))
	for i, f := range faults {
		words[i] = fmt.Sprintf("the value of %q %s", f.Variable, f.Words)
		if f.Code != first.Code {
			words[i] += " (" + f.Code + ")"
		}
		if f.Reason != reason {
			reason = sms.InvalidMessage
		}
	}
	return WithCode(first.Code, sms.Refuse(sms.Message{Kind: kind}, reason, fmt.Errorf("template %q: %s", template, strings.Join(words, "; "))))
}
