package kit_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// nobody is where nobody listens: no program is given this port by chance.
const nobody = "http://127.0.0.1:1"

func TestCertainlyNeverLeft(t *testing.T) {
	unknown := httptest.NewUnstartedServer(http.NotFoundHandler())
	unknown.Config.ErrorLog = discard
	unknown.StartTLS()
	t.Cleanup(unknown.Close)
	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the request has arrived") })
	rude, _ := listen(t, func(c net.Conn) { c.Close() })
	old, _ := listen(t, func(c net.Conn) { // a server of TLS 1.1
		io.WriteString(c, "\x15\x03\x02\x00\x02\x02\x46")
	})
	for name, url := range map[string]string{
		"a name that does not exist":         "http://a..b",
		"a connection that is refused":       nobody,
		"a certificate of an unknown issuer": unknown.URL,
		"a server without TLS":               strings.Replace(plain.URL, "http:", "https:", 1),
		"an end in the TLS handshake":        "https://" + rude,
		"an alert in the TLS handshake":      "https://" + old,
	} {
		t.Run(name, func(t *testing.T) {
			_, f := open(t, kit.ClientOptions{Timeout: long}).Do(t.Context(), post(t, url))
			is(t, f, sms.Unavailable, sms.Rejected)
		})
	}
	t.Run("a context that is over", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, f := open(t, kit.ClientOptions{}).Do(ctx, post(t, plain.URL))
		is(t, f, sms.Canceled, sms.Rejected)
	})
	t.Run("a deadline that has passed", func(t *testing.T) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
		defer cancel()
		_, f := open(t, kit.ClientOptions{}).Do(ctx, post(t, plain.URL))
		is(t, f, sms.Canceled, sms.Rejected)
	})
}

func TestSilenceInTheHandshake(t *testing.T) {
	t.Run("until the caller leaves", func(t *testing.T) {
		silent, begun := listen(t, untilGone)
		ctx := byHand(t, context.DeadlineExceeded)
		go func() { <-begun; close(ctx.done) }()
		_, f := open(t, kit.ClientOptions{Timeout: long}).Do(ctx, post(t, "https://"+silent))
		is(t, f, sms.Canceled, sms.Rejected)
	})
	t.Run("until our own time is over", func(t *testing.T) {
		silent, _ := listen(t, untilGone)
		_, f := open(t, kit.ClientOptions{Timeout: 20 * time.Millisecond}).Do(t.Context(), post(t, "https://"+silent))
		is(t, f, sms.Unavailable, sms.Rejected)
	})
}

func TestMayHaveLeft(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"an end":                        raw("", closing),
		"a reset":                       raw("", resetting),
		"an end within the status line": raw("HTTP/1.1 20", closing),
		"an end within the header":      raw("HTTP/1.1 200 OK\r\nContent-", closing),
		"a reset within the header":     raw("HTTP/1.1 400 Bad Request\r\nContent-", resetting),
		"an answer in another protocol": raw("220 mail ESMTP\r\n", closing),
		"a status that is no number":    raw("HTTP/1.1 482913 13812345678\r\n\r\n", closing),
		"a header without end":          raw("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20), closing),
		"the request, sent back": func(w http.ResponseWriter, r *http.Request) {
			b, _ := httputil.DumpRequest(r, true)
			raw(string(b), closing)(w, r)
		},
		"two lengths that are not alike": raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", closing),
	} {
		t.Run(name, func(t *testing.T) {
			_, f := open(t, kit.ClientOptions{Timeout: long}).Do(t.Context(), post(t, serve(t, h).URL))
			is(t, f, sms.Unavailable, sms.Unknown)
		})
	}
}

func TestWhoseTimeWasOver(t *testing.T) {
	for _, begin := range []string{"", `{"a":`} {
		name := "silence before the answer"
		if begin != "" {
			name = "silence within the answer"
		}
		end := func(ctx context.Context, o kit.ClientOptions, arrived chan struct{}) *kit.Failure {
			a, f := open(t, o).Do(ctx, post(t, serve(t, stall(begin, arrived)).URL))
			if f == nil {
				f = a.Cut
			}
			return f
		}
		for _, why := range []error{context.Canceled, context.DeadlineExceeded} {
			t.Run(fmt.Sprintf("%s, %v", name, why), func(t *testing.T) {
				ctx, arrived := byHand(t, why), make(chan struct{}, 1)
				go func() { <-arrived; close(ctx.done) }()
				f := end(ctx, kit.ClientOptions{Timeout: long}, arrived)
				is(t, f, sms.Canceled, sms.Unknown)
				if !errors.Is(f.Err, why) {
					t.Errorf("the context's error is lost: %v", f.Err)
				}
			})
		}
		t.Run(name+", our own time-out", func(t *testing.T) {
			f := end(t.Context(), kit.ClientOptions{Timeout: 50 * time.Millisecond}, make(chan struct{}, 1))
			if f == nil || f.Reason != sms.Unavailable || f.Err.Error() != "no answer within 50ms" {
				t.Errorf("it is %+v", f)
			}
			if errors.Is(f.Err, context.DeadlineExceeded) {
				t.Errorf("a context's error is reachable: %v", f.Err)
			}
		})
		t.Run(name+", a deadline before our time-out", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if f := end(ctx, kit.ClientOptions{Timeout: long}, make(chan struct{}, 1)); f == nil || f.Reason != sms.Canceled {
				t.Errorf("it is %+v", f)
			}
		})
		t.Run(name+", a deadline after our time-out", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), long)
			defer cancel()
			if f := end(ctx, kit.ClientOptions{Timeout: 50 * time.Millisecond}, make(chan struct{}, 1)); f == nil || f.Reason != sms.Unavailable {
				t.Errorf("it is %+v", f)
			}
		})
	}
}

// The network is given the caller's deadline and may notice it before the
// context itself does.
func TestADeadlineThatTheNetworkNoticesFirst(t *testing.T) {
	ctx := &lateContext{Context: t.Context()}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ctx.passed.Store(true)
		raw("", closing)(w, r)
	})
	c := open(t, kit.ClientOptions{Timeout: long})
	_, f := c.Do(ctx, post(t, s.URL))
	is(t, f, sms.Canceled, sms.Unknown)
	_, f = c.Do(ctx, post(t, s.URL))
	is(t, f, sms.Canceled, sms.Rejected)
}

// A lateContext has a deadline that has passed, and does not say so itself.
type lateContext struct {
	context.Context
	passed atomic.Bool
}

func (c *lateContext) Deadline() (time.Time, bool) {
	return time.Now().Add(-time.Second), c.passed.Load()
}

// Cut anywhere, an answer is never whole.
func TestCutAtEveryByte(t *testing.T) {
	const body = `{"Code":"OK","BizId":"9"}` + "\n"
	var chunked strings.Builder
	chunks := httputil.NewChunkedWriter(&chunked)
	io.WriteString(chunks, body[:9])
	io.WriteString(chunks, body[9:])
	chunks.Close()
	for framing, answer := range map[string]string{
		"Content-Length": fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
		"chunked":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked.String() + "\r\n",
		"close":          "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body,
	} {
		t.Run(framing, func(t *testing.T) {
			head := strings.Index(answer, "\r\n\r\n") + 4
			at := 0 // changed between calls only
			c, s := open(t, kit.ClientOptions{Timeout: long}), serve(t, func(w http.ResponseWriter, r *http.Request) { raw(answer[:at], closing)(w, r) })
			for ; at < len(answer); at++ {
				a, f := c.Do(t.Context(), post(t, s.URL))
				switch {
				case at < head:
					is(t, f, sms.Unavailable, sms.Unknown)
				case f != nil:
					t.Errorf("cut at %d of %d there is no status: %v", at, len(answer), f.Err)
				case framing == "close": // nothing tells that it is cut: its reader has to
					if string(a.Body) != answer[head:at] {
						t.Errorf("cut at %d of %d the body is %q", at, len(answer), a.Body)
					}
				default:
					is(t, a.Cut, sms.Unavailable, sms.Unknown)
				}
			}
			a, f := c.Do(t.Context(), post(t, s.URL))
			if f != nil || a.Cut != nil || string(a.Body) != body || a.Status != 200 {
				t.Errorf("not cut it is %+v, %v", a, f)
			}
		})
	}
}

func TestAnAnswerWithoutEnd(t *testing.T) {
	took := make(chan int, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { took <- flood(w) })
	a, f := open(t, kit.ClientOptions{Timeout: long}).Do(t.Context(), post(t, s.URL))
	if f != nil || len(a.Body) != kit.MaxAnswer {
		t.Fatalf("%d bytes were read, %v", len(a.Body), f)
	}
	is(t, a.Cut, sms.Internal, sms.Unknown)
	if n := <-took; n >= tooMuch {
		t.Errorf("the connection took %d bytes", n)
	}
}

func TestAHeaderWithoutEnd(t *testing.T) {
	took := make(chan int, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		raw("HTTP/1.1 200 OK\r\nX: ", func(c net.Conn) { took <- flood(c) })(w, r)
	})
	_, f := open(t, kit.ClientOptions{Timeout: long}).Do(t.Context(), post(t, s.URL))
	is(t, f, sms.Unavailable, sms.Unknown)
	if n := <-took; n >= tooMuch {
		t.Errorf("the connection took %d bytes", n)
	}
}

// tooMuch is what no buffers between two sockets hold.
const tooMuch = 64 << 20

// flood writes until the other side has had enough, and tells how much it took.
func flood(w io.Writer) (n int) {
	for block := make([]byte, 64<<10); n < tooMuch; n += len(block) {
		if _, err := w.Write(block); err != nil {
			break
		}
	}
	return n
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		other := serve(t, func(http.ResponseWriter, *http.Request) { t.Errorf("%d was followed", status) })
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, status)
		})
		if a, f := open(t, kit.ClientOptions{}).Do(t.Context(), post(t, s.URL)); f != nil || a.Status != status {
			t.Errorf("%d: the status is %d, %v", status, a.Status, f)
		}
	}
}

// A transport of the caller's that says nothing of what it does leaves open
// whether the call had left; one that net/http's hooks reach does not.
func TestTheCallersTransport(t *testing.T) {
	base := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	for _, test := range []struct {
		name      string
		transport http.RoundTripper
		outcome   sms.Outcome
	}{
		{"net/http's", base, sms.Rejected},
		{"one around net/http's", roundTrip(base.RoundTrip), sms.Rejected},
		{"one with a time-out of its own", roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: context.DeadlineExceeded}
		}), sms.Unknown},
		{"one that tells of its connection and cuts its answer", roundTrip(func(r *http.Request) (*http.Response, error) {
			httptrace.ContextClientTrace(r.Context()).GetConn("vendor")
			return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader("{"), cutReader{}))}, nil
		}), sms.Unknown},
		{"one that tells nothing", roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("to=13812345678: no")
		}), sms.Unknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, f := open(t, kit.ClientOptions{Transport: test.transport}).Do(t.Context(), post(t, nobody))
			if f == nil {
				f = a.Cut
			}
			is(t, f, sms.Unavailable, test.outcome)
		})
	}
}

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
