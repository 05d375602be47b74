package sms

import (
	"fmt"
	"log/slog"
)

// A Number is a telephone number in E.164: "+" and 7 to 15 digits. ParseNumber
// makes one of what a person typed; Number(s) can be written by hand, so every
// provider and Registry.Check ask Valid, and no number is parsed again on the
// way of a message.
//
// It prints masked under every verb and in log/slog; only E164 and the text and
// JSON encodings give it in full. A masked number is for people and never a key.
type Number string

// Valid tells whether n is "+" and 7 to 15 ASCII digits, the first not zero.
func (n Number) Valid() bool {
	if len(n) < 8 || len(n) > 16 || n[0] != '+' || n[1] == '0' {
		return false
	}
	for i := 1; i < len(n); i++ {
		if n[i] < '0' || n[i] > '9' {
			return false
		}
	}
	return true
}

// E164 gives the number in full.
func (n Number) E164() string { return string(n) }

// String gives the number masked, for people: +86138****0000, +852****4567. At
// least four digits are hidden; what is not a Valid number is hidden whole.
func (n Number) String() string {
	if n == "" {
		return ""
	}
	if !n.Valid() {
		return "****"
	}
	digits := len(n) - 1
	tail := min(4, (digits-3)/2)
	head := min(5, digits-4-tail)
	return string(n[:1+head]) + "****" + string(n[len(n)-tail:])
}

// Format prints n masked under every verb.
func (n Number) Format(f fmt.State, verb rune) { formatMasked(f, verb, n.String()) }

// LogValue gives slog the masked number.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText writes the number in full, because queues need it.
func (n Number) MarshalText() ([]byte, error) { return []byte(n), nil }

// UnmarshalText takes text as it is: Valid tells whether it is a number.
func (n *Number) UnmarshalText(text []byte) error { *n = Number(text); return nil }
