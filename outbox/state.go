package outbox

import "fmt"

// State is where a message stands. Its text and JSON are its name, which is
// stable.
type State int

// The states. Zero is no record at all.
const (
	// Queued waits: to be sent for the first time, or again.
	Queued State = iota + 1
	// Sending has been handed to a worker. After a crash, or a call whose outcome
	// is unknown, it stays Sending until the vendor was asked.
	Sending
	// Accepted was taken by a vendor. The end.
	Accepted
	// Rejected was certainly not sent, and trying again is of no use. The end.
	Rejected
	// Held is of unknown outcome, and nobody but a person can say what is to be
	// done: [Outbox.Retry], [Outbox.MarkSent] or [Outbox.Drop].
	Held
	// Dead was certainly not sent and was given up; a person may [Outbox.Retry] or
	// [Outbox.Drop] it.
	Dead
	// Expired was certainly not accepted by Message.Expires, or within the age of
	// its kind. The end.
	Expired
	// Canceled was taken back by Cancel, or dropped by a person. The end.
	Canceled
)

var stateNames = [...]string{"", "queued", "sending", "accepted", "rejected", "held", "dead", "expired", "canceled"}

// States returns all states, in the order of the constants.
func States() []State {
	return []State{Queued, Sending, Accepted, Rejected, Held, Dead, Expired, Canceled}
}

// String returns "queued" and so on, and "none" for zero.
func (s State) String() string {
	switch {
	case s == 0:
		return "none"
	case s.known():
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", int(s))
}

// Ended tells whether s is an end that nothing follows: Accepted, Rejected,
// Expired, Canceled. An Engine then drops the message and keeps the record for
// its window. Held and Dead wait for a person, and keep their message.
func (s State) Ended() bool {
	return s == Accepted || s == Rejected || s == Expired || s == Canceled
}

func (s State) known() bool { return s >= 0 && int(s) < len(stateNames) }

// MarshalText writes the name; zero is empty. A state that does not exist is an
// error.
func (s State) MarshalText() ([]byte, error) {
	if !s.known() {
		return nil, fmt.Errorf("outbox: no such state: %d", int(s))
	}
	return []byte(stateNames[s]), nil
}

// UnmarshalText reads a name as MarshalText writes it.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("outbox: no state is called %q: write one of %q", text, stateNames[1:])
}
