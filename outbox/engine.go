package outbox

import (
	"context"
	"time"
)

// An Engine keeps one record for each message. Everything it is asked for by key
// or state is one atomic step, on disk before the answer. Any number of
// goroutines use it at once, and any number of processes the same store.
// Package outboxtest holds an Engine against this text.
//
// What an Engine must do beyond what each method says:
//
//   - Owners. Each open Engine is an owner, with a lease on everything it has
//     handed out, renewed as long as it lives (10 s by default), by the store's
//     clock. What a live owner has is handed out to nobody else. What belongs to
//     an owner whose lease has lapsed, or who is certainly gone, is handed out
//     again, with Last.State Sending.
//   - The end of a message drops Entry.Data when its State is Ended; the record
//     stays for a window of at least 24 hours and is then removed in small steps.
//     No other record is ever removed.
//   - A Take whose commit may have come about although its answer was lost is
//     undone before anything else: nothing may look handed out that no caller got.
//   - After Close every method answers ErrClosed.
type Engine interface {
	// Put stores entries, and answers for each: nil, it is on disk; ErrSame, its
	// key is there with the same Hash, whatever its State; ErrKeyTaken, with
	// another. Anything else: it may be stored. Entries of one call meet each other
	// as those of two.
	Put(ctx context.Context, entries []Entry) []error
	// Take claims up to n entries that are due: all there are of the first class,
	// then of the second; the one due longest first, then the one put first. It
	// waits until there is one. Nothing is claimed when ctx has ended first; what
	// was claimed is returned, ended or not. The hand-out (State Sending, and when)
	// is on disk, but for an Entry with Repeat.
	Take(ctx context.Context, classes []string, n int) ([]Lease, error)
	// Settle records what became of leases, and answers for each: nil, on disk;
	// ErrState, the lease no longer counts, because another has it or has ended it.
	// State Queued puts back until End.At. State Sending puts back until End.At as
	// well, its outcome still unknown: the next Lease has Last.State Sending, and
	// no Change from Queued meets it. Every other State ends the hand-out.
	//
	// An end by a lease that was taken for dead replaces the Held that was set for
	// that very lease; and its Accepted counts while another still finds out.
	Settle(ctx context.Context, ends []End) []error
	// Last gives the record of key, else ErrNotFound.
	Last(ctx context.Context, key string) (Record, error)
	// Change compares and sets: where the record of key is in one of the states
	// from, State, At, Tries and Story of to replace its own. To Queued means due at
	// to.At. It answers ErrNotFound, or ErrState where the state is another. A
	// record that is Sending is changed by Settle alone.
	Change(ctx context.Context, key string, from []State, to Record) error
	// List gives up to n records in a state, by key, beginning after a key.
	List(ctx context.Context, state State, after string, n int) ([]Record, error)
	// Count counts all records. Of millions it takes a while.
	Count(ctx context.Context) (Counts, error)
	// Close gives up what was handed out and has not ended, at once, and waits for
	// the Engine's goroutines. Calls in flight answer ErrClosed.
	Close() error
}

// A Peeker is an Engine that tells without claiming. Shard asks it, so that it
// need not wait on one store while another has something.
type Peeker interface {
	// Peek waits until Take(classes) would have something and gives the first class
	// that has any. Another may be quicker.
	Peek(ctx context.Context, classes []string) (class string, err error)
}

// A Fence is a Lease.Token that knows whether its lease still holds. It is asked
// right before a message is handed to the Sender, so that a process that has
// slept beyond its lease does not send what another has taken over.
type Fence interface {
	Valid() bool
}

// An Entry is a message as it is put.
type Entry struct {
	// Key is the message's, up to sms.MaxKey bytes; unique in the store.
	Key string
	// Hash is a keyed hash of the content. Engines compare it and nothing else.
	Hash string
	// Class is what Take asks for, up to 64 bytes.
	Class string
	// At is when it is due; zero: now.
	At time.Time
	// Repeat: a second sending does no harm, so that the hand-out need not be on
	// disk. Its end is compared with the hand-out all the same.
	Repeat bool
	// Data is the message, sealed or not. An Engine never looks into it.
	Data []byte
}

// A Record is what an Engine tells of a message.
type Record struct {
	Key, Hash, Class string
	State            State
	// At is when it is due (Queued), when the hand-out of which nothing is known
	// began (Sending), when it came to this State (all others).
	At time.Time
	// Tries and Story are the outbox's, as last given.
	Tries int
	Story []byte
	// Data is the Entry's while it is kept. Settle and Change do not look at it.
	Data []byte
}

// A Lease is a hand-out.
type Lease struct {
	Entry
	// Last is the record before this hand-out. State zero: never handed out, and
	// nothing else is told; Queued: put back; Sending: handed out before, with no
	// recorded end. Of an Entry with Repeat a hand-out without an end may leave no
	// trace.
	Last Record
	// Token names the hand-out to the Engine that made it. See Fence.
	Token any
}

// An End is what became of a Lease: State, At, Tries and Story of the Record.
type End struct {
	Lease Lease
	Record
}

// Counts are all records of a store at one moment.
type Counts struct {
	States  map[State]int64       `json:"states"`
	Classes map[string]ClassCount `json:"classes"` // of what has not ended and waits for nobody
}

// A ClassCount is what one class has to do.
type ClassCount struct {
	Ready   int64     `json:"ready"`           // due, and to be taken by whoever is free
	Later   int64     `json:"later"`           // due in the future
	Sending int64     `json:"sending"`         // handed out
	Oldest  time.Time `json:"oldest,omitzero"` // since when the oldest Ready one is due
}
