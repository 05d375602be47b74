package verify

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// noAddress is the address of all requests that have none: they share one limit.
var noAddress = netip.IPv4Unspecified()

// clientIP returns the address of who asks. The connection itself cannot be forged;
// each proxy appends to X-Forwarded-For the address it was called from. So the header
// is read from its end, as long as the one who wrote the entry is trusted; what comes
// before the first who is not, anybody may have written.
func (h *handler) clientIP(r *http.Request) string {
	ip := h.readAddress(r)
	if !ip.IsValid() {
		h.noAddress.Do(func() {
			h.o.Logger.WarnContext(r.Context(), "verify: a request has no address, so that all such requests share one limit: behind a Unix socket set TrustSocket, and let the proxy write X-Forwarded-For")
		})
		ip = noAddress
	}
	return ip.String()
}

func (h *handler) readAddress(r *http.Request) netip.Addr {
	peer, ok := peerOf(r.RemoteAddr)
	if !ok && !h.o.TrustSocket || ok && !h.trusted(peer) {
		return peer
	}
	for _, line := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
		for _, entry := range slices.Backward(strings.Split(line, ",")) {
			next, readable := peerOf(strings.TrimSpace(entry))
			if !readable {
				return peer // nobody knows who wrote this: it is the address of who passed it on
			}
			peer = next
			if !h.trusted(peer) {
				return peer
			}
		}
	}
	return peer
}

// unmapped returns a range of IPv4 addresses in IPv6 form (::ffff:10.0.0.0/104) as that
// of IPv4, as which addresses are read. ok is false if it holds more than these.
func unmapped(p netip.Prefix) (_ netip.Prefix, ok bool) {
	if !p.Addr().Is4In6() {
		return p, true
	}
	return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96), p.Bits() >= 96
}

func (h *handler) trusted(a netip.Addr) bool {
	return slices.ContainsFunc(h.o.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// peerOf reads an address with or without a port: net/http gives one, some
// proxies write one.
func peerOf(s string) (netip.Addr, bool) {
	if with, err := netip.ParseAddrPort(s); err == nil {
		return with.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a.Unmap().WithZone(""), err == nil
}
