package vonage

import (
	"encoding/hex"
	"strings"
	"testing"
)

// Signatures that the vendor's Node client has accepted.
func TestSign(t *testing.T) {
	fields := map[string]string{"msisdn": "447700900001", "to": "447700900000", "messageId": "0A0000000123ABCD1", "text": "Hello & = world é", "type": "text",
		"keyword": "HELLO", "api-key": "abcd1234", "message-timestamp": "2020-01-01 12:00:00", "timestamp": "1578787200", "nonce": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab", "sig": "left out"}
	for method, want := range map[string]string{
		"":       "1b5c8dd877c6d8d81f5b20d0e66fb87c",
		"md5":    "270640ce864548c10488db200f8a8e16",
		"sha256": "c509ea0f8840b29ee4e228272974cf421f50959048c0d6aadc56c9b9ed9bbe6b",
		"sha512": "470794fc14e319e11d85ef4690a3bb5730b24f0a9921ca61b31b099d749f2d19", // the first half
	} {
		v := &vendor{options: Options{SignatureSecret: "my_secret_key_for_testing", SignatureMethod: method}}
		if got := hex.EncodeToString(v.sign(fields)); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
}

func TestPartsOf(t *testing.T) {
	for text, want := range map[string]int{"x": 1, strings.Repeat("x", 160): 1, strings.Repeat("x", 161): 2, strings.Repeat("漢", 70): 1, strings.Repeat("漢", 140): 3} {
		parts := partsOf(text)
		if len(parts) != want || strings.Join(parts, "") != text {
			t.Errorf("%d bytes: %d parts, want %d", len(text), len(parts), want)
		}
	}
}
