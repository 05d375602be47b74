package twilio

import (
	"cmp"
	"net/netip"
	"net/url"
	"strings"
)

// endpoint checks where calls go, and returns it without a slash at its end.
func (o *Options) endpoint(who credentials, f *faults) string {
	fault := func(format string, args ...any) { f.add("endpoint", format, args...) }
	raw := cmp.Or(o.Endpoint, defaultEndpoint)
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		fault("it is no URL with a host: write %q", defaultEndpoint) // the text of err would hold a password
		return ""
	}
	switch {
	case u.User != nil:
		fault("it holds a user name: credentials have settings of their own")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		fault("it holds a query or a fragment: write %q", u.Scheme+"://"+u.Host)
	case u.Scheme == "http" && !o.AllowPlainHTTP && !who.public() && !loopback(u.Hostname()):
		fault("http:// would send credentials, numbers and codes to %s in the clear: write https://, or set allow_plain_http", u.Hostname())
	case u.Scheme != "http" && u.Scheme != "https":
		fault("its scheme is %q: write https://", u.Scheme)
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/")
}

// loopback tells whether host is this machine, without asking a name server.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
