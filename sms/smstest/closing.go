package smstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/sms"
)

func checkClosed(t *trial) {
	p := t.accepting()
	if _, ok := p.Sender.(io.Closer); !ok {
		return // nothing to close: checkNothingLeft looks whether that is so
	}
	if _, err := t.send(p, t.code()); !t.accepted(err, "a message before Close") {
		return
	}
	before := len(p.arrived())
	var closers sync.WaitGroup
	for range 3 {
		closers.Go(func() { t.close(p.Sender) })
	}
	closers.Wait()
	_, err := t.send(p, t.code())
	t.ended(err, "after Close", sms.Rejected)
	if !errors.Is(err, sms.ErrClosed) {
		t.faultf("after Close errors.Is does not find sms.ErrClosed in %v", err)
	}
	if n := len(p.arrived()) - before; n > 0 {
		t.faultf("after Close a message was sent")
	}
	if t.Local == nil {
		t.closeWaits()
	}
}

// closeWaits looks whether Close waits for a call in flight.
func (t *trial) closeWaits() {
	arrived, answer := make(chan struct{}), make(chan struct{})
	var requests atomic.Int64
	if t.Session != nil {
		v, _ := t.session(func(n int) step {
			if n > 1 {
				return step{}
			}
			close(arrived)
			return step{after: answer}
		})
		t.closeWaitsAt(v, arrived, answer)
		return
	}
	v := t.serve(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			close(arrived)
			<-answer
		}
		t.Accept(w, r)
	})
	t.closeWaitsAt(v, arrived, answer)
}

// closeWaitsAt is closeWaits at a vendor that says on arrived that it has a message,
// and answers it after answer is closed.
func (t *trial) closeWaitsAt(v *vendor, arrived <-chan struct{}, answer chan<- struct{}) {
	s := t.open(v.URL)
	sent, closed := make(chan error, 1), make(chan struct{})
	go func() {
		_, err := t.send(s, t.code())
		sent <- err
	}()
	select {
	case <-arrived:
	case err := <-sent:
		t.accepted(err, "a message before Close")
		close(answer)
		return
	}
	go func() {
		defer close(closed)
		t.close(s)
	}()
	for begun, deadline := false, time.Now().Add(patience); !begun; { // refusing calls is how Close shows that it has begun
		if time.Now().After(deadline) {
			t.faultf("%v after Close was called calls are still not refused", patience)
			break
		}
		select {
		case <-closed:
			begun = true
		default:
			_, err := t.send(s, t.code())
			begun = err != nil
		}
	}
	for range 1000 { // time for a Close that does not wait to show itself
		runtime.Gosched()
	}
	select {
	case <-closed:
		t.faultf("Close has returned while a call was in flight")
	default:
	}
	close(answer)
	if err := <-sent; err != nil {
		t.faultf("a call in flight at Close should have ended by itself, and did so with: %v", err)
	}
	<-closed
}

func checkNothingLeft(t *trial) {
	// All that the provider starts inherits the label; the servers are started
	// before it is set.
	endpoint, left := "", func() int { return 0 }
	var stalled <-chan struct{}
	silent := ""
	if t.Local == nil {
		v := t.vendor()
		endpoint, left = v.URL, v.left
		var s *vendor
		if t.Session != nil {
			s, stalled = t.session(always(step{do: staysSilent}))
		} else {
			s, stalled = t.stalling(nil)
		}
		silent = s.URL
	}
	id := sms.NewKey()
	pprof.Do(t.tb.Context(), pprof.Labels(leakLabel, id), func(context.Context) {
		s := t.New(t.tb, endpoint, t.registry)
		for range 3 {
			_, err := t.send(s, t.code())
			t.accepted(err, "a message")
		}
		t.close(s)
		if silent != "" {
			s := t.New(t.tb, silent, t.registry)
			ctx := t.handContext(context.Canceled)
			ended := make(chan struct{})
			go func() {
				select {
				case <-stalled:
					ctx.end()
				case <-ended: // before the vendor had it
				}
			}()
			t.sendIn(ctx, s, t.code())
			close(ended)
			t.close(s)
		}
	})
	if n := left(); n > 0 {
		t.faultf("%d connections are open after Close", n)
	}
	if stacks := goroutines(id); stacks != "" {
		t.faultf("goroutines are left after Close:\n%s", stacks)
	}
}

const leakLabel = "smstest"

// goroutines gives the stacks of the goroutines that have the label, once they
// have had time to end. There is nothing to wait on: a goroutine's end is no
// event.
func goroutines(id string) string {
	deadline := time.Now().Add(patience)
	for wait := time.Millisecond; ; wait *= 2 {
		stacks := labelled(id)
		if stacks == "" || time.Now().After(deadline) {
			return stacks
		}
		<-time.After(wait)
	}
}

// labelled gives the parts of the goroutine profile that have the label.
func labelled(id string) string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return fmt.Sprintf("no goroutine profile: %v", err)
	}
	var found []string
	for part := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(part, id) {
			found = append(found, part)
		}
	}
	return strings.Join(found, "\n\n")
}
