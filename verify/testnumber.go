package verify

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/notifykit/notify/sms"
)

// A TestNumber is answered with a fixed code.
type TestNumber struct {
	Code  string    // of Options.Digits digits
	Until time.Time // from then on the number is like any other
}

func (o Options) validateTestNumbers(fault func(string, ...any)) {
	if len(o.TestNumbers) > 0 && !o.AllowTestNumbers && (o.Environment == "" || o.Environment == "production") {
		fault("TestNumbers are not for production: set Environment to what this is, or AllowTestNumbers")
	}
	for _, n := range slices.Sorted(maps.Keys(o.TestNumbers)) {
		t := o.TestNumbers[n]
		if !n.Valid() {
			fault("TestNumbers: a number (%d characters) is not in E.164, \"+\" and 7 to 15 digits", len(n))
		}
		if len(t.Code) != o.Digits || !plain(t.Code) {
			fault("TestNumbers: the code of %v has to be %d digits", n, o.Digits)
		}
		if t.Until.IsZero() {
			fault("TestNumbers: %v has no Until: a test number needs an end", n)
		}
	}
}

// bySubject returns the test numbers by what they count as.
func bySubject(all map[sms.Number]TestNumber) map[sms.Number]TestNumber {
	out := make(map[sms.Number]TestNumber, len(all))
	for _, n := range slices.Sorted(maps.Keys(all)) {
		out[n.Subject()] = all[n]
	}
	return out
}

// testNumber gives the test number that to, a Number.Subject, is, while it is one.
func (v *Verifier) testNumber(to sms.Number) (TestNumber, bool) {
	t, ok := v.o.TestNumbers[to]
	return t, ok && time.Now().Before(t.Until)
}

func (v *Verifier) startTest(ctx context.Context, q request, t TestNumber) (Challenge, error) {
	step := v.beginStep(q.Subject)
	step.Tag, step.Replace = v.keys[0].tagOf(q.Subject, t.Code), true
	begun, err := v.o.Store.Begin(ctx, step)
	switch {
	case err != nil:
		return Challenge{}, storeFault(ctx, "storing the code", err)
	case begun.Locked:
		return Challenge{}, &LimitError{Scope: ScopeAttempts, RetryAfter: begun.RetryAfter}
	}
	return Challenge{ExpiresIn: begun.ExpiresIn, ResendAfter: max(0, v.o.Cooldown)}, nil
}

// String returns until when it holds, and no code.
func (n TestNumber) String() string {
	return fmt.Sprintf("{until %v}", n.Until.UTC().Format(time.RFC3339))
}

// Format prints the text of String under every verb.
func (n TestNumber) Format(f fmt.State, _ rune) { fmt.Fprint(f, n.String()) }

// LogValue returns the text of String as a slog value.
func (n TestNumber) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText returns the text of String, so that no encoding shows a code.
func (n TestNumber) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// GobEncode returns the text of String.
func (n TestNumber) GobEncode() ([]byte, error) { return n.MarshalText() }
