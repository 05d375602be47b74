package verify

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientIP gives the address of who asks; "" where there is none. The connection
// itself cannot be forged; each proxy appends to X-Forwarded-For the address it
// was called from. So the header is read from its end, as long as the one who
// wrote the entry is trusted; what stands before the first who is not, anybody
// may have written.
func (h *handler) clientIP(r *http.Request) string {
	peer, ok := peerOf(r.RemoteAddr)
	if !ok && !h.o.TrustSocket {
		return ""
	}
	if ok && !h.trusted(peer) {
		return peer.String()
	}
	for _, line := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
		for _, entry := range slices.Backward(strings.Split(line, ",")) {
			next, readable := peerOf(strings.TrimSpace(entry))
			if !readable {
				return text(peer) // nobody can say who wrote this: who passed it on has to answer for it
			}
			peer = next
			if !h.trusted(peer) {
				return peer.String()
			}
		}
	}
	return text(peer)
}

func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
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
