package middleware

import "github.com/notifykit/notify/sms"

// ByNumber counts for each recipient.
func ByNumber(m sms.Message) string { return m.To.E164() }

// ByTemplate counts for each template; messages with a Body share one count.
func ByTemplate(m sms.Message) string { return m.Template }

// ByRegion counts for each region of the recipients, "CN", "US"; numbers of no
// known region share one count.
func ByRegion(m sms.Message) string { return m.To.Region() }

// ByTag counts for each value of the tag called name; messages without it share
// one count.
func ByTag(name string) func(sms.Message) string {
	return func(m sms.Message) string { return m.Tags[name] }
}
