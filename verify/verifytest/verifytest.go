// Package verifytest tests a verify.Store: every rule of its steps, alone and in
// random order against the pure functions that hold them.
//
//	func TestStore(t *testing.T) {
//		verifytest.Run(t, verifytest.Harness{
//			New: func(tb testing.TB) verify.Store { return mystore.New(...) },
//		})
//	}
//
// Each check says in a sentence which rule was broken. Where the Store is a
// verify.Tally, that part is tested too.
package verifytest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// A Harness is what the suite has to know of a Store.
type Harness struct {
	// New makes an empty Store, or one that nobody else uses. It is closed by
	// tb.Cleanup.
	New func(tb testing.TB) verify.Store
	// Advance lets the Store's clock go on by d; a new Store's is that of the
	// machine. Nil: the Store's clock is package time, and it waits for nothing
	// outside the process, so that each check runs in a bubble of testing/synctest.
	Advance func(tb testing.TB, d time.Duration)
	// Slack is how much time the steps of one check may take by themselves, where
	// there is an Advance; at most 5 seconds.
	Slack time.Duration
	// Apart: limits of different subjects lie apart, and what was taken of one is
	// given back where another refuses. So of many at once fewer may take than the
	// limits allow, which who asks again gets; never more.
	Apart bool
	// Seeds is how many random runs there are. Defaults to 50.
	Seeds int
}

// Run tests h's Store, each check on a new one.
func Run(t *testing.T, h Harness) {
	for _, c := range allChecks(h) {
		t.Run(c.name, func(t *testing.T) {
			if h.Advance != nil {
				c.run(newBench(t, h, h.New(t)))
				return
			}
			synctest.Test(t, func(t *testing.T) { c.run(newBench(t, h, h.New(t))) })
		})
	}
}

// A check is one rule, and what shows that it holds.
type check struct {
	name string
	rule string
	test func(*bench)
}

func (c check) run(b *bench) {
	b.rule = c.rule
	c.test(b)
}

func allChecks(h Harness) []check {
	all := slices.Concat(codeChecks(), subjectChecks(), proofChecks(), limitChecks(), answerChecks(), tallyChecks())
	seeds := h.Seeds
	if seeds == 0 {
		seeds = 50
	}
	return append(all, check{"random steps", "every step answers as the pure rules do", func(b *bench) {
		for seed := range seeds {
			if !randomSteps(b, uint64(seed)) {
				return
			}
		}
	}})
}

// tb is the part of testing.TB that a check needs, so that the suite itself can
// be tested.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// A bench is where a check works: a Store, its clock, and short ways to ask.
type bench struct {
	tb
	store   verify.Store
	rule    string
	slack   time.Duration
	apart   bool
	now     func() time.Time
	advance func(time.Duration)
	ids     uint64
}

func newBench(t testing.TB, h Harness, store verify.Store) *bench {
	b := benchOf(t, store)
	b.apart = h.Apart
	if h.Advance != nil {
		passed := time.Duration(0)
		started := time.Now()
		b.slack = h.Slack
		b.now = func() time.Time { return started.Add(passed) }
		b.advance = func(d time.Duration) {
			h.Advance(t, d)
			passed += d
		}
	}
	return b
}

// benchOf makes a bench on the clock of package time, in a bubble.
func benchOf(t tb, store verify.Store) *bench {
	return &bench{tb: t, store: store, now: time.Now, advance: time.Sleep}
}

// broken reports a broken rule.
func (b *bench) broken(format string, args ...any) {
	b.Helper()
	b.Errorf("the rule is: %s. But %s", b.rule, fmt.Sprintf(format, args...))
}

// id gives a new ID that no step has had.
func (b *bench) id() verify.ID {
	b.ids++
	return idOf(rand.Uint64(), b.ids)
}

func idOf(high, low uint64) (id verify.ID) {
	for i := range 8 {
		id[i] = byte(high >> (8 * i))
		id[8+i] = byte(low >> (8 * i))
	}
	return id
}

// about tells whether a duration is want, but for what the steps take.
func (b *bench) about(got, want time.Duration) bool {
	return got <= want+b.slack && got >= want-b.slack
}

const (
	maxFailures = 3
	ttl         = 3 * time.Minute
	lockFor     = 10 * time.Minute
	proofFor    = 6 * time.Minute
	keyID       = 1<<63 + 7 // over what a float holds exactly
)

var (
	ann = verify.Subject{To: "+8613800000001", Purpose: "login"}
	ben = verify.Subject{To: "+8613800000002", Purpose: "login"}
	pay = verify.Subject{To: "+8613800000001", Purpose: "pay"}
)

func tagOf(code string) (t verify.Tag) {
	copy(t[:], "the tag of "+code)
	return t
}

// begin does a Begin with a code of its own.
func (b *bench) begin(s verify.Subject, code string, change ...func(*verify.BeginStep)) (verify.BeginStep, verify.Begun) {
	b.Helper()
	step := b.beginStep(s, code)
	for _, c := range change {
		c(&step)
	}
	return step, b.beginAgain(step)
}

func (b *bench) beginStep(s verify.Subject, code string) verify.BeginStep {
	return verify.BeginStep{Subject: s, Nonce: b.id(), Key: keyID, Tag: tagOf(code), TTL: ttl, LockFor: lockFor, Max: maxFailures}
}

func (b *bench) beginAgain(step verify.BeginStep) verify.Begun {
	b.Helper()
	begun, err := b.store.Begin(b.Context(), step)
	if err != nil {
		b.Fatalf("Begin: %v", err)
	}
	return begun
}

func (b *bench) checkStep(s verify.Subject, code string) verify.CheckStep {
	return verify.CheckStep{Subject: s, ID: b.id(), Max: maxFailures, LockFor: lockFor,
		Tags: []verify.KeyTag{{Key: 5, Tag: tagOf("of another key")}, {Key: keyID, Tag: tagOf(code)}}}
}

func (b *bench) check(s verify.Subject, code string) verify.Checked {
	b.Helper()
	return b.checkAgain(b.checkStep(s, code))
}

func (b *bench) checkAgain(step verify.CheckStep) verify.Checked {
	b.Helper()
	checked, err := b.store.Check(b.Context(), step)
	if err != nil {
		b.Fatalf("Check: %v", err)
	}
	return checked
}

// want reports a verdict that is not the one the rule asks for.
func (b *bench) want(got verify.Checked, verdict verify.Verdict, left int, after time.Duration, when string) {
	b.Helper()
	if got.Verdict != verdict || got.Left != left || !b.about(got.RetryAfter, after) {
		b.broken("%s the answer is %v with %d left, after %v; it should be %v with %d left, after %v", when, got.Verdict, got.Left, got.RetryAfter, verdict, left, after)
	}
}

func (b *bench) redeem(s verify.Subject, proof, id verify.ID) bool {
	b.Helper()
	ok, err := b.store.Redeem(b.Context(), s, proof, id)
	if err != nil {
		b.Fatalf("Redeem: %v", err)
	}
	return ok
}

// take does a Take and gives the limit that refused, -1 where none did.
func (b *bench) take(id verify.ID, limits ...verify.Limit) (int, time.Duration) {
	b.Helper()
	refused, wait, err := b.store.Take(b.Context(), id, limits)
	if err != nil {
		b.Fatalf("Take: %v", err)
	}
	if wait <= 0 {
		if refused != -1 {
			b.broken("Take refused nothing and names limit %d: it should be -1", refused)
		}
		return -1, 0
	}
	return refused, wait
}

func (b *bench) giveBack(id verify.ID, limits ...verify.Limit) {
	b.Helper()
	if err := b.store.Return(b.Context(), id, limits); err != nil {
		b.Fatalf("Return: %v", err)
	}
}

func limit(scope, of string, windows ...middleware.Window) verify.Limit {
	return verify.Limit{Scope: scope, Of: of, Windows: windows}
}

func per(n int, d time.Duration) middleware.Window { return middleware.Window{Count: n, Per: d} }

// atOnce calls f from n goroutines and counts how many it was true for.
func atOnce(n int, f func(i int) bool) (held int) {
	answers := make(chan bool)
	for i := range n {
		go func() { answers <- f(i) }()
	}
	for range n {
		if <-answers {
			held++
		}
	}
	return held
}

// number gives one of a few subjects, so that steps meet.
func number(i int) sms.Number { return sms.Number(fmt.Sprintf("+861380000%04d", i)) }
