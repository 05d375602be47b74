package verify_test

import (
	"fmt"
	"testing"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// While a change of Digits, or of the key too, is rolled out, processes of both kinds
// check, send again and count each other's codes.
func TestDigits_changeWhileCodesWait(t *testing.T) {
	keys := func(own, old string) func(*verify.Options) {
		return func(o *verify.Options) {
			o.Key, o.OldKeys = key(own), nil
			if old != "" {
				o.OldKeys = [][]byte{key(old)}
			}
		}
	}
	for _, c := range []struct {
		name          string
		before, after func(*verify.Options)
	}{
		{"one key", keys("one", ""), keys("one", "")},
		{"another key", keys("one", "two"), keys("two", "one")},
	} {
		for before := 4; before <= 10; before++ {
			for after := 4; after <= 10; after++ {
				t.Run(fmt.Sprint(c.name, " ", before, " ", after), func(t *testing.T) {
					w := newWorld(t, withoutLimits, c.before, func(o *verify.Options) { o.Digits = before })
					other := w.another(withoutLimits, c.after, func(o *verify.Options) { o.Digits = after })
					check := func(v *verify.Verifier, to sms.Number, code string) error {
						return v.Check(t.Context(), verify.Attempt{To: to, Purpose: "login", Code: code})
					}
					code := w.start(alice)
					wantCheck(t, check(other, alice, otherThan(code, 1)), verify.ErrWrong, 4, 0)
					if _, err := other.Start(t.Context(), verify.Request{To: alice, Purpose: "login"}); err != nil {
						t.Fatal(err)
					}
					if again := w.vendor.Code(alice); again != code {
						t.Errorf("%s was sent again as %s", code, again)
					}
					if err := check(other, alice, code); err != nil {
						t.Errorf("the code from before the change: %v", err)
					}
					wantCheck(t, check(w.Verifier, alice, code), verify.ErrNotFound, 0, 0)
					if _, err := other.Start(t.Context(), verify.Request{To: bob, Purpose: "login"}); err != nil {
						t.Fatal(err)
					}
					code = w.vendor.Code(bob)
					if len(code) != after {
						t.Errorf("a new code has %d digits", len(code))
					}
					if err := check(w.Verifier, bob, code); err != nil {
						t.Errorf("a new code in a process from before the change: %v", err)
					}
				})
			}
		}
	}
}
