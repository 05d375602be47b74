package kit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
	"unicode"
)

// What the other side has chosen, such as a name in a certificate or a proxy's
// status line, is one printable line in an error, whose cause stays.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"a\r\nlevel=ERROR msg=forged", "\x1b[2J", "\u202egpj", "=1+1", "ok"} {
		f.Add(s)
	}
	c := &call{client: &Client{}}
	c.told.Store(true)
	f.Fuzz(func(t *testing.T, text string) {
		for _, cause := range []error{
			&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{text}}, Host: "vendor.example"}},
			&net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New(text)},
			errors.New(text),
		} {
			err := c.plain(cause)
			if strings.ContainsFunc(err.Error(), func(c rune) bool { return !unicode.IsPrint(c) }) {
				t.Fatalf("%q", err)
			}
		}
	})
}

// A source of keys, such as a metadata service or a vendor's SDK, chooses its words too.
func TestRing_printable(t *testing.T) {
	cause := errors.New("no role\r\nlevel=ERROR msg=forged \x1b[2J \u202e")
	r := NewRing(RingOptions[string]{Ask: func(context.Context) (string, error) { return "", cause }})
	_, err := r.Get(t.Context())
	if err == nil || !errors.Is(err, cause) || strings.ContainsFunc(err.Error(), func(c rune) bool { return !unicode.IsPrint(c) }) {
		t.Errorf("%q", err)
	}
}
