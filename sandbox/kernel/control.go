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
	maxListedBytes = 1 << 20
	maxWait        = time.Minute
)

// serveControl serves the inbox and the control API. They have memory of their
// own, so that faults which hold requests can be removed.
func (s *Sandbox) serveControl(w http.ResponseWriter, r *http.Request) {
	serve := map[string]func(http.ResponseWriter, *http.Request){
		"/inbox": s.serveInbox, "/inbox.js": serveInboxScript,
		"/_sandbox/messages": s.serveMessages, "/_sandbox/refused": s.serveRefused, "/_sandbox/replies": s.serveReplies,
		"/_sandbox/webhooks": s.serveWebhooks, "/_sandbox/faults": s.serveFaults,
	}[r.URL.Path]
	if serve == nil {
		http.Error(w, s.directions(), http.StatusNotFound)
		return
	}
	serve(w, r)
}

// claim waits for memory of the control API. Release must be called.
func (s *Sandbox) claim(r *http.Request, n int) (release func(), ok bool) {
	claimed, err := s.controls.take(r.Context(), n)
	return func() { claimed.shrink(0) }, err == nil
}

// readJSON reads a body strictly, and reports whether it could. If not, it has
// answered.
func (s *Sandbox) readJSON(w http.ResponseWriter, r *http.Request, what string, into any) bool {
	release, ok := s.claim(r, bodyFactor*bodyLength(r))
	defer release()
	if !ok {
		return false
	}
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
		added, written := s.writeMessages(w, r, place, to, waiting)
		if written {
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

// writeMessages answers with the messages after a place. If there are none and the
// client waits, it answers nothing, and returns what is closed when one comes.
func (s *Sandbox) writeMessages(w http.ResponseWriter, r *http.Request, place uint64, to sms.Number, waiting bool) (added <-chan struct{}, written bool) {
	release, ok := s.claim(r, listBytes)
	defer release()
	if !ok {
		return nil, true
	}
	found, next, added := s.store.after(page{place, to, maxListed, maxListedBytes}, s.show(time.Now()))
	if len(found) == 0 && waiting {
		return added, false
	}
	JSON(http.StatusOK, "application/json", map[string]any{"messages": found, "next": cursorOf(next)}).write(w)
	return nil, true
}

// serveRefused lists what was refused, or forgets it.
func (s *Sandbox) serveRefused(w http.ResponseWriter, r *http.Request) {
	to, ok := readTo(w, r)
	if !ok {
		return
	}
	switch r.Method {
	case http.MethodGet:
		release, ok := s.claim(r, listBytes)
		defer release()
		if !ok {
			return
		}
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
		if !s.readJSON(w, r, "faults", &list) {
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
