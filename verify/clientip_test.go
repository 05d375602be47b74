package verify_test

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/verify"
)

// Two requests are from one client where the second meets the limit of the first.
func TestHandler_clientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	for _, c := range []struct {
		name          string
		options       verify.HTTPOptions
		first, second header
		same          bool
	}{
		{"a header that nobody vouches for", verify.HTTPOptions{},
			header{"X-Forwarded-For": "198.51.100.1"}, header{"X-Forwarded-For": "198.51.100.2"}, true},
		{"a header from a connection that is no proxy", verify.HTTPOptions{TrustedProxies: proxies},
			header{"X-Forwarded-For": "198.51.100.1"}, header{"X-Forwarded-For": "198.51.100.2"}, true},
		{"two clients behind a proxy", verify.HTTPOptions{TrustedProxies: proxies},
			header{"RemoteAddr": "10.0.0.1:1", "X-Forwarded-For": "198.51.100.1"}, header{"RemoteAddr": "10.0.0.1:2", "X-Forwarded-For": "203.0.113.2"}, false},
		{"a client that writes the header itself", verify.HTTPOptions{TrustedProxies: proxies},
			header{"RemoteAddr": "10.0.0.1:1", "X-Forwarded-For": "1.1.1.1, 198.51.100.1"}, header{"RemoteAddr": "10.0.0.1:1", "X-Forwarded-For": "2.2.2.2,198.51.100.1"}, true},
		{"through two proxies", verify.HTTPOptions{TrustedProxies: proxies},
			header{"RemoteAddr": "10.0.0.1:1", "X-Forwarded-For": "1.1.1.1, 198.51.100.1, 10.9.9.9"}, header{"RemoteAddr": "10.0.0.1:1", "X-Forwarded-For": "198.51.100.1:8080"}, true},
		{"a client that writes what is no address", verify.HTTPOptions{TrustedProxies: proxies},
			header{"RemoteAddr": "10.0.0.1:1", "X-Forwarded-For": "unknown"}, header{"RemoteAddr": "10.0.0.1:1", "X-Forwarded-For": "x, y"}, true},
		{"a proxy that is asked directly", verify.HTTPOptions{TrustedProxies: proxies},
			header{"RemoteAddr": "10.0.0.1:1"}, header{"RemoteAddr": "10.0.0.1:1"}, true},
		{"IPv6, of one subscriber", verify.HTTPOptions{TrustedProxies: proxies},
			header{"RemoteAddr": "[2001:db8:ffff::1]:1", "X-Forwarded-For": "[2001:db8:1:2::1]:99"}, header{"RemoteAddr": "[2001:db8:ffff::2]:1", "X-Forwarded-For": "2001:db8:1:2::2"}, true},
		{"an IPv4 proxy on an IPv6 socket", verify.HTTPOptions{TrustedProxies: proxies},
			header{"RemoteAddr": "[::ffff:10.0.0.1]:1", "X-Forwarded-For": "198.51.100.1"}, header{"RemoteAddr": "10.0.0.1:1", "X-Forwarded-For": "::ffff:198.51.100.1"}, true},
		{"a Unix socket that is trusted", verify.HTTPOptions{TrustSocket: true},
			header{"RemoteAddr": "@", "X-Forwarded-For": "1.1.1.1, 198.51.100.1"}, header{"RemoteAddr": "", "X-Forwarded-For": "2.2.2.2, 198.51.100.1"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, c.options, func(o *verify.Options) {
				o.Limits.IP = []middleware.Window{{Count: 1, Per: time.Hour}}
				o.Limits.Range = []middleware.Window{}
			})
			if answer, got := s.call("POST", "/codes", jsonMedia, `{"mobile":"+8613800000001"}`, c.first); answer.Code != 201 {
				t.Fatalf("the first: %d %v", answer.Code, got)
			}
			answer, got := s.call("POST", "/codes", jsonMedia, `{"mobile":"+8613800000002"}`, c.second)
			if same := answer.Code == 429 && got["scope"] == "ip"; same != c.same {
				t.Errorf("one client: %v, want %v (%d %v)", same, c.same, answer.Code, got)
			}
		})
	}
}

// Whatever the header says, it makes nobody else of a connection that is no
// proxy, and no request fail.
func FuzzClientAddress(f *testing.F) {
	f.Add("1.1.1.1, 198.51.100.1", "10.0.0.1:1")
	f.Add("[2001:db8::1]:99,unknown", "[::ffff:10.0.0.1]:1")
	f.Add("", "@")
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, forwarded, remote string) {
		s := newSite(t, verify.HTTPOptions{TrustedProxies: proxies, TrustSocket: true})
		r := httptest.NewRequest("POST", "/codes", strings.NewReader(`{"mobile":"+8613800000001"}`))
		r.Header.Set("Content-Type", jsonMedia)
		r.Header.Set("X-Forwarded-For", forwarded)
		r.RemoteAddr = remote
		answer := httptest.NewRecorder()
		s.handler.ServeHTTP(answer, r)
		if answer.Code != 201 {
			t.Fatalf("the answer is %d %s", answer.Code, answer.Body)
		}
	})
}
