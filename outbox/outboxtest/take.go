package outboxtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/notifykit/notify/outbox"
)

func takeChecks() []check {
	return []check{
		{name: "the order of classes", rule: "Take gives the first class before the second, up to n in all, and no class that was not asked for", test: classOrder},
		{name: "the order in a class", rule: "in a class the one due longest comes first, then the one put first", test: dueOrder, ordered: true},
		{name: "not before it is due", rule: "nothing is handed out before it is due", test: notBefore},
		{name: "take waits", rule: "Take waits until there is one", test: takeWaits},
		{name: "take with a context that has ended", rule: "a Take whose context has ended claims nothing", test: takeEnded},
		{name: "handed out once", rule: "what is handed out is handed out to nobody else", test: disjoint},
		{name: "two engines on one store", rule: "what one live owner has is not handed out to another, however long it takes", test: twoEngines},
		{name: "a put wakes another engine", rule: "Take waits for what another Engine puts too", test: wakesOther},
		{name: "a hand-out shows", rule: "the record of what is handed out is Sending, since then", test: shows},
		{name: "peek", rule: "Peek tells the first class that has any, and claims nothing", test: peek},
	}
}

func classOrder(b *bench) {
	e := b.engine()
	b.put(e, entry("c1", class("c")), entry("b1"), entry("a1", class("a")), entry("d1", class("d")), entry("a2", class("a")), entry("b2"))
	if got := keys(b.take(e, 3)); !slices.Equal(got, []string{"a1", "a2", "b1"}) {
		b.broken("of a, b and c the first three are %v", got)
	}
	if got := keys(b.takeOf(e, []string{"c", "b"}, 5)); !slices.Equal(got, []string{"c1", "b2"}) {
		b.broken("of c and b the others are %v", got)
	}
	b.nothing(e, short, "nobody asked for class d")
	if got := keys(b.takeOf(e, []string{"d"}, 1)); !slices.Equal(got, []string{"d1"}) {
		b.broken("of d there is %v", got)
	}
}

func dueOrder(b *bench) {
	e := b.engine()
	now := time.Now()
	b.put(e, entry("x2", at(now.Add(-time.Hour))), entry("x4", at(now.Add(-time.Minute))), entry("x3", at(now.Add(-time.Hour))), entry("x1", at(now.Add(-2*time.Hour))))
	b.put(e, entry("x5", at(now.Add(-time.Minute))))
	if got := keys(b.take(e, 9)); !slices.Equal(got, []string{"x1", "x2", "x3", "x4", "x5"}) {
		b.broken("they come as %v", got)
	}
}

func notBefore(b *bench) {
	e := b.engine()
	due := time.Now().Add(200 * time.Millisecond)
	b.put(e, entry("later", at(due)), entry("muchlater", at(due.Add(24*time.Hour))))
	b.takeOne(e, "later")
	if left := time.Until(due); left > time.Millisecond {
		b.broken("it is handed out %v before", left)
	}
}

func takeWaits(b *bench) {
	e := b.engine()
	got := make(chan []outbox.Lease)
	go func() {
		ctx, cancel := context.WithTimeout(b.Context(), b.patience)
		defer cancel()
		leases, _ := e.Take(ctx, classes, 5)
		got <- leases
	}()
	select {
	case leases := <-got:
		b.stop("it gives %v of nothing", keys(leases))
	case <-time.After(short):
	}
	b.put(e, entry("k"))
	if leases := <-got; len(leases) != 1 || leases[0].Key != "k" {
		b.broken("it gives %v after one was put", keys(leases))
	}
}

func takeEnded(b *bench) {
	e := b.engine()
	b.put(e, entry("k"))
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	leases, err := e.Take(ctx, classes, 5)
	if len(leases) > 0 {
		b.broken("it gives %v", keys(leases))
	}
	b.same(err, context.Canceled, "Take")
	if l := b.takeOne(e, "k"); l.Last.State != 0 {
		b.broken("it left a hand-out behind: %v", l.Last.State)
	}
}

func disjoint(b *bench) {
	e, f := b.engine(), b.engine()
	const n = 60
	for i := range n {
		b.put(e, entry(fmt.Sprintf("k%02d", i)))
	}
	got := make(chan outbox.Lease)
	ctx, cancel := context.WithTimeout(b.Context(), b.patience)
	defer cancel()
	for i := range 4 {
		from := []outbox.Engine{e, f}[i%2]
		go func() {
			for {
				leases, err := from.Take(ctx, classes, 3)
				if err != nil {
					got <- outbox.Lease{}
					return
				}
				for _, l := range leases {
					got <- l
				}
			}
		}()
	}
	seen := map[string]bool{}
	for ended := 0; ended < 4; {
		switch l := <-got; {
		case l.Key == "":
			ended++
			continue
		case seen[l.Key]:
			b.broken("%q is handed out twice", l.Key)
		default:
			seen[l.Key] = true
		}
		if len(seen) == n {
			cancel() // what comes after would be a second time
		}
	}
	if len(seen) != n {
		b.broken("%d of %d are handed out", len(seen), n)
	}
}

func twoEngines(b *bench) {
	e, f := b.engine(), b.engine()
	b.put(e, entry("k"))
	l := b.takeOne(e, "k")
	b.nothing(f, 3*b.lease, "its owner lives")
	b.settle(e, end(l, outbox.Accepted), nil)
}

func wakesOther(b *bench) {
	e, f := b.engine(), b.engine()
	got := make(chan []outbox.Lease)
	go func() {
		ctx, cancel := context.WithTimeout(b.Context(), b.patience)
		defer cancel()
		leases, _ := f.Take(ctx, classes, 5)
		got <- leases
	}()
	b.put(e, entry("k"))
	if leases := <-got; len(leases) != 1 {
		b.broken("it gives %v after one was put", keys(leases))
	}
}

func shows(b *bench) {
	e := b.engine()
	before := time.Now().Add(-time.Second)
	b.put(e, entry("k", at(before.Add(-time.Hour))))
	l := b.takeOne(e, "k")
	r := b.last(e, "k")
	if r.State != outbox.Sending || r.At.Before(before) || r.At.After(time.Now().Add(time.Second)) {
		b.broken("it is %v since %v", r.State, r.At)
	}
	if len(r.Data) == 0 {
		b.broken("its message is gone before the end")
	}
	b.settle(e, end(l, outbox.Rejected), nil)
}

func peek(b *bench) {
	e := b.engine()
	p, ok := e.(outbox.Peeker)
	if !ok {
		return // the ability is optional
	}
	b.put(e, entry("b1"), entry("c1", class("c")), entry("a1", class("a"), at(time.Now().Add(time.Hour))))
	for range 2 {
		got, err := p.Peek(b.Context(), classes)
		if err != nil || got != "b" {
			b.broken("it tells %q, %v: it is b", got, err)
		}
	}
	if l := b.takeOne(e, "b1"); l.Last.State != 0 {
		b.broken("it has left a hand-out behind")
	}
	ctx, cancel := context.WithTimeout(b.Context(), short)
	defer cancel()
	if got, err := p.Peek(ctx, []string{"a"}); err == nil {
		b.broken("it tells %q of a class of which nothing is due", got)
	}
}
