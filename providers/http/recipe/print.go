package recipe

import (
	"fmt"
	"log/slog"

	"github.com/notifykit/notify/providers/kit"
)

// String returns the name.
func (r *Recipe) String() string {
	if r == nil {
		return "recipe"
	}
	return "recipe " + r.Name
}

// Format prints the name under every verb: the examples hold numbers.
func (r *Recipe) Format(f fmt.State, verb rune) { kit.Print(f, verb, r.String()) }

// LogValue returns String as a slog value.
func (r *Recipe) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns String.
func (r *Recipe) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// GobEncode returns String.
func (r *Recipe) GobEncode() ([]byte, error) { return r.MarshalText() }

// String returns the number masked, and nothing else.
func (in Input) String() string { return fmt.Sprintf("{input to %s}", in.To) }

// Format prints String under every verb.
func (in Input) Format(f fmt.State, verb rune) { kit.Print(f, verb, in.String()) }

// LogValue returns String as a slog value.
func (in Input) LogValue() slog.Value { return slog.StringValue(in.String()) }

// MarshalText returns String.
func (in Input) MarshalText() ([]byte, error) { return []byte(in.String()), nil }

// GobEncode returns String.
func (in Input) GobEncode() ([]byte, error) { return in.MarshalText() }

// String returns the name only.
func (v Value) String() string { return "{" + v.Name + " ****}" }

// Format prints String under every verb.
func (v Value) Format(f fmt.State, verb rune) { kit.Print(f, verb, v.String()) }

// LogValue returns String as a slog value.
func (v Value) LogValue() slog.Value { return slog.StringValue(v.String()) }

// MarshalText returns String.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// GobEncode returns String.
func (v Value) GobEncode() ([]byte, error) { return v.MarshalText() }

// String returns the method only.
func (q Request) String() string { return "{" + q.Method + " request}" }

// Format prints String under every verb.
func (q Request) Format(f fmt.State, verb rune) { kit.Print(f, verb, q.String()) }

// LogValue returns String as a slog value.
func (q Request) LogValue() slog.Value { return slog.StringValue(q.String()) }

// MarshalText returns String.
func (q Request) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// GobEncode returns String.
func (q Request) GobEncode() ([]byte, error) { return q.MarshalText() }

// String returns outcome and reason.
func (v Verdict) String() string { return fmt.Sprintf("{%v %s}", v.Outcome, string(v.Reason)) }

// Format prints String under every verb.
func (v Verdict) Format(f fmt.State, verb rune) { kit.Print(f, verb, v.String()) }
