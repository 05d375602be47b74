package delivery

import (
	"bytes"
	"strings"
	"testing"

	"github.com/notifykit/notify/sms"
)

const number = sms.Number("+8613800000001")

func TestKeys_seal(t *testing.T) {
	old, fresh := bytes.Repeat([]byte("a1"), 16), bytes.Repeat([]byte("b2"), 16)
	before, after := keys{secret: old, all: [][]byte{old}}, keys{secret: old, all: [][]byte{fresh, old}}
	for _, k := range []keys{before, after} {
		sealed := k.seal(ID{1}, number)
		if strings.Contains(sealed, "13800000001") {
			t.Error("the number is readable")
		}
		if got, err := after.open(ID{1}, sealed); err != nil || got != number {
			t.Errorf("%v, %v", got, err)
		}
		if _, err := after.open(ID{2}, sealed); err == nil {
			t.Error("a sealed number opens for another record")
		}
		changed := []byte(sealed)
		changed[len(changed)-1] ^= 1
		if _, err := after.open(ID{1}, string(changed)); err == nil {
			t.Error("a changed number opens")
		}
	}
	if _, err := before.open(ID{1}, after.seal(ID{1}, number)); err == nil {
		t.Error("a number opens without its key")
	}
	for _, short := range []string{"", "x", strings.Repeat("x", 19)} {
		if _, err := after.open(ID{1}, short); err == nil {
			t.Errorf("%q opens", short)
		}
	}
	if after.seal(ID{1}, "") != "" {
		t.Error("no number has a seal")
	}
}

// What is stored is found again by later versions: these values must not change.
func TestKeys_areStable(t *testing.T) {
	k := keys{secret: bytes.Repeat([]byte("a1"), 16), all: [][]byte{bytes.Repeat([]byte("b2"), 16)}}
	for name, test := range map[string]struct{ got, want [16]byte }{
		"message": {k.message("twilio", "SM1", false, number), k.message("twilio", "SM1", false, "")},
		"number":  {k.number(number), k.numbers(number)[0]},
		"none":    {k.number(""), [16]byte{}},
	} {
		if test.got != test.want {
			t.Errorf("%s: %x, want %x", name, test.got, test.want)
		}
	}
	if k.message("aliyun", "1", true, number) == k.message("aliyun", "1", true, "+8613800000002") {
		t.Error("two numbers with one ID are one record")
	}
	if k.message("a", "bc", false, "") == k.message("ab", "c", false, "") {
		t.Error("name and ID run into each other")
	}
	if got := k.message("twilio", "SM1", false, number); got != stableMessage {
		t.Errorf("message: %x", got)
	}
	if got := k.unsent("order-1"); got != stableKey {
		t.Errorf("key: %x", got)
	}
	if got := k.number(number); got != stableNumber {
		t.Errorf("number: %x", got)
	}
}

// Computed with another implementation of HMAC-SHA256.
var (
	stableMessage = ID{0x94, 0x4c, 0xcd, 0xa0, 0x6f, 0x05, 0x31, 0x70, 0xfb, 0xa3, 0x1b, 0x68, 0x74, 0xc0, 0x59, 0x0b}
	stableKey     = ID{0x66, 0x93, 0x1f, 0xe8, 0xca, 0x3b, 0x48, 0x72, 0xa9, 0x7d, 0x63, 0xf4, 0xc4, 0xd4, 0x00, 0x74}
	stableNumber  = Hash{0x3a, 0x0e, 0xdb, 0xf8, 0xe6, 0x10, 0xd3, 0x12, 0x0e, 0xce, 0xa9, 0x0c, 0x65, 0xbc, 0xde, 0x81}
)
