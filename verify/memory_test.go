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
	"github.com/notifykit/notify/verify/verifytest"
)

func TestMemoryStore(t *testing.T) {
	verifytest.Run(t, verifytest.Harness{New: func(testing.TB) verify.Store { return verify.NewMemoryStore() }, Seeds: 300})
}

// Full, it refuses to start: a flood of other numbers must not reset a count.
func TestMemoryStore_full(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *verify.Options) { o.Store = verify.NewMemoryStoreSize(90) })
		code := w.start(alice)
		w.wrongs(alice, code, 4)
		refused := 0
		for i := range 200 {
			_, err := w.Start(t.Context(), verify.Request{To: sms.Number(fmt.Sprintf("+8613900%06d", i)), Purpose: "login"})
			if err == nil {
				continue
			}
			refused++
			wantReason(t, err, sms.Internal, sms.Rejected)
			if !errors.Is(err, verify.ErrFull) {
				t.Fatalf("the error does not say why: %v", err)
			}
		}
		if refused == 0 || refused > 180 {
			t.Fatalf("%d of 200 were refused", refused)
		}
		if used := inUse(t, w.store); used > 90 {
			t.Errorf("a store of 90 holds %d", used)
		}
		if _, _, err := w.store.Take(t.Context(), verify.ID{1}, []verify.Limit{{Scope: "answers", Of: "192.0.2.9", Windows: []middleware.Window{{Count: 100, Per: time.Hour}}},
			{Scope: "answers", Of: "192.0.2.10", Windows: []middleware.Window{{Count: 100, Per: time.Hour}}}, {Scope: "answers", Of: "192.0.2.11", Windows: []middleware.Window{{Count: 100, Per: time.Hour}}},
		}); !errors.Is(err, verify.ErrFull) {
			t.Errorf("a full store takes more: %v", err)
		}
		_, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login"})
		wantLimit(t, err, "cooldown", time.Minute)
		proof, err := w.Prove(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: code})
		if err != nil {
			t.Fatalf("a full store lets the right answer in: %v", err)
		}
		if err := w.Redeem(t.Context(), proof); err != nil {
			t.Fatalf("and redeems its proof: %v", err)
		}
		time.Sleep(25 * time.Hour) // everything is over, and makes room
		for i := range 20 {
			w.start(sms.Number(fmt.Sprintf("+8613900%06d", i)))
		}
	})
}

// What is over is forgotten along the way, whatever its number: a store of a
// fixed size goes on for ever.
func TestMemoryStore_forgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *verify.Options) {
			o.Store = verify.NewMemoryStoreSize(4000)
			o.Pumping.OnPressure = nil
			o.Limits.Number = []middleware.Window{{Count: 5, Per: time.Hour}}
			o.Limits.IP = []middleware.Window{{Count: 5, Per: time.Hour}}
		})
		for i := range 20_000 {
			to := sms.Number(fmt.Sprintf("+8613%09d", i))
			if i%3 == 0 {
				w.vendor.FailNext(sms.InvalidNumber)
			}
			_, err := w.Start(t.Context(), verify.Request{To: to, Purpose: "login", IP: fmt.Sprintf("10.%d.%d.1", i/250%250, i%250)})
			if err != nil && sms.ReasonOf(err) != sms.InvalidNumber {
				t.Fatalf("number %d: %v", i, err)
			}
			if i%3 == 1 {
				if _, err := w.Prove(t.Context(), verify.Attempt{To: to, Purpose: "login", Code: w.vendor.Code(to)}); err != nil {
					t.Fatal(err)
				}
			}
			if i%100 == 99 {
				w.vendor.Reset()
			}
			time.Sleep(10 * time.Second)
		}
		time.Sleep(24 * time.Hour)
		for range 1000 { // each step looks at a few
			_ = w.check(alice, "1")
		}
		if used := inUse(t, w.store); used != 0 {
			t.Errorf("after a day of rest %d are kept", used)
		}
	})
}

// Limits alone: several tokens of one, tokens that were given back, and what is
// over is forgotten by Take itself.
func TestMemoryStore_limitsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := verify.NewMemoryStoreSize(50)
		take := func(i int, of string) error {
			limits := []verify.Limit{{Scope: "number", Of: of, Windows: []middleware.Window{{Count: 9, Per: time.Hour}}}}
			id := verify.ID{byte(i), byte(i >> 8)}
			if _, _, err := store.Take(t.Context(), id, limits); err != nil {
				return err
			}
			if i%2 == 1 {
				return store.Return(t.Context(), id, limits)
			}
			return nil
		}
		for i := range 18 { // nine of one, and nine given back
			if err := take(i, "one"); err != nil {
				t.Fatal(err)
			}
		}
		if used := inUse(t, store); used != 9 {
			t.Errorf("nine tokens take %d", used)
		}
		full := 0
		for i := range 1000 { // what is given back takes room until its time comes
			if errors.Is(take(2*i+1, fmt.Sprint(i)), verify.ErrFull) {
				full++
			}
		}
		if want := 1000 - 41; full != want {
			t.Errorf("%d of 1000 found it full, and %d should have", full, want)
		}
		time.Sleep(2 * time.Hour)
		for range 20 {
			if err := take(1, "last"); err != nil {
				t.Fatal(err)
			}
		}
		if used := inUse(t, store); used != 1 {
			t.Errorf("%d are kept when all but one is over", used)
		}
	})
}

// What is over is forgotten by its own time, whatever was put in before it, and
// what is not yet over is not looked for without end.
func TestMemoryStore_eachAtItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := verify.NewMemoryStoreSize(20)
		take := func(i int, per time.Duration) error {
			_, _, err := store.Take(t.Context(), verify.ID{byte(i)}, []verify.Limit{{Scope: "number", Of: fmt.Sprint(i), Windows: []middleware.Window{{Count: 1, Per: per}}}})
			return err
		}
		time.Sleep(10 * time.Second)
		for i := range 20 {
			per := 65 * time.Second
			if i == 0 {
				per = 24 * time.Hour // the first is the last to go
			}
			if err := take(i, per); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(64 * time.Second) // within the minute in which 19 end, and before their end
		if err := take(20, time.Hour); !errors.Is(err, verify.ErrFull) {
			t.Errorf("a store full of what is not over: %v", err)
		}
		time.Sleep(time.Minute)
		for range 10 {
			if err := take(21, time.Hour); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Hour)
		}
		if used := inUse(t, store); used > 2 {
			t.Errorf("%d are kept when all but two are over", used)
		}
	})
}

// inUse gives what a MemoryStore says that it holds.
func inUse(t *testing.T, s verify.Store) (used int) {
	t.Helper()
	if _, err := fmt.Sscanf(fmt.Sprint(s), "memory store: %d of", &used); err != nil {
		t.Fatal(err)
	}
	return used
}
