package aliyun

import (
	"fmt"
	"log/slog"
)

// String gives the key's end and no key.
func (c Credentials) String() string {
	if c.Expires.IsZero() {
		return "aliyun credentials"
	}
	return "aliyun credentials until " + c.Expires.UTC().Format("2006-01-02T15:04:05Z")
}

// Format prints String under every verb.
func (c Credentials) Format(f fmt.State, verb rune) { fmt.Fprint(f, c.String()) }

// LogValue gives slog the same as String.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String gives the options without keys.
func (o Options) String() string {
	return fmt.Sprintf("aliyun options of %q: region %q, endpoint %q, from %q, timeout %v", o.Name, o.Region, o.Endpoint, o.From, o.Timeout)
}

// Format prints String under every verb.
func (o Options) Format(f fmt.State, verb rune) { fmt.Fprint(f, o.String()) }

// LogValue gives slog the same as String.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }
