// Package redact takes personal data out of a vendor's words.
package redact

import "github.com/notifykit/notify/sms"

// MaxWords is how many bytes of a vendor's words are kept.
const MaxWords = 500

// Words returns text, what a vendor said of m, with m's own number, its body and
// its values of four characters or more masked, and no longer than MaxWords. The
// secrets, such as an auth token, are masked whatever their length; empty ones
// are passed over.
func Words(text string, m sms.Message, secrets ...string) string { panic("being written") }
