package outboxtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/notifykit/notify/outbox"
)

func changeChecks() []check {
	return []check{
		{name: "cancel", rule: "Change compares the state and sets the record, for what is queued", test: cancel},
		{name: "dead, again", rule: "Change to Queued hands out again with its message", test: deadAgain},
		{name: "change against take", rule: "of a Change from Queued and an Exchange one gets it", test: changeRace},
		{name: "change against a try", rule: "Change compares the revision: it overwrites no try made in between", test: revision},
		{name: "list", rule: "List gives the records of a state by key, from after a key, up to n", test: list},
		{name: "count", rule: "Count tells every state and what each class has to do", test: count},
	}
}

func cancel(b *bench) {
	e := b.engine()
	to := outbox.Change{State: outbox.Canceled, Tries: 4, Story: []byte("taken back")}
	b.same(e.Change(b.Context(), outbox.Record{Key: "k", State: outbox.Queued}, to), outbox.ErrNotFound, "Change of a key that does not exist")
	b.put(e, entry("k"), entry("sent"))
	b.same(b.change(e, "k", outbox.Dead, to), outbox.ErrState, "Change from another state")
	b.state(e, "k", outbox.Queued)
	b.same(b.change(e, "k", outbox.Queued, to), nil, "Change from Queued")
	r := b.last(e, "k")
	if r.State != outbox.Canceled || r.Tries != 4 || string(r.Story) != "taken back" || len(r.Data) > 0 || r.Hash != "hash of k" {
		b.broken("the record is %v, %d tries, story %q, %d bytes of message", r.State, r.Tries, r.Story, len(r.Data))
	}
	b.same(b.change(e, "k", outbox.Queued, to), outbox.ErrState, "a second Change")
	l := b.takeOne(e, "sent")
	b.same(b.change(e, "sent", outbox.Queued, to), outbox.ErrState, "Change of what is handed out")
	b.same(b.change(e, "sent", outbox.Sending, to), outbox.ErrState, "Change from Sending of what is handed out")
	b.settle(e, end(l, outbox.Accepted), nil)
	b.nothing(e, short, "it is canceled")
}

func deadAgain(b *bench) {
	e := b.engine()
	for _, s := range []outbox.State{outbox.Dead, outbox.Held} {
		key := s.String()
		b.put(e, entry(key))
		first := b.takeOne(e, key)
		b.settle(e, end(first, s), nil)
		due := time.Now().Add(50 * time.Millisecond)
		b.same(b.change(e, key, s, outbox.Change{State: outbox.Queued, Wait: 50 * time.Millisecond, Tries: 7, Story: []byte("again")}), nil, "Change to Queued")
		l := b.takeOne(e, key)
		if left := time.Until(due); left > time.Millisecond {
			b.broken("it is handed out %v before", left)
		}
		if l.Last.State != outbox.Queued || l.Last.Tries != 7 || string(l.Last.Story) != "again" || string(l.Data) != "data of "+key {
			b.broken("its lease has Last %v, %d tries, story %q and data %q", l.Last.State, l.Last.Tries, l.Last.Story, l.Data)
		}
		b.settle(e, end(first, outbox.Accepted), outbox.ErrState)
		b.settle(e, end(l, outbox.Accepted), nil)
	}
}

// A person's decision must not overwrite a try that was made in between.
func revision(b *bench) {
	e := b.engine()
	b.put(e, entry("k"))
	was := b.last(e, "k")
	b.settle(e, end(b.takeOne(e, "k"), outbox.Queued), nil)
	b.same(e.Change(b.Context(), was, outbox.Change{State: outbox.Canceled}), outbox.ErrState, "Change of a record that was read before another try")
	if r := b.last(e, "k"); r.State != outbox.Queued || string(r.Story) != "story of queued" || r.Tries != 1 {
		b.broken("it is %v after %d tries, story %q", r.State, r.Tries, r.Story)
	}
	b.same(b.change(e, "k", outbox.Queued, outbox.Change{State: outbox.Canceled}), nil, "Change of the record as it is")
}

func changeRace(b *bench) {
	e := b.engine()
	for i := range 20 {
		key := fmt.Sprint("k", i)
		b.put(e, entry(key), entry("z"+key))
		was := b.last(e, key)
		changed := make(chan error)
		go func() {
			changed <- e.Change(b.Context(), was, outbox.Change{State: outbox.Canceled})
		}()
		leases := b.take(e, 1)
		if leases[0].Key == key {
			b.settle(e, end(leases[0], outbox.Accepted), nil)
			if err := <-changed; !is(err, outbox.ErrState) {
				b.broken("%s was taken, and Change answers %v", key, err)
			}
			b.settle(e, end(b.takeOne(e, "z"+key), outbox.Accepted), nil)
			continue
		}
		b.settle(e, end(leases[0], outbox.Accepted), nil)
		if err := <-changed; err != nil {
			b.broken("%s was not taken, and Change answers %v", key, err)
		}
	}
}

func list(b *bench) {
	e := b.engine()
	for _, k := range []string{"m", "c", "é", "x", "a"} {
		b.put(e, entry(k))
		b.settle(e, end(b.takeOne(e, k), outbox.Dead), nil)
	}
	b.put(e, entry("b"))
	got := func(after string, n int) (all []string) {
		b.Helper()
		records, err := e.List(b.Context(), outbox.Dead, after, n)
		if err != nil {
			b.stop("List answers %v", err)
		}
		for _, r := range records {
			all = append(all, r.Key)
			if r.State != outbox.Dead || r.Tries != 1 || string(r.Story) != "story of dead" || len(r.Data) == 0 {
				b.broken("the record of %q is %v after %d tries, %d bytes of message", r.Key, r.State, r.Tries, len(r.Data))
			}
		}
		return all
	}
	for _, c := range []struct {
		after string
		n     int
		want  []string
	}{{"", 10, []string{"a", "c", "m", "x", "é"}}, {"", 2, []string{"a", "c"}}, {"c", 2, []string{"m", "x"}}, {"b", 1, []string{"c"}}, {"é", 5, nil}, {"", 0, nil}} {
		if all := got(c.after, c.n); !slices.Equal(all, c.want) {
			b.broken("List after %q of %d gives %q: it should be %q", c.after, c.n, all, c.want)
		}
	}
}

func count(b *bench) {
	e := b.engine()
	b.put(e, entry("1", class("a")), entry("2", class("a")), entry("3", in(time.Hour)), entry("4"))
	b.put(e, entry("5"))
	oldest := b.last(e, "4").At
	l := b.takeOf(e, []string{"a"}, 2)
	b.settle(e, end(l[0], outbox.Accepted), nil)
	c, err := e.Count(b.Context())
	if err != nil {
		b.stop("Count answers %v", err)
	}
	want := map[outbox.State]int64{outbox.Queued: 3, outbox.Sending: 1, outbox.Accepted: 1}
	for _, s := range outbox.States() {
		if c.States[s] != want[s] {
			b.broken("it counts %d %v: there are %d", c.States[s], s, want[s])
		}
	}
	a, of := c.Classes["a"], c.Classes["b"]
	if a.Sending != 1 || a.Ready != 0 || a.Later != 0 || of.Ready != 2 || of.Later != 1 || of.Sending != 0 || !of.Oldest.Equal(oldest) {
		b.broken("class a is %+v and class b %+v, the oldest due at %v", a, of, oldest)
	}
}
