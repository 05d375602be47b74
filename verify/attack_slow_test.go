package verify_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/verify"
)

// Bodies that arrive a byte at a time hold no connection for longer than Timeout
// and a second, whatever is wrong with the request and whatever the server's own
// ReadTimeout is.
func TestAttack_slowBodies(t *testing.T) {
	const timeout = time.Second
	post := "Content-Type: application/json\r\n"
	for _, c := range []struct {
		name, line, headers string
		status              int
	}{
		{"JSON", "POST /codes", post, 408},
		{"a form", "POST /codes/check", "Content-Type: application/x-www-form-urlencoded\r\n", 408},
		{"another content type", "POST /codes", "Content-Type: text/plain\r\n", 415},
		{"no content type", "POST /codes/check/", "", 415},
		{"another path", "POST /nothing", post, 404},
		{"another method", "PUT /codes", post, 405},
		{"a preflight with a body", "OPTIONS /codes", post, 204},
		{"a page of another site", "POST /codes", post + "Sec-Fetch-Site: cross-site\r\n", 403},
		{"a client that waits to be asked", "POST /codes", post + "Expect: 100-continue\r\n", 408},
	} {
		for _, length := range []string{"Content-Length: 200000\r\n", "Content-Length: 300000\r\n", "Transfer-Encoding: chunked\r\n"} {
			for _, readTimeout := range []time.Duration{0, 2 * time.Second, time.Hour} {
				t.Run(fmt.Sprint(c.name, " ", strings.TrimSpace(length), " ", readTimeout), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := newSite(t, verify.HTTPOptions{Timeout: timeout})
						listener := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
						server := &http.Server{Handler: s.handler, ReadTimeout: readTimeout}
						var all sync.WaitGroup
						all.Go(func() { _ = server.Serve(listener) })
						var clients sync.WaitGroup
						for range 20 {
							clients.Go(func() {
								began := time.Now()
								status := trickle(t, listener.dial(), c.line+" HTTP/1.1\r\nHost: codes\r\n"+c.headers+length+"\r\n")
								if status != c.status {
									t.Errorf("the answer is %d; it should be %d", status, c.status)
								}
								if took := time.Since(began); took > timeout+time.Second {
									t.Errorf("the connection was held for %v", took)
								}
							})
						}
						clients.Wait()
						server.Close()
						all.Wait()
					})
				})
			}
		}
	}
}

// trickle sends head and then a byte each half second, and returns the status of
// the answer when the connection is closed.
func trickle(t *testing.T, conn net.Conn, head string) (status int) {
	defer conn.Close()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		r := bufio.NewReader(conn)
		for {
			line, err := r.ReadString('\n')
			if status == 0 || status == 100 {
				fmt.Sscanf(line, "HTTP/1.1 %d", &status)
			}
			if err != nil {
				return
			}
		}
	}()
	if _, err := conn.Write([]byte(head)); err != nil {
		t.Errorf("the request was not taken: %v", err)
	}
	piece := " "
	if strings.Contains(head, "chunked") {
		piece = "1\r\n \r\n"
	}
	for range 400 {
		time.Sleep(500 * time.Millisecond)
		if _, err := conn.Write([]byte(piece)); err != nil {
			break
		}
	}
	conn.Close()
	<-closed
	return status
}

// pipes is a listener in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, errors.New("the listener is closed")
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }
