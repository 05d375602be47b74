package kernel

import (
	"cmp"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

const (
	// maxListed and maxListedBytes are how many messages one answer holds; "next"
	// leads on.
	maxListed      = 1000
	maxListedBytes = 4 << 20
	maxWait        = time.Minute
)

// control returns what serves a path that is not a vendor's, nil for others.
func (s *Sandbox) control(path string) http.HandlerFunc {
	switch path {
	case "/inbox":
		return s.serveInbox
	case "/inbox.js":
		return serveInboxScript
	case "/_sandbox/messages":
		return s.serveMessages
	case "/_sandbox/refused":
		return s.serveRefused
	case "/_sandbox/replies":
		return s.serveReplies
	case "/_sandbox/webhooks":
		return s.serveWebhooks
	case "/_sandbox/faults":
		return s.serveFaults
	case "/favicon.ico":
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	}
	return nil
}

// readJSON reads a body strictly, and reports whether it could. If not, it has
// answered.
func readJSON(w http.ResponseWriter, r *http.Request, what string, into any) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body is too long, or was cut", http.StatusRequestEntityTooLarge)
		return false
	}
	if err := decodeStrictly(body, into); err != nil {
		http.Error(w, what+": "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// readTo reads the number of a query, and reports whether it could. If not, it has
// answered. A client may have left the "+" of a number bare, where it means a blank.
func readTo(w http.ResponseWriter, r *http.Request) (sms.Number, bool) {
	s := r.URL.Query().Get("to")
	if rest, ok := strings.CutPrefix(s, " "); ok {
		s = "+" + rest
	}
	n := sms.Number(s)
	if s != "" && !n.Valid() {
		http.Error(w, "to: write a number in E.164, as %2B8613800000000", http.StatusBadRequest)
		return "", false
	}
	return n, true
}

// serveMessages lists what was taken, waits for it, or forgets it.
func (s *Sandbox) serveMessages(w http.ResponseWriter, r *http.Request) {
	to, ok := readTo(w, r)
	if !ok {
		return
	}
	switch r.Method {
	case http.MethodGet:
		s.listMessages(w, r, to)
	case http.MethodDelete:
		JSON(http.StatusOK, "application/json", map[string]int{"removed": s.store.remove(to)}).write(w)
	default:
		notAllowed(w, "GET, DELETE")
	}
}

func (s *Sandbox) listMessages(w http.ResponseWriter, r *http.Request, to sms.Number) {
	q := r.URL.Query()
	place, ok := s.store.place(q.Get("after"))
	if !ok {
		http.Error(w, "after: there is no message of this ID: it is unknown, or older than what is kept", http.StatusBadRequest)
		return
	}
	patience, err := time.ParseDuration(cmp.Or(q.Get("wait"), "0s"))
	if err != nil || patience < 0 {
		http.Error(w, "wait: write a time such as 5s", http.StatusBadRequest)
		return
	}
	deadline := time.NewTimer(min(patience, maxWait))
	defer deadline.Stop()
	for waiting := patience > 0; ; {
		found, next, added := s.store.after(page{place, to, maxListed, maxListedBytes}, s.show(time.Now()))
		if len(found) > 0 || !waiting {
			JSON(http.StatusOK, "application/json", map[string]any{"messages": found, "next": cursorOf(next)}).write(w)
			return
		}
		select {
		case <-added:
		case <-deadline.C:
			waiting = false
		case <-s.ctx.Done():
			waiting = false
		case <-r.Context().Done():
			return
		}
	}
}

// serveRefused lists what was refused, or forgets it.
func (s *Sandbox) serveRefused(w http.ResponseWriter, r *http.Request) {
	to, ok := readTo(w, r)
	if !ok {
		return
	}
	switch r.Method {
	case http.MethodGet:
		JSON(http.StatusOK, "application/json", map[string]any{"refused": s.rejections.to(to)}).write(w)
	case http.MethodDelete:
		JSON(http.StatusOK, "application/json", map[string]int{"removed": s.rejections.remove(to)}).write(w)
	default:
		notAllowed(w, "GET, DELETE")
	}
}

// serveFaults shows, replaces or removes the faults.
func (s *Sandbox) serveFaults(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut:
		var list []Fault
		if !readJSON(w, r, "faults", &list) {
			return
		}
		if err := s.SetFaults(list...); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	case http.MethodDelete:
		_ = s.SetFaults()
	default:
		notAllowed(w, "GET, PUT, DELETE")
		return
	}
	JSON(http.StatusOK, "application/json", s.Faults()).write(w)
}

func notAllowed(w http.ResponseWriter, methods string) {
	w.Header().Set("Allow", methods)
	http.Error(w, "this takes "+methods, http.StatusMethodNotAllowed)
}
