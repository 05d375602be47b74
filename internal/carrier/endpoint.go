package carrier

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Endpoint checks the address of a vendor's API, "https://" and a host, and
// returns it without a slash at its end. Plain HTTP is taken for a loopback host
// and where plain says so. No error shows more than the host: an address may
// hold a password.
func Endpoint(address string, plain bool) (string, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("it is not \"https://\" and a host")
	case u.User != nil:
		return "", errors.New("it holds a user name: credentials have settings of their own")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("it holds a query or a fragment: write %q", u.Scheme+"://"+u.Host)
	case u.Scheme == "http" && !plain && !loopback(u.Hostname()):
		return "", fmt.Errorf("plain http to %q would show numbers, codes and credentials to everybody on the way: write https://", u.Hostname())
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"), nil
}

// loopback tells whether host is this machine, without asking a name server.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
