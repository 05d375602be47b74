package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// The tests of this file and of attack_http_test.go play the attacker.
// docs/security.md names each of them with what stopped it, and TestSecurityPage
// holds the page against them.

// addresses gives the i-th of many addresses.
func addresses(i int) string { return fmt.Sprintf("198.%d.%d.%d", 18+i>>16&1, i>>8&255, i&255) }

// A code is guessed in parallel, each answer from an address of its own.
func TestAttack_guessFromManyAddresses(t *testing.T) {
	w := newWorld(t)
	code := w.start(alice)
	var all sync.WaitGroup
	var mu sync.Mutex
	judged := 0
	for i := range 200 {
		all.Go(func() {
			err := w.Check(context.Background(), verify.Attempt{To: alice, Purpose: "login", Code: otherThan(code, i), IP: addresses(i)})
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, verify.ErrWrong) {
				judged++
			}
		})
	}
	all.Wait()
	if judged != 4 {
		t.Errorf("%d guesses were told to be wrong, and the fifth should have locked", judged)
	}
	if err := w.check(alice, code); !errors.Is(err, verify.ErrTooMany) {
		t.Errorf("the code is still open: %v", err)
	}
}

// Codes are asked for again and again, and four guesses given on each. A day of
// it has to stay under the guesses that the lock allows: 5 in each LockFor.
func TestAttack_guessOverManyCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withoutLimits)
		judged := 0
		for range 24 * 60 { // a day
			if _, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login"}); err == nil {
				for i := range 4 {
					switch err := w.check(alice, fmt.Sprintf("%06d", i)); {
					case err == nil: // once in 2,000 runs of the test: no finding
						return
					case errors.Is(err, verify.ErrWrong):
						judged++
					}
				}
			}
			time.Sleep(time.Minute)
		}
		if most := 24 * 60 / 15 * 5; judged > most {
			t.Errorf("%d guesses were judged in a day: at most %d", judged, most)
		}
	})
}

func TestAttack_replayAUsedCode(t *testing.T) {
	w := newWorld(t, withoutLimits)
	code := w.start(alice)
	if err := w.check(alice, code); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := w.check(alice, code); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("the used code: %v", err)
		}
	}
	if w.start(alice) == code {
		t.Error("the next code is the used one")
	}
	if err := w.check(alice, code); !errors.Is(err, verify.ErrWrong) {
		t.Errorf("the used code against the next one: %v", err)
	}
}

func TestAttack_anotherPurpose(t *testing.T) {
	w := newWorld(t, withoutLimits)
	code := w.start(alice)
	if _, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "pay"}); err != nil {
		t.Fatal(err)
	}
	for _, purpose := range []string{"pay", "", "login2", "logi"} {
		if err := w.Check(t.Context(), verify.Attempt{To: alice, Purpose: purpose, Code: code}); err == nil {
			t.Errorf("the code for login is right for %q", purpose)
		}
	}
	if err := w.check(alice, code); err != nil {
		t.Errorf("and no more for login: %v", err)
	}
}

// A code of one's own number is given for the victim's; and number and purpose
// are moved into one another.
func TestAttack_swapNumbers(t *testing.T) {
	w := newWorld(t, withoutLimits)
	code := w.start(bob)
	w.start(alice)
	if err := w.check(alice, code); !errors.Is(err, verify.ErrWrong) {
		t.Errorf("the code of one number for another: %v", err)
	}
	if _, err := w.Start(t.Context(), verify.Request{To: "+861380000000", Purpose: "1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Start(t.Context(), verify.Request{To: "+8613800000001", Purpose: ""}); err != nil {
		t.Fatal(err)
	}
	if w.vendor.Code("+861380000000") == w.vendor.Code("+8613800000001") {
		t.Error("a digit moved from the number to the purpose leaves the code the same")
	}
}

func TestAttack_anotherNumbersProof(t *testing.T) {
	w := newWorld(t, withoutLimits)
	own, err := w.Prove(t.Context(), verify.Attempt{To: bob, Purpose: "login", Code: w.start(bob)})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []verify.Proof{{To: alice, Purpose: "login", Token: own.Token}, {To: bob, Purpose: "pay", Token: own.Token}} {
		if err := w.Redeem(t.Context(), p); !errors.Is(err, verify.ErrNotFound) {
			t.Errorf("a proof that was not made for it: %v", err)
		}
	}
	if err := w.Redeem(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	if err := w.Redeem(t.Context(), own); !errors.Is(err, verify.ErrNotFound) {
		t.Errorf("a proof twice: %v", err)
	}
}

// Numbers of one prefix, which somebody earns by, are asked for from many
// addresses. Nobody types the codes back.
func TestAttack_pumping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []verify.Pressure
		w := newWorld(t, func(o *verify.Options) {
			o.Pumping.Mode = verify.ModeBlock
			o.Pumping.OnPressure = func(_ context.Context, p verify.Pressure) { told = append(told, p) }
		})
		sent := 0
		for i := range 1000 {
			_, err := w.Start(t.Context(), verify.Request{To: sms.Number(fmt.Sprintf("+8613811%05d", i)), Purpose: "login", IP: addresses(i * 256)})
			if err == nil {
				sent++
			}
		}
		if sent > 20 {
			t.Errorf("%d of 1000 were sent: the floor of a prefix is 20", sent)
		}
		if len(told) == 0 || told[0].Scope != "prefix" || told[0].Of != "+86138110" {
			t.Errorf("the owner was told %v", told)
		}
		w.start(alice) // others are served
	})
}

func TestAttack_aCountryNobodyServes(t *testing.T) {
	w := newWorld(t, func(o *verify.Options) { o.Regions = []string{"cn"} })
	_, err := w.Start(t.Context(), verify.Request{To: "+37122000000", Purpose: "login"})
	if !errors.Is(err, verify.ErrRegion) {
		t.Errorf("a number of another country: %v", err)
	}
	w.start(alice)
	w.vendor.AssertCount(t, 1)
}

// Numbers that the vendor refuses cost nothing; but asking does.
func TestAttack_badNumbersWithoutEnd(t *testing.T) {
	w := newWorld(t)
	w.vendor.Fail(sms.InvalidNumber)
	asked := 0
	for i := range 1000 {
		_, err := w.Start(t.Context(), verify.Request{To: sms.Number(fmt.Sprintf("+86138%08d", i)), Purpose: "login", IP: "203.0.113.7"})
		if sms.ReasonOf(err) == sms.InvalidNumber {
			asked++
		}
	}
	if asked != 30 {
		t.Errorf("one address made the vendor refuse %d numbers: the limit is 30 an hour", asked)
	}
}

// The store is read, whole. Everything that it was ever given is looked through
// for the code, and every code is tried against it as a plain hash.
func TestAttack_readTheStore(t *testing.T) {
	var stolen recordingStore
	stolen.Tally = verify.NewMemoryStore()
	w := newWorld(t, func(o *verify.Options) { o.Store = &stolen })
	code := w.start(alice)
	proof, err := w.Prove(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: code})
	if err != nil {
		t.Fatal(err)
	}
	dump := stolen.dump.String()
	if !strings.Contains(dump, "8613800000001") {
		t.Fatal("the test does not see what the store holds")
	}
	for _, secret := range []string{code, proof.Token} {
		if strings.Contains(dump, `"`+secret) {
			t.Error("the store was given the code or the token in the open")
		}
	}
	// Who has a tag cannot redeem it, nor use it for a code.
	for _, id := range stolen.proofs {
		if err := w.Redeem(t.Context(), verify.Proof{To: alice, Purpose: "login", Token: id.String()}); err == nil {
			t.Error("what the store knows of a proof redeems it")
		}
	}
	// The same record under another key is another code's: guesses need the key.
	other := w.another(func(o *verify.Options) { o.Key = key("a guess") })
	if err := other.Check(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: code}); err == nil {
		t.Error("another key takes the code")
	}
}

// A recordingStore writes down all that it is given.
type recordingStore struct {
	verify.Tally
	dump   bytes.Buffer
	proofs []verify.ID
}

func (r *recordingStore) Begin(ctx context.Context, s verify.BeginStep) (verify.Begun, error) {
	_ = json.NewEncoder(&r.dump).Encode(s)
	return r.Tally.Begin(ctx, s)
}

func (r *recordingStore) Check(ctx context.Context, s verify.CheckStep) (verify.Checked, error) {
	_ = json.NewEncoder(&r.dump).Encode(s)
	r.proofs = append(r.proofs, s.Proof)
	return r.Tally.Check(ctx, s)
}

func TestAttack_floodOneNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 24 * 60 { // a day, from many addresses and for many purposes
			_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: fmt.Sprint("p", i%7), IP: addresses(i * 256)})
			if err != nil && sms.ReasonOf(err) != sms.RecipientLimited {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if n := len(w.vendor.Sent()); n > 10 {
			t.Errorf("%d messages in a day to one number: the limit is 10", n)
		}
	})
}

// Other numbers are asked for until the store is full, to have a lock forgotten.
func TestAttack_floodTheStore(t *testing.T) {
	w := newWorld(t, func(o *verify.Options) { o.Store = verify.NewMemoryStoreSize(100) })
	code := w.start(alice)
	w.wrongs(alice, code, 5)
	for i := range 1000 {
		_, _ = w.Start(t.Context(), verify.Request{To: sms.Number(fmt.Sprintf("+86138%08d", i)), Purpose: "login"})
	}
	if err := w.check(alice, code); !errors.Is(err, verify.ErrTooMany) {
		t.Errorf("the lock was forgotten: %v", err)
	}
}

// What nobody can stop, so that the page which says so is true.
func TestAttack_inherent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		code := w.start(alice)
		w.wrongs(alice, code, 5) // a stranger's answers lock the owner out
		wantCheck(t, w.check(alice, code), verify.ErrTooMany, 0, 15*time.Minute)
		time.Sleep(24 * time.Hour)
		for range 10 { // a stranger uses up the day's messages
			w.start(alice)
			time.Sleep(20 * time.Minute)
		}
		_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login"})
		if l, ok := errors.AsType[*verify.LimitError](err); !ok || l.Scope != "number" {
			t.Errorf("the eleventh: %v", err)
		}
	})
}
