package verifytest

import (
	"fmt"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/verify"
)

// answerChecks test CheckStep.Answers.
func answerChecks() []check {
	return []check{
		{"answers", "every answer counts, right, wrong or for a number without a code, and one too many is not judged", func(b *bench) {
			l := answersOf("1", per(3, 12*time.Minute))
			b.begin(ann, "1")
			b.begin(ben, "2")
			b.wantVerdict(ann, "1", verify.Right, l)
			b.wantVerdict(ben, "1", verify.Wrong, l)
			b.wantVerdict(pay, "1", verify.NotFound, l)
			for range maxFailures {
				b.wantVerdict(ben, "3", verify.Limited, l)
			}
			b.want(b.check(ben, "2"), verify.Right, 0, 0, "after the answers that were not judged")
		}},
		{"the time of an answer", "an answer counts for at least Per, and at most a sixth longer", func(b *bench) {
			l := answersOf("1", per(2, 12*time.Minute))
			b.wantVerdict(ann, "1", verify.NotFound, l)
			b.advance(6 * time.Minute)
			b.wantVerdict(ann, "1", verify.NotFound, l)
			b.wantLimited(6*time.Minute, 8*time.Minute, l)
			b.advance(6*time.Minute - 20*time.Second)
			b.wantLimited(20*time.Second, 2*time.Minute+20*time.Second, l)
			b.advance(2*time.Minute + 20*time.Second)
			b.wantVerdict(ann, "1", verify.NotFound, l)
			b.wantLimited(4*time.Minute-20*time.Second, 6*time.Minute, l)
		}},
		{"several windows of answers", "all windows hold at once", func(b *bench) {
			l := answersOf("1", per(1, 6*time.Minute), per(2, 60*time.Minute))
			b.wantVerdict(ann, "1", verify.NotFound, l)
			b.wantLimited(6*time.Minute, 7*time.Minute, l)
			b.advance(7 * time.Minute)
			b.wantVerdict(ann, "1", verify.NotFound, l)
			b.wantLimited(53*time.Minute, 63*time.Minute, l)
		}},
		{"answers in a zone", "a window with a Zone counts anew with each hour there", func(b *bench) {
			zone := time.FixedZone("half an hour off", 5*3600+1800)
			l := answersOf("1", middleware.Window{Count: 1, Per: time.Hour, Zone: zone})
			rest := func() time.Duration {
				t := b.now().In(zone)
				return time.Date(t.Year(), t.Month(), t.Day(), t.Hour()+1, 0, 0, 0, zone).Sub(b.now())
			}
			b.advance(rest() - 2*time.Minute)
			b.wantVerdict(ann, "1", verify.NotFound, l)
			b.wantLimited(rest(), rest(), l)
			b.advance(3 * time.Minute)
			b.wantVerdict(ann, "1", verify.NotFound, l)
		}},
		{"answers of all limits, or none", "if one limit refuses, no other counts", func(b *bench) {
			full, open := answersOf("192.0.2.0/24", per(1, time.Hour)), answersOf("192.0.2.0/24 192.0.2.1", per(1, time.Hour))
			b.wantVerdict(ann, "1", verify.NotFound, full)
			b.wantVerdict(ann, "1", verify.Limited, open, full)
			b.wantVerdict(ann, "1", verify.NotFound, open)
		}},
		{"answers and tokens", "what Take has taken is no answer, and an answer takes nothing", func(b *bench) {
			taken, answered := answersOf("1", per(1, time.Hour)), answersOf("2", per(1, time.Hour))
			b.mustTake(taken)
			b.wantVerdict(ann, "1", verify.NotFound, taken)
			b.wantVerdict(ann, "1", verify.NotFound, answered)
			b.mustTake(answered)
		}},
		{"an answer done again", "a step done again answers the same, also if its limit has been used up since", func(b *bench) {
			l := answersOf("1", per(1, time.Hour))
			b.begin(ann, "1")
			step := b.checkStep(ann, "1")
			step.Answers = []verify.Limit{l}
			b.want(b.checkAgain(step), verify.Right, 0, 0, "the first time")
			if b.apart { // where counting is a step of its own it may refuse
				return
			}
			b.want(b.checkAgain(step), verify.Right, 0, 0, "the second time")
		}},
		{"answers at once", "of many at once no more are judged than the limits allow", func(b *bench) {
			limits := []verify.Limit{answersOf("192.0.2.0/24 192.0.2.1", per(9, time.Hour)), answersOf("192.0.2.0/24", per(5, time.Hour))}
			n := atOnce(20, func(i int) bool {
				step := b.step(verify.Subject{To: number(i), Purpose: "login"}, "1", i)
				step.Answers = limits
				return b.quietly(step).Verdict == verify.NotFound
			})
			if n != 5 {
				b.broken("%d of 20 were judged, with a limit of 5", n)
			}
		}},
	}
}

func answersOf(of string, windows ...middleware.Window) verify.Limit {
	return limit("answers", of, windows...)
}

// wantVerdict gives an answer that counts against limits.
func (b *bench) wantVerdict(s verify.Subject, code string, want verify.Verdict, limits ...verify.Limit) verify.Checked {
	b.Helper()
	step := b.checkStep(s, code)
	step.Answers = limits
	got := b.checkAgain(step)
	if got.Verdict != want {
		b.broken("the answer is %v; it should be %v", got.Verdict, want)
	}
	return got
}

// wantLimited gives an answer that is one too many, for a wait between two bounds.
func (b *bench) wantLimited(least, most time.Duration, limits ...verify.Limit) {
	b.Helper()
	got := b.wantVerdict(ann, "1", verify.Limited, limits...)
	if got.RetryAfter < least-b.slack || got.RetryAfter > most+b.slack {
		b.broken("it is refused for %v; it should be %s", got.RetryAfter, fmt.Sprintf("%v to %v", least, most))
	}
}
