package sandbox

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Listen starts a sandbox at an address such as "127.0.0.1:8025" and serves it
// until Close. Port 0, or an empty address, is a free port; a host left out is
// 127.0.0.1. Any other host is taken as it is: the inbox of a sandbox is open to
// whoever can reach it.
func Listen(addr string, o Options) (*Sandbox, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := New(o)
	host, port := "", "0"
	if addr != "" {
		var err error
		if host, port, err = net.SplitHostPort(addr); err != nil {
			return nil, fmt.Errorf("sandbox: %q is no address: write host:port: %w", addr, err)
		}
	}
	if host == "" {
		host = "127.0.0.1"
	}
	s.server = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelInfo),
		MaxHeaderBytes:    256 << 10, // a GET to Aliyun has 1,000 numbers in its URL
	}
	scheme := "http://"
	if o.TLS {
		scheme = "https://"
		certificate, inPEM, err := makeCertificate(host, time.Now())
		if err != nil {
			return nil, fmt.Errorf("sandbox: the certificate cannot be made: %w", err)
		}
		s.Certificate = inPEM
		s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s.URL = scheme + listener.Addr().String()
	s.serving.Go(func() { _ = s.serve(listener) })
	return s, nil
}

func (s *Sandbox) serve(l net.Listener) error {
	if s.server.TLSConfig != nil {
		return s.server.ServeTLS(l, "", "")
	}
	return s.server.Serve(l)
}
