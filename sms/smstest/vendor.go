package smstest

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// A vendor is a server on loopback that notes every request and connection.
type vendor struct {
	URL  string
	read func(*http.Request) (to, text string)
	gone chan struct{} // closed at the end: what stalls goes on

	mu      sync.Mutex
	all     []arrival
	opened  int               // connections, ever
	open    map[net.Conn]bool // those of now
	changed chan struct{}     // closed and made anew when open has changed
}

// serve starts a vendor that answers with h and ends with the check.
func (t *trial) serve(h http.HandlerFunc) *vendor {
	v, s := t.prepare(h)
	s.Start()
	v.URL = s.URL
	return v
}

// A changing vendor answers each message as it was last told to.
type changing struct {
	sms.Sender
	answer http.HandlerFunc // changed between calls only
}

// changing starts one and makes the Sender for it.
func (t *trial) changing() *changing {
	c := &changing{}
	c.Sender = t.open(t.serve(func(w http.ResponseWriter, r *http.Request) { c.answer(w, r) }).URL)
	return c
}

// prepare makes a vendor and the server for it, which is not started yet.
func (t *trial) prepare(h http.HandlerFunc) (*vendor, *httptest.Server) {
	v := t.newVendor()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// All of the request is read before anything is done: net/http notices that
		// a client has gone only then.
		sent, _ := io.ReadAll(r.Body)
		v.note(r, sent)
		r.Body = io.NopCloser(bytes.NewReader(sent))
		h(w, r)
	}))
	s.Config.ConnState = v.connState
	s.Config.ErrorLog = discard
	t.atEnd(func() {
		close(v.gone)
		s.CloseClientConnections()
		s.Close()
	})
	return v, s
}

func (t *trial) newVendor() *vendor {
	return &vendor{read: t.Read, gone: make(chan struct{}), open: map[net.Conn]bool{}, changed: make(chan struct{})}
}

func (v *vendor) note(r *http.Request, sent []byte) {
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(sent))
	to, text := v.read(again)
	v.take(arrival{to, text})
}

// take notes what has come and returns how many have.
func (v *vendor) take(a arrival) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all = append(v.all, a)
	return len(v.all)
}

func (v *vendor) arrivals() []arrival {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.all[:len(v.all):len(v.all)]
}

func (v *vendor) connState(c net.Conn, state http.ConnState) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch state {
	case http.StateNew:
		v.opened++
		v.open[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(v.open, c)
	default:
		return
	}
	close(v.changed)
	v.changed = make(chan struct{})
}

func (v *vendor) begun(c net.Conn) { v.connState(c, http.StateNew) }
func (v *vendor) ended(c net.Conn) { v.connState(c, http.StateClosed) }

// closeAll closes the connections that are open.
func (v *vendor) closeAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for c := range v.open {
		c.Close()
	}
}

// connections tells how many were ever opened.
func (v *vendor) connections() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.opened
}

// left waits until no connection is open, at most for patience, and tells how
// many are.
func (v *vendor) left() int {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		v.mu.Lock()
		n, changed := len(v.open), v.changed
		v.mu.Unlock()
		if n == 0 {
			return 0
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return n
		}
	}
}

// patience bounds the wait for what a correct Sender does at once; a busy
// machine needs some of it.
const patience = 5 * time.Second

// stalling starts a vendor that calls begin, where there is one, and then says
// nothing more until the client or the vendor is gone. Each request is told on
// the channel.
func (t *trial) stalling(begin http.HandlerFunc) (*vendor, <-chan struct{}) {
	arrived := make(chan struct{}, 100)
	var v *vendor
	v, s := t.prepare(func(w http.ResponseWriter, r *http.Request) {
		if begin != nil {
			begin(w, r)
			http.NewResponseController(w).Flush()
		}
		arrived <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-v.gone:
		}
	})
	s.Start()
	v.URL = s.URL
	return v, arrived
}

// answer makes a handler of Provider.Answer.
func (t *trial) answer(code, words string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { t.Answer(w, r, code, words) }
}

// discard keeps what net/http's server says of clients that hang up out of the
// test's output.
var discard = log.New(io.Discard, "", 0)
