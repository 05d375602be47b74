package kit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

var discard = log.New(io.Discard, "", 0)

// counting is a server that counts connections.
func counting(t *testing.T, h http.HandlerFunc) (s *httptest.Server, opened *atomic.Int64) {
	s, opened = httptest.NewUnstartedServer(whole(h)), new(atomic.Int64)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s, opened
}

func TestErrorPagesAreReadAndTheirConnectionsUsedAgain(t *testing.T) {
	page := "<html>" + strings.Repeat("<p>Something went wrong</p>", 40_000) // a megabyte
	s, opened := counting(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, page)
	})
	c := open(t, kit.ClientOptions{Timeout: long})
	for range 5 {
		a, f := c.Do(t.Context(), post(t, s.URL))
		if f != nil || a.Cut != nil || a.Status != http.StatusBadGateway || string(a.Body) != page {
			t.Fatalf("the status is %d, with %d bytes, %v, %v", a.Status, len(a.Body), a.Cut, f)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("five calls one after the other opened %d connections", n)
	}
}

func TestTheSteadyStateOpensNoConnection(t *testing.T) {
	for _, callers := range []int{64, 1024} {
		t.Run(fmt.Sprint(callers), func(t *testing.T) { steadyState(t, callers) })
	}
}

func steadyState(t *testing.T, callers int) {
	var gate sync.WaitGroup // the first answers wait until every caller has a connection
	gate.Add(callers)
	var warm atomic.Bool
	s, opened := counting(t, func(w http.ResponseWriter, r *http.Request) {
		if !warm.Load() {
			gate.Done()
			gate.Wait()
		}
		io.WriteString(w, `{"Code":"OK"}`)
	})
	c := open(t, kit.ClientOptions{Timeout: long})
	round := func(calls int) {
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for range calls {
					if a, f := c.Do(t.Context(), post(t, s.URL)); f != nil || a.Cut != nil {
						t.Errorf("a call ended with %v, %v", a.Cut, f)
					}
				}
			})
		}
		all.Wait()
	}
	round(1)
	warm.Store(true)
	before := opened.Load()
	round(5)
	// net/http gives up a connection whose writer has not come back 50 ms after the
	// answer, as on a busy machine.
	if n := opened.Load() - before; n > int64(callers*5/100) {
		t.Errorf("%d callers with a connection each opened %d more", callers, n)
	}
}

// A request on a connection that the vendor is just closing is not sent again.
func TestAClosedIdleConnectionIsNoSecondRequest(t *testing.T) {
	var requests atomic.Int64
	s, _ := counting(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 1 {
			raw("", closing)(w, r)
		}
	})
	c := open(t, kit.ClientOptions{Timeout: long})
	if _, f := c.Do(t.Context(), post(t, s.URL)); f != nil {
		t.Fatal(f.Err)
	}
	_, f := c.Do(t.Context(), post(t, s.URL))
	is(t, f, sms.Unavailable, sms.Unknown)
	if n := requests.Load(); n != 2 {
		t.Errorf("two calls were %d requests", n)
	}
}

func TestCloseWaitsAndThenRefuses(t *testing.T) {
	arrived, answer := make(chan struct{}), make(chan struct{})
	s, _ := counting(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-answer
	})
	c := client{kit.NewClient(kit.ClientOptions{Timeout: long})}
	var ended atomic.Bool
	go func() {
		<-arrived
		// A call that is refused shows that Close has begun.
		for {
			if _, f := c.Do(cancelled(t), post(t, s.URL)); f != nil && errors.Is(f.Err, sms.ErrClosed) {
				break
			}
		}
		ended.Store(true)
		close(answer)
	}()
	var call sync.WaitGroup
	call.Go(func() {
		if _, f := c.Do(t.Context(), post(t, s.URL)); f != nil {
			t.Errorf("a call in flight at Close ended with %v", f.Err)
		}
	})
	<-arrived
	c.Close()
	if !ended.Load() {
		t.Error("Close has returned before the call in flight was answered")
	}
	call.Wait()
	c.Close() // again
	if _, f := c.Do(t.Context(), post(t, s.URL)); f == nil || f.Outcome != sms.Rejected || f.Reason != sms.Internal || !errors.Is(f.Err, sms.ErrClosed) {
		t.Errorf("a call after Close: %+v", f)
	}
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// What net/http goes on doing for a call that has been given up, Close ends: a
// connection without an answer, and one that is only being made.
func TestCloseLeavesNothing(t *testing.T) {
	answering, _ := counting(t, func(http.ResponseWriter, *http.Request) {})
	arrived := make(chan struct{}, 1)
	stalling := serve(t, stall("", arrived))
	silent, begun := listen(t, untilGone) // its end is waited for: it is told of by the connection's end

	id := sms.NewKey()
	pprof.Do(t.Context(), pprof.Labels("test", id), func(context.Context) {
		c := client{kit.NewClient(kit.ClientOptions{Timeout: long})}
		c.Do(t.Context(), post(t, answering.URL))
		for url, told := range map[string]<-chan struct{}{stalling.URL: arrived, "https://" + silent: begun} {
			ctx := byHand(t, context.Canceled)
			go func() { <-told; close(ctx.done) }()
			if _, f := c.Do(ctx, post(t, url)); f == nil || f.Reason != sms.Canceled {
				t.Errorf("a call that is given up: %+v", f)
			}
		}
		c.Close()
	})
	// A goroutine's end is no event: it is looked for until it has come.
	deadline := time.Now().Add(5 * time.Second)
	for {
		left := labelled(t, id)
		if left == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("these are left after Close:\n%s", left)
		}
		<-time.After(time.Millisecond)
	}
}

// labelled gives the stacks of the goroutines with that label.
func labelled(t *testing.T, id string) string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		t.Fatal(err)
	}
	var found []string
	for part := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(part, id) {
			found = append(found, part)
		}
	}
	return strings.Join(found, "\n\n")
}
