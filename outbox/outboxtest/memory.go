package outboxtest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/outbox"
)

// A Disk is a store in memory that outlives the Engines opened on it, so that a
// crash can be played: Open an Engine, Kill it, Open another. Its clock is that of
// package time, or set apart from it by SetClock, so it works in a bubble of testing/synctest. It looks at every
// record for each Take: use it for thousands of messages, not for millions.
type Disk struct {
	// Lease is how long an Engine that is paused keeps what it was handed. Defaults
	// to 10 seconds. Keep is the window of ended records. Defaults to 24 hours.
	// Neither may be changed once an Engine is open.
	Lease, Keep time.Duration

	mu    sync.Mutex // guards what follows, and the fields of every Memory
	ahead time.Duration
	rows  map[string]*row
	seq   uint64
	lease int64
	owner int64
	wake  chan struct{} // closed when there may be something to take
}

// Format prints how many records there are, under every verb, and none of them: they
// hold messages.
func (d *Disk) Format(f fmt.State, _ rune) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(f, "outboxtest.Disk of %d records", len(d.rows))
}

// A row is what is on the disk of one message.
type row struct {
	entry   outbox.Entry
	rec     outbox.Record
	seq     uint64
	born    time.Time     // when it was due first
	ready   bool          // may be taken from due on
	due     time.Time     // of what is ready
	owner   *Memory       // of what is handed out
	lease   int64         // the hand-out that counts
	unsure  int64         // the hand-out that was taken for dead
	before  outbox.Record // before the hand-out
	earlier int64         // the hand-out before it
	receipt uint64
}

// NewDisk makes an empty Disk.
func NewDisk() *Disk {
	return &Disk{rows: map[string]*row{}, wake: make(chan struct{})}
}

// A Memory is an Engine on a Disk: one process. It holds every rule of
// outbox.Engine in the plainest way, and is what Run is tested with.
type Memory struct {
	disk   *Disk
	id     int64
	mark   string
	done   chan struct{} // closed by Close and Kill
	dead   bool
	paused time.Time // zero: it runs
}

var _ outbox.Engine = (*Memory)(nil)

// Open opens an Engine on d.
func (d *Disk) Open() *Memory {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.owner++
	return &Memory{disk: d, id: d.owner, done: make(chan struct{})}
}

// SetClock sets the store's clock: so far ahead of this process's, or behind it.
func (d *Disk) SetClock(ahead time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ahead = ahead
	d.changed()
}

// now is the store's time. Under mu.
func (d *Disk) now() time.Time { return time.Now().Add(d.ahead) }

// Len is how many records there are, of any state.
func (d *Disk) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.rows)
}

// Kill ends m as kill -9 ends a process: what it was handed out stays so, and is
// free for others at once, because m is certainly gone.
func (m *Memory) Kill() {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.end(true)
}

// Pause makes m look like a process that is stopped: after the lease its
// hand-outs are free for others. Its methods go on working, as they do when such
// a process wakes.
func (m *Memory) Pause() {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.paused = m.disk.now()
}

// Resume ends a Pause.
func (m *Memory) Resume() {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.paused = time.Time{}
}

// Close gives up what m was handed.
func (m *Memory) Close() error {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.end(false)
	return nil
}

// end is the end of m. A crash leaves no trace of hand-outs that need none.
func (m *Memory) end(crash bool) {
	if m.dead {
		return
	}
	m.dead = true
	close(m.done)
	for _, r := range m.disk.rows {
		if crash && r.owner == m && r.entry.Repeat {
			r.rec, r.owner, r.ready, r.lease = r.before, nil, true, r.earlier
		}
	}
	m.disk.changed()
}

// changed wakes everybody who waits. Under mu.
func (d *Disk) changed() {
	close(d.wake)
	d.wake = make(chan struct{})
}

// lapse is when the lease of m ends; zero: it does not, or has long.
func (m *Memory) lapse() (at time.Time, lapsed bool) {
	switch {
	case m.dead:
		return time.Time{}, true
	case m.paused.IsZero():
		return time.Time{}, false
	}
	at = m.paused.Add(cmp.Or(m.disk.Lease, 10*time.Second))
	return at, !m.disk.now().Before(at)
}

// Put stores entries.
func (m *Memory) Put(ctx context.Context, entries []outbox.Entry) []error {
	d := m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	answers := make([]error, len(entries))
	err := m.usable(ctx)
	d.forget()
	for i, e := range entries {
		old := d.rows[e.Key]
		switch {
		case err != nil:
			answers[i] = err
		case old != nil && old.rec.Hash == e.Hash:
			answers[i] = outbox.ErrSame
		case old != nil:
			answers[i] = outbox.ErrKeyTaken
		default:
			d.add(e)
		}
	}
	d.changed()
	return answers
}

func (m *Memory) usable(ctx context.Context) error {
	if m.dead {
		return outbox.ErrClosed
	}
	return ctx.Err()
}

func (d *Disk) add(e outbox.Entry) {
	due := d.now().Add(max(0, e.Wait))
	e.Data = bytes.Clone(e.Data)
	d.seq++
	d.rows[e.Key] = &row{entry: e, seq: d.seq, born: due, ready: true, due: due, rec: outbox.Record{
		Key: e.Key, Hash: e.Hash, Class: e.Class, State: outbox.Queued, At: due, Data: e.Data}}
}

// forget removes what has ended before the window.
func (d *Disk) forget() {
	until := d.now().Add(-cmp.Or(d.Keep, 24*time.Hour))
	maps.DeleteFunc(d.rows, func(_ string, r *row) bool { return r.rec.State.Ended() && r.rec.At.Before(until) })
}

// reclaim frees what owners that are no more were handed, and tells when the
// next may lapse.
func (d *Disk) reclaim() (next time.Time) {
	for _, r := range d.rows {
		if r.owner == nil {
			continue
		}
		at, lapsed := r.owner.lapse()
		switch {
		case lapsed:
			if r.before.State != outbox.Sending {
				r.rec.Mark = r.owner.mark
			}
			r.owner, r.ready, r.due, r.unsure = nil, true, earliest(r.rec.At, d.now()), r.lease
		case !at.IsZero() && (next.IsZero() || at.Before(next)):
			next = at
		}
	}
	return next
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// ready gives what may be taken, in order, and when there may be more.
func (d *Disk) ready(classes []string) (rows []*row, next time.Time) {
	next = d.reclaim()
	now := d.now()
	for _, r := range d.rows {
		if !r.ready || !slices.Contains(classes, r.entry.Class) {
			continue
		}
		if r.due.After(now) {
			if next.IsZero() || r.due.Before(next) {
				next = r.due
			}
			continue
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *row) int {
		return cmp.Or(slices.Index(classes, a.entry.Class)-slices.Index(classes, b.entry.Class), a.due.Compare(b.due), cmp.Compare(a.seq, b.seq))
	})
	return rows, next
}

// Await waits until there is something to claim.
func (m *Memory) Await(ctx context.Context, classes []string) error {
	for {
		m.disk.mu.Lock()
		if err := m.usable(ctx); err != nil {
			m.disk.mu.Unlock()
			return err
		}
		rows, next := m.disk.ready(classes)
		if !next.IsZero() {
			next = next.Add(-m.disk.ahead)
		}
		wake := m.disk.wake
		m.disk.mu.Unlock()
		if len(rows) > 0 {
			return nil
		}
		m.wait(ctx, wake, next)
	}
}

// Wake makes every Await look again.
func (m *Memory) Wake(ctx context.Context) error {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return err
	}
	m.disk.changed()
	return nil
}

// wait returns when something may have changed.
func (m *Memory) wait(ctx context.Context, wake <-chan struct{}, next time.Time) {
	var alarm <-chan time.Time
	if !next.IsZero() {
		t := time.NewTimer(time.Until(next))
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-ctx.Done():
	case <-m.done:
	case <-wake:
	case <-alarm:
	}
}

// Exchange records ends and claims.
func (m *Memory) Exchange(ctx context.Context, ends []outbox.End, wants []outbox.Want, n int) (leases []outbox.Lease, answers []error, err error) {
	d := m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return nil, nil, err
	}
	for _, e := range ends {
		answers = append(answers, d.settle(e))
	}
	for _, w := range wants {
		rows, _ := d.ready([]string{w.Class})
		for _, r := range rows[:min(max(0, min(w.N, n-len(leases))), len(rows))] {
			leases = append(leases, m.claim(r))
		}
	}
	if len(ends) > 0 {
		d.changed()
	}
	return leases, answers, nil
}

func (m *Memory) claim(r *row) outbox.Lease {
	m.disk.lease++
	r.before, r.earlier = r.rec, r.lease
	last := m.disk.read(r)
	last.Data = nil
	if r.lease == 0 {
		last = outbox.Record{Now: last.Now, Age: last.Age}
	}
	if r.rec.State != outbox.Sending {
		r.rec.State, r.rec.At = outbox.Sending, m.disk.now()
	}
	r.owner, r.lease, r.ready = m, m.disk.lease, false
	e := r.entry
	e.Data = bytes.Clone(e.Data)
	return outbox.Lease{Entry: e, Last: last, Row: int64(r.seq), Owner: m.id, Number: r.lease}
}

// read is the record of r as it is told.
func (d *Disk) read(r *row) outbox.Record {
	rec := r.rec
	rec.Now = d.now()
	rec.Age = rec.Now.Sub(r.born)
	rec.Revision = r.lease
	return rec
}

// Holds reports whether the lease holds.
func (m *Memory) Holds(l outbox.Lease) bool {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	_, lapsed := m.lapse()
	return !lapsed
}

// SetMark sets the mark of what m leaves without an end.
func (m *Memory) SetMark(ctx context.Context, mark string) error {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.mark = mark
	return m.usable(ctx)
}

func (d *Disk) settle(e outbox.End) error {
	r := d.rows[e.Lease.Key]
	l := e.Lease
	if r == nil {
		return outbox.ErrState
	}
	if r.owner == nil && r.lease == l.Number && r.unsure != l.Number && r.rec.State == e.State && bytes.Equal(r.rec.Story, e.Story) {
		return nil // it is recorded
	}
	mine := r.rec.State == outbox.Sending && r.lease == l.Number && (r.owner != nil && r.owner.id == l.Owner || r.unsure == l.Number)
	late := r.unsure == l.Number && (r.rec.State == outbox.Held || r.rec.State == outbox.Sending && e.State == outbox.Accepted)
	if !mine && !late {
		return outbox.ErrState
	}
	if len(d.owned(l.Key, e.Rivals)) > 0 {
		return outbox.ErrRival
	}
	d.set(r, e.Change)
	return nil
}

// set gives r what to says.
func (d *Disk) set(r *row, to outbox.Change) {
	now := d.now()
	at := now
	r.owner, r.ready, r.due = nil, to.State == outbox.Queued || to.State == outbox.Sending, now.Add(max(0, to.Wait))
	switch {
	case to.State == outbox.Sending:
		at = r.rec.At // since then nothing is known
	case to.State == outbox.Queued:
		at = r.due
	}
	if to.State != outbox.Held && to.State != outbox.Sending {
		r.unsure = 0
	}
	r.rec.State, r.rec.At, r.rec.Tries, r.rec.Story = to.State, at, to.Tries, bytes.Clone(to.Story)
	if to.Receipt != 0 {
		r.receipt = to.Receipt
	}
	if to.State.Ended() {
		r.entry.Data, r.rec.Data = nil, nil
	}
}

// Owned returns the receipts that other records have.
func (m *Memory) Owned(ctx context.Context, key string, receipts []uint64) ([]uint64, error) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return nil, err
	}
	return m.disk.owned(key, receipts), nil
}

func (d *Disk) owned(key string, receipts []uint64) (all []uint64) {
	for _, r := range d.rows {
		if r.receipt != 0 && r.entry.Key != key && slices.Contains(receipts, r.receipt) {
			all = append(all, r.receipt)
		}
	}
	return all
}

// Last gives the record of key.
func (m *Memory) Last(ctx context.Context, key string) (outbox.Record, error) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return outbox.Record{}, err
	}
	r := m.disk.rows[key]
	if r == nil {
		return outbox.Record{}, outbox.ErrNotFound
	}
	return m.disk.read(r), nil
}

// Change compares and sets.
func (m *Memory) Change(ctx context.Context, was outbox.Record, to outbox.Change) error {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return err
	}
	r := m.disk.rows[was.Key]
	switch {
	case r == nil:
		return outbox.ErrNotFound
	case r.rec.State != was.State, r.lease != was.Revision, r.owner != nil:
		return outbox.ErrState
	}
	m.disk.set(r, to)
	m.disk.changed()
	return nil
}

// List gives records of a state by key.
func (m *Memory) List(ctx context.Context, state outbox.State, after string, n int) ([]outbox.Record, error) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return nil, err
	}
	var all []outbox.Record
	for _, r := range m.disk.rows {
		if r.rec.State == state && r.rec.Key > after {
			all = append(all, m.disk.read(r))
		}
	}
	slices.SortFunc(all, func(a, b outbox.Record) int { return strings.Compare(a.Key, b.Key) })
	return all[:min(max(n, 0), len(all))], nil
}

// Count counts.
func (m *Memory) Count(ctx context.Context) (outbox.Counts, error) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return outbox.Counts{}, err
	}
	c := outbox.Counts{States: map[outbox.State]int64{}, Classes: map[string]outbox.ClassCount{}}
	now := m.disk.now()
	for _, r := range m.disk.rows {
		c.States[r.rec.State]++
		if r.rec.State != outbox.Queued && r.rec.State != outbox.Sending {
			continue
		}
		of := c.Classes[r.entry.Class]
		switch {
		case !r.ready:
			of.Sending++
		case r.due.After(now):
			of.Later++
		default:
			of.Ready++
			if of.Oldest.IsZero() || r.due.Before(of.Oldest) {
				of.Oldest = r.due
			}
		}
		c.Classes[r.entry.Class] = of
	}
	return c, nil
}
