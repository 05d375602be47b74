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
		{name: "the order of classes", rule: "Exchange claims of the first want before the second, up to n in all, and of no class that was not asked for", test: classOrder},
		{name: "the order in a class", rule: "in a class the one due longest comes first, then the one put first", test: dueOrder, ordered: true},
		{name: "not before it is due", rule: "nothing is handed out before it is due", test: notBefore},
		{name: "await waits", rule: "Await waits until there is one", test: takeWaits},
		{name: "a context that has ended", rule: "an Exchange whose context has ended claims nothing", test: takeEnded},
		{name: "handed out once", rule: "what is handed out is handed out to nobody else", test: disjoint},
		{name: "two engines on one store", rule: "what one live owner has is not handed out to another, however long it takes", test: twoEngines},
		{name: "a put wakes another engine", rule: "Await waits for what another Engine puts too", test: wakesOther},
		{name: "a hand-out shows", rule: "the record of what is handed out is Sending, since then", test: shows},
	}
}

func classOrder(b *bench) {
	e := b.engine()
	b.put(e, entry("c1", class("c")), entry("b1"), entry("a1", class("a")), entry("d1", class("d")), entry("a2", class("a")), entry("b2"))
	got := b.take(e, 3)
	if all := classesOf(got); !slices.Equal(all, []string{"a", "a", "b"}) {
		b.broken("of a, b and c the first three are of %v", all)
	}
	if all := classesOf(b.takeOf(e, []string{"c", "b"}, 5)); !slices.Equal(all, []string{"c", "b"}) {
		b.broken("of c and b the others are of %v", all)
	}
	b.nothing(e, short, "nobody asked for class d")
	if got := keys(b.takeOf(e, []string{"d"}, 1)); !slices.Equal(got, []string{"d1"}) {
		b.broken("of d there is %v", got)
	}
}

func classesOf(leases []outbox.Lease) (all []string) {
	for _, l := range leases {
		all = append(all, l.Class)
	}
	return all
}

func dueOrder(b *bench) {
	e := b.engine()
	b.put(e, entry("x3", in(20*time.Millisecond)), entry("x5", in(40*time.Millisecond)), entry("x4", in(20*time.Millisecond)), entry("x1"), entry("x2"))
	waited, cancel := context.WithTimeout(b.Context(), 2*short)
	defer cancel()
	<-waited.Done()
	if got := keys(b.take(e, 9)); !slices.Equal(got, []string{"x1", "x2", "x3", "x4", "x5"}) {
		b.broken("they come as %v", got)
	}
}

func notBefore(b *bench) {
	e := b.engine()
	due := time.Now().Add(200 * time.Millisecond)
	b.put(e, entry("later", in(200*time.Millisecond)), entry("muchlater", in(24*time.Hour)))
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
		leases, _ := claim(ctx, e, classes, 5)
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
	leases, _, err := e.Exchange(ctx, nil, wants(classes, 5), 5)
	if len(leases) > 0 {
		b.broken("it gives %v", keys(leases))
	}
	b.same(err, context.Canceled, "Exchange")
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
				leases, err := claim(ctx, from, classes, 3)
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
	// An owner whose process stood still for a lease has lost what it had, and its
	// Engine says so: on a machine that stands still the check begins again.
	for i := range 5 {
		key := fmt.Sprint("k", i)
		b.put(e, entry(key))
		l := b.takeOne(e, key)
		ctx, cancel := context.WithTimeout(b.Context(), 3*b.lease)
		leases, err := claim(ctx, f, classes, 10)
		cancel()
		switch {
		case len(leases) == 0 && err == nil:
			b.broken("Exchange returns neither for an entry nor for the end of its context")
			return
		case len(leases) == 0:
			b.settle(e, end(l, outbox.Accepted), nil)
			return
		case e.Holds(l):
			b.broken("Exchange claims %v: its owner lives", keys(leases))
			return
		}
		b.settle(f, end(leases[0], outbox.Accepted), nil)
		e = b.engine()
	}
	b.broken("an owner that lives loses what it has, five times in a row")
}

func wakesOther(b *bench) {
	e, f := b.engine(), b.engine()
	got := make(chan []outbox.Lease)
	go func() {
		ctx, cancel := context.WithTimeout(b.Context(), b.patience)
		defer cancel()
		leases, _ := claim(ctx, f, classes, 5)
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
	b.put(e, entry("k"))
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
