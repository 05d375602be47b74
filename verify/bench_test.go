package verify_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// noVendor takes every message and keeps none.
func noVendor(o *verify.Options) {
	o.Sender = sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) { return sms.Receipt{}, nil })
}

// Four wrong answers for each number: the fifth would lock it.
func BenchmarkCheck(b *testing.B) {
	const numbers = 1 << 14
	var w *world
	to := make([]sms.Number, numbers)
	for i := range to {
		to[i] = numberOf(i)
	}
	n := 0
	a := verify.Attempt{Purpose: "login", Code: "12345"} // never right
	b.ReportAllocs()
	for b.Loop() {
		if n%(4*numbers) == 0 {
			b.StopTimer()
			w = newWorld(b, withoutLimits, noVendor)
			for _, r := range newcomers(numbers) {
				if _, err := w.Start(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
			n = 0
			b.StartTimer()
		}
		a.To = to[n%numbers]
		_ = w.Check(b.Context(), a)
		n++
	}
}

func BenchmarkStart_resend(b *testing.B) {
	w := newWorld(b, withoutLimits, noVendor)
	r := verify.Request{To: alice, Purpose: "login"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Start(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStart_first(b *testing.B) {
	w := newWorld(b, noVendor, func(o *verify.Options) { o.Store = verify.NewMemoryStoreSize(1 << 26) })
	requests := newcomers(1 << 16)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		if n == len(requests) {
			b.StopTimer()
			w.Verifier = w.another(noVendor, func(o *verify.Options) { o.Store = verify.NewMemoryStoreSize(1 << 26) })
			n = 0
			b.StartTimer()
		}
		if _, err := w.Start(b.Context(), requests[n]); err != nil {
			b.Fatal(err)
		}
		n++
	}
}

func numberOf(i int) sms.Number { return sms.Number(fmt.Sprintf("+8613%09d", i)) }

// newcomers are requests of new numbers from new addresses, in new ranges.
func newcomers(n int) []verify.Request {
	all := make([]verify.Request, n)
	for i := range all {
		all[i] = verify.Request{To: numberOf(i), Purpose: "login", IP: fmt.Sprintf("%d.%d.%d.9", 11+i>>16, i>>8&255, i&255)}
	}
	return all
}

// The way of a code allocates little: at most 20 times a call.
func TestAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates too")
	}
	const most = 20
	ctx := t.Context()
	w := newWorld(t, withoutLimits, noVendor, func(o *verify.Options) { o.MaxAttempts = 100 })
	if _, err := w.Start(ctx, verify.Request{To: alice, Purpose: "login"}); err != nil {
		t.Fatal(err)
	}
	newcomers := newcomers(300)
	first := newWorld(t, noVendor)
	n := 0
	for name, f := range map[string]func(){
		"Check, wrong": func() { _ = w.Check(ctx, verify.Attempt{To: alice, Purpose: "login", Code: "12345"}) },
		"Check of an address": func() {
			_ = first.Check(ctx, verify.Attempt{To: bob, Purpose: "login", Code: "123456", IP: "192.0.2.1"})
		},
		"a resend": func() {
			if _, err := w.Start(ctx, verify.Request{To: bob, Purpose: "login"}); err != nil {
				t.Error(err)
			}
		},
		"a first Start": func() {
			if _, err := first.Start(ctx, newcomers[n]); err != nil {
				t.Error(err)
			}
			n++
		},
	} {
		if got := testing.AllocsPerRun(60, f); got > most {
			t.Errorf("%s: %v allocations, at most %d", name, got, most)
		} else {
			t.Logf("%s: %v allocations", name, got)
		}
	}
}
