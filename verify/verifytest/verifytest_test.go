package verifytest_test

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/verify"
	"github.com/notifykit/notify/verify/verifytest"
)

// A recorder is a test that a check reports to.
type recorder struct {
	ctx    context.Context
	mu     sync.Mutex
	faults []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// faults runs one check on a store and gives what it reports.
func faults(t *testing.T, run func(verifytest.TB, verify.Store), store func() verify.Store) []string {
	r := &recorder{}
	synctest.Test(t, func(t *testing.T) {
		r.ctx = t.Context()
		done := make(chan struct{})
		go func() {
			defer close(done)
			run(r, store())
		}()
		<-done
	})
	return r.faults
}

type (
	record  = verify.Record
	checked = verify.Checked
	window  = middleware.Window
)

// answersIn changes the windows that answers count against.
func answersIn(change func([]window) []window) func(verify.CheckStep) verify.CheckStep {
	return func(s verify.CheckStep) verify.CheckStep {
		s.Answers = slices.Clone(s.Answers)
		for i := range s.Answers {
			s.Answers[i].Windows = change(slices.Clone(s.Answers[i].Windows))
		}
		return s
	}
}

// Each mutant breaks one rule: the check of that rule fails, and besides it none
// but the random steps and those that are named.
var mutants = []struct {
	name   string
	change func(*rules)
	fails  string
	also   []string
}{
	{"every Begin makes a new code", func(r *rules) {
		r.begin = func(rec record, now time.Time, s verify.BeginStep) (record, verify.Begun) {
			s.Replace = true
			return rec.Begin(now, s)
		}
	}, "a standing code", nil},
	{"a resend prolongs the lifetime", func(r *rules) {
		r.begin = func(rec record, now time.Time, s verify.BeginStep) (record, verify.Begun) {
			next, begun := rec.Begin(now, s)
			if begun.Nonce != s.Nonce && !begun.Locked {
				next.Expires, begun.ExpiresIn = now.Add(s.TTL), s.TTL
			}
			return next, begun
		}
	}, "a standing code", nil},
	{"a code stands to its last second", func(r *rules) {
		r.begin = func(rec record, now time.Time, s verify.BeginStep) (record, verify.Begun) {
			if rec.Expires.After(now) {
				rec.Renew = rec.Expires
			}
			return rec.Begin(now, s)
		}
	}, "a code near its end", nil},
	{"Replace is not heard", func(r *rules) {
		r.begin = func(rec record, now time.Time, s verify.BeginStep) (record, verify.Begun) {
			s.Replace = false
			return rec.Begin(now, s)
		}
	}, "replacing", []string{"a begin done again", "a lock", "a new code"}},
	{"a Begin done again begins anew", func(r *rules) {
		r.begin = func(rec record, now time.Time, s verify.BeginStep) (record, verify.Begun) {
			if rec.Nonce == s.Nonce {
				rec.Nonce[0]++
			}
			return rec.Begin(now, s)
		}
	}, "a begin done again", nil},
	{"wrong answers are not counted", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			next, c := rec.Check(now, s)
			if c.Verdict == verify.Wrong {
				next.Failed = rec.Failed
			}
			return next, c
		}
	}, "failures", []string{"a lock", "a dead code", "a new code", "the end of a count", "a wrong step done again", "wrong answers at once"}},
	{"one failure too many", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			s.Max++
			return rec.Check(now, s)
		}
	}, "failures", []string{"a lock", "a dead code", "a new code", "the end of a count", "a wrong step done again", "wrong answers at once", "a right answer and the count", "an unknown key", "other subjects", "nothing there", "a lifetime", "a code near its end"}},
	{"a locked subject begins", func(r *rules) {
		r.begin = func(rec record, now time.Time, s verify.BeginStep) (record, verify.Begun) {
			s.Max = 1000
			return rec.Begin(now, s)
		}
	}, "a lock", nil},
	{"a dead code lives after the lock", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			next, c := rec.Check(now, s)
			if c.Verdict == verify.TooMany {
				next.Used = false
			}
			return next, c
		}
	}, "a dead code", nil},
	{"a new code resets the count", func(r *rules) {
		r.begin = func(rec record, now time.Time, s verify.BeginStep) (record, verify.Begun) {
			next, begun := rec.Begin(now, s)
			if begun.Nonce == s.Nonce {
				next.Failed = nil
			}
			return next, begun
		}
	}, "a new code", []string{"a begin done again"}},
	{"failures count for ever", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			next, c := rec.Check(now, s)
			if len(next.Failed) > 0 {
				next.CountUntil = now.Add(1000 * time.Hour)
			}
			return next, c
		}
	}, "the end of a count", []string{"failures", "a lock", "a dead code", "a wrong step done again"}},
	{"the first failure times the count", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			next, c := rec.Check(now, s)
			if len(rec.Failed) > 0 && len(next.Failed) > len(rec.Failed) && now.Before(rec.CountUntil) {
				next.CountUntil = rec.CountUntil
			}
			return next, c
		}
	}, "the end of a count", nil},
	{"a right answer is right again", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			next, c := rec.Check(now, s)
			if c.Verdict == verify.Right {
				next.Used = false
			}
			return next, c
		}
	}, "a right answer", []string{"a right step done again", "a proof and a new code", "right answers at once", "a tally of what was typed back", "no proof"}},
	{"a right answer leaves the count", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			next, c := rec.Check(now, s)
			if c.Verdict == verify.Right && !c.Again {
				next.Failed, next.CountUntil = rec.Failed, rec.CountUntil
			}
			return next, c
		}
	}, "a right answer and the count", nil},
	{"the winner is not known again", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			rec.Winner = verify.ID{}
			return rec.Check(now, s)
		}
	}, "a right step done again", []string{"an answer done again"}},
	{"a new code forgets the winner", func(r *rules) {
		r.begin = func(rec record, now time.Time, s verify.BeginStep) (record, verify.Begun) {
			rec.Winner = verify.ID{}
			return rec.Begin(now, s)
		}
	}, "a right step done again", nil},
	{"a failure done again counts again", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			if slices.Contains(rec.Failed, s.ID) {
				s.ID[0] ^= 0xff
			}
			return rec.Check(now, s)
		}
	}, "a wrong step done again", nil},
	{"codes live for ever", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			if !rec.Expires.IsZero() {
				rec.Expires, rec.Keep = now.Add(time.Hour), now.Add(time.Hour)
			}
			return rec.Check(now, s)
		}
	}, "a lifetime", nil},
	{"an expired code is none", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			next, c := rec.Check(now, s)
			if c.Verdict == verify.Expired {
				c.Verdict = verify.NotFound
			}
			return next, c
		}
	}, "a lifetime", nil},
	{"an unknown key counts", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			next, c := rec.Check(now, s)
			if c.Verdict == verify.UnknownKey {
				next.Failed, next.CountUntil = append(slices.Clone(next.Failed), s.ID), now.Add(s.LockFor)
			}
			return next, c
		}
	}, "an unknown key", nil},
	{"keys are not told apart", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			s.Tags = slices.Clone(s.Tags)
			s.Tags[len(s.Tags)-1].Key = rec.Key
			return rec.Check(now, s)
		}
	}, "an unknown key", nil},
	{"keys are kept as floats", func(r *rules) {
		r.begin = func(rec record, now time.Time, s verify.BeginStep) (record, verify.Begun) {
			next, begun := rec.Begin(now, s)
			begun.Key = uint64(float64(begun.Key))
			return next, begun
		}
	}, "a standing code", nil},
	{"purposes mix", func(r *rules) {
		r.subject = func(s verify.Subject) verify.Subject { s.Purpose = ""; return s }
	}, "other subjects", []string{"a number in two writings"}},
	{"an answer for nobody counts", func(r *rules) {
		r.check = func(rec record, now time.Time, s verify.CheckStep) (record, checked) {
			next, c := rec.Check(now, s)
			if c.Verdict == verify.NotFound && rec.Expires.IsZero() {
				next.Failed, next.CountUntil = append(slices.Clone(next.Failed), s.ID), now.Add(s.LockFor)
			}
			return next, c
		}
	}, "nothing there", []string{"other subjects"}},
	{"right checks run side by side", func(r *rules) { r.racy = "right" }, "right answers at once", nil},
	{"wrong checks run side by side", func(r *rules) { r.racy = "wrong" }, "wrong answers at once", nil},
	{"the context is not looked at", func(r *rules) { r.deaf = true }, "a context that is over", nil},

	{"a proof is left there", func(r *rules) {
		r.redeem = func(p verify.ProofRecord, now time.Time, _ verify.ID) (verify.ProofRecord, bool) {
			return p, now.Before(p.Until)
		}
	}, "a proof", []string{"redeeming at once", "a proof taken, and its step done again"}},
	{"the redeemer is not known again", func(r *rules) {
		r.redeem = func(p verify.ProofRecord, now time.Time, id verify.ID) (verify.ProofRecord, bool) {
			_, ok := p.Redeem(now, id)
			return verify.ProofRecord{}, ok
		}
	}, "a redeem done again", nil},
	{"proofs live for ever", func(r *rules) {
		r.newProof = func(now time.Time, s verify.CheckStep) verify.ProofRecord {
			return verify.ProofRecord{Until: now.Add(1000 * time.Hour)}
		}
	}, "a proof's lifetime", nil},
	{"proofs die at once", func(r *rules) {
		r.newProof = func(now time.Time, s verify.CheckStep) verify.ProofRecord {
			return verify.ProofRecord{Until: now.Add(s.ProofFor / 2)}
		}
	}, "a proof's lifetime", nil},
	{"proofs are anybody's", func(r *rules) {
		r.proofKey = func(_ verify.Subject, id verify.ID) any { return id }
	}, "another's proof", nil},
	{"a wrong answer leaves a proof", func(r *rules) {
		r.stores = func(s verify.CheckStep, c checked) bool { return !c.Again && s.Proof != (verify.ID{}) }
	}, "no proof", nil},
	{"every right answer leaves a proof", func(r *rules) {
		r.stores = func(_ verify.CheckStep, c checked) bool { return c.Verdict == verify.Right && !c.Again }
		r.newProof = func(now time.Time, s verify.CheckStep) verify.ProofRecord {
			return verify.ProofRecord{Until: now.Add(max(s.ProofFor, time.Minute))}
		}
	}, "no proof", nil},
	{"a step done again leaves its proof again", func(r *rules) {
		r.stores = func(s verify.CheckStep, c checked) bool {
			return c.Verdict == verify.Right && s.Proof != (verify.ID{})
		}
	}, "a proof taken, and its step done again", nil},
	{"one proof for each subject", func(r *rules) {
		r.proofKey = func(s verify.Subject, id verify.ID) any {
			if id[0]%2 == 0 || id[0]%2 == 1 {
				return s
			}
			return id
		}
	}, "a proof and a new code", []string{"another's proof", "no proof"}},
	{"redeemers run side by side", func(r *rules) { r.racy = "redeem" }, "redeeming at once", nil},

	{"windows are buckets", func(r *rules) {
		r.wait = func(ts verify.Tokens, now time.Time, l verify.Limit, id verify.ID) time.Duration {
			for i, w := range l.Windows { // a token comes back every Per / Count
				if w.Zone == nil && w.Count > 1 {
					l.Windows = slices.Clone(l.Windows)
					l.Windows[i] = middleware.Window{Count: 1, Per: w.Per / time.Duration(w.Count)}
				}
			}
			return ts.Wait(now, l.Windows, id)
		}
	}, "a window", []string{"several windows", "giving back one's own", "a take done again", "taking at once", "a tally of what was sent", "a tally of what was given back", "a tally of what was typed back", "a tally's span"}},
	{"one more than Count", func(r *rules) {
		r.wait = func(ts verify.Tokens, now time.Time, l verify.Limit, id verify.ID) time.Duration {
			l.Windows = slices.Clone(l.Windows)
			for i := range l.Windows {
				l.Windows[i].Count++
			}
			return ts.Wait(now, l.Windows, id)
		}
	}, "a window", []string{"several windows", "a window in a zone", "one of every limit, or none", "the longest wait", "giving back", "giving back one's own", "a take done again", "taking at once", "a tally of what was sent"}},
	{"only the first window holds", func(r *rules) {
		r.wait = func(ts verify.Tokens, now time.Time, l verify.Limit, id verify.ID) time.Duration {
			return ts.Wait(now, l.Windows[:1], id)
		}
	}, "several windows", nil},
	{"zones are not looked at", func(r *rules) {
		r.wait = func(ts verify.Tokens, now time.Time, l verify.Limit, id verify.ID) time.Duration {
			l.Windows = slices.Clone(l.Windows)
			for i := range l.Windows {
				l.Windows[i].Zone = nil
			}
			return ts.Wait(now, l.Windows, id)
		}
	}, "a window in a zone", nil},
	{"every zone is UTC", func(r *rules) {
		r.wait = func(ts verify.Tokens, now time.Time, l verify.Limit, id verify.ID) time.Duration {
			l.Windows = slices.Clone(l.Windows)
			for i := range l.Windows {
				if l.Windows[i].Zone != nil {
					l.Windows[i].Zone = time.UTC
				}
			}
			return ts.Wait(now, l.Windows, id)
		}
	}, "a window in a zone", nil},
	{"limits are taken one by one", func(r *rules) { r.partly = true }, "one of every limit, or none", nil},
	{"the first that refuses is named", func(r *rules) {
		r.pick = func(waits []time.Duration) int {
			return max(0, slices.IndexFunc(waits, func(w time.Duration) bool { return w > 0 }))
		}
	}, "the longest wait", nil},
	{"scopes mix", func(r *rules) { r.limitKey = func(l verify.Limit) string { return l.Of } }, "other limits", []string{"one of every limit, or none", "the longest wait", "giving back"}},
	{"scope and owner run together", func(r *rules) {
		r.limitKey = func(l verify.Limit) string {
			if l.Of == "number 1" {
				return "number 1"
			}
			return l.Scope + " " + l.Of
		}
	}, "other limits", nil},
	{"nothing is given back", func(r *rules) {
		r.giveBack = func(ts verify.Tokens, _ verify.ID) verify.Tokens { return ts }
	}, "giving back", []string{"giving back one's own", "a tally of what was given back"}},
	{"the last token is given back, whosever it is", func(r *rules) {
		r.giveBack = func(ts verify.Tokens, _ verify.ID) verify.Tokens { return ts[:max(0, len(ts)-1)] }
	}, "giving back one's own", nil},
	{"a Take done again takes again", func(r *rules) {
		r.take = func(ts verify.Tokens, now time.Time, l verify.Limit, id verify.ID) verify.Tokens {
			return append(slices.Clone(ts), verify.Token{ID: id, At: now})
		}
	}, "a take done again", nil},
	{"takers run side by side", func(r *rules) { r.racy = "take" }, "taking at once", nil},

	{"a right answer is not counted as one", func(r *rules) {
		r.answered = func(c checked) bool { return c.Verdict != verify.Right }
	}, "answers", nil},
	{"an answer counts for too short a time", func(r *rules) {
		r.answer = answersIn(func(ws []window) []window {
			for i := range ws {
				if ws[i].Zone == nil {
					ws[i].Per = ws[i].Per * 4 / 6
				}
			}
			return ws
		})
	}, "the time of an answer", []string{"several windows of answers"}},
	{"answers have one window", func(r *rules) {
		r.answer = answersIn(func(ws []window) []window { return ws[:1] })
	}, "several windows of answers", nil},
	{"answers know no zone", func(r *rules) {
		r.answer = answersIn(func(ws []window) []window {
			for i := range ws {
				ws[i].Zone = nil
			}
			return ws
		})
	}, "answers in a zone", nil},
	{"an answer counts where there is room", func(r *rules) { r.halfway = true }, "answers of all limits, or none", nil},
	{"answers are tokens", func(r *rules) { r.shared = true }, "answers and tokens", nil},
	{"an answer done again is another", func(r *rules) {
		r.answer = func(s verify.CheckStep) verify.CheckStep {
			s.ID = verify.ID{}
			return s
		}
	}, "an answer done again", nil},
	{"answers run side by side", func(r *rules) { r.racy = "answer" }, "answers at once", nil},

	{"a store changes the number", func(r *rules) {
		r.subject = func(s verify.Subject) verify.Subject { return verify.Subject{To: s.To.Subject(), Purpose: s.Purpose} }
	}, "a number in two writings", nil},

	{"a tally counts what was refused", func(r *rules) { r.refused = true }, "a tally of what was sent", nil},
	{"a tally keeps what was given back", func(r *rules) { r.keeps = true }, "a tally of what was given back", nil},
	{"a tally counts every answer", func(r *rules) { r.counts = func(checked) bool { return true } }, "a tally of what was typed back", nil},
	{"a tally counts a repetition", func(r *rules) {
		r.counts = func(c checked) bool { return c.Verdict == verify.Right }
	}, "a tally of what was typed back", nil},
	{"a tally forgets nothing", func(r *rules) { r.endless = true }, "a tally's span", nil},
}

func TestEachBrokenRuleIsFound(t *testing.T) {
	checks := verifytest.Checks()
	found := map[string]bool{"random steps": true, "nothing asked": true, "taking and beginning": true} // no mutant is a Starter
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			for name, run := range checks {
				if name == "random steps" {
					continue
				}
				got := faults(t, run, func() verify.Store { return newMutant(m.change) })
				switch {
				case name == m.fails && len(got) == 0:
					t.Errorf("the check %q did not find it", name)
				case name == m.fails:
					found[name] = true
				case len(got) > 0 && !slices.Contains(m.also, name):
					t.Errorf("the check %q failed too:\n%s", name, got[0])
				}
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		if !found[name] {
			t.Errorf("no store breaks the rule of %q", name)
		}
	}
}

// A store outside the process has a clock of its own, which is let go on.
func TestRun_withAClockOfItsOwn(t *testing.T) {
	var passed atomic.Int64
	verifytest.Run(t, verifytest.Harness{
		New: func(testing.TB) verify.Store {
			m := newMutant(func(*rules) {})
			passed.Store(0)
			m.clock = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
			return m
		},
		Advance: func(_ testing.TB, d time.Duration) { passed.Add(int64(d)) },
		Slack:   5 * time.Second,
		Seeds:   100,
	})
}

// Random steps alone find what touches a single step's answer.
func TestRandomStepsFindBrokenRules(t *testing.T) {
	random := verifytest.Checks()["random steps"]
	if got := faults(t, random, func() verify.Store { return newMutant(func(*rules) {}) }); len(got) > 0 {
		t.Fatalf("a store without a fault: %s", got[0])
	}
	missed := 0
	for _, m := range mutants {
		if len(faults(t, random, func() verify.Store { return newMutant(m.change) })) == 0 {
			missed++
			t.Logf("not found by random steps: %s", m.name)
		}
	}
	// 8 of them are about answers, which random steps leave out because their steps have
	// bounds of their own, and one is about numbers that random steps do not use.
	if missed > 26 {
		t.Errorf("random steps missed %d of %d broken rules", missed, len(mutants))
	}
}
