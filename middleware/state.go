package middleware

import "fmt"

// State is the state of a [Breaker].
type State int

// The states.
const (
	// StateClosed lets every message through.
	StateClosed State = iota
	// StateHalfOpen lets one message through at a time, to test the vendor.
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

// A Stater returns its State at once. The Sender that [Breaker] returns is one.
type Stater interface {
	State() State
}
