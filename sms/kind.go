package sms

import "fmt"

// Kind says what a message is for. It decides which rules hold for its text
// and whether a second copy does harm. The zero value is unset and treated as
// Notification.
type Kind int

// The kinds, which are also the vendor's template types at Aliyun.
const (
	// Verification is a code: values are ASCII letters and digits only, and a
	// duplicate, which carries the same code, does no harm.
	Verification Kind = iota + 1
	// Notification is an order notice, an alert: never doubled by us.
	Notification
	// Promotion has no variables, and is for those who agreed to it.
	Promotion
	// International is for numbers outside mainland China only; in all else it is
	// a Notification.
	International
)

var kindNames = [...]string{"", "verification", "notification", "promotion", "international"}

// String returns "verification" and so on, and "unset" for zero.
func (k Kind) String() string {
	switch {
	case k == 0:
		return "unset"
	case k.known():
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", int(k))
}

// OrDefault returns k, and Notification for a k that is unset. It is the only place
// that says so.
func (k Kind) OrDefault() Kind {
	if k == 0 {
		return Notification
	}
	return k
}

// MayDouble tells whether a second copy of a message of this kind does no harm.
func (k Kind) MayDouble() bool { return k == Verification }

func (k Kind) known() bool { return k >= 0 && int(k) < len(kindNames) }

// MarshalText writes the name; zero is empty. A kind that does not exist is an error.
func (k Kind) MarshalText() ([]byte, error) {
	if !k.known() {
		return nil, fmt.Errorf("sms: no such kind: %d", int(k))
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText reads a name as MarshalText writes it.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("sms: no kind is called %q: write verification, notification, promotion or international", text)
}
