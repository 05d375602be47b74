package sms_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/notifykit/notify/sms"
)

func TestNumber_Valid(t *testing.T) {
	for n, want := range map[sms.Number]bool{
		"+8613800000000":                true,
		"+1234567":                      true,
		"+123456789012345":              true,
		"":                              false,
		"+":                             false,
		"+123456":                       false,
		"+1234567890123456":             false,
		"13800000000":                   false,
		"8613800000000":                 false,
		"+0123456789":                   false,
		"+86 138 0000 0000":             false,
		"+8613800000000\n":              false,
		"+86１３８００００００００":                false,
		"+86138000000a0":                false,
		"13800000000,13900000000":       false,
		"+8613800000000,+8613900000000": false,
	} {
		if got := n.Valid(); got != want {
			t.Errorf("%q: %v, want %v", n.E164(), got, want)
		}
	}
}

func TestNumber_String(t *testing.T) {
	for n, want := range map[sms.Number]string{
		"+8613800000000":          "+86138****0000",
		"+85261234567":            "+852****4567",
		"+15005550006":            "+150****0006",
		"+6834000":                "+6****00",
		"+123456789012345":        "+12345****2345",
		"":                        "",
		"13800000000":             "****",
		"13800000000,13900000000": "****",
	} {
		if got := n.String(); got != want {
			t.Errorf("%q: %q, want %q", n.E164(), got, want)
		}
	}
}

// Whatever its length, at least four digits of a number are hidden.
func FuzzNumber_String(f *testing.F) {
	f.Add("+8613800000000")
	f.Add("+1234567")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		n := sms.Number(s)
		shown := n.String()
		if len(s) >= 4 && strings.Contains(shown, s) && s != "****" {
			t.Fatalf("%q shows %q", shown, s)
		}
		if n.Valid() && len(strings.Replace(shown, "****", "", 1)) > len(s)-4 {
			t.Fatalf("%q hides less than four digits of %q", shown, s)
		}
	})
}

func TestNumber_textAndJSONAreInFull(t *testing.T) {
	const n sms.Number = "+8613800000000"
	text, err := n.MarshalText()
	if err != nil || string(text) != n.E164() {
		t.Errorf("text: %q, %v", text, err)
	}
	encoded, err := json.Marshal(map[sms.Number]sms.Number{n: n})
	if want := `{"+8613800000000":"+8613800000000"}`; err != nil || string(encoded) != want {
		t.Errorf("JSON: %s, %v, want %s", encoded, err, want)
	}
	var back map[sms.Number]sms.Number
	if err := json.Unmarshal(encoded, &back); err != nil || back[n] != n {
		t.Errorf("back: %v, %v", back, err)
	}
}
