package verifytest

import (
	"slices"
	"time"

	"github.com/notifykit/notify/verify"
)

func tallyChecks() []check {
	return []check{
		{"a tally of what was sent", "a Tally counts each code that was let through, and tells the share before it", func(b *bench) {
			t, ok := b.store.(verify.Tally)
			if !ok {
				return
			}
			cell, other := verify.Cell{Scope: "prefix", Of: "+861380", Per: time.Hour}, verify.Cell{Scope: "region", Of: "CN", Per: time.Hour}
			l := limit("number", "1", per(2, time.Hour))
			for i := range 2 {
				b.wantShares(t, l, 0, []verify.Share{{Sent: i}}, cell)
			}
			b.wantShares(t, l, time.Hour, nil, cell) // refused, and so not counted
			b.wantShares(t, limit("number", "2", per(9, time.Hour)), 0, []verify.Share{{Sent: 2}, {}}, cell, other)
		}},
		{"a tally of what was given back", "what is given back is not counted as sent", func(b *bench) {
			t, ok := b.store.(verify.Tally)
			if !ok {
				return
			}
			cell := verify.Cell{Scope: "prefix", Of: "+861380", Per: time.Hour}
			l := limit("number", "1", per(1, time.Hour))
			id := b.id()
			if _, _, _, err := t.TakeSent(b.Context(), id, []verify.Limit{l}, []verify.Cell{cell}); err != nil {
				b.Fatalf("TakeSent: %v", err)
			}
			if err := t.ReturnSent(b.Context(), id, []verify.Limit{l}, []verify.Cell{cell}); err != nil {
				b.Fatalf("ReturnSent: %v", err)
			}
			b.wantShares(t, l, 0, []verify.Share{{}}, cell)
		}},
		{"a tally of what was typed back", "a Tally counts the first right answer, and nothing else", func(b *bench) {
			t, ok := b.store.(verify.Tally)
			if !ok {
				return
			}
			cell := verify.Cell{Scope: "prefix", Of: "+861380", Per: time.Hour}
			b.begin(ann, "1")
			right := b.checkStep(ann, "1")
			for _, step := range []verify.CheckStep{b.checkStep(ann, "2"), right, right, b.checkStep(ann, "1")} {
				if _, err := t.CheckVerified(b.Context(), step, []verify.Cell{cell}); err != nil {
					b.Fatalf("CheckVerified: %v", err)
				}
			}
			b.wantShares(t, limit("number", "1", per(9, time.Hour)), 0, []verify.Share{{Verified: 1}}, cell)
		}},
		{"a tally's span", "a Tally forgets what is older than the cell's span", func(b *bench) {
			t, ok := b.store.(verify.Tally)
			if !ok {
				return
			}
			cell := verify.Cell{Scope: "prefix", Of: "+861380", Per: time.Hour}
			l := limit("number", "1", per(9, 9*time.Hour))
			b.wantShares(t, l, 0, []verify.Share{{}}, cell)
			b.advance(50 * time.Minute)
			b.wantShares(t, l, 0, []verify.Share{{Sent: 1}}, cell)
			b.advance(10 * time.Minute)
			b.wantShares(t, l, 0, []verify.Share{{Sent: 1}}, cell)
			b.advance(61 * time.Minute)
			b.wantShares(t, l, 0, []verify.Share{{}}, cell)
		}},
	}
}

func (b *bench) wantShares(t verify.Tally, l verify.Limit, wait time.Duration, shares []verify.Share, cells ...verify.Cell) {
	b.Helper()
	_, w, got, err := t.TakeSent(b.Context(), b.id(), []verify.Limit{l}, cells)
	if err != nil {
		b.Fatalf("TakeSent: %v", err)
	}
	if !b.about(w, wait) || wait == 0 && !slices.Equal(got, shares) {
		b.broken("it waits %v with shares %v; it should wait %v with shares %v", w, got, wait, shares)
	}
}
