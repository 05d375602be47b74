package delivery

import (
	"fmt"
	"log/slog"
)

// String returns the options without secrets: how many there are.
func (o Options) String() string {
	return fmt.Sprintf("{store %T, %d keys, webhooks %v}", o.Store, len(o.Keys), o.Webhooks)
}

// Format prints the text of String under every verb.
func (o Options) Format(f fmt.State, _ rune) { fmt.Fprint(f, o.String()) }

// LogValue returns the text of String as a slog value.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// GobEncode returns the text of String.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }

// String returns the address and how many secrets there are.
func (w Webhooks) String() string { return fmt.Sprintf("{%s, %d secrets}", w.URL, len(w.Secrets)) }

// Format prints the text of String under every verb.
func (w Webhooks) Format(f fmt.State, _ rune) { fmt.Fprint(f, w.String()) }

// LogValue returns the text of String as a slog value.
func (w Webhooks) LogValue() slog.Value { return slog.StringValue(w.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (w Webhooks) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// GobEncode returns the text of String.
func (w Webhooks) GobEncode() ([]byte, error) { return w.MarshalText() }

// Format prints the Options under every verb, and no secret.
func (t *Tracker) Format(f fmt.State, _ rune) { fmt.Fprint(f, "tracker "+t.o.String()) }

// String returns whom and what it is about, with the number masked.
func (o OptOut) String() string {
	what := "START"
	if o.On {
		what = "STOP"
	}
	return fmt.Sprintf("{%s of %s by a %s to %s}", what, o.To, o.By, o.Provider)
}

// Format prints the text of String under every verb.
func (o OptOut) Format(f fmt.State, _ rune) { fmt.Fprint(f, o.String()) }

// LogValue returns the text of String as a slog value.
func (o OptOut) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalText returns the text of String, so that no encoding shows the number.
func (o OptOut) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// GobEncode returns the text of String.
func (o OptOut) GobEncode() ([]byte, error) { return o.MarshalText() }

// Format prints how many records there are, under every verb.
func (s *MemoryStore) Format(f fmt.State, _ rune) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(f, "{%d records of at most %d}", len(s.records), s.max)
}
