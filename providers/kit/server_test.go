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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// A client is a kit.Client whose failures have their type.
type client struct{ *kit.Client }

func (c client) Do(ctx context.Context, r *http.Request) (kit.Answer, *kit.Failure) {
	a, err := c.Client.Do(ctx, r)
	if err == nil {
		return a, nil
	}
	f, ok := errors.AsType[*kit.Failure](err)
	if !ok {
		panic(fmt.Sprintf("the error of Do is a %T", err))
	}
	return a, f
}

// open makes a Client that is closed at the end of the test.
func open(t testing.TB, o kit.ClientOptions) client {
	c := kit.NewClient(o)
	t.Cleanup(func() { c.Close() })
	return client{c}
}

func post(t testing.TB, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url+"/send?to=13812345678", strings.NewReader("code=482913"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// serve starts a server that reads a request whole before h is asked, because
// net/http notices only then that a client has gone.
func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(whole(h))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func whole(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(sent))
		h(w, r)
	})
}

// raw answers with these bytes and then does what end does to the connection.
func raw(answer string, end func(net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		io.WriteString(c, answer)
		end(c)
		c.Close()
	}
}

func closing(net.Conn) {}

func resetting(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }

// stall says that a request has come and then nothing until the client has gone.
func stall(begin string, arrived chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if begin != "" {
			io.WriteString(w, begin)
			http.NewResponseController(w).Flush()
		}
		arrived <- struct{}{}
		<-r.Context().Done()
	}
}

// listen starts a listener that gives each connection to f once its first byte
// has come, and tells so.
func listen(t testing.TB, f func(net.Conn)) (address string, begun <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{}, 100)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				c.Read(make([]byte, 1))
				told <- struct{}{}
				f(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return l.Addr().String(), told
}

// untilGone reads until the other side has closed.
func untilGone(c net.Conn) { io.Copy(io.Discard, c) }

// is judges the end of a call, and that nothing of the request shows in it.
func is(t *testing.T, f *kit.Failure, reason sms.Reason, outcome sms.Outcome) {
	t.Helper()
	if f == nil {
		t.Fatalf("there is an answer, and the call should have ended %v, %q", outcome, string(reason))
	}
	if f.Reason != reason || f.Outcome != outcome {
		t.Errorf("it is %v, %q, and should be %v, %q: %v", f.Outcome, string(f.Reason), outcome, string(reason), f.Err)
	}
	for _, hidden := range []string{"13812345678", "482913", "/send"} {
		if strings.Contains(f.Err.Error(), hidden) {
			t.Errorf("%q shows: %v", hidden, f.Err)
		}
	}
	foreign := errors.Is(f.Err, context.Canceled) || errors.Is(f.Err, context.DeadlineExceeded)
	if foreign != (reason == sms.Canceled) {
		t.Errorf("a context's error is reachable: %v, and the reason is %q: %v", foreign, string(reason), f.Err)
	}
}

// A handContext ends when the test says so, as a deadline or a cancellation.
type handContext struct {
	context.Context
	done chan struct{}
	why  error
}

func byHand(t testing.TB, why error) *handContext {
	return &handContext{Context: t.Context(), done: make(chan struct{}), why: why}
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

const long = time.Minute // a time-out that no test meets
