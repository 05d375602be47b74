// Package sandbox imitates the vendors over HTTP, on one port, so that real SDKs
// and clients in any language send to it as they send to the vendor: signatures
// and credentials verified, the vendor's own error codes, statuses that move on,
// signed callbacks, faults on demand, and an inbox to look at.
//
//   - Aliyun at "/": the RPC style, GET and POST, parameters in the query, in the
//     body or in both, signature version 1 with HMAC-SHA1, and ACS3-HMAC-SHA256
//     by headers. Answers are JSON, whatever Format says.
//   - Twilio under "/2010-04-01/Accounts/{sid}/Messages": basic auth in its three
//     forms, the vendor's magic numbers, paging, status callbacks.
//   - A person's inbox at "/inbox", its data at "/_sandbox/messages", faults at
//     "/_sandbox/faults", replies of people at "/_sandbox/replies".
//
// A sandbox keeps messages in memory, up to a bound, and shows them in full to
// whoever can reach its port: Listen stays on the loopback address unless told
// otherwise. It sends nothing to anybody. Nothing of the vendors' SDKs is in it:
// what it knows of them is written down here and judged in tests by the vendors'
// own clients, in Go and in Node.
//
// In tests, package sandboxtest starts one in one line.
package sandbox

import (
	"context"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// maxBody is the longest request body that is read.
const maxBody = 1 << 20

// A Sandbox is an http.Handler that imitates the vendors. It may be used by any
// number of goroutines.
type Sandbox struct {
	// URL is where Listen serves, "http://127.0.0.1:8025", without a slash at the
	// end; empty for one that New has made and somebody else serves.
	URL string
	// Certificate is what a client of a sandbox with Options.TLS has to trust, in
	// PEM; nil for others.
	Certificate []byte

	options   Options
	aliyun    *aliyunVendor
	twilio    *twilioVendor
	store     *store
	faults    *faults
	callbacks *callbacks

	invalid  error        // what is wrong with the options
	server   *http.Server // nil without Listen
	serving  sync.WaitGroup
	done     chan struct{} // closed by Close: ends every wait
	closing  sync.Once
	closeErr error
}

// New returns a Sandbox to be served by whoever wants to. It starts nothing;
// Close it all the same, because callbacks start goroutines later. One whose
// options [Options.Validate] refuses answers every request with what is wrong.
func New(o Options) *Sandbox {
	invalid := o.Validate()
	if invalid != nil {
		o = Options{}
	}
	o = o.withDefaults()
	s := &Sandbox{options: o, invalid: invalid, store: newStore(o.MaxMessages), faults: &faults{}, done: make(chan struct{})}
	s.aliyun = newAliyunVendor(s)
	s.twilio = newTwilioVendor(s)
	s.callbacks = newCallbacks(s)
	return s
}

// Close ends every wait and every callback that is under way, closes the
// listener where Listen has made one, and returns when no goroutine of the
// sandbox is left. It may be called twice.
func (s *Sandbox) Close() error {
	s.closing.Do(func() {
		close(s.done)
		if s.server != nil {
			s.closeErr = s.server.Close()
		}
		s.serving.Wait()
		s.callbacks.close()
	})
	return s.closeErr
}

// ServeHTTP answers as the vendor would whose path it is.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.invalid != nil {
		http.Error(w, s.invalid.Error(), http.StatusInternalServerError)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	w.Header().Set("Cache-Control", "no-store")
	path := r.URL.Path
	switch {
	case path == "/" || path == "":
		if isBrowser(r) {
			http.Redirect(w, r, "/inbox", http.StatusFound)
			return
		}
		s.aliyun.serve(w, r)
	case looksAtTwilio(path):
		s.twilio.serveLook(w, r)
	case strings.HasPrefix(path, twilioPrefix):
		s.twilio.serve(w, r)
	case path == "/inbox":
		s.serveInbox(w, r)
	case path == "/inbox.js":
		serveInboxScript(w)
	case path == "/_sandbox/messages":
		s.serveMessages(w, r)
	case path == "/_sandbox/replies":
		s.serveReplies(w, r)
	case path == "/_sandbox/faults":
		s.serveFaults(w, r)
	case path == "/favicon.ico":
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "the sandbox has nothing here: Aliyun is at /, Twilio under /2010-04-01/Accounts, people at /inbox", http.StatusNotFound)
	}
}

// isBrowser tells a person who opened "/" from an SDK that calls Aliyun.
func isBrowser(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") &&
		!r.URL.Query().Has("Action") && r.Header.Get("X-Acs-Action") == ""
}

// Messages gives what was taken for a number, or for any where to is empty,
// oldest first.
func (s *Sandbox) Messages(to sms.Number) []Message {
	found, _, _ := s.store.after(0, to, s.options.MaxMessages, time.Now(), s.options.Pace)
	for i := range found {
		found[i].Params = maps.Clone(found[i].Params)
	}
	return found
}

// Await gives the newest message to a number, waiting for one until ctx ends;
// after is the ID of a message that is known already, or empty.
func (s *Sandbox) Await(ctx context.Context, to sms.Number, after string) (Message, error) {
	for {
		place, ok := s.store.place(after)
		if !ok {
			place = 0
		}
		found, _, added := s.store.after(place, to, s.options.MaxMessages, time.Now(), s.options.Pace)
		if len(found) > 0 {
			m := found[len(found)-1]
			m.Params = maps.Clone(m.Params)
			return m, nil
		}
		select {
		case <-added:
		case <-s.done:
			return Message{}, net.ErrClosed
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// Clear forgets the messages to a number, or all where to is empty.
func (s *Sandbox) Clear(to sms.Number) { s.store.remove(to) }

// refused tells OnRefusal what a lenient sandbox lets pass.
func (s *Sandbox) refused(r Refusal) {
	if s.options.OnRefusal != nil {
		s.options.OnRefusal(r)
	}
}

// sleep waits for d, and tells whether it was left to the end.
func (s *Sandbox) sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-s.done:
	}
	return false
}
