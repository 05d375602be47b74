package recipe

import (
	"fmt"
	"log/slog"

	"github.com/notifykit/notify/providers/kit"
)

// String returns what is wrong, and nothing of the message.
func (s Seen) String() string {
	return fmt.Sprintf("{find %v, reason %q, %s}", s.Find, string(s.Reason), s.Wrong)
}

// Format prints String under every verb.
func (s Seen) Format(f fmt.State, verb rune) { kit.Print(f, verb, s.String()) }

// LogValue returns String as a slog value.
func (s Seen) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns the text of String, so that no encoding shows the message.
func (s Seen) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// GobEncode returns the text of String.
func (s Seen) GobEncode() ([]byte, error) { return s.MarshalText() }

// String returns status and length.
func (r Response) String() string {
	return fmt.Sprintf("{status %d, %d bytes}", r.Status, len(r.Body))
}

// Format prints String under every verb.
func (r Response) Format(f fmt.State, verb rune) { kit.Print(f, verb, r.String()) }

// LogValue returns String as a slog value.
func (r Response) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns the text of String, so that no encoding shows the message.
func (r Response) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// GobEncode returns the text of String.
func (r Response) GobEncode() ([]byte, error) { return r.MarshalText() }

// String returns the ID and the state.
func (p Pushed) String() string {
	return fmt.Sprintf("{%s %v}", p.ID, p.State)
}

// Format prints String under every verb.
func (p Pushed) Format(f fmt.State, verb rune) { kit.Print(f, verb, p.String()) }

// LogValue returns String as a slog value.
func (p Pushed) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText returns the text of String, so that no encoding shows the message.
func (p Pushed) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// GobEncode returns the text of String.
func (p Pushed) GobEncode() ([]byte, error) { return p.MarshalText() }
