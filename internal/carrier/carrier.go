// Package carrier takes one request to a vendor over HTTP and tells, in one
// place for all providers, what its end means: whether the request certainly
// never left, or nobody can know. It knows no vendor.
package carrier

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

const (
	// DefaultTimeout bounds one call where Options.Timeout is zero.
	DefaultTimeout = 5 * time.Second
	// MaxAnswer is how much of a vendor's answer is read, in bytes. The vendors'
	// longest is a page of a listing.
	MaxAnswer = 4 << 20
)

// Options are what a provider passes on of its own.
type Options struct {
	// Timeout bounds one call, its answer included. Zero: DefaultTimeout.
	Timeout time.Duration
	// Transport carries the calls, as it is. Nil: one of the Client's own. A given
	// one that does not tell net/http/httptrace what it does, as http.Transport
	// and whatever wraps it do, leaves open whether a call that failed had left:
	// all its failures are then Unknown.
	Transport http.RoundTripper
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
		c.own = newTransport()
		c.http.Transport = c.own
	}
	return c
}

// Close refuses new calls, waits for those in flight, which end by themselves
// within the Client's time-out, and closes every connection of the Client's own
// transport, those that are only being made included. It may be called again.
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

// Do sends req once and reads the answer. Whatever the status, the body is read
// to its end (or to MaxAnswer) and closed. A nil Failure means that there is an
// Answer.
func (c *Client) Do(ctx context.Context, req *http.Request) (Answer, *Failure) {
	if !c.begin() {
		return Answer{}, &Failure{Reason: sms.Internal, Outcome: sms.Rejected, Err: sms.ErrClosed}
	}
	defer c.calls.Done()
	if err := over(ctx); err != nil {
		return Answer{}, &Failure{Reason: sms.Canceled, Outcome: sms.Rejected, Err: err}
	}
	started := time.Now()
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	call := &call{client: c, ctx: ctx, bounded: bounded}
	response, err := c.http.Do(req.WithContext(call.traced()))
	if err != nil {
		return Answer{}, call.failure(err)
	}
	defer response.Body.Close()
	a := Answer{Status: response.StatusCode, Header: response.Header}
	call.answered = true
	a.Body, err = io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	switch {
	case err != nil:
		a.Cut = call.failure(err)
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
