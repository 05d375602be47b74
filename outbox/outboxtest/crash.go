package outboxtest

import (
	"context"
	"time"

	"github.com/notifykit/notify/outbox"
)

func crashChecks() []check {
	return []check{
		{name: "put, then a crash", rule: "what Put has answered is there after a crash", test: putThenCrash},
		{name: "handed out, then a crash", rule: "what was handed out to an owner that is gone comes back with Last Sending since that hand-out, and nothing else does", test: takenThenCrash},
		{name: "a code, then a crash", rule: "an entry with Repeat comes back after a crash", test: codeThenCrash},
		{name: "ended, then a crash", rule: "an end that Exchange has answered is there after a crash", test: endedThenCrash},
		{name: "put back, then a crash", rule: "what was put back is known after a crash: Last is Queued, with its story", test: backThenCrash},
		{name: "crashed twice", rule: "the time since when nothing is known is that of the first hand-out without an end", test: crashedTwice},
		{name: "a crash beside a live owner", rule: "what a live owner has stays its own when another crashes", test: crashBeside, ordered: true},
		{name: "keys after a crash", rule: "a key is known after a crash", test: keyThenCrash},
	}
}

func putThenCrash(b *bench) {
	e := b.engine()
	b.put(e, entry("k1"), entry("k2", in(100*time.Millisecond)))
	b.kill(e)
	f := b.engine()
	for _, key := range []string{"k1", "k2"} {
		if l := b.takeOne(f, key); l.Last.State != 0 {
			b.broken("%q was never handed out, and its Last is %v", key, l.Last.State)
		}
	}
}

func takenThenCrash(b *bench) {
	e := b.engine()
	b.put(e, entry("k1"), entry("k2"))
	b.takeOne(e, "k1")
	since := b.last(e, "k1").At
	b.kill(e)
	f := b.engine()
	seen := map[string]outbox.Record{}
	for len(seen) < 2 {
		for _, l := range b.take(f, 2) {
			seen[l.Key] = l.Last
		}
	}
	if l := seen["k1"]; l.State != outbox.Sending || !l.At.Equal(since) {
		b.broken("Last of what was handed out is %v since %v: it should be sending since %v", l.State, l.At, since)
	}
	if l := seen["k2"]; l.State != 0 {
		b.broken("Last of what was never handed out is %v", l.State)
	}
}

func codeThenCrash(b *bench) {
	e := b.engine()
	b.put(e, entry("code", repeat))
	b.takeOne(e, "code")
	b.kill(e)
	f := b.engine()
	l := b.takeOne(f, "code")
	if l.Last.State != 0 && l.Last.State != outbox.Sending {
		b.broken("its Last is %v", l.Last.State)
	}
	b.settle(f, end(l, outbox.Accepted), nil)
	b.state(f, "code", outbox.Accepted)
}

func endedThenCrash(b *bench) {
	e := b.engine()
	b.put(e, entry("k"), entry("held"))
	for _, l := range b.take(e, 2) {
		b.settle(e, end(l, map[string]outbox.State{"k": outbox.Accepted, "held": outbox.Held}[l.Key]), nil)
	}
	b.kill(e)
	f := b.engine()
	b.state(f, "k", outbox.Accepted)
	b.state(f, "held", outbox.Held)
	b.nothing(f, short, "both had ended")
}

func backThenCrash(b *bench) {
	e := b.engine()
	b.put(e, entry("k"))
	b.settle(e, end(b.takeOne(e, "k"), outbox.Queued), nil)
	b.kill(e)
	l := b.takeOne(b.engine(), "k")
	if l.Last.State != outbox.Queued || l.Last.Tries != 1 || string(l.Last.Story) != "story of queued" {
		b.broken("Last is %v after %d tries, story %q", l.Last.State, l.Last.Tries, l.Last.Story)
	}
}

func crashedTwice(b *bench) {
	e := b.engine()
	b.put(e, entry("k"))
	b.takeOne(e, "k")
	since := b.last(e, "k").At
	b.kill(e)
	f := b.engine()
	b.takeOne(f, "k")
	b.kill(f)
	if l := b.takeOne(b.engine(), "k"); l.Last.State != outbox.Sending || !l.Last.At.Equal(since) {
		b.broken("it is %v since %v, and was first handed out at %v", l.Last.State, l.Last.At, since)
	}
}

func crashBeside(b *bench) {
	e, f := b.engine(), b.engine()
	b.put(e, entry("live"), entry("dying"))
	live := b.takeOne(e, "live")
	b.takeOne(f, "dying")
	b.kill(f)
	g := b.engine()
	if l := b.takeOne(g, "dying"); l.Last.State != outbox.Sending {
		b.broken("Last of what the dead one had is %v", l.Last.State)
	}
	b.nothing(g, short, "its owner lives")
	b.settle(e, end(live, outbox.Accepted), nil)
}

func keyThenCrash(b *bench) {
	e := b.engine()
	b.put(e, entry("k"))
	b.settle(e, end(b.takeOne(e, "k"), outbox.Accepted), nil)
	b.kill(e)
	f := b.engine()
	b.same(b.answers(f, entry("k"))[0], outbox.ErrSame, "Put of the same")
	other := entry("k")
	other.Hash = "another"
	b.same(b.answers(f, other)[0], outbox.ErrKeyTaken, "Put of another")
}

func lateChecks() []check {
	return []check{
		{name: "a lease that lapses", rule: "what an owner holds beyond its lease is handed out again", test: lapses, pauses: true},
		{name: "a late end replaces the held", rule: "an end by the lease that was taken for dead replaces the Held that was set for it", test: lateEnd, pauses: true},
		{name: "a late end of a held that was decided", rule: "a late end does not replace what a person has decided", test: lateDecided, pauses: true},
		{name: "a late end against another end", rule: "a late end replaces nothing but the Held", test: lateOther, pauses: true},
		{name: "a late acceptance while another finds out", rule: "an Accepted by the lease that was taken for dead counts while another still finds out; no other end does", test: lateAccepted, pauses: true},
	}
}

// overtaken lets e's hand-out of k lapse and f take it.
func (b *bench) overtaken(key string) (e, f outbox.Engine, late, next outbox.Lease) {
	b.Helper()
	e, f = b.engine(), b.engine()
	b.put(e, entry(key))
	late = b.takeOne(e, key)
	b.store.Pause(e)
	next = b.takeOne(f, key)
	if b.store.Resume != nil {
		b.store.Resume(e)
	}
	if next.Last.State != outbox.Sending {
		b.broken("Last of what was taken over is %v", next.Last.State)
	}
	return e, f, late, next
}

func lapses(b *bench) {
	e, _, late, _ := b.overtaken("k")
	if e.Holds(late) {
		b.broken("the Engine of the first lease says that it still holds")
	}
}

func lateEnd(b *bench) {
	for _, s := range []outbox.State{outbox.Accepted, outbox.Rejected, outbox.Queued} {
		e, f, late, next := b.overtaken(s.String())
		b.settle(f, end(next, outbox.Held), nil)
		b.settle(e, end(late, s), nil)
		b.state(f, late.Key, s)
		b.settle(e, end(late, outbox.Accepted), outbox.ErrState)
		if s == outbox.Queued {
			b.settle(f, end(b.takeOne(f, late.Key), outbox.Accepted), nil)
		}
	}
}

func lateDecided(b *bench) {
	e, f, late, next := b.overtaken("k")
	b.settle(f, end(next, outbox.Held), nil)
	b.same(b.change(f, "k", outbox.Held, outbox.Change{State: outbox.Canceled}), nil, "Change from Held")
	b.settle(e, end(late, outbox.Accepted), outbox.ErrState)
	b.state(f, "k", outbox.Canceled)
}

func lateOther(b *bench) {
	e, f, late, next := b.overtaken("k")
	b.settle(f, end(next, outbox.Rejected), nil)
	b.settle(e, end(late, outbox.Accepted), outbox.ErrState)
	b.state(f, "k", outbox.Rejected)
}

func lateAccepted(b *bench) {
	e, f, late, next := b.overtaken("k")
	b.settle(e, end(late, outbox.Queued), outbox.ErrState)
	b.settle(e, end(late, outbox.Dead), outbox.ErrState)
	b.settle(e, end(late, outbox.Accepted), nil)
	b.state(f, "k", outbox.Accepted)
	b.settle(f, end(next, outbox.Held), outbox.ErrState)
	b.state(f, "k", outbox.Accepted)
}

func closeChecks() []check {
	return []check{
		{name: "after close", rule: "after Close every method answers ErrClosed", test: afterClose},
		{name: "close wakes", rule: "Close ends an Await", test: closeWakes},
		{name: "close gives up", rule: "what a closed Engine had is handed out again at once, of unknown outcome", test: closeGivesUp},
	}
}

func afterClose(b *bench) {
	e := b.engine()
	b.put(e, entry("k"))
	l := b.takeOne(e, "k")
	for range 2 {
		if err := e.Close(); err != nil {
			b.broken("Close answers %v", err)
		}
	}
	ctx := b.Context()
	b.same(e.Put(ctx, []outbox.Entry{entry("n")})[0], outbox.ErrClosed, "Put")
	_, _, err := e.Exchange(ctx, []outbox.End{end(l, outbox.Accepted)}, nil, 0)
	b.same(err, outbox.ErrClosed, "Exchange of an end")
	b.same(e.Change(ctx, outbox.Record{Key: "k", State: outbox.Queued}, outbox.Change{State: outbox.Canceled}), outbox.ErrClosed, "Change")
	_, _, err = e.Exchange(ctx, nil, wants(classes, 1), 1)
	b.same(err, outbox.ErrClosed, "Exchange")
	b.same(e.Await(ctx, classes), outbox.ErrClosed, "Await")
	b.same(e.SetMark(ctx, "m"), outbox.ErrClosed, "SetMark")
	b.same(e.Wake(ctx), outbox.ErrClosed, "Wake")
	_, err = e.Owned(ctx, "k", []uint64{1})
	b.same(err, outbox.ErrClosed, "Owned")
	_, err = e.Last(ctx, "k")
	b.same(err, outbox.ErrClosed, "Last")
	_, err = e.List(ctx, outbox.Held, "", 1)
	b.same(err, outbox.ErrClosed, "List")
	_, err = e.Count(ctx)
	b.same(err, outbox.ErrClosed, "Count")
}

func closeWakes(b *bench) {
	e := b.engine()
	waiting := make(chan error)
	ctx, cancel := context.WithTimeout(b.Context(), b.patience)
	defer cancel()
	go func() {
		waiting <- e.Await(ctx, classes)
	}()
	select {
	case err := <-waiting:
		b.stop("Await returns %v before", err)
	case <-time.After(short):
	}
	_ = e.Close()
	b.same(<-waiting, outbox.ErrClosed, "Await")
}

func closeGivesUp(b *bench) {
	e := b.engine()
	b.put(e, entry("k"))
	b.takeOne(e, "k")
	_ = e.Close()
	if l := b.takeOne(b.engine(), "k"); l.Last.State != outbox.Sending {
		b.broken("its Last is %v", l.Last.State)
	}
}
