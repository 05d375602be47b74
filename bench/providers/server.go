package providers

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// Latencies are how long the servers hold an answer back.
var latencies = [...]time.Duration{0, 20 * time.Millisecond}

// A Server is the vendors' place in another process, over TLS on loopback.
type Server struct {
	endpoints map[time.Duration]string
	process   *exec.Cmd
	life      io.Closer // the process ends when this is closed
	roots     string    // a file with its certificate
}

// StartServer runs this very binary again, with ServeArgument, and makes this
// process trust its certificate. It has to come before the first use of TLS.
func StartServer() (*Server, error) {
	dir, err := os.MkdirTemp("", "notify-bench")
	if err != nil {
		return nil, err
	}
	s := &Server{endpoints: map[time.Duration]string{}, roots: filepath.Join(dir, "roots.pem")}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s.process = exec.Command(self, ServeArgument, s.roots)
	s.process.Stderr = os.Stderr
	if s.life, err = s.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for _, latency := range latencies {
		if !lines.Scan() {
			s.Close()
			return nil, fmt.Errorf("the server's process has ended: %w", lines.Err())
		}
		s.endpoints[latency] = "https://" + lines.Text()
	}
	// What the SDKs and the providers trust by default are the system's roots, which
	// the standard library reads from here.
	return s, os.Setenv("SSL_CERT_FILE", s.roots)
}

// Close ends the server's process.
func (s *Server) Close() error {
	s.life.Close()
	err := s.process.Wait()
	os.RemoveAll(filepath.Dir(s.roots))
	return err
}

// ServeArgument is the first argument of a process that is the server.
const ServeArgument = "serve-for-the-benchmark"

// Serve is the server's process: it writes its certificate to the file roots and
// its addresses to out, one for each latency, and serves until in ends.
func Serve(roots string, in io.Reader, out io.Writer) error {
	certificate, root, err := newCertificate()
	if err != nil {
		return err
	}
	if err := os.WriteFile(roots, root, 0o600); err != nil {
		return err
	}
	for _, latency := range latencies {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		opened := new(atomic.Int64)
		server := &http.Server{Handler: vendors(latency, opened), ReadHeaderTimeout: time.Minute, ErrorLog: quiet(),
			ConnState: func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			},
			// HTTP/1.1, which is what all the clients here get: net/http's default would
			// give HTTP/2 to some of them only.
			TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
			TLSConfig:    &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}}}
		defer server.Close()
		go server.ServeTLS(l, "", "")
		if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
			return err
		}
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// openedPath is where the server says how many connections it was opened.
const openedPath = "/connections"

// opened asks the server at endpoint for them. The question takes a connection too.
func opened(endpoint string) (n float64, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(endpoint + openedPath)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = fmt.Fscan(response.Body, &n)
	return n, err
}

// vendors answers as both vendors do, after a while.
func vendors(latency time.Duration, opened *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == openedPath {
			fmt.Fprint(w, opened.Load())
			return
		}
		io.Copy(io.Discard, r.Body)
		if latency > 0 {
			time.Sleep(latency)
		}
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		if strings.HasPrefix(r.URL.Path, "/2010-04-01/") {
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, twilioAnswer)
			return
		}
		io.WriteString(w, aliyunAnswer)
	})
}

const aliyunAnswer = `{"Message":"OK","RequestId":"F655A8D5-B967-440B-8683-DAD6FF8DE990","Code":"OK","BizId":"900619746936498440^0"}`

const twilioAnswer = `{"account_sid":"` + accountSID + `","api_version":"2010-04-01","body":"Your code is 482913.",` +
	`"date_created":"Wed, 07 Jan 2026 08:00:00 +0000","date_sent":null,"date_updated":"Wed, 07 Jan 2026 08:00:00 +0000",` +
	`"direction":"outbound-api","error_code":null,"error_message":null,"from":"+15005550006","messaging_service_sid":null,` +
	`"num_media":"0","num_segments":"1","price":null,"price_unit":"USD","sid":"SM0123456789abcdef0123456789abcdef",` +
	`"status":"queued","subresource_uris":{"media":"/2010-04-01/Accounts/` + accountSID + `/Messages/SM0123456789abcdef0123456789abcdef/Media.json"},` +
	`"to":"+15005550006","uri":"/2010-04-01/Accounts/` + accountSID + `/Messages/SM0123456789abcdef0123456789abcdef.json"}`

// newCertificate makes one for loopback that signs itself.
func newCertificate() (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
