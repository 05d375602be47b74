package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// HTTPOptions are what a Handler is made of. The zero value serves logins, to
// numbers with their country code, with no proxy in front.
type HTTPOptions struct {
	// Purpose is what the codes are for; a request cannot choose it. Defaults to
	// "login".
	Purpose string
	// Region is where numbers without a country code are from ("CN"). Empty: they
	// are refused, in a sentence that says how to write them.
	Region string
	// Prove makes /codes/check answer with a proof, the Token of Prove, instead of
	// just saying yes. The handler keeps no session: with Prove the client hands
	// the proof to the program's own handler, which calls Redeem.
	Prove bool
	// Verified, where it is set, is called for each right code before it is
	// answered, to set a session cookie on w. It writes neither status nor body. An
	// error is answered with 503, and the code is used.
	Verified func(w http.ResponseWriter, r *http.Request, to sms.Number) error
	// Allow reports whether a number is known to the program. To a number that is
	// not, nothing is sent, and the answers, limits, attempts and times are those of
	// a known one. So that they are, a code that is refused because of its number
	// (by the vendor, by a list or by a limit of the Client's) is answered with 201
	// for known numbers too, keeps its place in the limits, and is logged by
	// Options.Logger. Allow is called for every request and should take as long for
	// both. It is called for checks too: no code is right for a number that is not, or no
	// longer, known; a test number is no exception. Nil: all numbers are known, and
	// refusals are answered as what they are.
	Allow func(context.Context, sms.Number) bool

	// TrustedProxies are the addresses of the proxies in front, whose
	// X-Forwarded-For is believed. Empty: nobody's is, and the client's address is
	// the connection's.
	TrustedProxies []netip.Prefix
	// TrustSocket believes X-Forwarded-For on connections that have no address: a
	// Unix socket, which only the proxy can reach. Requests that have no address all
	// the same share one limit, and Logger is warned of the first.
	TrustSocket bool

	// Origins are the other sites whose pages may call ("https://app.example.com").
	// Pages of any other site are refused, forms too.
	Origins []string
	// Timeout bounds a request, the sending included. Defaults to 15 seconds.
	Timeout time.Duration
	// MaxBody is the largest body that is read, in bytes. Defaults to 4096.
	MaxBody int64
	// Logger is told of what is answered with 503. Nil: nobody.
	Logger *slog.Logger
}

// NewHandler returns a handler that serves v over HTTP, for any router that keeps the path:
//
//	POST /codes        {"mobile":"138 0000 0000"}
//	  201 {"mobile":"+8613800000000","expires_in":300,"resend_after":60}
//	POST /codes/check  {"mobile":"138 0000 0000","code":"123456"}
//	  200 {"verified":true}
//
// Bodies are JSON or forms. Both paths may end in a slash. [OpenAPI] describes every
// response, and docs/verify.md how to mount the handler. Texts for people are in English
// or Chinese, by Accept-Language.
//
// Its error lists everything that is wrong with o, and a nil v.
func NewHandler(v *Verifier, o HTTPOptions) (http.Handler, error) {
	h := newHandler(v, o)
	if h.fault != nil {
		return nil, h.fault
	}
	return h, nil
}

// Handler is [NewHandler] for options that are known to be right. If they are not, every
// request is answered with 503, and Logger is given the reason.
func Handler(v *Verifier, o HTTPOptions) http.Handler { return newHandler(v, o) }

func newHandler(v *Verifier, o HTTPOptions) *handler {
	o.Purpose = cmp.Or(o.Purpose, "login")
	o.Timeout = cmp.Or(max(0, o.Timeout), 15*time.Second)
	o.MaxBody = cmp.Or(max(0, o.MaxBody), 4096)
	o.TrustedProxies = slices.Clone(o.TrustedProxies)
	o.Origins = slices.Clone(o.Origins)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h := &handler{v: v, o: o, sites: http.NewCrossOriginProtection()}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("verify: "+format, args...)) }
	if v == nil {
		fault("the handler was given no Verifier")
	}
	if !validPurpose(o.Purpose) {
		fault("HTTPOptions.Purpose %q has to be at most %d of a-z, 0-9, - and _", o.Purpose, maxPurpose)
	}
	if _, err := sms.ParseNumber("+14155550100", o.Region); err != nil { // a good number: only the region can be wrong
		fault("HTTPOptions.Region: %w", err)
	}
	for i, proxy := range o.TrustedProxies {
		if !proxy.IsValid() {
			fault("HTTPOptions.TrustedProxies[%d] is no range of addresses: make it with netip.ParsePrefix", i)
			continue
		}
		v4, ok := unmapped(proxy)
		if !ok {
			fault("HTTPOptions.TrustedProxies[%d] is %v, which holds more than the IPv4 addresses: write the range of IPv4 itself", i, proxy)
			continue
		}
		h.o.TrustedProxies[i] = v4
	}
	for _, origin := range o.Origins {
		if err := h.sites.AddTrustedOrigin(origin); err != nil {
			fault("HTTPOptions.Origins: %w", err)
		}
	}
	h.fault = errors.Join(faults...)
	return h
}

type handler struct {
	v     *Verifier
	o     HTTPOptions
	sites *http.CrossOriginProtection
	fault error // of the options

	noAddress sync.Once // the warning of a request without an address
}

// ServeHTTP finds the path, and refuses what is no request of ours.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	b := &body{w: w, r: r, most: h.o.MaxBody, timeout: h.o.Timeout}
	b.begin()
	defer b.end()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	var serve func(http.ResponseWriter, *http.Request, asked)
	switch r.URL.Path {
	case "/codes", "/codes/":
		serve = h.start
	case "/codes/check", "/codes/check/":
		serve = h.check
	default:
		h.answer(w, http.StatusNotFound, refused{Detail: "there is nothing here: POST to /codes or /codes/check", Reason: "not_found"})
		return
	}
	h.allowOrigin(header, r)
	switch r.Method {
	case http.MethodPost:
	case http.MethodOptions:
		header.Set("Allow", "OPTIONS, POST")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		header.Set("Allow", "OPTIONS, POST")
		h.answer(w, http.StatusMethodNotAllowed, refused{Detail: "the method has to be POST", Reason: "method_not_allowed"})
		return
	}
	if h.fault != nil {
		h.unavailable(w, r, h.fault)
		return
	}
	if err := h.sites.Check(r); err != nil {
		h.answer(w, http.StatusForbidden, refused{Detail: "pages of other sites may not ask", Reason: "cross_origin"})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.o.Timeout)
	defer cancel()
	r = r.WithContext(ctx)
	in, ok := h.read(w, r, b)
	if ok {
		serve(w, r, in)
	}
}

// allowOrigin lets the pages of the listed sites read the answer.
func (h *handler) allowOrigin(header http.Header, r *http.Request) {
	if len(h.o.Origins) == 0 {
		return
	}
	header.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(h.o.Origins, origin) {
		return
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Allow-Credentials", "true")
	header.Set("Access-Control-Expose-Headers", "Retry-After")
	if r.Method == http.MethodOptions {
		header.Set("Access-Control-Allow-Methods", "POST")
		header.Set("Access-Control-Allow-Headers", "Content-Type, Accept-Language")
		header.Set("Access-Control-Max-Age", "600")
	}
}

// audience asks Allow.
func (h *handler) audience(r *http.Request, in asked) audience {
	switch {
	case h.o.Allow == nil:
		return anyone
	case h.o.Allow(r.Context(), in.to):
		return known
	}
	return decoy
}

func (h *handler) start(w http.ResponseWriter, r *http.Request, in asked) {
	to := h.audience(r, in)
	ch, err := h.v.start(r.Context(), Request{To: in.to, Purpose: h.o.Purpose, IP: in.ip}, to)
	if err == nil || sms.OutcomeOf(err) == sms.Unknown {
		h.answer(w, http.StatusCreated, created{Mobile: in.to.E164(), ExpiresIn: seconds(ch.ExpiresIn), ResendAfter: seconds(ch.ResendAfter)})
		return
	}
	h.refuse(w, r, in, err)
}

func (h *handler) check(w http.ResponseWriter, r *http.Request, in asked) {
	a := Attempt{To: in.to, Purpose: h.o.Purpose, Code: in.code, IP: in.ip}
	proof, err := h.v.judge(r.Context(), a, h.o.Prove, h.audience(r, in) == decoy)
	if err != nil {
		h.refuse(w, r, in, err)
		return
	}
	if h.o.Verified != nil {
		if err := h.o.Verified(w, r, in.to); err != nil {
			h.unavailable(w, r, fmt.Errorf("verify: HTTPOptions.Verified: %w", err))
			return
		}
	}
	h.answer(w, http.StatusOK, verified{Verified: true, Proof: proof.Token})
}
