package kit_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// dying is a TCP server that answers the first request and, after reading each
// further one whole, closes its connection without an answer. It counts the requests
// of all connections.
func dying(t *testing.T) (url string, requests *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	requests = new(atomic.Int64)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				for in := bufio.NewReader(c); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, r.Body)
					if requests.Add(1) > 1 {
						return
					}
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return "http://" + l.Addr().String(), requests
}

// net/http repeats a GET, and a POST with an idempotency key, on another connection if
// the one that was used before ends without an answer. The Client must not: one call is
// one request.
func TestARequestIsNeverRepeated(t *testing.T) {
	for name, test := range map[string]struct {
		method string
		body   io.Reader
		header string
	}{
		"GET":                           {http.MethodGet, nil, ""},
		"GET with an empty body":        {http.MethodGet, http.NoBody, ""},
		"GET with a body":               {http.MethodGet, strings.NewReader("q"), ""},
		"HEAD":                          {http.MethodHead, nil, ""},
		"DELETE":                        {http.MethodDelete, nil, ""},
		"POST":                          {http.MethodPost, strings.NewReader("code=1"), ""},
		"POST with an idempotency key":  {http.MethodPost, strings.NewReader("code=1"), "Idempotency-Key"},
		"POST with another such header": {http.MethodPost, strings.NewReader("code=1"), "X-Idempotency-Key"},
		"POST without a body":           {http.MethodPost, nil, "Idempotency-Key"},
	} {
		t.Run(name, func(t *testing.T) {
			url, requests := dying(t)
			c := open(t, kit.ClientOptions{Timeout: long})
			if _, f := c.Do(t.Context(), post(t, url)); f != nil {
				t.Fatal(f.Err)
			}
			r, err := http.NewRequest(test.method, url+"/list", test.body)
			if err != nil {
				t.Fatal(err)
			}
			if test.header != "" {
				r.Header.Set(test.header, "k-1")
			}
			_, f := c.Do(t.Context(), r)
			is(t, f, sms.Unavailable, sms.Unknown)
			if n := requests.Load(); n != 2 {
				t.Errorf("two calls were %d requests", n)
			}
		})
	}
}
