package kit

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

const (
	// DefaultTimeout bounds one call if Common.Timeout is zero.
	DefaultTimeout = 5 * time.Second
	// MaxAnswer is how many bytes of an answer are read. A longer answer is cut.
	MaxAnswer = 4 << 20
)

// ClientOptions configure a Client.
type ClientOptions struct {
	// Timeout bounds one call, including reading the answer. Defaults to
	// DefaultTimeout.
	Timeout time.Duration
	// Transport carries the calls and is used unchanged. Defaults to a transport
	// that the Client owns. If Transport does not report its progress through
	// net/http/httptrace, as http.Transport does, the Client cannot know whether a
	// failed call had left: every such failure is Unknown.
	Transport http.RoundTripper
}

// A Client carries requests to one vendor over HTTP. A failure reports whether
// the request certainly never left. A Client never repeats a request and never
// follows a redirect. It may be used by any number of goroutines.
type Client struct {
	http    http.Client
	timeout time.Duration
	own     *http.Transport // nil where the caller gave one

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup // calls in flight; Add only under mu
}

// NewClient returns a Client. It does no I/O and starts no goroutine.
func NewClient(o ClientOptions) *Client {
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

// Close refuses new calls, waits for the calls in flight, each of which ends
// within the Client's timeout, and closes the connections of the Client's own
// transport. It may be called again.
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

// Do sends req once and reads the whole answer, up to MaxAnswer bytes. Any HTTP
// status is an Answer. The error, if there is one, is a *Failure.
func (c *Client) Do(ctx context.Context, req *http.Request) (Answer, error) {
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
	response, err := c.http.Do(once(req.WithContext(call.traced())))
	if err != nil {
		return Answer{}, call.failure(err)
	}
	defer response.Body.Close()
	a := Answer{Status: response.StatusCode, Header: response.Header}
	a.Unframed = response.ContentLength < 0 && len(response.TransferEncoding) == 0 && !response.Uncompressed
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

// once keeps net/http from repeating a request on another connection. It repeats one
// that may have arrived if the method or an idempotency key says that this is
// harmless and it can replay the body. It cannot replay one that only this reader
// holds.
func once(req *http.Request) *http.Request {
	if req.Body == nil || req.Body == http.NoBody {
		req.Body, req.GetBody = io.NopCloser(strings.NewReader("")), nil
	}
	if req.Method != http.MethodPost || req.Header.Get("Idempotency-Key") != "" || req.Header.Get("X-Idempotency-Key") != "" {
		req.GetBody = nil
	}
	return req
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
