package aliyun

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	nonceLife = 30 * time.Minute // longer than a timestamp is good for, before and after
	maxNonces = 100_000
)

// nonces remembers which were used, each as half of its SHA-256, the oldest
// given up first.
type nonces struct {
	max  int
	mu   sync.Mutex
	used map[[16]byte]struct{}
	ring []usedNonce // in order of use
	head int         // index of the oldest
}

type usedNonce struct {
	sum [16]byte
	at  time.Time
}

func newNonces(limit int) *nonces { return &nonces{max: limit, used: map[[16]byte]struct{}{}} }

// take reports whether an account's nonce is used for the first time.
func (n *nonces) take(account, nonce string, now time.Time) bool {
	full := sha256.Sum256([]byte(account + "\x00" + nonce))
	sum := [16]byte(full[:16])
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.head < len(n.ring) && (len(n.used) >= n.max || now.Sub(n.ring[n.head].at) > nonceLife) {
		delete(n.used, n.ring[n.head].sum)
		n.head++
	}
	if n.head > len(n.ring)/2 { // most of it is past: move the rest to the front
		n.ring = append(n.ring[:0], n.ring[n.head:]...)
		n.head = 0
	}
	if _, twice := n.used[sum]; twice {
		return false
	}
	n.used[sum] = struct{}{}
	n.ring = append(n.ring, usedNonce{sum, now})
	return true
}

// checkNonce comes after the signature: a nonce counts as used only when its
// signature held.
func (v *vendor) checkNonce(c *call) *failure {
	nonce := c.system("SignatureNonce", "X-Acs-Signature-Nonce")
	if nonce == "" {
		return refuseMissing("SignatureNonce")
	}
	if !v.nonces.take(c.account, nonce, c.now) {
		return &failure{400, "SignatureNonceUsed", "Specified signature nonce was used already."}
	}
	return nil
}
