package outbox

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrKeyTaken: another message has this key. Keys are made with sms.NewKey, or
	// name what the message is about ("order-1234-shipped").
	ErrKeyTaken = errors.New("outbox: the key belongs to a message with other content")
	// ErrSame is an Engine's answer to an entry that it has already. Enqueue does
	// not give it on: the message is in the outbox.
	ErrSame = errors.New("outbox: this very message is stored already")
	// ErrState: the message is no longer, or not yet, in a state that allows it.
	ErrState = errors.New("outbox: the state of the message does not allow this")
	// ErrRival is an Engine's answer to an End whose receipt belongs to another
	// message.
	ErrRival = errors.New("outbox: the receipt is that of another message")
	// ErrNotFound: no record has this key. It never was, or its window has passed.
	ErrNotFound = errors.New("outbox: there is no message with this key")
	// ErrClosed: the Outbox, or its Engine, is closed.
	ErrClosed = errors.New("outbox: it is closed")
)

// failure says what could not be done, and why.
func failure(err error, format string, args ...any) error {
	return &opError{fmt.Sprintf(format, args...), err}
}

// An opError names the package once, however deep the cause is.
type opError struct {
	what string
	err  error
}

func (e *opError) Error() string {
	return "outbox: " + e.what + ": " + strings.TrimPrefix(e.err.Error(), "outbox: ")
}

func (e *opError) Unwrap() error { return e.err }

// A Fault is what is wrong with one message of an Enqueue.
type Fault struct {
	Index int    // its place among the messages given, from 0
	Key   string // its key, as given
	Err   error
}

// Error names the place, counted from 1, and the key.
func (f Fault) Error() string {
	if f.Key == "" {
		return fmt.Sprintf("message %d: %v", f.Index+1, f.Err)
	}
	return fmt.Sprintf("message %d (key %q): %v", f.Index+1, f.Key, f.Err)
}

// Unwrap gives the cause.
func (f Fault) Unwrap() error { return f.Err }

// An EnqueueError says which messages of an Enqueue were refused, and why. All
// others were taken, unless the error that holds it says otherwise.
type EnqueueError struct {
	Faults []Fault // in the order of the messages
}

// maxTold is how many faults an EnqueueError's text lists.
const maxTold = 10

// Error lists the faults, the first of them where there are many.
func (e *EnqueueError) Error() string {
	if e == nil || len(e.Faults) == 0 {
		return "outbox: no message was refused"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "outbox: %d refused", len(e.Faults))
	for i, f := range e.Faults {
		if i == maxTold {
			fmt.Fprintf(&b, "; and %d more", len(e.Faults)-maxTold)
			break
		}
		b.WriteString("; " + f.Error())
	}
	return b.String()
}

// Unwrap gives each fault.
func (e *EnqueueError) Unwrap() []error {
	if e == nil {
		return nil
	}
	all := make([]error, len(e.Faults))
	for i, f := range e.Faults {
		all[i] = f
	}
	return all
}
