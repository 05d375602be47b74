package main

import (
	"crypto/rand"
	"encoding/json"
	"maps"
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
	secure bool // cookies are for TLS only

	mu  sync.Mutex // guards what follows
	who map[string]session
}

type session struct {
	to    sms.Number
	until time.Time
}

func newSessions(secure bool) *sessions { return &sessions{secure: secure, who: map[string]session{}} }

// begin is called for a right code, before it is answered. It removes the sessions
// that are over, and the one that the browser had.
func (s *sessions) begin(w http.ResponseWriter, r *http.Request, to sms.Number) error {
	now := time.Now()
	id, until := rand.Text(), now.Add(sessionLife)
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.who, func(_ string, old session) bool { return !now.Before(old.until) })
	if c, err := r.Cookie(cookie); err == nil {
		delete(s.who, c.Value)
	}
	s.who[id] = session{to, until}
	http.SetCookie(w, s.cookie(r, &http.Cookie{Value: id, Expires: until}))
	return nil
}

// cookie completes a cookie. It is for TLS only if the request came by TLS, or the
// configuration says that a proxy in front has ended it.
func (s *sessions) cookie(r *http.Request, c *http.Cookie) *http.Cookie {
	c.Name, c.Path, c.HttpOnly, c.SameSite = cookie, "/", true, http.SameSiteLaxMode
	c.Secure = s.secure || r.TLS != nil
	return c
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
	http.SetCookie(w, s.cookie(r, &http.Cookie{MaxAge: -1}))
	w.WriteHeader(http.StatusNoContent)
}
