package outbox

import "time"

// A record is what the rules know of a message between two steps.
type record struct {
	State State
	// Asking: State is Sending and no call is under way. The vendor is asked when
	// the message is due.
	Asking bool
	// Lost: the process that made the last call is gone or too slow, so the call may
	// still be under way when the vendor is asked.
	Lost bool
	// Doubt: a call before the last one may have been taken.
	Doubt bool
	Asked int // questions since Asking was set
	Tries int // calls
	// Age is the time since the first try, or since a code was due, by the store's
	// clock. It is ageless before.
	Age time.Duration
}

const (
	// ageless is the Age of a message of which no try has begun.
	ageless = time.Duration(-1)
	// forever is a time that does not come.
	forever = time.Duration(1<<63 - 1)
)

// An event is what happened to a message, with what the rules need to know of it.
type event struct {
	What what
	// Lost: the message was handed out before, and what became of it is not
	// recorded.
	Lost bool
	// Lapsed: the hand-out may belong to another process by now.
	Lapsed bool
	// Left is the time until the message expires; forever if it does not.
	Left time.Duration
	// Quiet is the time until its quiet hours end.
	Quiet time.Duration
	// Steady is how long this process has seen the store's clock run as its own.
	Steady time.Duration
	// Hope and After belong to a refusal: whether another try may help, and how long
	// it has to wait at least.
	Hope  hope
	After time.Duration
	// Draw is random, from 0 to 1: what failed together does not return together.
	Draw float64
}

// what names an event.
type what int

const (
	taken      what = iota + 1 // handed out to this process
	unreadable                 // handed out, and this process cannot read it
	accepted                   // the call: a vendor has it
	refused                    // the call: certainly not sent
	unknown                    // the call: it may have been sent
	found                      // the question: the vendor has it
	never                      // the question: the vendor never took it
	cannotTell                 // the question: no answer
	cancel                     // a person: take it back
	drop                       // a person: give it up
	retry                      // a person: send it again
	markSent                   // a person: it was sent
	reported                   // a report: the vendor has it
)

var whatNames = [...]string{"", "taken", "unreadable", "accepted", "refused", "unknown", "found", "never took it", "cannot tell", "cancel", "drop", "retry", "mark sent", "reported"}

// String returns the name that the diagram of states uses.
func (w what) String() string { return whatNames[w] }

// hope is whether another try may help after a refusal, and whether anything may
// help a message that cannot be read.
type hope int

const (
	hopeless   hope = iota // final for this message
	expiredNow             // the message was too late
	needsFix               // a person must fix something first
	mayPass                // it may pass by itself
	ownTurn                // our own limit: its turn comes, and no vendor was called
)

// A policy is what the options say of one kind of message.
type policy struct {
	// Code: a second copy does no harm, and the message is of use for GiveUp only.
	Code bool
	// SendAgain: what may have been sent is sent again if no vendor can tell.
	SendAgain bool
	// CanAsk: the vendor can be asked.
	CanAsk bool

	GiveUp, MinDelay, MaxDelay, SendTimeout, FindAfter, AskFor time.Duration
}

// repeats reports whether the message is sent again without asking a vendor.
func (p policy) repeats() bool { return p.Code && p.SendAgain }

// An action is what the program does next. The record says with which State.
type action struct {
	Do   do
	Wait time.Duration // of put: until it is due, by the store's clock
	Note string        // for the history
}

// do names an action.
type do int

const (
	nothing do = iota // the state does not allow the event
	call              // call the Sender
	ask               // ask the vendor
	put               // put it back, due after Wait
	end               // record the end, or that a person decides
)
