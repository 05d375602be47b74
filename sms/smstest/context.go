package smstest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/notifykit/notify/sms"
)

// A handContext is a context whose end the suite brings about, as a deadline or
// as a cancellation, so that no test waits for a clock.
type handContext struct {
	context.Context
	done chan struct{}
	why  error
}

func (t *trial) handContext(why error) *handContext {
	return &handContext{Context: t.tb.Context(), done: make(chan struct{}), why: why}
}

func (c *handContext) Done() <-chan struct{} { return c.done }

func (c *handContext) Err() error {
	select {
	case <-c.done:
		return c.why
	default:
		return nil
	}
}

func (c *handContext) end() { close(c.done) }

func checkContextOver(t *trial) {
	p := t.accepting()
	for _, why := range []error{context.Canceled, context.DeadlineExceeded} {
		ctx := t.handContext(why)
		ctx.end()
		_, err := t.sendIn(ctx, p, t.code())
		t.ended(err, why.Error()+" before the call", sms.Rejected, sms.Canceled)
		if !errors.Is(err, why) {
			t.faultf("%v before the call: errors.Is does not find it in %v", why, err)
		}
	}
	if n := len(p.arrived()); n > 0 {
		t.faultf("%d messages reached the vendor, and none should have", n)
	}
}

// silences are the moments at which a vendor may fall silent.
func silences() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"silence before the answer": nil,
		"silence after the status line": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusOK)
		},
		"silence within the answer": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			w.Write([]byte(`{"a`))
		},
	}
}

func checkContextInFlight(t *trial) {
	if t.Session != nil {
		for _, why := range []error{context.Canceled, context.DeadlineExceeded} {
			if end := t.sessionContext(why); end != nil {
				t.leftInFlight("silence before the answer", end, why)
			}
		}
		return
	}
	for when, begin := range silences() {
		for _, why := range []error{context.Canceled, context.DeadlineExceeded} {
			_, end := t.interrupt(begin, why)
			if end == nil {
				continue
			}
			t.leftInFlight(when, end, why)
		}
	}
}

// leftInFlight judges the end of a call whose caller left after the vendor had it.
func (t *trial) leftInFlight(when string, end, why error) {
	t.ended(end, when+", then "+why.Error(), sms.Unknown, sms.Canceled)
	if !errors.Is(end, why) {
		t.faultf("%s: errors.Is does not find %q in %v", when, why, end)
	}
}

// interrupt ends the context of a call that the vendor is silent to, and tells
// how the call ended and how long after. The error is nil where there is nothing
// to judge.
func (t *trial) interrupt(begin http.HandlerFunc, why error) (took time.Duration, end error) {
	v, arrived := t.stalling(begin)
	s := t.open(v.URL)
	ctx := t.handContext(why)
	ended := make(chan error, 1)
	go func() {
		_, err := t.sendIn(ctx, s, t.code())
		ended <- err
	}()
	select {
	case <-arrived:
	case err := <-ended:
		t.faultf("the call has ended before the vendor had it: %v", err)
		return 0, nil
	}
	start := time.Now()
	ctx.end()
	patient := time.NewTimer(patience)
	defer patient.Stop()
	select {
	case err := <-ended:
		took = time.Since(start)
		if err == nil {
			t.faultf("the call was accepted, and the vendor had said nothing")
		}
		return took, err
	case <-patient.C:
		t.faultf("%v after the context's end Send has not returned", patience)
		return patience, nil
	}
}

func checkContextInTime(t *trial) {
	const bound = 100 * time.Millisecond
	for when, begin := range silences() {
		best := time.Duration(0)
		for i := range 5 { // a busy machine may be slow now and then; a provider that waits always is
			took, _ := t.interrupt(begin, context.Canceled)
			if best = took; i > 0 {
				best = min(best, took)
			}
			if best <= bound {
				break
			}
		}
		if best > bound {
			t.faultf("%s: of five calls the quickest returned %v after the context's end", when, best)
		}
	}
}

func checkOwnTimeout(t *trial) {
	for when, begin := range silences() {
		v, _ := t.stalling(begin)
		s := t.NewTimeout(t.tb, v.URL, t.registry, 50*time.Millisecond)
		t.atEnd(func() { t.close(s) })
		ctx, cancel := context.WithTimeout(t.tb.Context(), patience)
		_, err := t.sendIn(ctx, s, t.code())
		cancel()
		outcome := sms.Unknown
		if len(v.arrivals()) == 0 {
			outcome = sms.OutcomeOf(err) // a busy machine: whether it had left is the provider's to know
		}
		t.ended(err, when, outcome, sms.Unavailable)
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.faultf("%s: errors.Is finds a context's error in %v", when, err)
		}
	}
}
