package middleware

import (
	"fmt"

	"github.com/notifykit/notify/sms"
)

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

// A Stater is a Sender that tells its State without a wait and without a call:
// what a [Breaker] makes.
type Stater interface {
	State() State
}

// StateOf tells what s would do with a message now, without a wait: the State of
// the outermost [Stater] down through Unwrap, and StateClosed where there is
// none. Of several Senders side by side the one most ready counts, so that they
// are StateOpen only when all of them are.
func StateOf(s sms.Sender) State {
	if stater, ok := s.(Stater); ok {
		return stater.State()
	}
	switch u := s.(type) {
	case interface{ Unwrap() sms.Sender }:
		return StateOf(u.Unwrap())
	case interface{ Unwrap() []sms.Sender }:
		senders := u.Unwrap()
		if len(senders) == 0 {
			return StateClosed
		}
		ready := StateOpen
		for _, one := range senders {
			ready = min(ready, StateOf(one))
		}
		return ready
	}
	return StateClosed
}
