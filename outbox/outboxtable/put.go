package outboxtable

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/notifykit/notify/outbox"
)

// putRows is how many entries one statement stores.
const putRows = 200

// Put stores entries. The statement leaves alone what is there.
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
	// SQLite's writer makes groups of everything. In MySQL a statement that was cut off
	// keeps its locks while it waits for another's.
	if e.d == PostgreSQL && len(entries) <= groupCall {
		err = e.grouped(bounded, entries, answers)
	} else {
		p := &putting{entries: entries}
		if err = e.put(bounded, p); err == nil {
			p.answer(answers)
		}
	}
	if err != nil {
		return fill(e.failed(ctx, err))
	}
	if slices.ContainsFunc(entries, func(entry outbox.Entry) bool { return entry.Wait <= 0 }) {
		e.wakes.put()
		select {
		case e.news <- struct{}{}:
		default:
		}
	} else {
		e.wakes.look()
	}
	return answers
}

// A putting is one Put: which entries made their row, and the hash of what was there.
type putting struct {
	entries []outbox.Entry
	made    []bool
	hash    map[string]string // of a key
}

// answer says what became of each entry. Of several with one key the first has made
// the row, if any has.
func (p *putting) answer(answers []error) {
	first := map[string]bool{}
	for i, entry := range p.entries {
		made := p.made[i] && !first[entry.Key]
		first[entry.Key] = true
		switch {
		case made:
		case p.hash[entry.Key] == entry.Hash:
			answers[i] = outbox.ErrSame
		default:
			answers[i] = outbox.ErrKeyTaken
		}
	}
}

// keep notes what is there: of several with one key what was put first, or was there
// before.
func (p *putting) keep(key, hash string) {
	if _, known := p.hash[key]; !known {
		p.hash[key] = hash
	}
}

func (e *Engine) put(ctx context.Context, p *putting) error {
	do := e.store.Write
	if len(p.entries) <= putRows { // one statement
		do = e.runAlone
	}
	return do(ctx, func(ctx context.Context, c Conn) error {
		p.made, p.hash = make([]bool, len(p.entries)), map[string]string{}
		for from := 0; from < len(p.entries); from += putRows {
			some := p.entries[from:min(from+putRows, len(p.entries))]
			made := p.made[from : from+len(some)]
			var err error
			switch e.d {
			case PostgreSQL:
				err = e.putArrays(ctx, c, p, some, made)
			case MySQL:
				err = e.putMany(ctx, c, p, some, made)
			default:
				err = e.putEach(ctx, c, p, some, made)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func data(entry outbox.Entry) []byte {
	if entry.Data == nil {
		return []byte{}
	}
	return entry.Data
}

// putArrays is one statement. It does not see what another transaction has committed
// meanwhile: that is looked up.
func (e *Engine) putArrays(ctx context.Context, c Conn, p *putting, some []outbox.Entry, made []bool) error {
	n := len(some)
	keys, contents := make([][]byte, n), make([][]byte, n)
	hashes, classes := make([]string, n), make([]string, n)
	waits, repeats := make([]int64, n), make([]int64, n)
	for i, entry := range some {
		keys[i], contents[i], hashes[i], classes[i], waits[i], repeats[i] = []byte(entry.Key), data(entry), entry.Hash, entry.Class, micros(entry.Wait), flag(entry.Repeat)
	}
	r, err := c.QueryContext(ctx, e.q["put"], e.array(keys), e.array(hashes), e.array(classes), e.array(waits), e.array(repeats), e.array(contents))
	if err != nil {
		return err
	}
	defer r.Close()
	var unseen []string
	for r.Next() {
		var i int
		var new bool
		var hash, written *string
		if err := r.Scan(&i, &new, &hash, &written); err != nil {
			return err
		}
		entry := some[i-1]
		made[i-1] = new
		switch {
		case new:
		case hash == nil:
			unseen = append(unseen, entry.Key)
		default:
			p.keep(entry.Key, *hash)
		}
	}
	if err := r.Err(); err != nil {
		return err
	}
	for i, entry := range some { // the first of a key in this call
		if made[i] {
			p.keep(entry.Key, entry.Hash)
		}
	}
	return e.there(ctx, c, p, unseen)
}

// there looks up the hashes of keys that are there.
func (e *Engine) there(ctx context.Context, c Conn, p *putting, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	query, args := e.bind("there", list(e, keys), 1, nil)
	r, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		var key, hash string
		if err := r.Scan(&key, &hash); err != nil {
			return err
		}
		p.keep(key, hash)
	}
	return r.Err()
}

// putEach is a statement for each entry.
func (e *Engine) putEach(ctx context.Context, c Conn, p *putting, some []outbox.Entry, made []bool) error {
	var old []string
	for i, entry := range some {
		r, err := e.exec(ctx, c, "put", entry.Key, entry.Hash, entry.Class, micros(entry.Wait), flag(entry.Repeat), data(entry))
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		if made[i] = n == 1; made[i] {
			p.keep(entry.Key, entry.Hash)
		} else if _, known := p.hash[entry.Key]; !known {
			old = append(old, entry.Key)
		}
	}
	return e.there(ctx, c, p, old)
}

// putMany is one statement for many entries. The call's number tells afterwards which
// of the rows are its own.
func (e *Engine) putMany(ctx context.Context, c Conn, p *putting, some []outbox.Entry, made []bool) error {
	if _, err := e.ids(ctx, c, "now"); err != nil {
		return err
	}
	number := rand.Int64()
	var rows []any
	keys := make([]string, len(some))
	for i, entry := range some {
		wait := micros(entry.Wait)
		rows = append(rows, []byte(entry.Key), entry.Hash, entry.Class, wait, wait, wait, flag(entry.Repeat), number, data(entry))
		keys[i] = entry.Key
	}
	query, args := e.bind("put", rows, 9, nil)
	if _, err := c.ExecContext(ctx, query, args...); err != nil {
		return err
	}
	query, args = e.bind("there", list(e, keys), 1, nil)
	r, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer r.Close()
	mine := map[string]bool{}
	for r.Next() {
		var key, hash string
		var by int64
		if err := r.Scan(&key, &hash, &by); err != nil {
			return err
		}
		mine[key] = by == number
		p.keep(key, hash)
	}
	for i, entry := range some {
		made[i] = mine[entry.Key]
	}
	return r.Err()
}

// InsertOne returns the statement that stores an entry, for a transaction of the
// caller's. A key that is there with the same hash stays as it is; with another
// it is an error of the database, which cannot make a key NULL.
func (e *Engine) InsertOne(entry outbox.Entry) (query string, args []any) {
	return e.bind("put in a transaction", nil, 0,
		[]any{e.d.key(entry.Key), entry.Hash, entry.Class, micros(entry.Wait), flag(entry.Repeat), data(entry)})
}
