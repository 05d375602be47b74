package outboxtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/notifykit/notify/outbox"
)

func is(got, want error) bool {
	if want == nil {
		return got == nil
	}
	return errors.Is(got, want)
}

func putChecks() []check {
	return []check{
		{name: "what was put comes back whole", rule: "Put keeps an entry as it is, and Last tells its record", test: whole},
		{name: "the same key", rule: "Put answers ErrSame to a key with the same Hash and ErrKeyTaken to one with another, whatever its state", test: sameKey},
		{name: "the same key in one call", rule: "entries of one Put meet each other as those of two", test: sameKeyAtOnce},
		{name: "a fault refuses no other", rule: "each entry of a Put has its own answer", test: mixedPut},
		{name: "put with a context that has ended", rule: "a Put whose context has ended stores nothing", test: putEnded},
		{name: "many puts at once", rule: "of many Puts of one key at once one answers nil", test: racingPuts},
	}
}

func whole(b *bench) {
	e := b.engine()
	odd := entry("注文/1 '\"%_\\\x01"+strings.Repeat("k", 200), class("a"))
	odd.Data = make([]byte, 1000)
	for i := range odd.Data {
		odd.Data[i] = byte(i)
	}
	before := time.Now().Add(-time.Second)
	b.put(e, odd)
	r := b.last(e, odd.Key)
	if r.Key != odd.Key || r.Hash != odd.Hash || r.Class != "a" || r.State != outbox.Queued || r.Tries != 0 || r.At.Before(before) || r.At.After(time.Now().Add(time.Second)) || !bytes.Equal(r.Data, odd.Data) {
		b.broken("Last tells another record: %v at %v after %d tries, %d bytes", r.State, r.At, r.Tries, len(r.Data))
	}
	l := b.takeOne(e, odd.Key)
	if l.Hash != odd.Hash || l.Class != "a" || l.Repeat || !bytes.Equal(l.Data, odd.Data) {
		b.broken("Exchange claims another entry: class %q, %d bytes", l.Class, len(l.Data))
	}
	if l.Last.State != 0 || l.Last.Tries != 0 || len(l.Last.Story) != 0 {
		b.broken("Last of what was never handed out is %v: its State is zero", l.Last.State)
	}
	if _, err := e.Last(b.Context(), "nobody"); !is(err, outbox.ErrNotFound) {
		b.broken("Last of a key that does not exist answers %v", err)
	}
	if _, err := e.Last(b.Context(), strings.ToUpper(odd.Key)); !is(err, outbox.ErrNotFound) {
		b.broken("Last takes a key in other letters for the same: answers %v", err)
	}
}

func sameKey(b *bench) {
	e := b.engine()
	again := func(when string) {
		b.Helper()
		b.same(b.answers(e, entry("k"))[0], outbox.ErrSame, "Put of the same %s", when)
		other := entry("k")
		other.Hash = "another"
		b.same(b.answers(e, other)[0], outbox.ErrKeyTaken, "Put of another content %s", when)
	}
	b.put(e, entry("k"))
	again("while it is queued")
	l := b.takeOne(e, "k")
	again("while it is sent")
	b.settle(e, end(l, outbox.Accepted), nil)
	again("after its end")
	b.nothing(e, short, "what was put again is not sent again")
	moved := entry("k", in(time.Hour))
	b.same(b.answers(e, moved)[0], outbox.ErrSame, "Put of the same for another time")
}

func sameKeyAtOnce(b *bench) {
	e := b.engine()
	other := entry("k")
	other.Hash = "another"
	answers := b.answers(e, entry("k"), entry("k"), other)
	b.same(answers[0], nil, "Put of the first")
	b.same(answers[1], outbox.ErrSame, "Put of the second, the same")
	b.same(answers[2], outbox.ErrKeyTaken, "Put of the third, another content")
}

func mixedPut(b *bench) {
	e := b.engine()
	b.put(e, entry("two"))
	other := entry("two")
	other.Hash = "another"
	answers := b.answers(e, entry("one"), other, entry("three"))
	b.same(answers[0], nil, "Put of the first")
	b.same(answers[1], outbox.ErrKeyTaken, "Put of the second")
	b.same(answers[2], nil, "Put of the third")
	b.state(e, "one", outbox.Queued)
	b.state(e, "three", outbox.Queued)
	if got := b.answers(e); len(got) != 0 {
		b.broken("Put of nothing gives %d answers", len(got))
	}
}

func putEnded(b *bench) {
	e := b.engine()
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	answers := e.Put(ctx, []outbox.Entry{entry("k")})
	if len(answers) != 1 || answers[0] == nil {
		b.stop("Put answers %v", answers)
	}
	if _, err := e.Last(b.Context(), "k"); !is(err, outbox.ErrNotFound) {
		b.broken("Last finds it: %v", err)
	}
}

func racingPuts(b *bench) {
	e := b.engine()
	const n = 16
	answers := make(chan error)
	for i := range n {
		go func() {
			mine := entry("k")
			mine.Hash = fmt.Sprint("hash ", i%2)
			answers <- e.Put(b.Context(), []outbox.Entry{mine})[0]
		}()
	}
	stored := 0
	for range n {
		switch err := <-answers; {
		case err == nil:
			stored++
		case !is(err, outbox.ErrSame) && !is(err, outbox.ErrKeyTaken):
			b.broken("one of them answers %v", err)
		}
	}
	if stored != 1 {
		b.broken("%d do", stored)
	}
}
