package carrier

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// idleTimeout gives an idle connection up before vendors do, so that a
	// request rarely meets a connection that the vendor is closing: such a request
	// has left, and nobody can know what became of it.
	idleTimeout = 30 * time.Second
	// idlePerHost keeps as many connections as callers usually send at once; net/http's
	// two make most calls under load open a new one.
	idlePerHost = 256
	// maxHeader bounds the header of an answer, in bytes.
	maxHeader = 256 << 10
	// connectTimeout bounds the making of a connection, and again of its TLS. A
	// call is over sooner by its own time-out; net/http goes on for the next one.
	connectTimeout = 10 * time.Second
)

// A transport is a pool of connections that can be ended as a whole: net/http
// goes on connecting for a call that has been given up, and has no way to stop
// that.
type transport struct {
	http   *http.Transport
	dialer net.Dialer

	life context.Context // ends with close; not any call's
	end  context.CancelFunc

	mu    sync.Mutex
	conns map[*conn]struct{} // those that are open
}

func newTransport() *transport {
	t := &transport{
		dialer: net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second},
		conns:  map[*conn]struct{}{},
	}
	t.life, t.end = context.WithCancel(context.Background())
	t.http = &http.Transport{
		Proxy:                  proxy,
		DialContext:            t.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		// HTTP/1.1 only: what httptrace tells of the first byte, and that nothing
		// is replayed after it, is known of it alone.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	return t
}

// proxy is net/http's own, whose error would show the proxy's password.
func proxy(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the proxy that the environment names is no URL")
	}
	return u, nil
}

func (t *transport) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.life, cancel)()
	raw, err := t.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, transport: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.life.Err(); err != nil {
		raw.Close()
		return nil, err
	}
	t.conns[c] = struct{}{}
	return c, nil
}

// close closes all connections and ends those that are being made. The caller
// has seen to it that no call is in flight.
func (t *transport) close() {
	t.http.CloseIdleConnections()
	t.mu.Lock()
	t.end()
	open := make([]*conn, 0, len(t.conns))
	for c := range t.conns {
		open = append(open, c)
	}
	t.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}

// A conn tells its transport when it is closed.
type conn struct {
	net.Conn
	transport *transport
}

func (c *conn) Close() error {
	c.transport.mu.Lock()
	delete(c.transport.conns, c)
	c.transport.mu.Unlock()
	return c.Conn.Close()
}
