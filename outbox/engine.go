package outbox

import (
	"context"
	"time"
)

// An Engine keeps one record for each message. Each method is one atomic step that
// is on disk before it returns. Any number of goroutines may use an Engine, and
// any number of processes the same store. Package outboxtest tests an Engine
// against this text.
//
// What an Engine must do beyond what each method says:
//
//   - Time. An Engine uses the store's clock alone. It gets waits and returns ages,
//     which it computes in the statement that reads or writes the record.
//   - Owners. Each open Engine is an owner. It has a lease on everything it has
//     handed out and renews it while it lives (10 s by default). What a live owner
//     has must not be handed out to another. What belongs to an owner whose lease
//     has lapsed, or whose process is certainly gone, is handed out again with
//     Last.State Sending.
//   - The end of a message drops Entry.Data if its State is Ended; the record stays
//     for a window of at least 24 hours and is then removed in small steps. No other
//     record is ever removed.
//   - Hand-outs of an Exchange that failed are undone before anything else: nothing
//     may look handed out that no caller got.
//   - After Close every method returns ErrClosed.
type Engine interface {
	// Put stores entries, and returns for each: nil, it is on disk; ErrSame, its
	// key is there with the same Hash, in any State; ErrKeyTaken, with another. After
	// any other error it may be stored. Entries of one call meet each other as those
	// of two.
	Put(ctx context.Context, entries []Entry) []error
	// Exchange records ends and claims up to n entries that are due, in one
	// transaction. It never waits for an entry. Of each want in turn it claims up to
	// Want.N: the one due longest first, then the one put first. The hand-out (State
	// Sending, and when) is on disk, except for an Entry with Repeat.
	//
	// answers has an error for each end: nil, it is on disk; ErrState, the lease no
	// longer counts, because another has it or has ended it; ErrRival, see End; any
	// other, it may be on disk and must be given again. An end that is given again
	// after it was recorded is nil. If err is not nil, there are no leases and no
	// answers, and every end must be given again.
	//
	// State Queued and Sending put back until End.Wait has passed. After Sending the
	// outcome is still unknown: the next Lease has Last.State Sending with the At of
	// before. Every other State ends the hand-out. An end by a lease that was taken
	// for dead replaces the Held that was set because of that lease; and its
	// Accepted counts while another process still finds out.
	Exchange(ctx context.Context, ends []End, wants []Want, n int) (leases []Lease, answers []error, err error)
	// Await returns nil when Exchange may have something to claim of one of classes,
	// or when another call has changed the store. It returns ctx's error when that
	// ends first.
	Await(ctx context.Context, classes []string) error
	// Wake makes every Await of the store look again, in other processes too if the
	// store can tell them.
	Wake(ctx context.Context) error
	// Holds reports whether l is certainly still this Engine's. It is asked right
	// before a message is handed to the Sender, so that a process that slept beyond
	// its lease does not send what another has taken over.
	Holds(l Lease) bool
	// SetMark sets what Record.Mark is for hand-outs that this Engine leaves without
	// an end. It is one write, before the first Exchange.
	SetMark(ctx context.Context, mark string) error
	// Last returns the record of key, or ErrNotFound.
	Last(ctx context.Context, key string) (Record, error)
	// Change sets what to says, if the record of was.Key still has was.State and
	// was.Revision and is not handed out. Else it returns ErrNotFound or ErrState.
	Change(ctx context.Context, was Record, to Change) error
	// Owned returns those of receipts that are the Receipt of a record other than
	// that of key.
	Owned(ctx context.Context, key string, receipts []uint64) ([]uint64, error)
	// List returns up to n records in a state, by key, beginning after a key.
	List(ctx context.Context, state State, after string, n int) ([]Record, error)
	// Count counts all records. Of millions it takes a while.
	Count(ctx context.Context) (Counts, error)
	// Close gives up what was handed out and has not ended, at once, and waits for
	// the Engine's goroutines. Calls in flight return ErrClosed.
	Close() error
}

// An Entry is a message as it is put.
type Entry struct {
	// Key is the message's, up to sms.MaxKey bytes; unique in the store.
	Key string
	// Hash is a keyed hash of the content. Engines compare it and nothing else.
	Hash string
	// Class is what Exchange asks for, up to 64 bytes.
	Class string
	// Wait is how long after it was stored the entry is due; zero or less: at once.
	Wait time.Duration
	// Repeat: a second sending does no harm, so the hand-out need not be on disk. Its
	// end is compared with the hand-out all the same.
	Repeat bool
	// Data is the message, sealed or not. An Engine never looks into it.
	Data []byte
}

// A Want is how many entries of a class Exchange may claim.
type Want struct {
	Class string
	N     int
}

// A Record is what an Engine knows of a message.
type Record struct {
	Key, Hash, Class string
	State            State
	// At is when it is due (Queued), when the hand-out of which nothing is known
	// began (Sending), when it came to this State (all others).
	At time.Time
	// Now is the store's time when the record was read, and Age how long before that
	// it was due for the first time: less than zero if it is not yet.
	Now time.Time
	Age time.Duration
	// Tries and Story are the outbox's, as last given.
	Tries int
	Story []byte
	// Mark is that of the owner whose hand-out has no recorded end; see SetMark.
	Mark string
	// Revision is another number after each hand-out.
	Revision int64
	// Data is the Entry's while it is kept.
	Data []byte
}

// A Lease is a hand-out.
type Lease struct {
	Entry
	// Last is the record before this hand-out. State zero: never handed out; Queued:
	// put back; Sending: handed out before, with no recorded end. Of an Entry with
	// Repeat a hand-out without an end may leave no trace. Now and Age are set in any
	// case, Data is not.
	Last Record
	// Row, Owner and Number name the hand-out to the Engine that made it.
	Row, Owner, Number int64
}

// A Change is what an end or a decision sets.
type Change struct {
	State State
	Wait  time.Duration // of Queued and Sending: until it is due
	Tries int
	Story []byte
	// Receipt is a hash of the vendor's receipt; zero: there is none.
	Receipt uint64
}

// An End is what became of a Lease.
type End struct {
	Lease Lease
	Change
	// Rivals are hashes of a receipt that was found by asking. If another record has
	// one of them as its Receipt, the vendor's message is that record's: nothing is
	// set, and the answer is ErrRival.
	Rivals []uint64
}

// Counts are all records of a store at one moment.
type Counts struct {
	States  map[State]int64       `json:"states"`
	Classes map[string]ClassCount `json:"classes"` // of what has not ended and waits for no person
}

// A ClassCount is what one class has to do.
type ClassCount struct {
	Ready   int64     `json:"ready"`           // due
	Later   int64     `json:"later"`           // due in the future
	Sending int64     `json:"sending"`         // handed out
	Oldest  time.Time `json:"oldest,omitzero"` // since when the oldest Ready one is due
}
