package outboxtest

import (
	"context"
	"slices"
	"time"

	"github.com/notifykit/notify/outbox"
)

func exchangeChecks() []check {
	return []check{
		{name: "ends and claims in one", rule: "one Exchange records ends and claims, up to the N of each want", test: both},
		{name: "exchange does not wait", rule: "an Exchange returns nothing if nothing is due", test: noWait},
		{name: "an end given again", rule: "an end that is given again after it was recorded is nil, and another is ErrState", test: givenAgain},
		{name: "ages", rule: "Age counts from when the entry was due first, by the store's clock", test: ages},
		{name: "a rival", rule: "an end whose receipt another record has is ErrRival and sets nothing", test: rival},
		{name: "rivals at once", rule: "of two ends with one receipt, given at once by two Engines, one is recorded", test: rivalsAtOnce, ordered: true},
		{name: "owned", rule: "Owned returns the receipts that other records have", test: owned},
		{name: "marks", rule: "after a crash Last.Mark is that of the owner that was lost", test: marks},
	}
}

func both(b *bench) {
	e := b.engine()
	b.put(e, entry("a1", class("a")), entry("a2", class("a")), entry("b1"), entry("b2"), entry("b3"))
	first := b.takeOf(e, []string{"a"}, 1)[0]
	other := map[string]string{"a1": "a2", "a2": "a1"}[first.Key]
	leases, answers, err := e.Exchange(b.Context(), []outbox.End{end(first, outbox.Accepted)}, []outbox.Want{{Class: "a", N: 5}, {Class: "b", N: 2}}, 5)
	if err != nil || len(answers) != 1 || answers[0] != nil {
		b.stop("it returns %v, %v", answers, err)
	}
	if got := keys(leases); len(got) != 3 || got[0] != other || leases[1].Class != "b" || leases[2].Class != "b" {
		b.broken("it claims %v", got)
	}
	b.state(e, first.Key, outbox.Accepted)
}

func noWait(b *bench) {
	e := b.engine()
	b.put(e, entry("k", in(time.Hour)))
	ctx, cancel := context.WithTimeout(b.Context(), b.patience)
	defer cancel()
	leases, answers, err := e.Exchange(ctx, nil, wants(classes, 5), 5)
	if err != nil || len(leases)+len(answers) > 0 {
		b.broken("it returns %v, %v, %v", keys(leases), answers, err)
	}
}

func givenAgain(b *bench) {
	e := b.engine()
	for _, s := range []outbox.State{outbox.Accepted, outbox.Held, outbox.Queued, outbox.Sending} {
		key := s.String()
		b.put(e, entry(key, class(key)))
		l := b.takeOf(e, []string{key}, 1)[0]
		one := end(l, s)
		one.Wait = time.Hour
		other := one
		other.Story = []byte("another story")
		b.settle(e, one, nil)
		b.settle(e, one, nil)
		b.settle(e, other, outbox.ErrState)
		if r := b.last(e, key); string(r.Story) != string(one.Story) {
			b.broken("the story of %v is %q", s, r.Story)
		}
	}
}

func ages(b *bench) {
	e := b.engine()
	began := time.Now()
	b.put(e, entry("k", in(100*time.Millisecond)))
	if r := b.last(e, "k"); r.Age >= 0 || r.Age < -100*time.Millisecond || r.At.Sub(r.Now) != -r.Age {
		b.broken("before it is due its age is %v, at %v of %v", r.Age, r.Now, r.At)
	}
	l := b.takeOne(e, "k")
	if longest := time.Since(began); l.Last.Age < 0 || l.Last.Age > longest || l.Last.Now.IsZero() {
		b.broken("the age of a hand-out is %v", l.Last.Age)
	}
	back := end(l, outbox.Queued)
	back.Wait = 50 * time.Millisecond
	b.settle(e, back, nil)
	if l := b.takeOne(e, "k"); l.Last.Age < 50*time.Millisecond || l.Last.Age > time.Since(began) {
		b.broken("after a wait of 50ms its age is %v", l.Last.Age)
	}
}

func receipted(l outbox.Lease, receipt uint64, rivals ...uint64) outbox.End {
	e := end(l, outbox.Accepted)
	e.Receipt, e.Rivals = receipt, rivals
	return e
}

func rival(b *bench) {
	e := b.engine()
	b.put(e, entry("k1"), entry("k2"))
	one, two := b.takeOne(e, "k1"), b.takeOne(e, "k2")
	b.settle(e, receipted(one, 7), nil)
	b.settle(e, receipted(two, 7, 6, 7), outbox.ErrRival)
	b.state(e, "k2", outbox.Sending)
	b.settle(e, receipted(two, 8, 8), nil)
	b.state(e, "k2", outbox.Accepted)
}

func rivalsAtOnce(b *bench) {
	e, f := b.engine(), b.engine()
	for i := range 10 {
		b.put(e, entry("k1"+string(rune('a'+i))), entry("k2"+string(rune('a'+i))))
		receipt := uint64(100 + i)
		one, two := b.take(e, 1)[0], b.take(f, 1)[0]
		answers := make(chan error, 2)
		give := func(on outbox.Engine, l outbox.Lease) {
			_, a, err := on.Exchange(b.Context(), []outbox.End{receipted(l, receipt, receipt)}, nil, 0)
			if err == nil {
				err = a[0]
			}
			answers <- err
		}
		go give(e, one)
		go give(f, two)
		first, second := <-answers, <-answers
		if first != nil {
			first, second = second, first
		}
		b.same(first, nil, "one of them")
		b.same(second, outbox.ErrRival, "the other")
		for _, l := range []struct {
			e outbox.Engine
			l outbox.Lease
		}{{e, one}, {f, two}} {
			if b.last(e, l.l.Key).State == outbox.Sending {
				b.settle(l.e, end(l.l, outbox.Held), nil)
			}
		}
	}
}

func owned(b *bench) {
	e := b.engine()
	b.put(e, entry("k1"), entry("k2"))
	b.settle(e, receipted(b.takeOne(e, "k1"), 7), nil)
	b.settle(e, receipted(b.takeOne(e, "k2"), 8), nil)
	got, err := e.Owned(b.Context(), "k2", []uint64{6, 7, 8})
	if err != nil || !slices.Equal(got, []uint64{7}) {
		b.broken("beside k2 it returns %v, %v", got, err)
	}
	if got, err := e.Owned(b.Context(), "k2", nil); err != nil || len(got) > 0 {
		b.broken("of nothing it returns %v, %v", got, err)
	}
}

func marks(b *bench) {
	e := b.engine()
	b.same(e.SetMark(b.Context(), "first"), nil, "SetMark")
	b.put(e, entry("k"))
	b.takeOne(e, "k")
	b.kill(e)
	f := b.engine()
	b.same(f.SetMark(b.Context(), "second"), nil, "SetMark")
	if l := b.takeOne(f, "k"); l.Last.Mark != "first" {
		b.broken("it is %q", l.Last.Mark)
	}
	b.kill(f)
	if l := b.takeOne(b.engine(), "k"); l.Last.Mark != "first" {
		b.broken("after another crash it is %q: nothing was sent since the first", l.Last.Mark)
	}
}
