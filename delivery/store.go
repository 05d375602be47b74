package delivery

import (
	"context"
	"time"
)

// A Store keeps records. Implementations must be safe for concurrent use by several
// goroutines, and a durable one by several processes. deliverytest checks one.
type Store interface {
	// Merge joins each record into the one with its ID, as Join does, or adds it. All
	// are stored when it returns nil, and none of the caller's slices is kept. If
	// announce is set, the same transaction queues each record that is Own and whose
	// Current changed, or that became Own, for Changes. Other records that changed may
	// be queued too.
	Merge(ctx context.Context, records []Record, announce bool) error
	// Find returns up to n records that match q, the newest Put first.
	Find(ctx context.Context, q Query, n int) ([]Record, error)
	// Pending returns up to n records that are Own, were put at or after the first time
	// and before the second, are not AnswerRejected, and whose State is below StateLost.
	Pending(ctx context.Context, after, before time.Time, n int) ([]Record, error)
	// Trim removes up to n records: those put before own, and those that are not Own
	// and were put before foreign. It returns how many.
	Trim(ctx context.Context, own, foreign time.Time, n int) (int, error)
	// Forget removes all records of these numbers and returns how many.
	Forget(ctx context.Context, numbers []Hash) (int, error)

	// Changes returns up to n queued changes with a Seq above after, in order, if owner
	// holds the lease or can take it. Only one owner holds it, for the given time from
	// now. Any other owner gets none.
	Changes(ctx context.Context, owner string, lease time.Duration, after int64, n int) ([]Queued, error)
	// Tell removes queued changes, and sets Told of their records to at least State. It
	// does nothing if owner no longer holds the lease.
	Tell(ctx context.Context, owner string, told []Queued) error
}

// A Query selects records. One of its fields is set.
type Query struct {
	// Key selects by the message's key, own or echoed.
	Key string
	// VendorID selects by the vendor's ID.
	VendorID string
	// Numbers selects by the recipient: the hash under each key in use.
	Numbers []Hash
}

// Queued is a change that waits to be told.
type Queued struct {
	// Seq orders the changes. One record may be queued several times.
	Seq int64
	// Record is as it is now, which may be later than the change.
	Record Record
}
