package verify

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A Store keeps what a Verifier has to remember, for all processes that share
// it. It has five steps, each atomic. Any number of goroutines may use it.
//
// The Store's own clock counts: processes hand over durations only, so that
// their clocks may differ. Every step has a random ID, and a step done again
// with the same ID within [RepeatFor] gives the same answer and changes nothing:
// clients of databases repeat a command whose answer was lost.
//
// The rules of the steps are pure functions on a record: [Tokens] for Take and
// Return, [Record] for Begin, [Judge] for Check, [ProofRecord] for Redeem. A Store is a
// place where they run one at a time for each key: under a lock, or as a script.
// verifytest.Run tests a Store against them.
//
// An error means that nobody knows whether the step was done; it shows no number,
// for it is logged. A Store never
// forgets a failed count or a limit in order to make room: whoever flooded it
// would reset them. It refuses to take more instead.
type Store interface {
	// Take takes one token of every limit under id, or none of any. A wait above
	// zero means that none was taken: limits[refused] is the one with the longest
	// wait. Where they were taken wait is zero and refused is -1. The limits have
	// different keys: Scope and Of together are one.
	Take(ctx context.Context, id ID, limits []Limit) (refused int, wait time.Duration, err error)
	// Return gives back the tokens that were taken of these limits under id, and
	// no others; where there are none it does nothing.
	Return(ctx context.Context, id ID, limits []Limit) error
	// Begin gives the code that now counts for a subject: see [Record.Begin].
	Begin(ctx context.Context, s BeginStep) (Begun, error)
	// Check counts one answer against s.Answers, judges it and, if it is right and
	// s.Proof is set, stores a [ProofRecord] for s.ProofFor: see [Judge].
	Check(ctx context.Context, s CheckStep) (Checked, error)
	// Redeem takes a proof of the subject away: true once, and again for the same
	// id. See [ProofRecord.Redeem].
	Redeem(ctx context.Context, to Subject, proof, id ID) (bool, error)
}

// A Starter is an optional part of a Store: Take and Begin in one step, for a Store
// to which each round trip is long. A Verifier uses it unless [Pumping] is on, which
// decides between the two.
type Starter interface {
	Store
	// TakeBegin does Take and then, unless a limit refuses, Begin.
	TakeBegin(ctx context.Context, id ID, limits []Limit, s BeginStep) (refused int, wait time.Duration, begun Begun, err error)
}

// RepeatFor is how long a Store knows a step that is done again by its ID.
const RepeatFor = time.Minute

// An ID is 16 random bytes.
type ID [16]byte

// A Tag is what a Store knows of a code: an HMAC that nobody without the key can
// turn into the code, or compare guesses with.
type Tag [32]byte

// A KeyTag is the Tag of an answer under one key.
type KeyTag struct {
	Key uint64
	Tag Tag
}

// A Subject is what failures are counted for: a number and a purpose.
type Subject struct {
	To      sms.Number // a Number.Subject
	Purpose string
}

// A Limit bounds how often something may be done for Of: a number, an IP range.
type Limit struct {
	Scope, Of string
	Windows   []middleware.Window
}

// A BeginStep asks for the code of a subject, and brings one for the case that
// none stands.
type BeginStep struct {
	Subject
	Nonce ID // also the step's ID
	Key   uint64
	Tag   Tag
	TTL   time.Duration // how long the new code lives
	// LockFor and Max are the Verifier's LockFor and MaxAttempts: a subject with
	// Max failures is locked.
	LockFor time.Duration
	Max     int
	Replace bool // take the new code in any case
}

// Begun is the answer to a BeginStep.
type Begun struct {
	Locked     bool          // too many failures: no code
	RetryAfter time.Duration // where Locked: until the lock ends
	Nonce      ID            // what follows belongs to the code that counts, which may be an earlier step's
	Key        uint64
	Tag        Tag
	ExpiresIn  time.Duration
}

// A CheckStep is one answer.
type CheckStep struct {
	Subject
	ID       ID
	Tags     []KeyTag      // of the answer, under each key that the process has
	Max      int           // the failure with this number kills the code and locks the subject
	LockFor  time.Duration // for so long after the last failure failures count
	Proof    ID            // zero: none is asked for
	ProofFor time.Duration
	// Answers are the limits that the answer counts against, all or none, before it
	// is judged. They are kept as a [Counter] each. A Store without room for another
	// counter judges all the same: it must not refuse the check of a waiting code.
	Answers []Limit
}

// Checked is the answer to a CheckStep.
type Checked struct {
	Verdict    Verdict
	Left       int           // with Wrong: the answers that are left
	RetryAfter time.Duration // with TooMany: until the lock ends; with Limited: until there is room
	Again      bool          // the step had been done before
}

// A Verdict is what a CheckStep came to.
type Verdict int

// The verdicts. The zero value is none of them, so that whoever forgets to say
// something lets nobody in.
const (
	Right      Verdict = iota + 1 // consumed: no other answer is right
	Wrong                         // counted
	TooMany                       // locked, by this answer or before it
	NotFound                      // no code, or a used one
	Expired                       // the code's lifetime is over
	UnknownKey                    // the code was made under a key that the step has no tag of; not counted
	Limited                       // a limit of CheckStep.Answers refused; not judged and not counted
)

var verdictNames = [...]string{"none", "right", "wrong", "too many", "not found", "expired", "unknown key", "limited"}

// String returns "right", "wrong" and so on.
func (v Verdict) String() string {
	if v >= 0 && int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("verdict(%d)", int(v))
}

// String returns id in hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText writes id in hexadecimal digits.
func (id ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(text []byte) error { return decodeHex(id[:], text) }

// MarshalText writes t in hexadecimal digits.
func (t Tag) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, t[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (t *Tag) UnmarshalText(text []byte) error { return decodeHex(t[:], text) }

func decodeHex(into, text []byte) error {
	if len(text) != hex.EncodedLen(len(into)) {
		return fmt.Errorf("verify: %d hexadecimal digits were expected, and there are %d", hex.EncodedLen(len(into)), len(text))
	}
	_, err := hex.Decode(into, text)
	return err
}
