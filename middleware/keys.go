package middleware

import "github.com/notifykit/notify/sms"

// ByNumber is a RateLimitOptions.Key: one count for each recipient, however the number is
// written: see sms.Number.Subject.
func ByNumber(m sms.Message) string { return m.To.Subject().E164() }

// ByTemplate is a RateLimitOptions.Key: one count for each template. Messages with a Body
// share one.
func ByTemplate(m sms.Message) string { return m.Template }

// ByRegion is a RateLimitOptions.Key: one count for each region of the recipients, such as
// CN or US. Numbers of no known region share one.
func ByRegion(m sms.Message) string { return m.To.Region() }

// ByTag returns a RateLimitOptions.Key: one count for each value of the tag called name.
// Messages without the tag share one.
func ByTag(name string) func(sms.Message) string {
	return func(m sms.Message) string { return m.Tags[name] }
}
