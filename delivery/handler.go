package delivery

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// Hooks reads what a vendor posted to a configured provider. A *notify.Client has it.
// The error matches errors.ErrUnsupported if there is no such provider, or if its
// vendor posts nothing; kit.ErrNotAuthentic if the vendor did not send it; and
// kit.ErrMalformed if it cannot be read.
type Hooks interface {
	Hook(ctx context.Context, provider string, h kit.Hook) (kit.Inbound, error)
}

// Webhooks is how vendors reach the Handler.
type Webhooks struct {
	// URL is the public address of the Handler, such as "https://example.com/sms".
	// Signatures cover it. It is never taken from the request, because everyone who
	// calls can write Host and X-Forwarded headers.
	URL string
	// Secrets are parts of the path for vendors that do not sign: 16 or more letters,
	// digits, "-" and "_". Each is accepted, so that one can be replaced: add the new
	// one, change the address at the vendor, remove the old one.
	Secrets []string
}

// maxBody bounds what a vendor posts. The largest are lists of 100 reports.
const maxBody = 1 << 20

// Handler serves the addresses that vendors post reports and replies to:
//
//	/{provider}/reports            and /{provider}/replies            of vendors that sign
//	/{provider}/{secret}/reports   and /{provider}/{secret}/replies   of vendors that do not
//
// Mount it below its own path with http.StripPrefix. A request is answered in the
// vendor's own form, and only after the store has what it brought. The answer is 403
// if a signature is wrong, 404 for a wrong secret, an unknown provider and a request
// that is not signed, 400 if it cannot be read, and 503 if it could not be stored, so
// that the vendor repeats it.
func (t *Tracker) Handler(hooks Hooks) http.Handler { return &handler{t: t, hooks: hooks} }

type handler struct {
	t     *Tracker
	hooks Hooks
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	provider, secret, kind, ok := addressOf(r.URL.Path)
	secretOK := h.t.isSecret(secret)
	switch {
	case !ok || secret != "" && !secretOK:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodPost && r.Method != http.MethodGet:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "GET or POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	in, err := h.hooks.Hook(r.Context(), provider, kit.Hook{Method: r.Method, URL: h.publicURL(r), Header: r.Header, Body: body, Kind: kind})
	switch {
	case errors.Is(err, kit.ErrNotAuthentic):
		h.t.o.Logger.Warn("delivery: a request was refused: its signature is missing or wrong. If it is the vendor's, compare Webhooks.URL with the address that the vendor calls",
			"provider", provider, "kind", kind)
		http.Error(w, "the signature is missing or wrong", http.StatusForbidden)
	case errors.Is(err, errors.ErrUnsupported), !in.Signed && !secretOK:
		http.NotFound(w, r)
	case err != nil:
		h.t.o.Logger.Warn("delivery: a vendor's request cannot be read", "provider", provider, "kind", kind, "error", err)
		http.Error(w, "it cannot be read", http.StatusBadRequest)
	default:
		h.store(w, r, provider, in)
	}
}

// store stores what came in, and then answers.
func (h *handler) store(w http.ResponseWriter, r *http.Request, provider string, in kit.Inbound) {
	for i := range in.Reports {
		in.Reports[i].Provider = provider
	}
	for i := range in.Replies {
		in.Replies[i].Provider = provider
	}
	if err := errors.Join(h.t.Reports(r.Context(), in.Reports), h.t.replies(r.Context(), in.Replies)); err != nil {
		h.t.o.Logger.Error("delivery: a vendor's request could not be stored, and the vendor is asked to repeat it", "provider", provider, "error", err)
		http.Error(w, "it could not be stored: repeat it later", http.StatusServiceUnavailable)
		return
	}
	if in.ContentType != "" {
		w.Header().Set("Content-Type", in.ContentType)
	}
	if in.Status == 0 {
		in.Status = http.StatusOK
	}
	w.WriteHeader(in.Status)
	_, _ = w.Write(in.Answer) // a vendor that does not read it repeats the request
}

// addressOf reads a path of the Handler.
func addressOf(path string) (provider, secret, kind string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	switch len(parts) {
	case 2:
		provider, kind = parts[0], parts[1]
	case 3:
		provider, secret, kind = parts[0], parts[1], parts[2]
		ok = secret != ""
	}
	ok = provider != "" && (kind == "reports" || kind == "replies") && (len(parts) == 2 || ok)
	return provider, secret, kind, ok
}

// isSecret compares with every secret, in a time that does not depend on them.
func (t *Tracker) isSecret(secret string) bool {
	got, found := sha256.Sum256([]byte(secret)), 0
	for _, s := range t.o.Webhooks.Secrets {
		want := sha256.Sum256([]byte(s))
		found |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return found == 1
}

// publicURL returns the address that the vendor called.
func (h *handler) publicURL(r *http.Request) string {
	address := strings.TrimSuffix(h.t.o.Webhooks.URL, "/") + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	return address
}

// replies hands replies on. Each may come again if a later one fails.
func (t *Tracker) replies(ctx context.Context, replies []sms.Reply) error {
	for _, r := range replies {
		if err := t.Reply(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
