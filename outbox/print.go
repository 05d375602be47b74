package outbox

import (
	"fmt"
	"log/slog"
)

// String returns the options without keys: how many there are.
func (o Options) String() string {
	return fmt.Sprintf("{engine %T, sender %T, %d workers, %d classes, %d keys, %d old keys}", o.Engine, o.Sender, o.Workers, len(o.Classes), len(o.Keys), len(o.OpenKeys))
}

// Format prints the text of String under every verb.
func (o Options) Format(f fmt.State, _ rune) { fmt.Fprint(f, o.String()) }

// LogValue returns the text of String as a slog value.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalText returns the text of String, so that no encoding shows a key.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// GobEncode returns the text of String.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }

// Format prints the Options under every verb, and no key.
func (b *Outbox) Format(f fmt.State, _ rune) { fmt.Fprint(f, "outbox "+b.o.String()) }
