package verify_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// Wrong answers are given from many addresses, to fill the store, so that nobody
// can sign in any more.
func TestAttack_answersFillTheStore(t *testing.T) {
	const size = 10_000
	for _, c := range []struct {
		name             string
		ranges, of, each int // ranges /48, addresses /64 of each, and answers of each address
	}{
		{"one range", 1, 1000, 100},
		{"many ranges", 200, 100, 2},
		{"many addresses", 20_000, 1, 1},
		{"one address", 1, 1, 20_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(o *verify.Options) { o.Store = verify.NewMemoryStoreSize(size) })
				code := w.start(alice)
				judged := 0
				for r := range c.ranges {
					for a := range c.of {
						for i := range c.each {
							err := w.Check(t.Context(), verify.Attempt{To: sms.Number(fmt.Sprintf("+86139%08d", judged)), Purpose: "login", Code: fmt.Sprint(100000 + i),
								IP: fmt.Sprintf("2001:db%x:%x:%x::1", 8+r>>16, r&0xffff, a)})
							switch {
							case errors.Is(err, verify.ErrNotFound):
								judged++
							case !errors.Is(err, verify.ErrTooMany):
								t.Fatalf("an answer is refused: %v", err)
							}
						}
					}
				}
				if most := 1000 * c.ranges; judged > most {
					t.Errorf("%d answers were judged of %d ranges: at most %d", judged, c.ranges, most)
				}
				if used := inUse(t, w.store); used > size/2 {
					t.Errorf("the answers take %d of the %d places", used, size)
				}
				if _, err := w.Start(t.Context(), verify.Request{To: bob, Purpose: "login", IP: "192.0.2.7"}); err != nil {
					t.Errorf("others cannot sign in: %v", err)
				}
				if err := w.Check(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: code, IP: "192.0.2.7"}); err != nil {
					t.Errorf("a code that waits is refused: %v", err)
				}
			})
		})
	}
}

// A store that other people's numbers have filled refuses to send, and checks the
// codes that wait.
func TestAttack_fullStoreChecksCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *verify.Options) {
			o.Store = verify.NewMemoryStoreSize(300)
			o.Pumping.OnPressure = nil
		})
		code := w.start(alice)
		for i := range 300 {
			_, _ = w.Start(t.Context(), verify.Request{To: sms.Number(fmt.Sprintf("+86138%08d", i)), Purpose: "login"})
		}
		if _, _, err := w.store.Take(t.Context(), verify.ID{1}, []verify.Limit{
			{Scope: "a", Windows: []middleware.Window{{Count: 1, Per: time.Hour}}}, {Scope: "b", Windows: []middleware.Window{{Count: 1, Per: time.Hour}}},
			{Scope: "c", Windows: []middleware.Window{{Count: 1, Per: time.Hour}}}, {Scope: "d", Windows: []middleware.Window{{Count: 1, Per: time.Hour}}},
		}); !errors.Is(err, verify.ErrFull) {
			t.Fatalf("the store is not full: %v", err)
		}
		for i := range 4 {
			err := w.Check(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: otherThan(code, i), IP: fmt.Sprintf("198.51.%d.1", i)})
			wantCheck(t, err, verify.ErrWrong, 4-i, 0)
		}
		proof, err := w.Prove(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: code, IP: "198.51.100.1"})
		if err != nil {
			t.Fatalf("the right code is refused: %v", err)
		}
		if err := w.Redeem(t.Context(), proof); err != nil {
			t.Errorf("its proof is refused: %v", err)
		}
	})
}
