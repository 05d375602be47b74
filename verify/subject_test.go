package verify_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// Numbers that are written in two ways.
var writings = []struct {
	name       string
	one, other sms.Number
}{
	{"Argentina", "+541123456789", "+5491123456789"},
	{"Brazil", "+551161234567", "+5511961234567"},
}

// Both writings of a number have one code, one count of failures, and one of each limit;
// the message is sent to the number as it was typed.
func TestSubject_oneForBothWritings(t *testing.T) {
	for _, c := range writings {
		for _, order := range [][2]sms.Number{{c.one, c.other}, {c.other, c.one}} {
			synctest.Test(t, func(t *testing.T) {
				first, second := order[0], order[1]
				w := newWorld(t)
				code := w.start(first)
				if sent := w.vendor.Sent(); sent[len(sent)-1].To != first {
					t.Errorf("%s: sent to %q, want %q", c.name, sent[len(sent)-1].To.E164(), first.E164())
				}
				_, err := w.Start(t.Context(), verify.Request{To: second, Purpose: "login"})
				wantLimit(t, err, verify.ScopeCooldown, time.Minute)
				wantCheck(t, w.wrongs(second, code, 2), verify.ErrWrong, 3, 0)
				wantCheck(t, w.wrongs(first, code, 1), verify.ErrWrong, 2, 0)
				proof, err := w.Prove(t.Context(), verify.Attempt{To: second, Purpose: "login", Code: code})
				if err != nil || proof.To != second {
					t.Fatalf("%s: Prove: %v, %v", c.name, proof, err)
				}
				if err := w.check(first, code); !errors.Is(err, verify.ErrNotFound) {
					t.Errorf("%s: the code is used twice: %v", c.name, err)
				}
				proof.To = first
				if err := w.Redeem(t.Context(), proof); err != nil {
					t.Errorf("%s: Redeem: %v", c.name, err)
				}
				if err := w.Redeem(t.Context(), proof); err == nil {
					t.Errorf("%s: the proof is redeemed twice", c.name)
				}
			})
		}
	}
}

func TestSubject_failuresLockBothWritings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withoutLimits)
		c := writings[0]
		code := w.start(c.one)
		w.wrongs(c.one, code, 3)
		if err := w.wrongs(c.other, code, 2); !errors.Is(err, verify.ErrTooMany) {
			t.Fatal(err)
		}
		_, err := w.Start(t.Context(), verify.Request{To: c.other, Purpose: "login"})
		if limit, ok := errors.AsType[*verify.LimitError](err); !ok || limit.Scope != verify.ScopeAttempts {
			t.Error(err)
		}
	})
}

func TestSubject_limitOfANumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withoutLimits, func(o *verify.Options) {
			o.Limits.Number = []middleware.Window{{Count: 2, Per: time.Hour}}
		})
		c := writings[1]
		w.start(c.one)
		w.start(c.other)
		_, err := w.Start(t.Context(), verify.Request{To: c.one, Purpose: "login"})
		wantLimit(t, err, verify.ScopeNumber, time.Hour)
	})
}

// An answer counts once against Limits.Answers, also if the code is looked for under the
// number as it was typed.
func TestSubject_anAnswerCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *verify.Options) { o.Limits.Answers = []middleware.Window{{Count: 2, Per: time.Hour}} })
		a := verify.Attempt{To: writings[0].one, Purpose: "login", Code: "123456", IP: "192.0.2.1"}
		for _, want := range []error{verify.ErrNotFound, verify.ErrNotFound, verify.ErrTooMany} {
			if err := w.Check(t.Context(), a); !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		}
	})
}

func TestSubject_testNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := writings[0]
		w := newWorld(t, func(o *verify.Options) {
			o.AllowTestNumbers = true
			o.TestNumbers = map[sms.Number]verify.TestNumber{c.one: {Code: "123456", Until: time.Now().Add(time.Hour)}}
		})
		for _, to := range []sms.Number{c.one, c.other} {
			if _, err := w.Start(t.Context(), verify.Request{To: to, Purpose: "login"}); err != nil {
				t.Fatal(err)
			}
			if err := w.check(to, "123456"); err != nil {
				t.Error(err)
			}
		}
		if sent := w.vendor.Sent(); len(sent) > 0 {
			t.Errorf("%d messages were sent", len(sent))
		}
	})
}
