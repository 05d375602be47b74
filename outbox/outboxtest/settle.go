package outboxtest

import (
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/outbox"
)

func settleChecks() []check {
	return []check{
		{name: "every end", rule: "an end is on record with its State, Tries, Story and time, and only an Ended one drops the message", test: everyEnd},
		{name: "an end ends", rule: "what has ended is not handed out again and not ended again", test: endsOnce},
		{name: "put back", rule: "an end as Queued puts back until its Wait has passed, with what was recorded", test: putBack},
		{name: "put back a code", rule: "an end of a hand-out with Repeat that was put back is ErrState", test: putBackRepeat},
		{name: "put back unknown", rule: "an end as Sending puts back until its Wait has passed, its outcome still unknown since the first hand-out", test: putBackUnknown},
		{name: "many ends at once", rule: "each end of an Exchange has its own answer", test: manyEnds},
	}
}

func everyEnd(b *bench) {
	e := b.engine()
	for _, s := range []outbox.State{outbox.Accepted, outbox.Rejected, outbox.Held, outbox.Dead, outbox.Expired, outbox.Canceled} {
		key := s.String()
		b.put(e, entry(key))
		before := time.Now().Add(-time.Second)
		b.settle(e, end(b.takeOne(e, key), s), nil)
		r := b.last(e, key)
		if r.Key != key || r.Hash != "hash of "+key || r.Class != "b" || r.State != s || r.Tries != 1 || string(r.Story) != "story of "+key {
			b.broken("the record of %v is %v, class %q, %d tries, story %q", s, r.State, r.Class, r.Tries, r.Story)
		}
		if r.At.Before(before) || r.At.After(time.Now().Add(time.Second)) {
			b.broken("the record of %v says %v, and it is now %v", s, r.At, time.Now())
		}
		if s.Ended() != (len(r.Data) == 0) {
			b.broken("%v keeps %d bytes of the message", s, len(r.Data))
		}
	}
	b.nothing(e, short, "all have ended")
}

func endsOnce(b *bench) {
	e := b.engine()
	b.put(e, entry("k"))
	l := b.takeOne(e, "k")
	b.settle(e, end(l, outbox.Rejected), nil)
	b.settle(e, end(l, outbox.Accepted), outbox.ErrState)
	b.settle(e, end(l, outbox.Queued), outbox.ErrState)
	b.state(e, "k", outbox.Rejected)
	b.put(e, entry("held"))
	l = b.takeOne(e, "held")
	b.settle(e, end(l, outbox.Held), nil)
	b.settle(e, end(l, outbox.Accepted), outbox.ErrState)
	b.state(e, "held", outbox.Held)
	b.nothing(e, short, "both have ended")
}

func putBack(b *bench) {
	e := b.engine()
	b.put(e, entry("k"))
	l := b.takeOne(e, "k")
	back := end(l, outbox.Queued)
	back.Wait = 150 * time.Millisecond
	due := time.Now().Add(back.Wait)
	b.settle(e, back, nil)
	r := b.last(e, "k")
	if r.State != outbox.Queued || r.Tries != 1 || r.At.Sub(due).Abs() > time.Second || r.At.Sub(r.Now) > back.Wait {
		b.broken("the record is %v, due at %v after %d tries", r.State, r.At, r.Tries)
	}
	again := b.takeOne(e, "k")
	if left := time.Until(due); left > time.Millisecond {
		b.broken("it is handed out %v before", left)
	}
	if again.Last.State != outbox.Queued || again.Last.Tries != 1 || string(again.Last.Story) != "story of queued" || string(again.Data) != "data of k" {
		b.broken("Last of the next lease is %v after %d tries, story %q", again.Last.State, again.Last.Tries, again.Last.Story)
	}
	b.settle(e, end(l, outbox.Accepted), outbox.ErrState)
	b.settle(e, end(again, outbox.Accepted), nil)
	b.state(e, "k", outbox.Accepted)
}

func putBackRepeat(b *bench) {
	e := b.engine()
	b.put(e, entry("code", repeat))
	first := b.takeOne(e, "code")
	if !first.Repeat {
		b.broken("the lease does not say Repeat")
	}
	b.settle(e, end(first, outbox.Queued), nil)
	b.settle(e, end(first, outbox.Accepted), outbox.ErrState)
	second := b.takeOne(e, "code")
	b.settle(e, end(first, outbox.Queued), outbox.ErrState)
	b.nothing(e, short, "an end by the earlier hand-out has put it back")
	b.settle(e, end(second, outbox.Accepted), nil)
}

func putBackUnknown(b *bench) {
	e := b.engine()
	b.put(e, entry("k"))
	first := b.takeOne(e, "k")
	since := b.last(e, "k").At
	for range 2 {
		back := end(first, outbox.Sending)
		back.Wait = 60 * time.Millisecond
		due := time.Now().Add(back.Wait)
		b.settle(e, back, nil)
		b.state(e, "k", outbox.Sending)
		b.same(b.change(e, "k", outbox.Queued, outbox.Change{State: outbox.Canceled}), outbox.ErrState, "Change from Queued")
		b.settle(e, end(first, outbox.Accepted), outbox.ErrState)
		next := b.takeOne(e, "k")
		if left := time.Until(due); left > time.Millisecond {
			b.broken("it is handed out %v before", left)
		}
		if next.Last.State != outbox.Sending || !next.Last.At.Equal(since) || string(next.Last.Story) != "story of sending" {
			b.broken("Last of the next lease is %v since %v: it should be sending since %v", next.Last.State, next.Last.At, since)
		}
		first = next
	}
	b.settle(e, end(first, outbox.Queued), nil)
	if l := b.takeOne(e, "k"); l.Last.State != outbox.Queued {
		b.broken("put back as known it is %v", l.Last.State)
	}
	if r := b.last(e, "k"); !r.At.After(since) {
		b.broken("a hand-out after the unknown one is said to have begun with that")
	}
}

func manyEnds(b *bench) {
	e := b.engine()
	b.put(e, entry("k1"), entry("k2"), entry("k3"))
	l := b.take(e, 3)
	if len(l) != 3 {
		b.stop("Exchange claims %d of 3", len(l))
	}
	slices.SortFunc(l, func(a, b outbox.Lease) int { return strings.Compare(a.Key, b.Key) })
	b.settle(e, end(l[1], outbox.Rejected), nil)
	answers := b.ends(e, end(l[0], outbox.Accepted), end(l[1], outbox.Accepted), end(l[2], outbox.Held), end(l[0], outbox.Dead))
	if len(answers) != 4 {
		b.stop("Exchange returns %d answers to 4 ends", len(answers))
	}
	for i, want := range []error{nil, outbox.ErrState, nil, outbox.ErrState} {
		b.same(answers[i], want, "the end %d", i)
	}
	b.state(e, "k1", outbox.Accepted)
	b.state(e, "k2", outbox.Rejected)
	b.state(e, "k3", outbox.Held)
}
