package main

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

const (
	cookie      = "session"
	sessionLife = 24 * time.Hour
)

// sessions are who is signed in, in memory: a program of your own has a table.
type sessions struct {
	mu  sync.Mutex
	who map[string]session
}

type session struct {
	to    sms.Number
	until time.Time
}

func newSessions() *sessions { return &sessions{who: map[string]session{}} }

// begin is called for a right code, before it is answered.
func (s *sessions) begin(w http.ResponseWriter, r *http.Request, to sms.Number) error {
	id := rand.Text()
	until := time.Now().Add(sessionLife)
	s.mu.Lock()
	s.who[id] = session{to, until}
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: id, Path: "/", Expires: until, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil})
	return nil
}

// me tells who is signed in: the number, masked.
func (s *sessions) me(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	c, err := r.Cookie(cookie)
	if err == nil {
		s.mu.Lock()
		who, ok := s.who[c.Value]
		s.mu.Unlock()
		if ok && time.Now().Before(who.until) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]string{"mobile": who.to.String()})
			return
		}
	}
	http.Error(w, "not signed in", http.StatusUnauthorized)
}

// end signs out.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookie); err == nil {
		s.mu.Lock()
		delete(s.who, c.Value)
		s.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: cookie, Path: "/", MaxAge: -1})
	w.WriteHeader(http.StatusNoContent)
}
