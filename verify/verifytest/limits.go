package verifytest

import (
	"fmt"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/verify"
)

func limitChecks() []check {
	return []check{
		{"a window", "never more than Count in any span of Per", func(b *bench) {
			l := limit("number", "1", per(2, 10*time.Minute))
			b.mustTake(l)
			b.advance(4 * time.Minute)
			b.mustTake(l)
			b.mustRefuse(6*time.Minute, 0, l)
			b.advance(6 * time.Minute)
			b.mustTake(l)
			b.mustRefuse(4*time.Minute, 0, l)
		}},
		{"several windows", "all windows of a limit hold at once", func(b *bench) {
			l := limit("number", "1", per(1, time.Minute), per(2, time.Hour))
			b.mustTake(l)
			b.mustRefuse(time.Minute, 0, l)
			b.advance(time.Minute)
			b.mustTake(l)
			b.mustRefuse(59*time.Minute, 0, l)
		}},
		{"a window in a zone", "a window with a Zone counts anew with each hour or day there", func(b *bench) {
			for _, c := range []struct {
				per   time.Duration
				start func(time.Time) time.Time
			}{
				{time.Hour, func(t time.Time) time.Time {
					return time.Date(t.Year(), t.Month(), t.Day(), t.Hour()+1, 0, 0, 0, t.Location())
				}},
				{24 * time.Hour, func(t time.Time) time.Time {
					return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
				}},
			} {
				zone := time.FixedZone("half an hour off", 5*3600+1800)
				l := limit("number", c.per.String(), middleware.Window{Count: 1, Per: c.per, Zone: zone})
				rest := func() time.Duration { return c.start(b.now().In(zone)).Sub(b.now()) }
				b.advance(rest() - 2*time.Minute)
				b.mustTake(l)
				b.mustRefuse(rest(), 0, l)
				b.advance(3 * time.Minute)
				b.mustTake(l)
				b.mustRefuse(rest(), 0, l)
			}
		}},
		{"one of every limit, or none", "where one limit refuses, no token of the others is taken", func(b *bench) {
			full, open := limit("ip", "1", per(1, time.Hour)), limit("number", "1", per(1, time.Hour))
			b.mustTake(full)
			b.mustRefuse(time.Hour, 1, open, full)
			b.mustTake(open)
		}},
		{"the longest wait", "of several limits that refuse the one with the longest wait is named", func(b *bench) {
			short, long, mid := limit("cooldown", "1", per(1, time.Minute)), limit("number", "1", per(1, time.Hour)), limit("ip", "1", per(1, 30*time.Minute))
			b.mustTake(short, long, mid)
			b.mustRefuse(time.Hour, 1, short, long, mid)
		}},
		{"other limits", "limits with another scope, or of another, do not mix", func(b *bench) {
			w := per(1, time.Hour)
			b.mustTake(limit("number", "1", w))
			b.mustTake(limit("number", "2", w))
			b.mustTake(limit("ip", "1", w))
			b.mustTake(limit("number", "", w))
			b.mustTake(limit("ip", "number 1", w))
		}},
		{"giving back", "what is given back may be taken again", func(b *bench) {
			first, second := limit("number", "1", per(1, time.Hour)), limit("ip", "1", per(1, time.Hour))
			id := b.id()
			b.take(id, first, second)
			b.giveBack(id, first)
			b.mustTake(first)
			b.mustRefuse(time.Hour, 0, second)
		}},
		{"giving back one's own", "a Return gives back its own tokens, never a later one's", func(b *bench) {
			l := limit("number", "1", per(2, time.Hour))
			id := b.id()
			b.take(id, l)
			b.advance(10 * time.Minute)
			b.mustTake(l)
			b.giveBack(id, l)
			b.giveBack(id, l)
			b.giveBack(b.id(), l)
			b.mustTake(l)
			b.mustRefuse(time.Hour, 0, l) // the two that are left are of now; the later one's would free a place in 50 minutes
		}},
		{"a take done again", "a Take done again with the same ID takes once, and answers the same", func(b *bench) {
			l := limit("number", "1", per(2, time.Hour))
			id := b.id()
			for range 3 {
				if _, wait := b.take(id, l); wait > 0 {
					b.broken("the repeated Take was told to wait %v", wait)
				}
			}
			b.mustTake(l)
			if _, wait := b.take(id, l); wait > 0 {
				b.broken("the repeated Take was told to wait %v once the limit was full", wait)
			}
			b.mustRefuse(time.Hour, 0, l)
		}},
		{"taking at once", "of many at once exactly as many as the limit allows take", func(b *bench) {
			all := limit("all", "", per(5, time.Hour))
			n := atOnce(20, func(i int) bool {
				_, wait, err := b.store.Take(b.Context(), idOf(^uint64(0), uint64(i)), []verify.Limit{limit("number", fmt.Sprint(i%2), per(4, time.Hour)), all})
				if err != nil {
					b.Errorf("Take: %v", err)
				}
				return err == nil && wait == 0
			})
			if b.apart { // what was given back is there for who asks again
				for i := 20; n < 5 && i < 30; i++ {
					if _, wait := b.take(b.id(), limit("number", fmt.Sprint(i%2), per(4, time.Hour)), all); wait == 0 {
						n++
					}
				}
			}
			if n != 5 {
				b.broken("%d of 20 took, with a limit of 5", n)
			}
			b.mustRefuse(time.Hour, 0, all)
		}},
		{"taking and beginning", "a Starter's TakeBegin takes and begins, or does neither if a limit refuses", func(b *bench) {
			st, ok := b.store.(verify.Starter)
			if !ok {
				return
			}
			l, other := limit("number", "+8613800000001", per(2, time.Hour)), limit("ip", "1", per(9, time.Hour))
			begin := func(id verify.ID, code string, limits ...verify.Limit) (int, time.Duration, verify.Begun) {
				step := b.beginStep(ann, code)
				step.Nonce = id
				refused, wait, begun, err := st.TakeBegin(b.Context(), id, limits, step)
				if err != nil {
					b.Fatalf("TakeBegin: %v", err)
				}
				return refused, wait, begun
			}
			id := b.id()
			for range 3 { // done again: it takes once, and answers the same
				if refused, wait, begun := begin(id, "1", other, l); refused != -1 || wait != 0 || begun.Nonce != id || !b.about(begun.ExpiresIn, ttl) {
					b.broken("the first answers %d, %v, %+v", refused, wait, begun)
				}
			}
			if _, _, begun := begin(b.id(), "2", other, l); begun.Nonce != id {
				b.broken("the second takes its own code")
			}
			b.check(ann, "1")
			if refused, wait, begun := begin(b.id(), "3", other, l); refused != 1 || !b.about(wait, time.Hour) || begun != (verify.Begun{}) {
				b.broken("one too many answers %d, %v, %+v", refused, wait, begun)
			}
			b.want(b.check(ann, "3"), verify.NotFound, 0, 0, "for the code of a step that a limit refused")
			b.mustRefuse(time.Hour, 0, l)
		}},
		{"nothing asked", "no limits refuse nobody", func(b *bench) {
			b.mustTake()
			b.giveBack(b.id())
		}},
	}
}

func (b *bench) mustTake(limits ...verify.Limit) {
	b.Helper()
	if refused, wait := b.take(b.id(), limits...); wait > 0 {
		b.broken("limit %d refused, for %v", refused, wait)
	}
}

func (b *bench) mustRefuse(wait time.Duration, refused int, limits ...verify.Limit) {
	b.Helper()
	if i, w := b.take(b.id(), limits...); i != refused || !b.about(w, wait) {
		b.broken("limit %d refused, for %v; it should be limit %d, for %v", i, w, refused, wait)
	}
}
