package smstest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/notifykit/notify/sms"
)

// after is what some flaws make of an end.
func (s *subject) after(ctx context.Context, m sms.Message, r sms.Receipt, err error) (sms.Receipt, error) {
	e, _ := errors.AsType[*sms.Error](err)
	if e == nil {
		return s.receipt(m, r), nil
	}
	left := e.Reason == sms.Canceled && e.Outcome == sms.Unknown
	_, op := errors.AsType[*net.OpError](e.Err)
	switch {
	case s.has("blames the vendor when the caller leaves") && left:
		e.Reason = sms.Unavailable
	case s.has("is sure of nothing sent when the caller leaves") && left:
		e.Outcome = sms.Rejected
	case s.has("forgets the context's error") && left:
		e.Err = errors.New(e.Err.Error())
	case s.has("comes back late") && left:
		timer := time.NewTimer(150 * time.Millisecond)
		defer timer.Stop()
		<-timer.C
	case s.has("lets its own time-out look like the caller's") && ctx.Err() == nil && strings.HasPrefix(textOf(e.Err), "no answer within"):
		e.Err = context.DeadlineExceeded
	case s.has("blames the caller for its own time-out") && ctx.Err() == nil && strings.HasPrefix(textOf(e.Err), "no answer within"):
		e.Reason = sms.Canceled
	case s.has("leaves a refused connection open") && op && errors.Is(e.Err, syscall.ECONNREFUSED):
		e.Outcome = sms.Unknown
	case s.has("is sure of nothing sent after an end") && errors.Is(e.Err, io.EOF):
		e.Outcome = sms.Rejected
	case s.has("is sure of nothing sent after a reset") && errors.Is(e.Err, syscall.ECONNRESET):
		e.Outcome = sms.Rejected
	case s.has("answers Close with an error of its own") && errors.Is(err, sms.ErrClosed):
		e.Err = errors.New("the provider has been closed")
	case s.has("shows the number when a connection is refused") && op:
		e.Err = errors.New("sending to " + m.To.E164() + ": " + e.Err.Error())
	case s.has("wraps an error that shows the request") && op:
		e.Err = &quiet{errors.New("POST ?to=" + m.To.E164())}
	case s.has("shows a secret when the vendor is down") && e.Reason == sms.Unavailable && e.Err == nil:
		e.Err = errors.New("bearer " + secret)
	}
	return r, err
}

// quiet is an error that tells nothing itself, but whose cause does.
type quiet struct{ err error }

func (q *quiet) Error() string { return "no connection" }
func (q *quiet) Unwrap() error { return q.err }

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// receipt is what some flaws make of an acceptance.
func (s *subject) receipt(m sms.Message, r sms.Receipt) sms.Receipt {
	switch s.flaw {
	case "names no provider in receipts":
		r.Provider = "subject"
	case "names no key in receipts":
		r.Key = ""
	case "has no ID":
		r.ID = ""
	case "counts no segments":
		r.Segments = 0
	case "wipes the code":
		if m.Params["code"] != "" {
			m.Params["code"] = ""
		}
	case "adds a tag":
		if m.Tags != nil {
			m.Tags["sent"] = "yes"
		}
	}
	return r
}
