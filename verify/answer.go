package verify

import (
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/notifykit/notify/sms"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI gives the description of what [Handler] answers, OpenAPI 3.1 in JSON.
func OpenAPI() []byte { return slices.Clone(openAPI) }

type created struct {
	Mobile      string `json:"mobile"`
	ExpiresIn   int64  `json:"expires_in"`
	ResendAfter int64  `json:"resend_after"`
}

type verified struct {
	Verified bool   `json:"verified"`
	Proof    string `json:"proof,omitempty"`
}

// refused is why not: Mobile and Code hold what is wrong with a field, Detail
// what is wrong elsewhere.
type refused struct {
	Mobile     string `json:"mobile,omitempty"`
	Code       string `json:"code,omitempty"`
	Detail     string `json:"detail,omitempty"`
	Reason     string `json:"reason"`
	Scope      string `json:"scope,omitempty"`
	RetryAfter int64  `json:"retry_after,omitempty"`
}

// wrong is the one form of every code that is not right: whether there was one,
// and whether it was too late, is not told.
type wrong struct {
	Verified     bool   `json:"verified"`
	Code         string `json:"code"`
	Reason       string `json:"reason"`
	AttemptsLeft int    `json:"attempts_left"`
}

// Reasons of answers beside those of package sms.
const (
	reasonWrong     = "wrong_code"
	reasonTooMany   = "too_many_attempts"
	reasonChallenge = "challenge_required"
	reasonRegion    = "region_not_served"
)

// statusOf returns the status for a message that was not sent. 503 is for what the person
// cannot change: what may be accepted later, and what only the service's owner can fix.
// Its answer gives no reason but "unavailable".
func statusOf(r sms.Reason) int {
	switch r {
	case sms.InvalidNumber, sms.InvalidMessage, sms.RecipientBlocked:
		return http.StatusBadRequest
	case sms.RecipientLimited:
		return http.StatusTooManyRequests
	}
	return http.StatusServiceUnavailable
}

// refuse answers an error of the Verifier.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, in asked, err error) {
	said := Text(err, in.language)
	if c, ok := errors.AsType[*CheckError](err); ok {
		if errors.Is(c, ErrTooMany) {
			h.tooMany(w, refused{Detail: said, Reason: reasonTooMany}, c.RetryAfter)
			return
		}
		h.answer(w, http.StatusBadRequest, wrong{Code: in.say("the code is wrong or has expired", "验证码不正确或已过期"), Reason: reasonWrong, AttemptsLeft: c.Left})
		return
	}
	if l, ok := errors.AsType[*LimitError](err); ok {
		h.tooMany(w, refused{Mobile: said, Reason: string(sms.RecipientLimited), Scope: l.Scope}, l.RetryAfter)
		return
	}
	switch {
	case errors.Is(err, ErrChallenge):
		h.answer(w, http.StatusBadRequest, refused{Mobile: said, Reason: reasonChallenge})
		return
	case errors.Is(err, ErrRegion):
		h.answer(w, http.StatusBadRequest, refused{Mobile: said, Reason: reasonRegion})
		return
	}
	reason := sms.ReasonOf(err)
	switch statusOf(reason) {
	case http.StatusBadRequest:
		h.answer(w, http.StatusBadRequest, refused{Mobile: said, Reason: string(reason)})
	case http.StatusTooManyRequests:
		h.tooMany(w, refused{Mobile: said, Reason: string(reason)}, sms.AsError(err).RetryAfter)
	default:
		h.unavailable(w, r, err)
	}
}

// tooMany answers 429. Where nobody said how long, a minute is.
func (h *handler) tooMany(w http.ResponseWriter, a refused, after time.Duration) {
	if after <= 0 {
		after = time.Minute
	}
	a.RetryAfter = seconds(after)
	w.Header().Set("Retry-After", strconv.FormatInt(a.RetryAfter, 10))
	h.answer(w, http.StatusTooManyRequests, a)
}

// unavailable answers what only the owner can mend, and tells the owner.
func (h *handler) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	h.o.Logger.ErrorContext(r.Context(), "verify: a request could not be served", "path", r.URL.Path, "error", err)
	in := asked{language: r.Header.Get("Accept-Language")}
	h.answer(w, http.StatusServiceUnavailable, refused{Detail: in.say(phraseLater.en, phraseLater.zh), Reason: string(sms.Unavailable)})
}

func (h *handler) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone: nobody is left to tell
}

// seconds rounds up: nobody should come too early.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
