// Package outboxtest tests an outbox.Engine: every rule of its contract, alone
// and after crashes.
//
//	func TestEngine(t *testing.T) {
//		outboxtest.Run(t, outboxtest.Harness{
//			New: func(tb testing.TB) outboxtest.Store { ... },
//		})
//	}
//
// Each check says in a sentence which rule was broken. The package's own Engine,
// [Memory] on a [Disk], holds every rule in memory; tests of programs that use an
// outbox may use it too.
package outboxtest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/outbox"
)

// A Store is one empty store and what opens it.
type Store struct {
	// Open opens an Engine on the store. Each is another owner, as if in another
	// process. The suite closes it.
	Open func() outbox.Engine
	// Kill ends an Engine as kill -9 ends its process: nothing is given up, nothing
	// is renewed. Its hand-outs have to become free by themselves.
	Kill func(outbox.Engine)
	// Pause stops an Engine from renewing its lease, as a process that is stopped
	// does not. The suite calls none of its methods until Resume. Nil: what needs it
	// is skipped.
	Pause func(outbox.Engine)
	// Resume ends a Pause. Nil: the Engine's methods work although it is paused.
	Resume func(outbox.Engine)
}

// A Harness is what the suite has to know of an Engine.
type Harness struct {
	// New makes an empty store that nobody else uses; tb.Cleanup removes it.
	New func(tb testing.TB) Store
	// Bubble: the Engine's clock is package time and it waits for nothing outside,
	// so each check runs in a bubble of testing/synctest.
	Bubble bool
	// Unordered: the Engine is several stores, of which each has its own order within
	// a class. What needs one order over all is skipped.
	Unordered bool
	// Lease is the Engine's, set as short as it may be, since some checks wait for
	// it to lapse. Defaults to 10 seconds.
	Lease time.Duration
	// Patience is how long a check waits for what has to come. Defaults to a minute.
	Patience time.Duration
}

// Run tests the Engines of h, each check on a new store.
func Run(t *testing.T, h Harness) {
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			run := func(t *testing.T) {
				b := newBench(t, h, h.New(t))
				if c.pauses && b.store.Pause == nil {
					t.Skip("the harness cannot pause an Engine")
				}
				if c.ordered && h.Unordered {
					t.Skip("the Engine has no order within a class")
				}
				c.run(b)
			}
			if h.Bubble {
				synctest.Test(t, run)
				return
			}
			run(t)
		})
	}
}

// A check is one rule, and what shows that it holds.
type check struct {
	name   string
	rule   string
	test   func(*bench)
	pauses bool // needs Store.Pause
	// ordered: it needs one order within a class, over all there is.
	ordered bool
}

func (c check) run(b *bench) {
	b.rule = c.rule
	defer b.close()
	c.test(b)
}

func checks() []check {
	return slices.Concat(putChecks(), takeChecks(), settleChecks(), exchangeChecks(), changeChecks(), crashChecks(), lateChecks(), closeChecks())
}

// tb is the part of testing.TB that a check needs, so that the suite itself can
// be tested.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// A bench is where a check works.
type bench struct {
	tb
	store    Store
	rule     string
	lease    time.Duration
	patience time.Duration
	open     []outbox.Engine
}

func newBench(t tb, h Harness, s Store) *bench {
	b := &bench{tb: t, store: s, lease: h.Lease, patience: h.Patience}
	if b.lease == 0 {
		b.lease = 10 * time.Second
	}
	if b.patience == 0 {
		b.patience = time.Minute
	}
	return b
}

func (b *bench) close() {
	for _, e := range b.open {
		_ = e.Close() // a check that cares closes by itself
	}
}

// engine opens one more Engine.
func (b *bench) engine() outbox.Engine {
	e := b.store.Open()
	b.open = append(b.open, e)
	return e
}

// kill ends e as a crash does.
func (b *bench) kill(e outbox.Engine) {
	b.open = slices.DeleteFunc(b.open, func(o outbox.Engine) bool { return o == e })
	b.store.Kill(e)
}

// broken reports a broken rule.
func (b *bench) broken(format string, args ...any) {
	b.Helper()
	b.Errorf("the rule is: %s. But %s", b.rule, fmt.Sprintf(format, args...))
}

// stop reports a broken rule after which the check cannot go on.
func (b *bench) stop(format string, args ...any) {
	b.Helper()
	b.Fatalf("the rule is: %s. But %s", b.rule, fmt.Sprintf(format, args...))
}

// entry makes an Entry of class "b" that is due.
func entry(key string, change ...func(*outbox.Entry)) outbox.Entry {
	e := outbox.Entry{Key: key, Hash: "hash of " + key, Class: "b", Data: []byte("data of " + key)}
	for _, c := range change {
		c(&e)
	}
	return e
}

func class(name string) func(*outbox.Entry)  { return func(e *outbox.Entry) { e.Class = name } }
func in(d time.Duration) func(*outbox.Entry) { return func(e *outbox.Entry) { e.Wait = d } }
func repeat(e *outbox.Entry)                 { e.Repeat = true }

// put puts entries, all of which have to be taken.
func (b *bench) put(e outbox.Engine, entries ...outbox.Entry) {
	b.Helper()
	for i, err := range b.answers(e, entries...) {
		if err != nil {
			b.stop("Put of %q answers %v", entries[i].Key, err)
		}
	}
}

// answers gives what Put answers, one for each.
func (b *bench) answers(e outbox.Engine, entries ...outbox.Entry) []error {
	b.Helper()
	answers := e.Put(b.Context(), entries)
	if len(answers) != len(entries) {
		b.stop("Put gives %d answers to %d entries", len(answers), len(entries))
	}
	return answers
}

var classes = []string{"a", "b", "c"}

// take takes from all classes, and waits for one at least.
func (b *bench) take(e outbox.Engine, n int) []outbox.Lease {
	b.Helper()
	return b.takeOf(e, classes, n)
}

func (b *bench) takeOf(e outbox.Engine, of []string, n int) []outbox.Lease {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), b.patience)
	defer cancel()
	leases, err := claim(ctx, e, of, n)
	switch {
	case err != nil:
		b.stop("a claim of %d of %v returns %v", n, of, err)
	case len(leases) > n:
		b.stop("a claim of %d of %v returns %d", n, of, len(leases))
	}
	return leases
}

// claim claims up to n, and waits for one at least.
func claim(ctx context.Context, e outbox.Engine, of []string, n int) ([]outbox.Lease, error) {
	for {
		leases, _, err := e.Exchange(ctx, nil, wants(of, n), n)
		if err != nil || len(leases) > 0 {
			return leases, err
		}
		if err := e.Await(ctx, of); err != nil {
			return nil, err
		}
	}
}

// wants asks for up to n of each class.
func wants(of []string, n int) (all []outbox.Want) {
	for _, c := range of {
		all = append(all, outbox.Want{Class: c, N: n})
	}
	return all
}

// takeOne takes the one that has this key.
func (b *bench) takeOne(e outbox.Engine, key string) outbox.Lease {
	b.Helper()
	l := b.take(e, 1)[0]
	if l.Key != key {
		b.stop("Exchange claims %q: %q is the one to be taken", l.Key, key)
	}
	return l
}

// nothing reports what can be taken although nothing should be, for a while.
func (b *bench) nothing(e outbox.Engine, while time.Duration, why string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), while)
	defer cancel()
	leases, err := claim(ctx, e, classes, 10)
	if len(leases) > 0 {
		b.broken("Exchange claims %v: %s", keys(leases), why)
	} else if err == nil {
		b.broken("Await returns neither for an entry nor for the end of its context")
	}
}

// short is how long to look for what should not be there.
const short = 30 * time.Millisecond

func keys(leases []outbox.Lease) []string {
	all := make([]string, len(leases))
	for i, l := range leases {
		all[i] = l.Key
	}
	return all
}

// end makes an End of l.
func end(l outbox.Lease, s outbox.State) outbox.End {
	return outbox.End{Lease: l, Change: outbox.Change{State: s, Tries: l.Last.Tries + 1, Story: []byte("story of " + s.String())}}
}

// settle ends a lease, and reports an answer other than want.
func (b *bench) settle(e outbox.Engine, end outbox.End, want error) {
	b.Helper()
	b.same(b.ends(e, end)[0], want, "an end of %q as %v", end.Lease.Key, end.State)
}

// ends gives ends to e, and returns its answers.
func (b *bench) ends(e outbox.Engine, ends ...outbox.End) []error {
	b.Helper()
	_, answers, err := e.Exchange(b.Context(), ends, nil, 0)
	if err != nil {
		b.stop("Exchange returns %v", err)
	}
	if len(answers) != len(ends) {
		b.stop("Exchange returns %d answers to %d ends", len(answers), len(ends))
	}
	return answers
}

// change changes the record of key, which is read first.
func (b *bench) change(e outbox.Engine, key string, from outbox.State, to outbox.Change) error {
	b.Helper()
	was := b.last(e, key)
	was.State = from
	return e.Change(b.Context(), was, to)
}

// same reports an answer that is not the one wanted.
func (b *bench) same(got, want error, format string, args ...any) {
	b.Helper()
	if !is(got, want) {
		b.broken("%s answers %v: it should be %v", fmt.Sprintf(format, args...), got, want)
	}
}

// last gives the record of key.
func (b *bench) last(e outbox.Engine, key string) outbox.Record {
	b.Helper()
	r, err := e.Last(b.Context(), key)
	if err != nil {
		b.stop("Last(%q) answers %v", key, err)
	}
	return r
}

// state reports a record in another state than want.
func (b *bench) state(e outbox.Engine, key string, want outbox.State) {
	b.Helper()
	if r := b.last(e, key); r.State != want {
		b.broken("%q is %v: it should be %v", key, r.State, want)
	}
}
