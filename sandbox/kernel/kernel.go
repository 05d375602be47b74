package kernel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/sms"
)

// maxBody is the longest request body that is read.
const maxBody = 1 << 20

// Options are what holds for all vendors of a sandbox. The zero value is usable.
type Options struct {
	// Pace is how long a message stays in one state: two of them pass from accepted
	// to delivered. Defaults to 300 ms. With a negative pace messages stay accepted.
	Pace time.Duration
	// Limits turns on the rules that hold for new accounts at each vendor.
	Limits bool
	// Lenient accepts any credentials, signature, template and sender, and calls
	// OnRefusal with what the vendor would have refused.
	Lenient bool
	// OnRefusal is called for what a lenient sandbox accepts, in the goroutine of
	// the request and from several at once.
	OnRefusal func(Refusal)

	// MaxMessages is how many messages are kept. The oldest are forgotten first.
	// Defaults to 10,000. Their texts are bounded too, at 64 MiB, or at 2 KiB a
	// message if that is more.
	MaxMessages int

	// TLS makes Listen serve HTTPS, with a certificate made anew at every start.
	TLS bool
	// CallbackHosts are the hosts, besides the loopback ones, that reports and
	// replies go to: "example.com", or "*" for all.
	CallbackHosts []string
	// CallbackTransport carries them. Nil is one of the sandbox's own.
	CallbackTransport http.RoundTripper
	// AllowHosts are the host names, besides the loopback ones and the address where
	// the sandbox listens, under which the inbox and the control API answer: for a
	// container, its name. Case does not matter.
	AllowHosts []string
	// Logger gets reports that failed and connections that broke, without a
	// number. Nil logs nothing.
	Logger *slog.Logger
}

const (
	defaultPace        = 300 * time.Millisecond
	defaultMaxMessages = 10_000
)

func (o Options) withDefaults() Options {
	o.Pace = cmp.Or(o.Pace, defaultPace)
	if o.MaxMessages <= 0 {
		o.MaxMessages = defaultMaxMessages
	}
	o.CallbackHosts, o.AllowHosts = slices.Clone(o.CallbackHosts), slices.Clone(o.AllowHosts)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o Options) faults() []error {
	return append(checkHosts("callback hosts", o.CallbackHosts, true), checkHosts("allow hosts", o.AllowHosts, false)...)
}

// A Sandbox is an http.Handler that imitates vendors. It may be used by any
// number of goroutines.
type Sandbox struct {
	// URL is where Listen serves, "http://127.0.0.1:8025", without a slash at the
	// end. It is empty for a sandbox that New has made.
	URL string
	// Certificate is what a client of a sandbox with Options.TLS has to trust, in
	// PEM. It is nil for others.
	Certificate []byte

	options    Options
	vendors    []*Desk
	store      *store
	rejections rejections
	faults     faults
	reports    *reports
	webhooks   atomic.Pointer[map[string]Webhooks]

	requests, lists, controls, conns *room

	host      string            // that Listen was given
	invalid   error             // what is wrong with the options
	server    *http.Server      // nil without Listen
	listeners []net.Listener    // of vendors that serve connections
	addrs     map[string]string // theirs, by vendor
	serving   sync.WaitGroup
	ctx       context.Context // ends with Close
	cancel    context.CancelFunc
	closing   sync.Once
	closeErr  error
}

var vendorName = regexp.MustCompile(`^[a-z0-9]+$`)

// New returns a Sandbox with the vendors that the openers make. It serves
// nothing. It must be closed, because reports start goroutines. If the options or
// an opener have a fault, the Sandbox answers every request with it: see Err.
func New(o Options, openers ...Opener) *Sandbox {
	wrong := o.faults()
	o = o.withDefaults()
	s := &Sandbox{options: o, store: newStore(o.MaxMessages), addrs: map[string]string{},
		requests: newRoom(requestRoom), lists: newRoom(listRoom), controls: newRoom(controlRoom), conns: newRoom(connRoom)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for _, open := range openers {
		d := &Desk{sandbox: s}
		v, err := open(d)
		if err == nil {
			err = s.checkNew(v)
		}
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		d.vendor = v
		s.vendors = append(s.vendors, d)
	}
	s.reports = newReports(s)
	s.invalid = errors.Join(wrong...)
	return s
}

func (s *Sandbox) checkNew(v Vendor) error {
	_, twice := s.vendor(v.Name)
	switch {
	case !vendorName.MatchString(v.Name):
		return fmt.Errorf("sandbox: vendor %q: Name must be lower-case letters and digits", v.Name)
	case twice:
		return fmt.Errorf("sandbox: vendor %q: there are two of this name", v.Name)
	case v.Show == nil || v.Call == nil && v.ServeConn == nil:
		return fmt.Errorf("sandbox: vendor %q: Show is required, and one of Call and ServeConn", v.Name)
	}
	return nil
}

// Err returns every fault of the options that New got, or nil.
func (s *Sandbox) Err() error { return s.invalid }

func (s *Sandbox) vendor(name string) (*Desk, bool) {
	i := slices.IndexFunc(s.vendors, func(d *Desk) bool { return d.vendor.Name == name })
	if i < 0 {
		return nil, false
	}
	return s.vendors[i], true
}

// names returns the vendors in alphabetical order.
func (s *Sandbox) names() []string {
	var names []string
	for _, d := range s.vendors {
		names = append(names, d.vendor.Name)
	}
	slices.Sort(names)
	return names
}

// Close ends every wait, report and connection, closes what Listen opened, and
// returns when no goroutine of the sandbox is left. It may be called twice.
func (s *Sandbox) Close() error {
	s.closing.Do(func() {
		s.cancel()
		for _, l := range s.listeners {
			_ = l.Close()
		}
		if s.server != nil {
			s.closeErr = s.server.Close()
		}
		s.serving.Wait()
		s.reports.close()
	})
	return s.closeErr
}

// ServeHTTP answers as the vendor does that the request is for.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guarded := isGuarded(r.URL.Path)
	if guarded && !s.mayPass(r) {
		refuseOrigin(w)
		return
	}
	if s.invalid != nil {
		http.Error(w, s.invalid.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	headersRead(r)
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	switch {
	case guarded:
		protect(w)
		s.serveControl(w, r)
	case r.URL.Path == "/favicon.ico":
		w.WriteHeader(http.StatusNoContent)
	case isBrowser(r):
		http.Redirect(w, r, "/inbox", http.StatusFound)
	default:
		s.serveVendor(w, r)
	}
}

// serveVendor reads a request and lets its vendor answer. Memory for the body is
// claimed before it is read.
func (s *Sandbox) serveVendor(w http.ResponseWriter, r *http.Request) {
	claimed, err := s.requests.take(r.Context(), requestBytes+bodyFactor*bodyLength(r))
	if err != nil {
		return
	}
	defer claimed.shrink(0)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		proxyPage("", http.StatusRequestEntityTooLarge).write(w)
		return
	}
	claimed.shrink(requestBytes + bodyFactor*len(body))
	d, r := s.route(r, body)
	if d == nil {
		http.Error(w, s.directions(), http.StatusNotFound)
		return
	}
	if !d.answer(r.Context(), httpWire{w}, d.vendor.Call(r, body), claimed, r.RequestURI) {
		panic(http.ErrAbortHandler) // net/http's own means to cut the connection
	}
}

// bodyLength returns the length of a body that is not read yet, or the most that
// is read if the request does not say.
func bodyLength(r *http.Request) int {
	if r.ContentLength >= 0 && r.ContentLength < maxBody {
		return int(r.ContentLength)
	}
	return maxBody
}

// route returns the vendor of a request, and the request as the vendor sees it.
func (s *Sandbox) route(r *http.Request, body []byte) (*Desk, *http.Request) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if d, ok := s.vendor(first); ok && d.vendor.Call != nil {
		under := r.Clone(r.Context())
		under.URL.Path, under.URL.RawPath = "/"+rest, ""
		return d, under
	}
	for _, d := range s.vendors {
		if d.vendor.Call != nil && d.vendor.Match != nil && d.vendor.Match(r, body) {
			return d, r
		}
	}
	return nil, r
}

// directions says what is where, for a path that no vendor has.
func (s *Sandbox) directions() string {
	places := []string{}
	for _, d := range s.vendors {
		if d.vendor.Where != "" {
			places = append(places, d.vendor.Name+" is "+d.vendor.Where)
		}
	}
	return "the sandbox has nothing here: " + strings.Join(append(places, "the inbox is at /inbox"), ", ")
}

// isBrowser reports whether a person has opened "/", and not a client of a vendor.
func isBrowser(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/" && r.URL.RawQuery == "" && r.Header.Get("Authorization") == "" &&
		strings.Contains(r.Header.Get("Accept"), "text/html")
}

// show returns a message as it is now. The store's lock is held.
func (s *Sandbox) show(now time.Time) func(*Record) Message {
	return func(r *Record) Message {
		m := r.Message
		if d, ok := s.vendor(r.Vendor); ok {
			d.vendor.Show(&m, r, r.status(now, s.options.Pace))
		}
		return m
	}
}

// everything is a page without a bound.
func (s *Sandbox) everything(seq uint64, to sms.Number) ([]Message, <-chan struct{}) {
	found, _, added := s.store.after(page{seq, to, s.options.MaxMessages, math.MaxInt}, s.show(time.Now()))
	for i := range found {
		found[i].Params = maps.Clone(found[i].Params)
	}
	return found, added
}

// Messages returns what was taken for a number, or for any if to is empty, oldest
// first.
func (s *Sandbox) Messages(to sms.Number) []Message {
	found, _ := s.everything(0, to)
	return found
}

// Refused returns what was refused for a number, or for any if to is empty, oldest
// first. The newest 5,000 are kept.
func (s *Sandbox) Refused(to sms.Number) []Rejection { return s.rejections.to(to) }

// Await returns the newest message to a number, and waits for one until ctx ends.
// After is the ID of a message that is known already, or empty.
func (s *Sandbox) Await(ctx context.Context, to sms.Number, after string) (Message, error) {
	for {
		place, ok := s.store.place(after)
		if !ok {
			place = 0
		}
		found, added := s.everything(place, to)
		if len(found) > 0 {
			return found[len(found)-1], nil
		}
		select {
		case <-added:
		case <-s.ctx.Done():
			return Message{}, net.ErrClosed
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// Clear forgets the messages to a number, and what was refused, or all of them if
// to is empty.
func (s *Sandbox) Clear(to sms.Number) {
	s.store.remove(to)
	s.rejections.remove(to)
}

// sleep waits for d, and reports whether it was left to the end.
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
	case <-s.ctx.Done():
	}
	return false
}

// Format prints the address, under every verb, and no message.
func (s *Sandbox) Format(f fmt.State, _ rune) { fmt.Fprint(f, "sandbox at "+s.URL) }
