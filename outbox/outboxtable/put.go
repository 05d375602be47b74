package outboxtable

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/outbox"
)

// putRows is how many entries one statement stores.
const putRows = 200

// Put stores entries. The statement leaves alone what is there; the call's number
// tells afterwards which of the rows are its own.
func (e *Engine) Put(ctx context.Context, entries []outbox.Entry) []error {
	answers := make([]error, len(entries))
	fill := func(err error) []error {
		for i := range answers {
			answers[i] = err
		}
		return answers
	}
	done, err := e.use()
	if err != nil {
		return fill(err)
	}
	defer done()
	if err := ctx.Err(); err != nil {
		return fill(err)
	}
	if len(entries) == 0 {
		return answers
	}
	bounded, cancel := e.bounded(ctx)
	defer cancel()
	var there map[string]stored
	put := rand.Int64()
	err = e.store.Write(bounded, func(ctx context.Context, c Conn) error {
		there = make(map[string]stored, len(entries))
		for some := range slices.Chunk(entries, putRows) {
			if err := e.insert(ctx, c, some, put); err != nil {
				return err
			}
			if err := e.lookUp(ctx, c, some, there); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fill(e.failed(ctx, fmt.Errorf("put: %w", err)))
	}
	e.changed()
	for i, entry := range entries {
		switch s := there[entry.Key]; {
		case s.put == put && !s.told: // the first of this key in the call has made the row
			s.told = true
			there[entry.Key] = s
		case s.hash == entry.Hash:
			answers[i] = outbox.ErrSame
		default:
			answers[i] = outbox.ErrKeyTaken
		}
	}
	return answers
}

// stored is what is there of a key.
type stored struct {
	hash string
	put  int64
	told bool
}

// rowOf is how an entry is stored.
func rowOf(entry outbox.Entry, put int64) entryRow {
	r := entryRow{Key: entry.Key, Hash: entry.Hash, Class: entry.Class, Repeat: entry.Repeat, Put: put, Data: entry.Data}
	if !entry.At.IsZero() {
		r.Due = micros(entry.At)
	}
	if r.Data == nil {
		r.Data = []byte{}
	}
	return r
}

// micros is t in microseconds, never earlier than t.
func micros(t time.Time) int64 {
	us := t.UnixMicro()
	if t.After(time.UnixMicro(us)) {
		us++
	}
	return us
}

func (e *Engine) insert(ctx context.Context, c Conn, entries []outbox.Entry, put int64) error {
	values := make([]string, len(entries))
	var args []any
	seen := make(map[string]bool, len(entries))
	values = values[:0]
	for _, entry := range entries {
		if seen[entry.Key] { // not twice in one statement
			continue
		}
		seen[entry.Key] = true
		row := rowOf(entry, put)
		values = append(values, e.d.entryMarks(row))
		args = append(args, e.d.args(row)...)
	}
	_, err := c.ExecContext(ctx, e.d.sql("INSERT INTO notify_outbox ("+insertColumns+") VALUES "+strings.Join(values, ",")+" "+e.d.Keep), args...)
	return err
}

// lookUp reads what is there of the entries' keys.
func (e *Engine) lookUp(ctx context.Context, c Conn, entries []outbox.Entry, there map[string]stored) error {
	keys := make([]any, len(entries))
	for i, entry := range entries {
		keys[i] = e.d.key(entry.Key)
	}
	r, err := c.QueryContext(ctx, e.d.sql("SELECT {key}, hash, put FROM notify_outbox WHERE {key} IN ("+marks(len(keys))+")"), keys...)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		var key string
		var s stored
		if err := r.Scan(&key, &s.hash, &s.put); err != nil {
			return err
		}
		if _, known := there[key]; !known {
			there[key] = s
		}
	}
	return r.Err()
}

// InsertOne gives the statement that stores an entry, for a transaction of the
// caller's. A key that is there with the same hash stays as it is; with another
// it is an error of the database, which cannot make a key NULL. An entry that is
// due gets the database's time.
func (e *Engine) InsertOne(entry outbox.Entry) (query string, args []any) {
	row := rowOf(entry, rand.Int64())
	if !entry.At.After(time.Now()) {
		row.Due = 0
	}
	return e.d.sql("INSERT INTO notify_outbox (" + insertColumns + ") VALUES " + e.d.entryMarks(row) + " " + e.d.Same), e.d.args(row)
}
