package kit

import (
	"crypto/tls"
	"math"
	"net"
	"net/http"
	"time"
)

const (
	// idleTimeout gives an idle connection up before vendors do, so that a
	// request rarely meets a connection that the vendor is closing: such a request
	// has left, and nobody can know what became of it.
	idleTimeout = 30 * time.Second
	// idlePerHost bounds nothing: a connection that some call has needed is kept for
	// idleTimeout. With a bound, as many callers as go beyond it open a new connection
	// for most of their calls.
	idlePerHost = math.MaxInt
	// maxHeader bounds the header of an answer, in bytes.
	maxHeader = 256 << 10
	// connectTimeout bounds the making of a connection, and again of its TLS. A
	// call is over sooner by its own time-out; net/http goes on for the next one.
	connectTimeout = 10 * time.Second
)

// newTransport makes a pool. Its CloseIdleConnections also ends the connections
// that are only being made, for calls that have been given up.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		// HTTP/1.1 only: what httptrace tells of the first byte, and that nothing
		// is replayed after it, is known of it alone.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}
