package sqlbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/sms"
)

// An Execer is a transaction of the caller's: *sql.Tx, *sql.Conn, and what wraps
// them in an object-relational mapper.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// EnqueueTx stores messages in a transaction of the caller's, on the database of
// b's Engine, which is one of this package or of sqlitebox: they are in the outbox
// when the transaction commits, and never were when it does not. Workers, in this
// process or in others, find them within the Engine's Poll.
//
// A fault of a message is an *outbox.EnqueueError, and then nothing was written:
// the caller decides whether the transaction goes on without it. The same Key with
// the same content is no fault. With another content it is outbox.ErrKeyTaken,
// told by the database's refusal, after which the transaction has to be rolled
// back, as after every other error of this function.
//
// b makes the messages ready; it need not be started, and its Engine is not asked.
func EnqueueTx(ctx context.Context, b *outbox.Outbox, tx Execer, messages ...sms.Message) error {
	return EnqueueTxAt(ctx, b, tx, time.Time{}, messages...)
}

// EnqueueTxAt is EnqueueTx for messages that are to go out at a time, or soon
// after.
func EnqueueTxAt(ctx context.Context, b *outbox.Outbox, tx Execer, at time.Time, messages ...sms.Message) error {
	engine, ok := b.Engine().(inserter)
	if !ok {
		return fmt.Errorf("sqlbox: the outbox stands on a %T: EnqueueTx needs an Engine of sqlbox or sqlitebox, for they have a table to write to", b.Engine())
	}
	entries, err := b.Prepare(at, messages...)
	if err != nil {
		return err
	}
	for _, e := range entries {
		query, args := engine.InsertOne(e)
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			if taken(err) {
				err = fmt.Errorf("%w (%w)", outbox.ErrKeyTaken, err)
			}
			return fmt.Errorf("sqlbox: message %q was not written, and the transaction cannot be committed: %w", e.Key, err)
		}
	}
	return nil
}

// An inserter writes the statement that stores an entry.
type inserter interface {
	InsertOne(e outbox.Entry) (query string, args []any)
}

// taken tells whether the database has refused to make a key NULL, which is how
// InsertOne refuses another content.
func taken(err error) bool {
	if s, ok := errors.AsType[stateError](err); ok {
		return s.SQLState() == "23502"
	}
	text := err.Error()
	return strings.Contains(text, "Error 1048 ") || strings.Contains(text, "NOT NULL constraint failed: notify_outbox.key")
}

type stateError interface {
	error
	SQLState() string
}
