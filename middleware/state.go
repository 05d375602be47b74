package middleware

import "fmt"

// State is what a [Breaker] does with messages now.
type State int

// The states.
const (
	// StateClosed lets every message through.
	StateClosed State = iota
	// StateHalfOpen lets one message through at a time, to see whether the vendor
	// is back.
	StateHalfOpen
	// StateOpen refuses every message.
	StateOpen
)

var stateNames = [...]string{"closed", "half-open", "open"}

// String returns "closed", "half-open" or "open".
func (s State) String() string {
	if s >= 0 && int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", int(s))
}

// MarshalText writes what String returns.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Stater reports its State without a wait and without a call. The Sender that
// [Breaker] makes is one.
type Stater interface {
	State() State
}
