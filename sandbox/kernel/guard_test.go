package kernel_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox/kernel"
)

// guarded are the paths that hold messages or change what the sandbox does, known
// or not, in every spelling that reaches them.
var guarded = []string{"/_sandbox/messages", "/_sandbox/refused", "/_sandbox/faults", "/_sandbox/replies", "/_sandbox/webhooks", "/_sandbox/nothing",
	"/_sandbox/", "/_sandbox", "/inbox", "/inbox.js", "/inbox/", "/inboxes", "/%5fsandbox/messages", "/%69nbox"}

// serveAt sends a request over a real connection, as a browser does.
func serveAt(t *testing.T, address, method, path, body string, header map[string]string) (status int) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	answer, err := http.DefaultTransport.RoundTrip(r) // no redirect is followed
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// A page of another site must neither read a message nor change anything.
func TestGuard(t *testing.T) {
	sb, err := kernel.Listen("", kernel.Options{AllowHosts: []string{"sandbox", "Test.Example"}}, acme, line)
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	address := strings.TrimPrefix(sb.URL, "http://")
	_, port, _ := net.SplitHostPort(address)
	for _, c := range []struct {
		name   string
		header map[string]string
		ok     bool
	}{
		{"a program", nil, true},
		{"localhost", map[string]string{"Host": "localhost:" + port}, true},
		{"localhost in capitals", map[string]string{"Host": "LocalHost:" + port}, true},
		{"IPv6", map[string]string{"Host": "[::1]:" + port}, true},
		{"another loopback address", map[string]string{"Host": "127.8.9.1"}, true},
		{"an allowed name", map[string]string{"Host": "sandbox:8025"}, true},
		{"an allowed name, other case", map[string]string{"Host": "test.example"}, true},
		{"its own page", map[string]string{"Origin": sb.URL}, true},
		{"its own page by an allowed name", map[string]string{"Host": "sandbox:8025", "Origin": "http://sandbox:8025"}, true},
		{"its own page, as browsers say it", map[string]string{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, true},
		{"a link that is clicked", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, true},

		{"a rebound name", map[string]string{"Host": "evil.example:" + port}, false},
		{"a rebound name that begins with the address", map[string]string{"Host": "127.0.0.1.evil.example"}, false},
		{"a rebound name that begins with localhost", map[string]string{"Host": "localhost.evil.example"}, false},
		{"a name that ends with an allowed one", map[string]string{"Host": "evil-sandbox"}, false},
		{"a name below an allowed one", map[string]string{"Host": "evil.test.example"}, false},
		{"the address of all interfaces", map[string]string{"Host": "0.0.0.0:" + port}, false},
		{"another address", map[string]string{"Host": "10.0.0.1:" + port}, false},
		{"the host of httptest, over a connection", map[string]string{"Host": "example.com"}, false},
		{"another origin", map[string]string{"Origin": "https://evil.example"}, false},
		{"another port of this machine", map[string]string{"Origin": "http://127.0.0.1:1"}, false},
		{"another scheme", map[string]string{"Origin": "https://" + address}, false},
		{"another name of this machine", map[string]string{"Origin": "http://localhost:" + port}, false},
		{"an opaque origin", map[string]string{"Origin": "null"}, false},
		{"an empty origin", map[string]string{"Origin": ""}, false},
		{"a rebound page's own origin", map[string]string{"Host": "evil.example", "Origin": "http://evil.example"}, false},
		{"a picture or script of another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, false},
		{"one of another port", map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range guarded {
				for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"} {
					if status := serveAt(t, address, method, path, `[]`, c.header); (status != 403) != c.ok {
						t.Errorf("%s %s: %d", method, path, status)
					}
				}
			}
			if status := serveAt(t, address, "GET", submit, "", c.header); status != 200 {
				t.Errorf("a vendor's path: %d; vendors' clients send the vendor's Host", status)
			}
		})
	}
}

// The guard comes before every other check: the options are wrong, and another origin
// does not learn it.
func TestGuard_first(t *testing.T) {
	sb := kernel.New(kernel.Options{AllowHosts: []string{"http://x"}, CallbackHosts: []string{"a:1"}})
	defer sb.Close()
	for _, want := range []string{`allow hosts[0]: "http://x"`, "callback hosts[0]"} {
		if sb.Err() == nil || !strings.Contains(sb.Err().Error(), want) {
			t.Errorf("%v lacks %q", sb.Err(), want)
		}
	}
	r := httptest.NewRequest("GET", "/_sandbox/messages", nil)
	r.Header.Set("Origin", "https://evil.example")
	w := httptest.NewRecorder()
	if sb.ServeHTTP(w, r); w.Code != 403 {
		t.Errorf("status %d", w.Code)
	}
}

// A sandbox that listens at an address of a network is reached by that address.
func TestGuard_listeningAddress(t *testing.T) {
	address := ""
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			address = n.IP.String()
		}
	}
	if address == "" {
		t.Skip("this machine has the loopback addresses only")
	}
	for _, at := range []string{address, "0.0.0.0"} {
		sb, err := kernel.Listen(net.JoinHostPort(at, "0"), kernel.Options{}, acme)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(strings.TrimPrefix(sb.URL, "http://"))
		to := net.JoinHostPort(address, port)
		if status := serveAt(t, to, "GET", "/_sandbox/messages", "", nil); status != 200 {
			t.Errorf("listening at %s, by the address: %d", at, status)
		}
		if status := serveAt(t, to, "GET", "/_sandbox/messages", "", map[string]string{"Host": "10.9.8.7"}); status != 403 {
			t.Errorf("listening at %s, by another address: %d", at, status)
		}
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	}
}
