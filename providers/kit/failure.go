package kit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/notifykit/notify/sms"
)

// A Failure is a call that ended without a whole answer. Its text holds no URL,
// no header and no body.
type Failure struct {
	Reason  sms.Reason  // Unavailable, Canceled or Internal
	Outcome sms.Outcome // Rejected if no byte of the request left, else Unknown
	Err     error       // the cause
}

// Error returns the cause's text.
func (f *Failure) Error() string {
	if f == nil || f.Err == nil {
		return "the call failed"
	}
	return f.Err.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error {
	if f == nil {
		return nil
	}
	return f.Err
}

// A call is one request on its way.
type call struct {
	client       *Client
	ctx, bounded context.Context // the caller's, and that within the Client's time-out
	answered     bool            // there was a status line

	// Set by net/http's hooks, which run on other goroutines. A call that has
	// returned has no hook still to come: net/http closes the connection and waits
	// for its writer first.
	told, left atomic.Bool // did the transport tell anything; has the first byte left
}

// traced is the context that the request goes with.
func (c *call) traced() context.Context {
	return httptrace.WithClientTrace(c.bounded, &httptrace.ClientTrace{
		// net/http takes another connection only where nothing had left on the first.
		GetConn: func(string) { c.told.Store(true); c.left.Store(false) },
		// GotConn is before anything is written, and WroteRequest after all is. This
		// is just before the first byte leaves.
		WroteHeaderField: func(string, []string) { c.told.Store(true); c.left.Store(true) },
	})
}

// mayHaveLeft tells whether the vendor may have the request. A foreign transport
// that has told nothing may have done anything.
func (c *call) mayHaveLeft() bool {
	return c.answered || c.left.Load() || c.client.own == nil && !c.told.Load()
}

// failure classifies err. Whose time was over is asked of the contexts and never
// of err: net/http's errors answer to context.DeadlineExceeded in both cases.
func (c *call) failure(err error) *Failure {
	f := &Failure{Reason: sms.Unavailable, Outcome: sms.Rejected}
	if c.mayHaveLeft() {
		f.Outcome = sms.Unknown
	}
	if ended := over(c.ctx); ended != nil {
		f.Reason, f.Err = sms.Canceled, ended
	} else if over(c.bounded) != nil {
		f.Err = fmt.Errorf("no answer within %v", c.client.timeout)
	} else {
		f.Err = c.plain(err)
	}
	return f
}

// over gives the error of a context that has ended. One whose deadline has
// passed is taken to have ended: the network, which is given the deadline, may
// notice it before the context's own timer.
func over(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// plain makes an error that holds none of what was sent or answered: no URL, no
// byte of an answer that is not HTTP (net/http quotes them), and nothing that
// would answer to a context's error.
func (c *call) plain(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	err = clean(c.known(err)) // names in a certificate, a proxy's status line
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errors.New(err.Error())
	}
	return err
}

// Printable is the border through which texts of the other side go into an error: one
// line without control characters and marks of writing direction. A vendor's words
// about a message need not go through it: Explain cleans them.
func Printable(text string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, text)
}

// clean returns err with a text that is printable.
func clean(err error) error {
	if shown := Printable(err.Error()); shown != err.Error() {
		return &cleaned{shown, err}
	}
	return err
}

// cleaned is an error with a text that is printable.
type cleaned struct {
	text string
	err  error
}

func (e *cleaned) Error() string { return e.text }
func (e *cleaned) Unwrap() error { return e.err }

// known gives an error of the network, of TLS, or of an answer's end as it is,
// and of any other no more than its type once the request may have left: only
// then can it quote something.
func (c *call) known(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return bad
	}
	if c.client.own != nil && !c.mayHaveLeft() {
		return err
	}
	return fmt.Errorf("no answer over HTTP could be read (%T)", err)
}
