package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

const (
	// maxListed is how many messages one answer holds; "next" leads on.
	maxListed = 1000
	maxWait   = time.Minute
)

// serveMessages lists what was taken, waits for it, or forgets it.
func (s *Sandbox) serveMessages(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to, ok := readTo(q.Get("to"))
	if !ok {
		http.Error(w, "to: write a number in E.164, as %2B8613800000000", http.StatusBadRequest)
		return
	}
	switch r.Method {
	case http.MethodGet:
		s.listMessages(w, r, to, q.Get("after"), q.Get("wait"))
	case http.MethodDelete:
		jsonReply(http.StatusOK, "application/json", map[string]int{"removed": s.store.remove(to)}).write(w)
	default:
		notAllowed(w, "GET, DELETE")
	}
}

// readTo takes a number whose "+" a client has left bare in the query, where it
// means a blank.
func readTo(s string) (sms.Number, bool) {
	if rest, ok := strings.CutPrefix(s, " "); ok {
		s = "+" + rest
	}
	n := sms.Number(s)
	return n, s == "" || n.Valid()
}

func (s *Sandbox) listMessages(w http.ResponseWriter, r *http.Request, to sms.Number, after, wait string) {
	place, ok := s.store.place(after)
	if !ok {
		http.Error(w, "after: there is no message of this ID: it is unknown, or older than what is kept", http.StatusBadRequest)
		return
	}
	patience, err := time.ParseDuration(cmp.Or(wait, "0s"))
	if err != nil || patience < 0 {
		http.Error(w, "wait: write a time such as 5s", http.StatusBadRequest)
		return
	}
	deadline := time.NewTimer(min(patience, maxWait))
	defer deadline.Stop()
	for waiting := patience > 0; ; {
		found, next, added := s.store.after(place, to, maxListed, time.Now(), s.options.Pace)
		if len(found) > 0 || !waiting {
			jsonReply(http.StatusOK, "application/json", map[string]any{"messages": found, "next": cursorOf(next)}).write(w)
			return
		}
		select {
		case <-added:
		case <-deadline.C:
			waiting = false
		case <-s.done:
			waiting = false
		case <-r.Context().Done():
			return
		}
	}
}

// serveFaults shows, replaces or removes the faults.
func (s *Sandbox) serveFaults(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut:
		body, err := readBody(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		var list []Fault
		if err := json.Unmarshal(body, &list); err != nil {
			http.Error(w, "faults: "+err.Error(), http.StatusBadRequest)
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
	jsonReply(http.StatusOK, "application/json", s.Faults()).write(w)
}

func notAllowed(w http.ResponseWriter, methods string) {
	w.Header().Set("Allow", methods)
	http.Error(w, "this takes "+methods, http.StatusMethodNotAllowed)
}
