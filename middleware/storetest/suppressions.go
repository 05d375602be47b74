package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A List is Suppressions that can be written to.
type List interface {
	middleware.Suppressions
	// Add suppresses messages of these kinds to a number; without kinds, of all. A
	// zero Since becomes now. What was there for the same kinds is replaced.
	Add(ctx context.Context, to sms.Number, s middleware.Suppression, kinds ...sms.Kind) error
	// Remove ends the suppression of these kinds; without kinds, of all.
	Remove(ctx context.Context, to sms.Number, kinds ...sms.Kind) error
}

// RunSuppressions checks the Lists that makes gives, each empty, each rule in a
// subtest of its own.
func RunSuppressions(t *testing.T, makes func(tb testing.TB) List) {
	for _, c := range SuppressionsChecks() {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Run(t.Context(), makes(t)); err != nil {
				t.Errorf("%s\n%v", c.Rule, err)
			}
		})
	}
}

// A SuppressionsCheck is one rule of a List and how it is found broken.
type SuppressionsCheck struct {
	Name, Rule string
	Run        func(ctx context.Context, l List) error
}

const (
	alice = sms.Number("+8613800000000")
	bob   = sms.Number("+8613800000001")
)

var kinds = [...]sms.Kind{0, sms.Verification, sms.Notification, sms.Promotion, sms.International}

// told compares what the list says of a number, reason by kind in the order of
// kinds; an empty one is not suppressed.
func told(ctx context.Context, l List, to sms.Number, want ...string) error {
	for i, kind := range kinds {
		got, ok, err := l.Suppressed(ctx, to, kind)
		if err != nil {
			return err
		}
		if ok != (want[i] != "") || got.Reason != want[i] {
			return fmt.Errorf("messages of kind %v: suppressed is %v (%q), want %q", kind, ok, got.Reason, want[i])
		}
	}
	return nil
}

// SuppressionsChecks gives every check, for use without RunSuppressions.
func SuppressionsChecks() []SuppressionsCheck {
	why := func(reason string) middleware.Suppression { return middleware.Suppression{Reason: reason} }
	return []SuppressionsCheck{
		{"one number", "A number that was added without kinds gets none, and no other number is touched.",
			func(ctx context.Context, l List) error {
				return first(
					told(ctx, l, alice, "", "", "", "", ""),
					l.Add(ctx, alice, why("dead number")),
					told(ctx, l, alice, "dead number", "dead number", "dead number", "dead number", "dead number"),
					told(ctx, l, bob, "", "", "", "", ""))
			}},
		{"one kind", "A kind is suppressed alone, an unset one being Notification.",
			func(ctx context.Context, l List) error {
				return first(
					l.Add(ctx, alice, why("opted out"), sms.Promotion),
					told(ctx, l, alice, "", "", "", "opted out", ""),
					l.Add(ctx, bob, why("no"), 0),
					told(ctx, l, bob, "no", "", "no", "", ""))
			}},
		{"replaced", "What was there for the same kinds is replaced.",
			func(ctx context.Context, l List) error {
				return first(
					l.Add(ctx, alice, why("first")),
					l.Add(ctx, alice, why("second"), sms.Promotion, sms.Verification),
					told(ctx, l, alice, "first", "second", "first", "second", "first"))
			}},
		{"removed", "Remove ends the kinds it names; without kinds, all; of a number that is not there it is no error.",
			func(ctx context.Context, l List) error {
				return first(
					l.Add(ctx, alice, why("dead number")),
					l.Remove(ctx, alice, sms.Verification, sms.Promotion),
					told(ctx, l, alice, "dead number", "", "dead number", "", "dead number"),
					l.Remove(ctx, alice),
					l.Remove(ctx, alice),
					told(ctx, l, alice, "", "", "", "", ""))
			}},
		{"two writings", "A number that is written in two ways is one number: see sms.Number.Subject.",
			func(ctx context.Context, l List) error {
				const with, without = sms.Number("+5511961234567"), sms.Number("+551161234567")
				return first(
					l.Add(ctx, without, why("opted out"), sms.Promotion),
					told(ctx, l, with, "", "", "", "opted out", ""),
					told(ctx, l, without, "", "", "", "opted out", ""),
					l.Remove(ctx, with),
					told(ctx, l, without, "", "", "", "", ""))
			}},
		{"since", "Since is kept to the second, and becomes now where it is zero.", since},
		{"any reason", "A reason is told as it was given.",
			func(ctx context.Context, l List) error {
				const reason = " 12 退订\t\"x\" "
				return first(l.Add(ctx, alice, why(reason)), told(ctx, l, alice, reason, reason, reason, reason, reason))
			}},
		{"at once", "What many add at once is all there.", addedAtOnce},
	}
}

func since(ctx context.Context, l List) error {
	then := time.Date(2020, 2, 29, 12, 0, 1, 0, time.UTC)
	if err := first(
		l.Add(ctx, alice, middleware.Suppression{Reason: "x", Since: then}),
		l.Add(ctx, bob, middleware.Suppression{Reason: "x"})); err != nil {
		return err
	}
	a, _, err := l.Suppressed(ctx, alice, 0)
	b, _, err2 := l.Suppressed(ctx, bob, 0)
	if !a.Since.Truncate(time.Second).Equal(then) || time.Since(b.Since).Abs() > time.Minute {
		return first(err, err2, fmt.Errorf("since %v and %v, want %v and now", a.Since, b.Since, then))
	}
	return first(err, err2)
}

func addedAtOnce(ctx context.Context, l List) error {
	errs := make([]error, len(kinds)*8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = l.Add(ctx, alice, middleware.Suppression{Reason: "x"}, kinds[i%len(kinds)])
		})
	}
	wg.Wait()
	return first(append(errs, told(ctx, l, alice, "x", "x", "x", "x", "x"))...)
}
