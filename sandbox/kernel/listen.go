package kernel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Listen starts a sandbox at an address such as "127.0.0.1:8025" and serves it
// until Close. Port 0, or an empty address, is a free port. A host left out is
// 127.0.0.1. Any other host is taken as it is: the inbox of a sandbox is open to
// everyone who can reach it. Each vendor that serves connections listens at its
// own address: see Addr.
func Listen(addr string, o Options, openers ...Opener) (*Sandbox, error) {
	s := New(o, openers...)
	if err := s.listen(addr); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Addr returns the address of a vendor that serves connections, "host:port". It is
// empty without Listen, and for vendors over HTTP.
func (s *Sandbox) Addr(vendor string) string { return s.addrs[vendor] }

func (s *Sandbox) listen(addr string) error {
	if s.invalid != nil {
		return s.invalid
	}
	for _, d := range s.vendors {
		if d.vendor.ServeConn == nil {
			continue
		}
		l, _, err := listenAt(d.vendor.Addr)
		if err != nil {
			return fmt.Errorf("%s: %w", d.vendor.Name, err)
		}
		s.listeners = append(s.listeners, l)
		s.addrs[d.vendor.Name] = l.Addr().String()
		s.serving.Go(func() { s.accept(d, l) })
	}
	listener, host, err := listenAt(addr)
	if err != nil {
		return err
	}
	s.host = host
	s.server = s.newServer()
	scheme := "http://"
	if s.options.TLS {
		scheme = "https://"
		certificate, inPEM, err := makeCertificate(host, time.Now())
		if err != nil {
			return errors.Join(fmt.Errorf("sandbox: the certificate cannot be made: %w", err), listener.Close())
		}
		s.Certificate = inPEM
		s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	s.URL = scheme + listener.Addr().String()
	s.serving.Go(func() { _ = s.serve(listener) })
	return nil
}

func (s *Sandbox) newServer() *http.Server {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelInfo),
		MaxHeaderBytes:    256 << 10, // some vendors take 1,000 numbers in the URL of a GET
		ConnContext:       connContext,
		ConnState:         connState,
		Protocols:         new(http.Protocols), // a hang-up cuts a connection: of HTTP/2 it would end a stream
	}
	server.Protocols.SetHTTP1(true)
	return server
}

func listenAt(addr string) (l net.Listener, host string, err error) {
	port := "0"
	if addr != "" {
		if host, port, err = net.SplitHostPort(addr); err != nil {
			return nil, "", fmt.Errorf("sandbox: %q is no address: write host:port: %w", addr, err)
		}
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if l, err = net.Listen("tcp", net.JoinHostPort(host, port)); err != nil {
		return nil, "", fmt.Errorf("sandbox: %w", err)
	}
	return l, host, nil
}

func (s *Sandbox) serve(l net.Listener) error {
	l = meteredListener{Listener: l, sandbox: s}
	if s.server.TLSConfig != nil {
		return s.server.ServeTLS(l, "", "")
	}
	return s.server.Serve(l)
}

// maxConns bounds the connections of one vendor that are served at a time.
const maxConns = 256

// accept serves the connections of one vendor until Close.
func (s *Sandbox) accept(d *Desk, l net.Listener) {
	tokens := make(chan struct{}, maxConns)
	for {
		select {
		case tokens <- struct{}{}:
		case <-s.ctx.Done():
			return
		}
		conn, err := l.Accept()
		if err != nil {
			if s.ctx.Err() != nil || !s.sleep(s.ctx, 10*time.Millisecond) { // such as too many open files
				return
			}
			<-tokens
			continue
		}
		s.serving.Go(func() {
			defer func() { <-tokens }()
			s.ServeConn(s.ctx, d.vendor.Name, conn)
		})
	}
}

// ServeConn serves one connection to a vendor that is no HTTP service, and closes
// it. It returns when the connection, ctx or the sandbox ends. Listen calls it for
// every connection; a test may call it with one end of a net.Pipe.
func (s *Sandbox) ServeConn(ctx context.Context, vendor string, conn net.Conn) {
	defer conn.Close()
	d, ok := s.vendor(vendor)
	if !ok || d.vendor.ServeConn == nil || s.invalid != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(s.ctx, cancel)
	defer stop()
	stopConn := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stopConn()
	d.vendor.ServeConn(ctx, conn)
}
