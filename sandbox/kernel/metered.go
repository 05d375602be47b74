package kernel

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
)

// A meteredListener accepts a connection when there is memory for it.
type meteredListener struct {
	net.Listener
	sandbox *Sandbox
}

func (l meteredListener) Accept() (net.Conn, error) {
	n := connBytes
	if l.sandbox.server.TLSConfig != nil {
		n = tlsBytes
	}
	claimed, err := l.sandbox.conns.take(l.sandbox.ctx, n)
	if err != nil {
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		claimed.shrink(0)
		return nil, err
	}
	c := &meteredConn{Conn: conn, claimed: claimed, base: n}
	c.counting.Store(true)
	return c, nil
}

var errFull = errors.New("sandbox: the headers of requests take all memory that they may")

// A meteredConn claims memory for the headers that it reads: from the first byte
// of a request until ServeHTTP has it, and keeps the claim until the answer has
// left.
type meteredConn struct {
	net.Conn
	claimed  *claim
	base     int
	counting atomic.Bool
}

func (c *meteredConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.counting.Load() && !c.claimed.grow(n) {
		return 0, errFull
	}
	return n, err
}

func (c *meteredConn) Close() error {
	err := c.Conn.Close()
	c.claimed.shrink(0)
	return err
}

type connKey struct{}

func metered(c net.Conn) *meteredConn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	m, _ := c.(*meteredConn)
	return m
}

func connContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, metered(c))
}

// connState frees the headers of a request whose answer has left.
func connState(c net.Conn, state http.ConnState) {
	if m := metered(c); m != nil && state == http.StateIdle {
		m.claimed.shrink(m.base)
		m.counting.Store(true)
	}
}

// headersRead ends the count for a request: its body is counted elsewhere.
func headersRead(r *http.Request) {
	if m, ok := r.Context().Value(connKey{}).(*meteredConn); ok && m != nil {
		m.counting.Store(false)
	}
}
