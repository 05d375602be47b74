package verifytest

import (
	"context"
	"time"

	"github.com/notifykit/notify/verify"
)

func codeChecks() []check {
	return []check{
		{"a standing code", "a code that lives stands, for the rest of its time", func(b *bench) {
			first, begun := b.begin(ann, "1")
			if begun.Nonce != first.Nonce || begun.Key != keyID || begun.Tag != first.Tag || !b.about(begun.ExpiresIn, ttl) {
				b.broken("the first Begin answered %+v", begun)
			}
			b.advance(time.Minute)
			_, begun = b.begin(ann, "2")
			if begun.Nonce != first.Nonce || begun.Key != keyID || begun.Tag != first.Tag {
				b.broken("the second Begin took its own code")
			}
			if !b.about(begun.ExpiresIn, ttl-time.Minute) {
				b.broken("after a minute it expires in %v", begun.ExpiresIn)
			}
		}},
		{"a code near its end", "with less than a third of its lifetime left a code is replaced", func(b *bench) {
			b.begin(ann, "1")
			b.advance(2*time.Minute + 20*time.Second)
			second, begun := b.begin(ann, "2")
			if begun.Nonce != second.Nonce || begun.Tag != second.Tag || !b.about(begun.ExpiresIn, ttl) {
				b.broken("with 40 of 180 seconds left it was given again, expiring in %v", begun.ExpiresIn)
			}
			b.want(b.check(ann, "1"), verify.Wrong, maxFailures-1, 0, "for the code that was replaced")
			b.want(b.check(ann, "2"), verify.Right, 0, 0, "for the code that replaced it")
		}},
		{"replacing", "Replace takes the step's own code in any case", func(b *bench) {
			b.begin(ann, "1")
			second, begun := b.begin(ann, "2", func(s *verify.BeginStep) { s.Replace = true })
			if begun.Nonce != second.Nonce {
				b.broken("the earlier code stands")
			}
			b.want(b.check(ann, "2"), verify.Right, 0, 0, "for the new code")
		}},
		{"a begin done again", "a Begin done again with the same nonce answers the same", func(b *bench) {
			step, first := b.begin(ann, "1", func(s *verify.BeginStep) { s.Replace = true })
			b.advance(20 * time.Second)
			again := b.beginAgain(step)
			if again.Nonce != first.Nonce || !b.about(again.ExpiresIn, first.ExpiresIn-20*time.Second) {
				b.broken("the lifetime began anew: it expires in %v", again.ExpiresIn)
			}
			for range maxFailures { // a lock in between
				b.check(ann, "wrong")
			}
			if again = b.beginAgain(step); again.Locked || again.Nonce != first.Nonce {
				b.broken("after a lock it answered %+v", again)
			}
		}},
		{"failures", "each wrong answer counts, and the last one locks", func(b *bench) {
			b.begin(ann, "1")
			b.want(b.check(ann, "2"), verify.Wrong, 2, 0, "the first time")
			b.want(b.check(ann, "3"), verify.Wrong, 1, 0, "the second time")
			b.want(b.check(ann, "4"), verify.TooMany, 0, lockFor, "the third time")
			b.advance(time.Minute)
			b.want(b.check(ann, "1"), verify.TooMany, 0, lockFor-time.Minute, "for the right code of a locked subject")
		}},
		{"a lock", "a locked subject gets no code, even by Replace", func(b *bench) {
			b.begin(ann, "1")
			for range maxFailures {
				b.check(ann, "wrong")
			}
			b.advance(time.Minute)
			_, begun := b.begin(ann, "2", func(s *verify.BeginStep) { s.Replace = true })
			if !begun.Locked || !b.about(begun.RetryAfter, lockFor-time.Minute) {
				b.broken("Begin answered locked %v, try again after %v", begun.Locked, begun.RetryAfter)
			}
		}},
		{"a dead code", "too many failures kill the code for good", func(b *bench) {
			b.begin(ann, "1", func(s *verify.BeginStep) { s.TTL = 3 * lockFor })
			for range maxFailures {
				b.check(ann, "wrong")
			}
			b.advance(lockFor)
			b.want(b.check(ann, "1"), verify.NotFound, 0, 0, "after the lock")
			step, begun := b.begin(ann, "2")
			if begun.Nonce != step.Nonce {
				b.broken("a Begin after the lock gave the dead code again")
			}
		}},
		{"a new code", "a new code does not reset the count", func(b *bench) {
			b.begin(ann, "1")
			b.check(ann, "wrong")
			b.check(ann, "wrong too")
			b.begin(ann, "2", func(s *verify.BeginStep) { s.Replace = true })
			b.want(b.check(ann, "1"), verify.TooMany, 0, lockFor, "for the third wrong answer")
		}},
		{"the end of a count", "LockFor without a failure ends the count, and each failure begins it anew", func(b *bench) {
			long := func(s *verify.BeginStep) { s.TTL = 10 * lockFor }
			b.begin(ann, "1", long)
			b.check(ann, "wrong")
			b.advance(lockFor - time.Minute)
			b.want(b.check(ann, "2"), verify.Wrong, 1, 0, "just before the end of the count")
			b.advance(lockFor - time.Minute)
			b.want(b.check(ann, "3"), verify.TooMany, 0, lockFor, "just before the end of the prolonged count")
			b.advance(lockFor)
			b.begin(ann, "4", long)
			b.want(b.check(ann, "5"), verify.Wrong, 2, 0, "after the end of the count")
		}},
		{"a right answer", "a right answer is right once", func(b *bench) {
			b.begin(ann, "1")
			b.want(b.check(ann, "1"), verify.Right, 0, 0, "the first time")
			b.want(b.check(ann, "1"), verify.NotFound, 0, 0, "the second time")
			b.want(b.check(ann, "2"), verify.NotFound, 0, 0, "for a wrong answer after it")
			step, begun := b.begin(ann, "3")
			if begun.Nonce != step.Nonce {
				b.broken("a used code was given again")
			}
		}},
		{"a right answer and the count", "a right answer ends the count", func(b *bench) {
			b.begin(ann, "1")
			b.check(ann, "wrong")
			b.check(ann, "wrong too")
			b.check(ann, "1")
			b.begin(ann, "2")
			b.want(b.check(ann, "3"), verify.Wrong, 2, 0, "for the first failure after it")
		}},
		{"a right step done again", "a right step done again is right again, also after a new code", func(b *bench) {
			b.begin(ann, "1")
			step := b.checkStep(ann, "1")
			b.checkAgain(step)
			again := b.checkAgain(step)
			b.want(again, verify.Right, 0, 0, "the second time")
			if !again.Again {
				b.broken("the repeated answer does not say that it is one")
			}
			b.begin(ann, "2")
			b.want(b.checkAgain(step), verify.Right, 0, 0, "after a new code")
			b.want(b.check(ann, "2"), verify.Right, 0, 0, "for the new code")
		}},
		{"a wrong step done again", "a wrong step done again counts once, and answers the same", func(b *bench) {
			b.begin(ann, "1")
			first, second := b.checkStep(ann, "2"), b.checkStep(ann, "3")
			b.checkAgain(first)
			b.checkAgain(second)
			b.want(b.checkAgain(first), verify.Wrong, 2, 0, "the first step again")
			b.want(b.checkAgain(second), verify.Wrong, 1, 0, "the second step again")
			third := b.checkStep(ann, "4")
			b.checkAgain(third)
			b.want(b.checkAgain(third), verify.TooMany, 0, lockFor, "the step that locked again")
		}},
		{"a lifetime", "past its lifetime a code is expired, and later forgotten", func(b *bench) {
			b.begin(ann, "1")
			b.advance(ttl - 10*time.Second)
			b.want(b.check(ann, "2"), verify.Wrong, 2, 0, "before the end")
			b.advance(10 * time.Second)
			b.want(b.check(ann, "1"), verify.Expired, 0, 0, "at the end")
			b.advance(ttl)
			b.want(b.check(ann, "1"), verify.NotFound, 0, 0, "as long again after it")
		}},
		{"an unknown key", "a code of a key that the step has no tag of is not judged and not counted", func(b *bench) {
			b.begin(ann, "1")
			step := b.checkStep(ann, "1")
			step.Tags = step.Tags[:1]
			for range 2 * maxFailures {
				step.ID = b.id()
				b.want(b.checkAgain(step), verify.UnknownKey, 0, 0, "without the key")
			}
			b.want(b.check(ann, "2"), verify.Wrong, maxFailures-1, 0, "for the first failure with the key")
		}},
		{"other subjects", "numbers do not mix, nor do purposes", func(b *bench) {
			b.begin(ann, "1")
			b.begin(ben, "2")
			for _, other := range []verify.Subject{ben, pay} {
				if c := b.check(other, "1"); c.Verdict == verify.Right {
					b.broken("the code of one is right for another")
				}
			}
			b.check(ann, "wrong")
			b.begin(pay, "3")
			b.want(b.check(pay, "4"), verify.Wrong, 2, 0, "for the first failure of another purpose")
		}},
		{"nothing there", "an answer for nobody finds nothing and counts nothing", func(b *bench) {
			for range 2 * maxFailures {
				b.want(b.check(ann, "1"), verify.NotFound, 0, 0, "before any code")
			}
			b.begin(ann, "1")
			b.want(b.check(ann, "2"), verify.Wrong, 2, 0, "for the first failure")
		}},
		{"right answers at once", "of any number of right answers at once exactly one is right", func(b *bench) {
			b.begin(ann, "1")
			if n := atOnce(20, func(i int) bool { return b.quietly(b.step(ann, "1", i)).Verdict == verify.Right }); n != 1 {
				b.broken("%d of 20 were", n)
			}
		}},
		{"wrong answers at once", "of any number of wrong answers at once no more are looked at than may be", func(b *bench) {
			b.begin(ann, "1")
			if n := atOnce(20, func(i int) bool { return b.quietly(b.step(ann, "2", i)).Verdict == verify.Wrong }); n != maxFailures-1 {
				b.broken("%d of 20 were told that they may try again, and %d should be", n, maxFailures-1)
			}
		}},
		{"a context that is over", "a step under a context that is over answers an error and does nothing", func(b *bench) {
			ctx, cancel := context.WithCancel(b.Context())
			cancel()
			if _, err := b.store.Begin(ctx, verify.BeginStep{Subject: ann, Nonce: b.id(), TTL: ttl, LockFor: lockFor, Max: 1}); err == nil {
				b.broken("Begin answered")
			}
			if _, err := b.store.Check(ctx, b.checkStep(ann, "1")); err == nil {
				b.broken("Check answered")
			}
			if _, _, err := b.store.Take(ctx, b.id(), []verify.Limit{limit("number", "1", per(1, time.Hour))}); err == nil {
				b.broken("Take answered")
			}
			if _, err := b.store.Redeem(ctx, ann, b.id(), b.id()); err == nil {
				b.broken("Redeem answered")
			}
		}},
	}
}

// step makes a step for one of several goroutines.
func (b *bench) step(s verify.Subject, code string, i int) verify.CheckStep {
	return verify.CheckStep{Subject: s, ID: idOf(^uint64(0), uint64(i)), Max: maxFailures, LockFor: lockFor,
		Tags: []verify.KeyTag{{Key: keyID, Tag: tagOf(code)}}}
}

// quietly does a Check from any goroutine: an error there is a verdict of none.
func (b *bench) quietly(step verify.CheckStep) verify.Checked {
	checked, err := b.store.Check(b.Context(), step)
	if err != nil {
		b.Errorf("Check: %v", err)
	}
	return checked
}
