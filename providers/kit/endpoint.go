package kit

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Endpoint checks the base address of a vendor's API: "https://" and a host, and
// perhaps a path. It returns the address without a slash at its end. Plain HTTP is
// accepted for a loopback host, and for any host if plain is set. The error shows
// no more than the host, because an address may hold a password.
func Endpoint(address string, plain bool) (string, error) {
	url, _, err := endpoint(address, plain)
	return url, err
}

// endpoint is Endpoint, and reports whether the host is this machine.
func endpoint(address string, plain bool) (base string, local bool, err error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", false, errors.New("it must be \"https://\" and a host")
	case u.User != nil:
		return "", false, errors.New("it holds a user name: credentials have settings of their own")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", false, fmt.Errorf("it holds a query or a fragment: write %q", u.Scheme+"://"+u.Host)
	case u.Scheme == "http" && !plain && !loopback(u.Hostname()):
		return "", false, fmt.Errorf("plain http to host %q would show numbers, codes and credentials in the clear: write https://, or set allow_plain_http", u.Hostname())
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"), loopback(u.Hostname()), nil
}

// loopback reports whether host is this machine, without asking a name server.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
