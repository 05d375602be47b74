package twilio

import (
	"strconv"
	"testing"
	"time"
)

func TestLedgerIsBoundedAndKnowsWhatItForgot(t *testing.T) {
	l := newLedger()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(i int) time.Time { return start.Add(time.Duration(i) * time.Second) }
	for i := range claimsKept + 10 {
		if !l.claim("SM"+strconv.Itoa(i), "key"+strconv.Itoa(i), at(i)) {
			t.Fatalf("claim %d was refused", i)
		}
	}
	if len(l.owners) != claimsKept || len(l.order) != claimsKept {
		t.Errorf("it holds %d owners and %d claims, want %d", len(l.owners), len(l.order), claimsKept)
	}
	if mine, others := l.owner("SM9", "key9"); mine || others {
		t.Error("a claim that should be forgotten is known")
	}
	if mine, others := l.owner("SM10", "key10"); !mine || others {
		t.Error("the oldest claim that is kept is not known")
	}
	if _, others := l.owner("SM10", "another"); !others || l.claim("SM10", "another", at(0)) {
		t.Error("a message was given to a second key")
	}
	if l.remembers(at(9)) || !l.remembers(at(10)) {
		t.Error("it does not know since when it knows every claim")
	}
}

func TestLedgerForgetsWhatHasLanded(t *testing.T) {
	l := newLedger()
	first, second := l.begin("+1", "text"), l.begin("+1", "text")
	first()
	if !l.isFlying("+1", "text") || l.isFlying("+1", "other") || l.isFlying("+", "1text") {
		t.Error("what is in flight is not that text to that number")
	}
	second()
	if l.isFlying("+1", "text") || len(l.flying) != 0 {
		t.Errorf("%d texts are still in flight", len(l.flying))
	}
}
