package verify_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

func TestCheck_rightOnce(t *testing.T) {
	w := newWorld(t)
	code := w.start(alice)
	if err := w.check(alice, code); err != nil {
		t.Fatalf("the right code: %v", err)
	}
	wantCheck(t, w.check(alice, code), verify.ErrNotFound, 0, 0)
}

func TestCheck_readsWhatPeopleType(t *testing.T) {
	for name, form := range map[string]func(string) string{
		"with blanks":         func(c string) string { return " " + c[:3] + " " + c[3:] + "\n" },
		"with a dash":         func(c string) string { return c[:3] + "-" + c[3:] },
		"in full-width digit": fullWidth,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.check(alice, form(w.start(alice))); err != nil {
				t.Error(err)
			}
		})
	}
	for name, form := range map[string]func(string) string{
		"nothing":          func(string) string { return "" },
		"a letter more":    func(c string) string { return c + "x" },
		"a digit more":     func(c string) string { return c + "0" },
		"a digit less":     func(c string) string { return c[:5] },
		"a byte of no use": func(c string) string { return "\xff" + c },
		"megabytes":        func(c string) string { return c + string(make([]byte, 4<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			wantCheck(t, w.check(alice, form(w.start(alice))), verify.ErrWrong, 4, 0)
		})
	}
}

func fullWidth(s string) string {
	out := []rune(s)
	for i, c := range out {
		out[i] = c - '0' + '\uff10'
	}
	return string(out)
}

func TestCheck_countsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		code := w.start(alice)
		for left := 4; left > 0; left-- {
			wantCheck(t, w.check(alice, otherThan(code, left)), verify.ErrWrong, left, 0)
		}
		wantCheck(t, w.check(alice, otherThan(code, 9)), verify.ErrTooMany, 0, 15*time.Minute)
		time.Sleep(5 * time.Minute)
		wantCheck(t, w.check(alice, code), verify.ErrTooMany, 0, 10*time.Minute)
		_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login"})
		wantLimit(t, err, "attempts", 10*time.Minute)
		w.vendor.AssertCount(t, 1)

		time.Sleep(10 * time.Minute) // the lock ends, and the count with it
		code = w.start(alice)
		wantCheck(t, w.check(alice, otherThan(code, 1)), verify.ErrWrong, 4, 0)
		if err := w.check(alice, code); err != nil {
			t.Error(err)
		}
	})
}

func TestCheck_aNewCodeKeepsTheCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for left := 4; left > 0; left -= 2 {
			code := w.start(alice)
			wantCheck(t, w.check(alice, otherThan(code, 1)), verify.ErrWrong, left, 0)
			wantCheck(t, w.check(alice, otherThan(code, 2)), verify.ErrWrong, left-1, 0)
			time.Sleep(4 * time.Minute) // less than a third is left: the next is a new code
		}
		code := w.start(alice)
		wantCheck(t, w.check(alice, otherThan(code, 3)), verify.ErrTooMany, 0, 15*time.Minute)
	})
}

func TestCheck_aRightAnswerEndsTheCount(t *testing.T) {
	w := newWorld(t, withoutLimits)
	code := w.start(alice)
	w.wrongs(alice, code, 4)
	if err := w.check(alice, code); err != nil {
		t.Fatal(err)
	}
	code = w.start(alice)
	wantCheck(t, w.check(alice, otherThan(code, 1)), verify.ErrWrong, 4, 0)
}

func TestCheck_afterTheLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		code := w.start(alice)
		time.Sleep(5*time.Minute - 1)
		wantCheck(t, w.check(alice, otherThan(code, 1)), verify.ErrWrong, 4, 0)
		time.Sleep(time.Nanosecond)
		wantCheck(t, w.check(alice, code), verify.ErrExpired, 0, 0)
		time.Sleep(5 * time.Minute)
		wantCheck(t, w.check(alice, code), verify.ErrNotFound, 0, 0)
	})
}

func TestCheck_oneOfManyRightAnswersWins(t *testing.T) {
	w := newWorld(t)
	code := w.start(alice)
	var all sync.WaitGroup
	wins := make(chan struct{}, 100)
	for range 100 {
		all.Go(func() {
			if w.check(alice, code) == nil {
				wins <- struct{}{}
			}
		})
	}
	all.Wait()
	if len(wins) != 1 {
		t.Errorf("%d of 100 right answers at once were taken", len(wins))
	}
}

func TestCheck_answersPerAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		code := w.start(alice)
		for i := range 100 { // the number of others, each of which has no code
			err := w.Check(t.Context(), verify.Attempt{To: sms.Number(fmt.Sprintf("+861390000%04d", i)), Code: "1", IP: "2001:db8::1"})
			wantCheck(t, err, verify.ErrNotFound, 0, 0)
		}
		right := verify.Attempt{To: alice, Purpose: "login", Code: code, IP: "2001:db8::ffff"}
		wantCheck(t, w.Check(t.Context(), right), verify.ErrTooMany, 0, time.Hour+10*time.Minute) // a sixth longer at most
		right.IP = "192.0.2.1"
		if err := w.Check(t.Context(), right); err != nil {
			t.Errorf("the refused answer was looked at: %v", err)
		}
	})
}

func TestCheck_nobodyCouldLook(t *testing.T) {
	broken := &brokenStore{Store: verify.NewMemoryStore(), fails: map[string]error{"check": errors.New("connection reset")}}
	w := newWorld(t, func(o *verify.Options) { o.Store = broken })
	code := w.start(alice)
	err := w.check(alice, code)
	wantReason(t, err, sms.Internal, sms.Rejected)
	if _, judged := errors.AsType[*verify.CheckError](err); judged {
		t.Error("the error is a CheckError, and nobody has looked")
	}
	broken.fails = nil
	if err := w.check(alice, code); err != nil {
		t.Errorf("the same code afterwards: %v", err)
	}
}

func TestCheck_refusesWhatCannotBe(t *testing.T) {
	w := newWorld(t)
	wantReason(t, w.Check(t.Context(), verify.Attempt{To: "13800000000"}), sms.InvalidNumber, sms.Rejected)
	wantReason(t, w.Check(t.Context(), verify.Attempt{To: alice, Purpose: "a b"}), sms.InvalidMessage, sms.Rejected)
	wantReason(t, w.Check(t.Context(), verify.Attempt{To: alice, IP: "me"}), sms.InvalidMessage, sms.Rejected)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	wantReason(t, w.Check(ctx, verify.Attempt{To: alice}), sms.Canceled, sms.Rejected)
}

// Many people at once, some of whom type wrongly first: nothing is lost, and
// nobody gets what is another's.
func TestManyAtOnce(t *testing.T) {
	const numbers, workers = 5000, 64
	var codes sync.Map
	w := newWorld(t, func(o *verify.Options) {
		o.Sender = sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
			codes.Store(m.To, m.Params["code"])
			return sms.Receipt{}, nil
		})
	})
	next := make(chan int)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range next {
				a := verify.Attempt{To: sms.Number(fmt.Sprintf("+8613%09d", i)), Purpose: "login"}
				if _, err := w.Start(context.Background(), verify.Request{To: a.To, Purpose: a.Purpose, IP: addresses(i * 256)}); err != nil {
					t.Errorf("number %d: Start: %v", i, err)
					continue
				}
				code, _ := codes.Load(a.To)
				a.Code = otherThan(code.(string), i)
				if err := w.Check(context.Background(), a); i%3 == 0 && !errors.Is(err, verify.ErrWrong) {
					t.Errorf("number %d: a wrong code: %v", i, err)
				}
				a.Code = code.(string)
				p, err := w.Prove(context.Background(), a)
				if err != nil {
					t.Errorf("number %d: Prove: %v", i, err)
				}
				if err := w.Redeem(context.Background(), p); err != nil {
					t.Errorf("number %d: Redeem: %v", i, err)
				}
			}
		})
	}
	for i := range numbers {
		next <- i
	}
	close(next)
	all.Wait()
}

func TestKeysRotate(t *testing.T) {
	with := func(name string, old ...string) func(*verify.Options) {
		return func(o *verify.Options) {
			o.Key = key(name)
			for _, k := range old {
				o.OldKeys = append(o.OldKeys, key(k))
			}
		}
	}
	t.Run("a code of the old key still counts", func(t *testing.T) {
		w := newWorld(t, withoutLimits)
		code := w.start(alice)
		w.Verifier = w.another(withoutLimits, with("two", "one"))
		if again := w.start(alice); again != code {
			t.Error("a resend under the new key carries another code")
		}
		if err := w.check(alice, code); err != nil {
			t.Error(err)
		}
	})
	for name, other := range map[string]func(*verify.Options){
		"an unknown key":                       with("two"),
		"an unknown key, and other digits too": func(o *verify.Options) { with("two")(o); o.Digits = 8 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withoutLimits)
			code := w.start(alice)
			w.wrongs(alice, code, 2)
			first := w.Verifier
			w.Verifier = w.another(withoutLimits, other)
			for range 10 {
				err := w.check(alice, code)
				wantReason(t, err, sms.Internal, sms.Rejected)
				if !errors.Is(err, verify.ErrKey) {
					t.Errorf("the error does not say why: %v", err)
				}
			}
			wantCheck(t, first.Check(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: otherThan(code, 4)}), verify.ErrWrong, 2, 0)

			fresh := w.start(alice) // replaces the code and keeps the count
			wantCheck(t, w.check(alice, otherThan(fresh, 5)), verify.ErrWrong, 1, 0)
			if err := w.check(alice, fresh); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestProveAndRedeem(t *testing.T) {
	prove := func(t *testing.T, w *world) verify.Proof {
		p, err := w.Prove(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: w.start(alice)})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	t.Run("once", func(t *testing.T) {
		w := newWorld(t)
		p := prove(t, w)
		if p.To != alice || p.Purpose != "login" || p.Token == "" {
			t.Fatal("the proof is not for what was proved")
		}
		if err := w.Redeem(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		wantCheck(t, w.Redeem(t.Context(), p), verify.ErrNotFound, 0, 0)
	})
	t.Run("by one of many", func(t *testing.T) {
		w := newWorld(t)
		p := prove(t, w)
		var all sync.WaitGroup
		wins := make(chan struct{}, 50)
		for range 50 {
			all.Go(func() {
				if w.Redeem(t.Context(), p) == nil {
					wins <- struct{}{}
				}
			})
		}
		all.Wait()
		if len(wins) != 1 {
			t.Errorf("%d of 50 redeemed one proof", len(wins))
		}
	})
	t.Run("a wrong code gives no proof", func(t *testing.T) {
		w := newWorld(t)
		code := w.start(alice)
		p, err := w.Prove(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: otherThan(code, 1)})
		wantCheck(t, err, verify.ErrWrong, 4, 0)
		if p != (verify.Proof{}) {
			t.Error("there is a proof")
		}
	})
	t.Run("not for long", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			p := prove(t, w)
			time.Sleep(10 * time.Minute)
			wantCheck(t, w.Redeem(t.Context(), p), verify.ErrNotFound, 0, 0)
		})
	})
	t.Run("after the key has rotated", func(t *testing.T) {
		w := newWorld(t)
		p := prove(t, w)
		v := w.another(func(o *verify.Options) { o.Key, o.OldKeys = key("two"), [][]byte{key("one")} })
		if err := v.Redeem(t.Context(), p); err != nil {
			t.Error(err)
		}
	})
	t.Run("nobody could look, and it may be tried again", func(t *testing.T) {
		broken := &brokenStore{Store: verify.NewMemoryStore(), fails: map[string]error{"redeem": errors.New("connection reset")}}
		w := newWorld(t, func(o *verify.Options) { o.Store = broken })
		p := prove(t, w)
		wantReason(t, w.Redeem(t.Context(), p), sms.Internal, sms.Rejected)
		broken.fails = nil
		if err := w.Redeem(t.Context(), p); err != nil {
			t.Error(err)
		}
	})
	t.Run("only as it was made", func(t *testing.T) {
		w := newWorld(t)
		p := prove(t, w)
		for name, other := range map[string]verify.Proof{
			"another number":  {To: bob, Purpose: p.Purpose, Token: p.Token},
			"another purpose": {To: p.To, Purpose: "pay", Token: p.Token},
			"no purpose":      {To: p.To, Token: p.Token},
			"no token":        {To: p.To, Purpose: p.Purpose},
			"a longer token":  {To: p.To, Purpose: p.Purpose, Token: p.Token + "A"},
			"a shorter token": {To: p.To, Purpose: p.Purpose, Token: p.Token[1:]},
			"other letters":   {To: p.To, Purpose: p.Purpose, Token: "?" + p.Token[1:]},
			"no number":       {Token: p.Token},
		} {
			if err := w.Redeem(t.Context(), other); !errors.Is(err, verify.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.Redeem(t.Context(), p); err != nil {
			t.Errorf("and the right one afterwards: %v", err)
		}
	})
}

func TestTestNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *verify.Options) {
			o.Environment = "test"
			o.TestNumbers = map[sms.Number]verify.TestNumber{alice: {Code: "123456", Until: time.Now().Add(time.Hour)}}
			o.Limits.All = []middleware.Window{{Count: 1, Per: time.Hour}}
			o.Regions = []string{"FR"}
		})
		for range 20 { // no limit, no cooldown, no vendor
			if _, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login", IP: "192.0.2.1"}); err != nil {
				t.Fatal(err)
			}
			if err := w.check(alice, "123456"); err != nil {
				t.Fatal(err)
			}
		}
		w.vendor.AssertCount(t, 0)
		// Another process has another code for it: the one that was asked last counts.
		other := w.another(func(o *verify.Options) {
			o.AllowTestNumbers = true
			o.TestNumbers = map[sms.Number]verify.TestNumber{alice: {Code: "654321", Until: time.Now().Add(time.Hour)}}
		})
		for _, c := range []struct {
			first, second *verify.Verifier
			code          string
		}{{w.Verifier, other, "654321"}, {other, w.Verifier, "123456"}} {
			for _, v := range []*verify.Verifier{c.first, c.second} {
				if _, err := v.Start(t.Context(), verify.Request{To: alice, Purpose: "login"}); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.check(alice, c.code); err != nil {
				t.Error(err)
			}
		}
		if _, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login"}); err != nil {
			t.Fatal(err)
		}
		wantCheck(t, w.wrongs(alice, "123456", 5), verify.ErrTooMany, 0, 15*time.Minute)
		time.Sleep(time.Hour)
		_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login"})
		if !errors.Is(err, verify.ErrRegion) {
			t.Errorf("past its end the number is not like any other: %v", err)
		}
	})
}
