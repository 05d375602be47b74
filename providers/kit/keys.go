package kit

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/notifykit/notify/sms"
)

// E164 returns text as a number, and "" if it is none. Vendors name senders by the same
// fields, and a short code or a sender ID is no number.
func E164(text string) sms.Number {
	if n := sms.Number(text); n.Valid() {
		return n
	}
	return ""
}

// refMark begins a Ref that is not the key itself.
const refMark = "n-"

// Ref returns key if it has at most max bytes, and else a text of at most max
// bytes that is always the same for the key. Vendors' own fields are shorter than
// a key may be. Send, Ask and reports must all use Ref with the same max, so that
// what the vendor echoes can be compared.
//
// The replacement holds 80 bits of a SHA-256 or, if max is below 18, as many as
// fit. It returns "" if max is below 8.
func Ref(key string, max int) string {
	if len(key) <= max {
		return key
	}
	if max < 8 {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	text := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10]))
	return (refMark + text)[:min(max, len(refMark)+len(text))]
}
