package kernel

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// isGuarded reports whether a path is one of the inbox or of the control API,
// whether it exists or not.
func isGuarded(path string) bool {
	return strings.HasPrefix(path, "/inbox") || strings.HasPrefix(path, "/_sandbox")
}

// mayPass reports whether a request to a guarded path is from a program, or from
// the sandbox's own pages. A page of another site sends its own Origin, or, if its
// name was made to point at this machine, its own Host. A browser says so also in
// Sec-Fetch-Site, which it sends with requests that have no Origin; a link that a
// person has followed passes.
func (s *Sandbox) mayPass(r *http.Request) bool {
	if !s.ownHost(r) {
		return false
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	if origins, ok := r.Header["Origin"]; ok && (len(origins) != 1 || origins[0] != scheme+r.Host) {
		return false
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "" || site == "same-origin" || site == "none" || r.Header.Get("Sec-Fetch-Mode") == "navigate"
}

// ownHost reports whether the Host of a request is a loopback name, the address
// where the sandbox listens, or one of AllowHosts.
func (s *Sandbox) ownHost(r *http.Request) bool {
	u, err := url.Parse("http://" + r.Host)
	if err != nil || u.Host != r.Host {
		return false
	}
	host := u.Hostname()
	local, connected := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	switch ip := net.ParseIP(host); {
	case ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost"):
		return true
	case ip != nil && connected: // an address cannot be made to point elsewhere, a name can
		tcp, ok := local.(*net.TCPAddr)
		return ok && !ip.IsUnspecified() && tcp.IP.Equal(ip) || s.listensAt(host)
	case !connected && host == "example.com": // of httptest.NewRequest: a Go program has called the handler itself
		return true
	}
	return s.listensAt(host) || slices.ContainsFunc(s.options.AllowHosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// listensAt reports whether Listen was given this host.
func (s *Sandbox) listensAt(host string) bool {
	return s.host != "" && strings.EqualFold(s.host, host) && !net.ParseIP(host).IsUnspecified()
}

// protect adds what keeps browsers from showing an answer to other sites.
func protect(w http.ResponseWriter) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
}

func refuseOrigin(w http.ResponseWriter) {
	http.Error(w, "the inbox and /_sandbox/ answer programs and their own pages only, under a loopback name, the listening address, or a name of --allow-host", http.StatusForbidden)
}

// checkHosts returns what is wrong with a list of host names.
func checkHosts(what string, hosts []string, all bool) (faults []error) {
	for i, h := range hosts {
		u, err := url.Parse("http://" + h)
		if all && h == "*" || err == nil && h != "" && u.Hostname() == h {
			continue
		}
		faults = append(faults, fmt.Errorf("sandbox: %s[%d]: %q is no host name: write it without scheme and port", what, i, h))
	}
	return faults
}
