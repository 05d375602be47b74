package smstest_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

const (
	secret   = "subject-secret-77"
	sentence = `{"code":"0","id":"m1"}` + "\n" // what the subject's vendor says of a message that it takes
)

// A subject is a Sender that keeps every rule but for its flaw.
type subject struct {
	flaw      string
	endpoint  string
	templates *sms.Registry
	http      *kit.Client
	transport *http.Transport // its own, where a flaw needs one

	closed  atomic.Bool
	flying  atomic.Int64
	last    atomic.Pointer[string] // of the flaw that lets callers share a text
	mu      sync.Mutex
	kept    sms.Params // of the flaw that keeps params
	sameKey string
	gathers bool
	calling bool      // a batch is in flight; guarded by mu
	waiting []*member // guarded by mu
}

// has tells whether the flaw is this one.
func (s *subject) has(flaw string) bool { return s.flaw == flaw }

func newSubject(flaw, endpoint string, r *sms.Registry, timeout time.Duration) *subject {
	s := &subject{flaw: flaw, endpoint: endpoint, templates: r, sameKey: sms.NewKey()}
	o := kit.ClientOptions{Timeout: timeout}
	switch flaw {
	case "keeps two idle connections":
		s.transport = &http.Transport{MaxIdleConnsPerHost: 2}
	case "takes any certificate":
		s.transport = &http.Transport{MaxIdleConnsPerHost: 64, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	case "leaves its connections open", "sends after Close", "reads answers without a bound", "follows redirects":
		s.transport = &http.Transport{MaxIdleConnsPerHost: 64}
	case "leaves a goroutine":
		go func() { select {} }()
	case "panics without a registry":
		if r == nil {
			panic("no registry")
		}
	}
	if s.transport != nil {
		o.Transport = s.transport
	}
	switch flaw {
	case "reads answers without a bound":
		o.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			a, err := s.transport.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			defer a.Body.Close()
			body, err := io.ReadAll(a.Body)
			if err != nil {
				return nil, err
			}
			a.Body = io.NopCloser(bytes.NewReader(body))
			return a, nil
		})
	case "follows redirects":
		o.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			a, err := s.transport.RoundTrip(r)
			if err != nil || a.Header.Get("Location") == "" {
				return a, err
			}
			a.Body.Close()
			to, err := a.Location()
			if err != nil {
				return nil, err
			}
			again := r.Clone(r.Context())
			again.URL, again.Host = to, to.Host
			again.Body, _ = r.GetBody()
			return s.transport.RoundTrip(again)
		})
	}
	s.http = kit.NewClient(o)
	return s
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Close closes s as its flaw has it.
func (s *subject) Close() error {
	again := s.closed.Swap(true)
	if s.transport != nil && !s.has("leaves its connections open") {
		defer s.transport.CloseIdleConnections()
	}
	switch {
	case s.has("sends after Close"):
		return nil
	case s.has("does not wait in Close"):
		go s.http.Close()
		return nil
	case s.has("fails in a second Close") && again:
		return errors.New("closed already")
	}
	return s.http.Close()
}

func (s *subject) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if ctx.Err() != nil {
		switch s.flaw {
		case "sends although the context is over":
			ctx = context.WithoutCancel(ctx)
		case "blames the vendor for a context that is over":
			return sms.Receipt{}, &sms.Error{Reason: sms.Unavailable, Outcome: sms.Rejected, Err: ctx.Err()}
		}
	}
	m = s.before(m)
	m, refused := kit.Check(ctx, smstest.Name, s.templates, m)
	if refused != nil {
		if s.has("calls a wrong number a wrong message") && refused.Reason == sms.InvalidNumber {
			refused.Reason = sms.InvalidMessage
		}
		if s.has("shows the values of a wrong message") && refused.Reason == sms.InvalidMessage {
			refused.Err = errors.New("wrong: " + strings.Join([]string{m.Params["code"], m.Body}, " "))
		}
		if s.has("returns an error of another package") && refused.Reason == sms.Expired {
			return sms.Receipt{}, errors.New("expired")
		}
		return sms.Receipt{}, refused
	}
	if s.gathers && m.Template == smstest.Notice {
		return s.gather(m)
	}
	receipt, err := s.exchange(ctx, m)
	return s.after(ctx, m, receipt, err)
}

// before is what some flaws do to a message before it is looked at.
func (s *subject) before(m sms.Message) sms.Message {
	switch s.flaw {
	case "adds a plus":
		if m.To != "" && m.To[0] != '+' {
			m.To = "+" + m.To
		}
	case "takes the first of two numbers":
		first, _, _ := strings.Cut(m.To.E164(), ",")
		m.To = sms.Number(first)
	case "parses numbers again":
		if n, err := sms.ParseNumber(m.To.E164(), "CN"); err == nil {
			m.To = n
		}
	case "sends a missing value empty":
		if m.Template == smstest.LoginCode && m.Params == nil {
			m.Params = sms.Params{"code": "0"}
		}
	case "sends what has expired":
		m.Expires = time.Time{}
	case "gives every message without a key the same one":
		m.Key = cmp.Or(m.Key, s.sameKey)
	}
	return m
}

// exchange makes the request and reads the answer.
func (s *subject) exchange(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	no := func(reason sms.Reason, words string) (sms.Receipt, error) {
		return sms.Receipt{}, kit.Refuse(smstest.Name, m, &sms.Error{Reason: reason, Outcome: sms.Rejected, Err: errors.New(words)})
	}
	s.flying.Add(1)
	defer s.flying.Add(-1)
	if m.From != "" && !s.has("ignores From") {
		return no(sms.Unsupported, "no such sender")
	}
	if s.templates == nil && s.has("needs a registry for a body") {
		return no(sms.Internal, "no registry")
	}
	request, err := s.request(m)
	if err != nil {
		return sms.Receipt{}, kit.Refuse(smstest.Name, m, err)
	}
	answer, failure := s.http.Do(ctx, request)
	twice := s.has("repeats what was hung up on") && errors.Is(failure, io.EOF) ||
		s.has("repeats after a 503") && failure == nil && answer.Status == http.StatusServiceUnavailable ||
		s.has("sends notices twice") && m.Template == smstest.Notice
	if twice {
		if request, err = s.request(m); err == nil {
			answer, failure = s.http.Do(ctx, request)
		}
	}
	if failure != nil {
		e := failed(failure, m)
		if ref := s.ref(m.Key); ref != m.Key && !s.has("forgets the ref of an error") {
			e.Ref = ref
		}
		return sms.Receipt{}, e
	}
	return s.read(answer, m)
}

func (s *subject) request(m sms.Message) (*http.Request, error) {
	text, err := s.templates.Render(s.params(m), smstest.Name)
	if err != nil {
		return nil, err
	}
	switch s.flaw {
	case "escapes bodies":
		if m.Body != "" {
			text = html.EscapeString(text)
		}
	case "shares a text between callers":
		mine := text // never written again: others read it
		if last := s.last.Swap(&mine); s.flying.Load() > 1 && last != nil {
			text = *last
		}
	}
	body, err := json.Marshal(wire{To: m.To.E164(), Text: text, Key: s.ref(m.Key)})
	if err != nil {
		return nil, err
	}
	address := s.endpoint + "/send"
	r, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	return r, nil
}

// params gives the message whose values are sent.
func (s *subject) params(m sms.Message) sms.Message {
	switch s.flaw {
	case "trims values":
		m = m.Clone()
		for name, value := range m.Params {
			m.Params[name] = strings.TrimSpace(value)
		}
	case "keeps params":
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.kept != nil {
			m.Params = s.kept
			s.kept = nil
		} else if m.Tags != nil {
			s.kept = m.Params
		}
	}
	return m
}

// codes is the table of the subject's vendor.
var codes = map[string]sms.Reason{"1": sms.Throttled, "2": sms.RecipientBlocked, "3": sms.Unavailable, "4": sms.Unauthorized}

func (s *subject) read(a kit.Answer, m sms.Message) (sms.Receipt, error) {
	e := &sms.Error{Provider: smstest.Name, Key: m.Key, Kind: m.Kind}
	e.Reason, e.Outcome = kit.OfStatus(a.Status)
	accepted := sms.Receipt{Provider: smstest.Name, Key: m.Key, ID: "m1", Segments: 1}
	if ref := s.ref(m.Key); ref != m.Key && !s.has("forgets the ref") {
		accepted.Ref = ref
	}
	var said struct{ Code, ID, Message string }
	unreadable := json.Unmarshal(a.Body, &said)

	switch body := string(a.Body); {
	case s.has("takes a 503 for a refusal") && a.Status == 503, s.has("takes a 408 for a refusal") && a.Status == 408, s.has("takes a redirect for a refusal") && a.Status == 307:
		e.Outcome = sms.Rejected
		return sms.Receipt{}, e
	case s.has("leaves a 404 open") && a.Status == 404:
		e.Outcome = sms.Unknown
		return sms.Receipt{}, e
	case s.has("reads the beginning of an acceptance") && strings.Contains(body, `"code":"0"`):
		return accepted, nil
	case s.has("reads the beginning of a refusal") && strings.Contains(body, `"code":"9"`):
		e.Outcome = sms.Rejected
		return sms.Receipt{}, e
	case s.has("takes an answer without end for a refusal") && len(a.Body) == kit.MaxAnswer && a.Status == 200:
		e.Outcome = sms.Rejected
		return sms.Receipt{}, e
	case s.has("takes an empty object for a refusal") && body == "{}":
		e.Outcome = sms.Rejected
		return sms.Receipt{}, e
	case s.has("panics at a list") && body == "[]":
		panic("a list")
	case s.has("takes a code of another type for none"):
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](unreadable); ok && strings.EqualFold(wrong.Field, "code") && a.Status == 200 {
			return accepted, nil
		}
	case s.has("quotes what it cannot read") && a.Status == 200 && a.Cut == nil && unreadable != nil:
		e.Err = errors.New("cannot read " + body)
		return sms.Receipt{}, e
	}
	return s.judge(a, m, e, accepted, unreadable, said.Code, said.ID, said.Message)
}

func (s *subject) judge(a kit.Answer, m sms.Message, e *sms.Error, accepted sms.Receipt, unreadable error, code, id, words string) (sms.Receipt, error) {
	cutFirst := e.Outcome == sms.Unknown || s.has("leaves a cut 4xx open") && errors.Is(errorOf(a.Cut), io.ErrUnexpectedEOF)
	switch {
	case a.Cut != nil && cutFirst:
		return sms.Receipt{}, failed(a.Cut, m)
	case e.Outcome == sms.Rejected || a.Status != http.StatusOK:
		return sms.Receipt{}, e
	case unreadable != nil || code == "" || code == "0" && id == "":
		e.Reason = sms.Internal
		return sms.Receipt{}, e
	case code == "0":
		accepted.ID = id
		return accepted, nil
	}
	e.Code, e.Message = code, redact.Words(words, m, secret)
	e.Reason, e.Outcome = cmp.Or(codes[code], sms.Unsupported), sms.Rejected
	if code == "3" && !s.has("is sure after a code that leaves it open") {
		e.Outcome = sms.Unknown
	}
	switch s.flaw {
	case "keeps the vendor's words as they are":
		e.Message = words
	case "lacks a code":
		if code == "2" {
			e.Reason = sms.Unsupported
		}
	case "drops the code":
		e.Code = ""
	case "takes a refusal for a fault of ours":
		if code == "9" {
			e.Reason = sms.Internal
		}
	case "names no provider in errors":
		e.Provider = ""
	case "names no key in errors":
		e.Key = ""
	case "names no kind in errors":
		e.Kind = 0
	}
	return sms.Receipt{}, e
}

// failed is the error of a call without a whole answer.
func failed(err error, m sms.Message) *sms.Error {
	f, _ := errors.AsType[*kit.Failure](err)
	return kit.Refuse(smstest.Name, m, &sms.Error{Reason: f.Reason, Outcome: f.Outcome, Err: f.Err})
}

func errorOf(f *kit.Failure) error {
	if f == nil {
		return nil
	}
	return f.Err
}
