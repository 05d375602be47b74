// Package carrier takes one request to a vendor over HTTP and tells, in one
// place for all providers, what its end means: whether the request certainly
// never left, or nobody can know. It knows no vendor.
package carrier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/sms"
)

const (
	// DefaultTimeout bounds one call where Options.Timeout is zero.
	DefaultTimeout = 5 * time.Second
	// MaxAnswer is how much of a vendor's answer is read, in bytes. The vendors'
	// longest is a page of a listing.
	MaxAnswer = 4 << 20
	// idleTimeout gives an idle connection up before vendors do, so that a
	// request rarely meets a connection that the vendor is closing: such a request
	// has left, and nobody can know what became of it.
	idleTimeout = 30 * time.Second
	// idlePerHost keeps as many connections as callers usually send at once; net/http's
	// two make most calls under load open a new one.
	idlePerHost = 256
)

// Options are what a provider passes on of its own.
type Options struct {
	Timeout   time.Duration     // of one call, answer included; 0: DefaultTimeout
	Transport http.RoundTripper // nil: one of the Client's own; a given one is used as it is
}

// A Client carries requests. Any number of goroutines may use it at once.
type Client struct {
	http    http.Client
	timeout time.Duration
	own     *http.Transport // nil where the caller gave one

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup // calls in flight; Add only under mu
}

// New makes a Client. It starts nothing.
func New(o Options) *Client {
	c := &Client{timeout: o.Timeout}
	if c.timeout <= 0 {
		c.timeout = DefaultTimeout
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a redirect followed would send the message a second time
	}
	c.http.Transport = o.Transport
	if o.Transport == nil {
		c.own = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConns:        0,
			MaxIdleConnsPerHost: idlePerHost,
			IdleConnTimeout:     idleTimeout,
			// HTTP/1.1 only: what httptrace tells of the first byte, and that nothing
			// is replayed after it, is known of it alone.
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
		}
		c.http.Transport = c.own
	}
	return c
}

// Close refuses new calls, waits for those in flight, which end by themselves
// within the Client's time-out, and closes the idle connections of the Client's
// own transport. It may be called again.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.calls.Wait()
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
	return nil
}

// An Answer is what a vendor answered: a status line at least.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Cut is why the body is not whole; nil where it is. An answer longer than
	// MaxAnswer is cut too. Where the vendor's words may matter, a Cut answer is
	// still no more than its Status.
	Cut *Failure
	// Took is how long the call lasted.
	Took time.Duration
}

// A Failure is the end of a call without a whole answer. Its error holds no URL,
// no header and no body.
type Failure struct {
	Reason  sms.Reason  // Unavailable, Canceled or Internal
	Outcome sms.Outcome // Rejected before the first byte left, else Unknown
	Err     error
}

// Do sends req once and reads the answer. Whatever the status, the body is read
// to its end (or to MaxAnswer) and closed. A nil Failure means that there is an
// Answer.
func (c *Client) Do(ctx context.Context, req *http.Request) (Answer, *Failure) {
	if !c.begin() {
		return Answer{}, &Failure{Reason: sms.Internal, Outcome: sms.Rejected, Err: sms.ErrClosed}
	}
	defer c.calls.Done()
	if err := ctx.Err(); err != nil {
		return Answer{}, &Failure{Reason: sms.Canceled, Outcome: sms.Rejected, Err: err}
	}
	started := time.Now()
	var left atomic.Bool // has the first byte left; hooks run on other goroutines
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	traced := httptrace.WithClientTrace(bounded, &httptrace.ClientTrace{
		GetConn:          func(string) { left.Store(false) }, // net/http takes another connection only where nothing had left
		WroteHeaderField: func(string, []string) { left.Store(true) },
	})
	response, err := c.http.Do(req.WithContext(traced))
	if err != nil {
		return Answer{}, c.failure(ctx, bounded, err, left.Load())
	}
	defer response.Body.Close()
	a := Answer{Status: response.StatusCode, Header: response.Header}
	a.Body, err = io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	switch {
	case err != nil:
		a.Cut = c.failure(ctx, bounded, err, true)
	case len(a.Body) > MaxAnswer:
		a.Body = a.Body[:MaxAnswer]
		a.Cut = &Failure{Reason: sms.Internal, Outcome: sms.Unknown, Err: fmt.Errorf("the answer is longer than %d bytes", MaxAnswer)}
	}
	a.Took = time.Since(started)
	return a, nil
}

func (c *Client) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.calls.Add(1)
	return true
}

// failure classifies err. Whose time was over is asked of the caller's ctx
// alone: an error of net/http answers to context.DeadlineExceeded in both cases.
func (c *Client) failure(ctx, bounded context.Context, err error, left bool) *Failure {
	f := &Failure{Reason: sms.Unavailable, Outcome: sms.Rejected}
	if left {
		f.Outcome = sms.Unknown
	}
	switch {
	case ctx.Err() != nil:
		f.Reason, f.Err = sms.Canceled, ctx.Err()
	case bounded.Err() != nil:
		f.Err = fmt.Errorf("no answer within %v", c.timeout)
	default:
		f.Err = plain(err)
	}
	return f
}

// plain makes an error that holds none of what was sent or answered: no URL, no
// byte of an answer that is not HTTP (net/http quotes them), and nothing that
// would answer to a context's error. Errors of the network, of TLS and of an
// answer's end are kept as they are; of any other no more is told than its type.
func plain(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the connection took too long")
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	if c, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return c
	}
	return fmt.Errorf("no answer over HTTP could be read (%T)", err)
}
