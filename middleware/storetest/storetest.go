// Package storetest checks the stores of package middleware: whether a
// middleware.Store keeps the rules that Deduplicate depends on (Run), a
// middleware.BudgetStore those of Budget (RunBudget), and a list those of Suppress
// (RunSuppressions).
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Subject{New: func(tb testing.TB) middleware.Store { return mystore.New(…) }})
//	}
package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
)

// A Subject is a Store to be checked.
type Subject struct {
	// New makes an empty Store, for one check.
	New func(tb testing.TB) middleware.Store
	// Advance lets the Store's time go on. Nil: what depends on time is not checked.
	Advance func(d time.Duration)
	// Within runs one check; testing/synctest.Test is one for Stores in memory,
	// with time.Sleep as Advance. Nil: it is called as it is.
	Within func(t *testing.T, check func(t *testing.T))
}

// Run checks s, each rule in a subtest of its own.
func Run(t *testing.T, s Subject) {
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			if c.Timed && s.Advance == nil {
				t.Skip("the Subject has no Advance")
			}
			check := func(t *testing.T) {
				if err := c.Run(t.Context(), s.New(t), s.Advance); err != nil {
					t.Errorf("%s\n%v", c.Rule, err)
				}
			}
			if s.Within == nil {
				check(t)
				return
			}
			s.Within(t, check)
		})
	}
}

// A Check is one rule and how it is found broken.
type Check struct {
	Name, Rule string
	Timed      bool // needs advance
	Run        func(ctx context.Context, s middleware.Store, advance func(time.Duration)) error
}

const hour = time.Hour

func claim(id byte, content byte) middleware.Claim {
	return middleware.Claim{Key: "key", ID: [16]byte{id}, Content: [32]byte{content}}
}

// want claims c and compares.
func want(ctx context.Context, s middleware.Store, c middleware.Claim, state middleware.ClaimState, answer string) error {
	got, err := s.Claim(ctx, c, hour)
	if err != nil {
		return err
	}
	if got.State != state || string(got.Answer) != answer {
		return fmt.Errorf("claim %d of content %d: state %d with answer %q, want %d with %q", c.ID[0], c.Content[0], got.State, got.Answer, state, answer)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Checks gives every check, for use without Run.
func Checks() []Check {
	return []Check{
		{"one claim", "A key that nobody has is the caller's; the next one finds it in flight.", false,
			func(ctx context.Context, s middleware.Store, _ func(time.Duration)) error {
				other := claim(9, 9)
				other.Key = "another key"
				return first(
					want(ctx, s, claim(1, 1), middleware.ClaimNew, ""),
					want(ctx, s, claim(2, 1), middleware.ClaimInFlight, ""),
					want(ctx, s, other, middleware.ClaimNew, ""))
			}},
		{"the same claim again", "A claim made again with the same ID has not lost its key: clients repeat a command whose answer was lost.", false,
			func(ctx context.Context, s middleware.Store, _ func(time.Duration)) error {
				return first(
					want(ctx, s, claim(1, 1), middleware.ClaimNew, ""),
					want(ctx, s, claim(1, 1), middleware.ClaimNew, ""))
			}},
		{"other content", "A key that was claimed with other content is refused.", false,
			func(ctx context.Context, s middleware.Store, _ func(time.Duration)) error {
				return first(
					want(ctx, s, claim(1, 1), middleware.ClaimNew, ""),
					want(ctx, s, claim(2, 2), middleware.ClaimOtherContent, ""))
			}},
		{"answered", "An answer that was kept is given to every later claim, byte for byte.", false,
			func(ctx context.Context, s middleware.Store, _ func(time.Duration)) error {
				text := "an \x00 answer\n"
				return first(
					want(ctx, s, claim(1, 1), middleware.ClaimNew, ""),
					s.Keep(ctx, "key", claim(1, 1).ID, []byte(text), hour),
					want(ctx, s, claim(2, 1), middleware.ClaimAnswered, text),
					want(ctx, s, claim(3, 1), middleware.ClaimAnswered, text))
			}},
		{"kept by its owner", "Keep with another ID changes nothing.", false,
			func(ctx context.Context, s middleware.Store, _ func(time.Duration)) error {
				return first(
					want(ctx, s, claim(1, 1), middleware.ClaimNew, ""),
					s.Keep(ctx, "key", claim(2, 1).ID, []byte("stolen"), hour),
					want(ctx, s, claim(3, 1), middleware.ClaimInFlight, ""))
			}},
		{"freed", "A key that was freed is the next one's.", false,
			func(ctx context.Context, s middleware.Store, _ func(time.Duration)) error {
				return first(
					want(ctx, s, claim(1, 1), middleware.ClaimNew, ""),
					s.Free(ctx, "key", claim(1, 1).ID),
					want(ctx, s, claim(2, 2), middleware.ClaimNew, ""))
			}},
		{"freed by its owner", "Free with another ID changes nothing.", false,
			func(ctx context.Context, s middleware.Store, _ func(time.Duration)) error {
				return first(
					want(ctx, s, claim(1, 1), middleware.ClaimNew, ""),
					s.Free(ctx, "key", claim(2, 1).ID),
					want(ctx, s, claim(3, 1), middleware.ClaimInFlight, ""))
			}},
		{"at once", "Of many claims at once just one has the key.", false, atOnce},
		{"forgotten", "A claim is forgotten after its time, not before.", true,
			func(ctx context.Context, s middleware.Store, advance func(time.Duration)) error {
				err := want(ctx, s, claim(1, 1), middleware.ClaimNew, "")
				advance(hour - time.Second)
				err = first(err, want(ctx, s, claim(2, 1), middleware.ClaimInFlight, ""))
				advance(2 * time.Second)
				return first(err, want(ctx, s, claim(3, 2), middleware.ClaimNew, ""))
			}},
		{"kept from then on", "An answer is kept for its time from when it was given.", true,
			func(ctx context.Context, s middleware.Store, advance func(time.Duration)) error {
				err := want(ctx, s, claim(1, 1), middleware.ClaimNew, "")
				advance(hour - time.Second)
				err = first(err, s.Keep(ctx, "key", claim(1, 1).ID, []byte("a"), hour))
				advance(hour - time.Second)
				return first(err, want(ctx, s, claim(2, 1), middleware.ClaimAnswered, "a"))
			}},
	}
}

func atOnce(ctx context.Context, s middleware.Store, _ func(time.Duration)) error {
	const callers = 32
	states := make([]middleware.ClaimState, callers)
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			got, err := s.Claim(ctx, claim(byte(i+1), 1), hour)
			states[i], errs[i] = got.State, err
		})
	}
	wg.Wait()
	count := map[middleware.ClaimState]int{}
	for _, state := range states {
		count[state]++
	}
	if count[middleware.ClaimNew] != 1 || count[middleware.ClaimInFlight] != callers-1 {
		return fmt.Errorf("of %d claims %d have the key and %d find it in flight", callers, count[middleware.ClaimNew], count[middleware.ClaimInFlight])
	}
	return first(errs...)
}
