// Command login is a small web application: people sign in with a code that is
// texted to them. It needs no account and no server of yours, for it brings the
// sandbox, whose inbox shows the codes:
//
//	go run ./examples/login
//
// LOGIN_REGION is where numbers without a country code are from (CN). Behind a proxy
// that ends TLS set LOGIN_SECURE=true, so that the session's cookie is for TLS only.
//
// What it shows is in two files: this one wires the handler of package verify,
// session.go keeps who is signed in. The page is page.html, without a framework.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where the application listens; port 0 is a free one")
	vendor := flag.String("sandbox", "127.0.0.1:0", "where the sandbox listens")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, *vendor); err != nil {
		fmt.Fprintln(os.Stderr, "login:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, vendor string) (err error) {
	vendors, err := sandbox.Listen(vendor, sandbox.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, vendors.Close()) }()
	client, err := open(vendors.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	app, err := newApp(client)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: app, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ending)
	})
	fmt.Printf("sign in at  http://%s\ncodes are at %s/inbox\n", l.Addr(), vendors.URL)
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// open makes the client. In a program of your own this is notify.Open.
func open(endpoint string) (*notify.Client, error) {
	return notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{"aliyun": {Driver: "aliyun", Settings: aliyun.Options{
			AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature, Endpoint: endpoint,
		}}},
		Templates: []sms.Template{{
			Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。",
			Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0001", Abroad: "SMS_0004"}},
		}},
	}, aliyun.Driver())
}

//go:embed page.html
var page []byte

// newApp is the whole application.
func newApp(sender sms.Sender) (http.Handler, error) {
	key := make([]byte, 32) // of a program with several processes, or one that restarts: from its secrets
	_, _ = rand.Read(key)
	v, err := verify.New(verify.Options{Sender: sender, Store: verify.NewMemoryStore(), Key: key, Template: "login-code"})
	if err != nil {
		return nil, err
	}
	secure, err := strconv.ParseBool(cmp.Or(os.Getenv("LOGIN_SECURE"), "false"))
	if err != nil {
		return nil, fmt.Errorf("LOGIN_SECURE is %q: write true behind a proxy that ends TLS, else false", os.Getenv("LOGIN_SECURE"))
	}
	sessions := newSessions(secure)
	codes, err := verify.NewHandler(v, verify.HTTPOptions{
		Region:   cmp.Or(os.Getenv("LOGIN_REGION"), "CN"),
		Verified: sessions.begin, // the code was right: from here on the cookie says who it is
		Logger:   slog.Default(),
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/codes", codes)
	mux.Handle("/codes/", codes)
	mux.HandleFunc("GET /me", sessions.me)
	mux.Handle("POST /logout", http.NewCrossOriginProtection().Handler(http.HandlerFunc(sessions.end))) // pages of other sites sign nobody out
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
		_, _ = w.Write(page)
	})
	return mux, nil
}
