package verify_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

const (
	alice = sms.Number("+8613800000001")
	bob   = sms.Number("+8613800000002")
)

// A world is a Verifier with a vendor that can be looked into.
type world struct {
	testing.TB
	vendor *fake.Provider
	store  verify.Store
	*verify.Verifier
}

func key(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:]
}

func registry(tb testing.TB) *sms.Registry {
	r, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func newVendor(tb testing.TB, latency time.Duration) *fake.Provider {
	vendor, err := fake.New(fake.Options{Templates: registry(tb), Latency: latency})
	if err != nil {
		tb.Fatal(err)
	}
	return vendor
}

// newWorld makes a world; change alters the options before New.
func newWorld(tb testing.TB, change ...func(*verify.Options)) *world {
	tb.Helper()
	w := &world{TB: tb, vendor: newVendor(tb, 0), store: verify.NewMemoryStore()}
	w.Verifier = w.another(change...)
	return w
}

// another makes one more Verifier, as of another process, on the same store and
// vendor.
func (w *world) another(change ...func(*verify.Options)) *verify.Verifier {
	w.Helper()
	o := verify.Options{Sender: w.vendor, Store: w.store, Key: key("one"), Template: "login-code"}
	for _, c := range change {
		c(&o)
	}
	w.store = o.Store
	v, err := verify.New(o)
	if err != nil {
		w.Fatal(err)
	}
	return v
}

func withoutLimits(o *verify.Options) {
	none := []middleware.Window{}
	o.Cooldown = -1
	o.Limits = verify.Limits{Number: none, IP: none, Range: none, Answers: none, AnswersRange: none}
}

// start asks for a login code and gives it, as the vendor would have delivered it.
func (w *world) start(to sms.Number) string {
	w.Helper()
	if _, err := w.Start(w.Context(), verify.Request{To: to, Purpose: "login"}); err != nil {
		w.Fatalf("Start: %v", err)
	}
	return w.vendor.Code(to)
}

func (w *world) check(to sms.Number, code string) error {
	return w.Check(w.Context(), verify.Attempt{To: to, Purpose: "login", Code: code})
}

// wrongs gives n answers that are wrong, and fails the test if one is taken.
func (w *world) wrongs(to sms.Number, code string, n int) (last error) {
	w.Helper()
	for i := range n {
		last = w.check(to, otherThan(code, i))
		if last == nil {
			w.Fatal("a wrong code was right")
		}
	}
	return last
}

// otherThan gives a code of the same length that is not code.
func otherThan(code string, i int) string {
	for n := i; ; n++ {
		if other := fmt.Sprintf("%0*d", len(code), n); other != code {
			return other
		}
	}
}

func wantLimit(tb testing.TB, err error, scope string, after time.Duration) {
	tb.Helper()
	limit, ok := errors.AsType[*verify.LimitError](err)
	if !ok {
		tb.Fatalf("the error is %v, and should be a LimitError of %q", err, scope)
	}
	if limit.Scope != scope || limit.RetryAfter != after {
		tb.Errorf("the limit is of %q, try again after %v; it should be of %q, after %v", limit.Scope, limit.RetryAfter, scope, after)
	}
}

func wantCheck(tb testing.TB, err, want error, left int, after time.Duration) {
	tb.Helper()
	c, ok := errors.AsType[*verify.CheckError](err)
	if !ok {
		tb.Fatalf("the error is %v, and should be a CheckError of %v", err, want)
	}
	if !errors.Is(err, want) || c.Left != left || c.RetryAfter != after {
		tb.Errorf("the error is %v with %d left, after %v; it should be %v with %d left, after %v", c.Err, c.Left, c.RetryAfter, want, left, after)
	}
}

func wantReason(tb testing.TB, err error, reason sms.Reason, outcome sms.Outcome) {
	tb.Helper()
	if sms.ReasonOf(err) != reason || sms.OutcomeOf(err) != outcome {
		tb.Errorf("the error is %v (%s, %v), and should be %s, %v", err, string(sms.ReasonOf(err)), sms.OutcomeOf(err), string(reason), outcome)
	}
}

// A brokenStore fails in the steps that are named.
type brokenStore struct {
	verify.Store
	fails map[string]error
}

func (b *brokenStore) Take(ctx context.Context, id verify.ID, limits []verify.Limit) (int, time.Duration, error) {
	refused, wait, err := b.Store.Take(ctx, id, limits) // done, and the answer lost
	return refused, wait, errors.Join(err, b.fails["take"])
}

func (b *brokenStore) Begin(ctx context.Context, s verify.BeginStep) (verify.Begun, error) {
	if err := b.fails["begin"]; err != nil {
		return verify.Begun{}, err
	}
	return b.Store.Begin(ctx, s)
}

func (b *brokenStore) Check(ctx context.Context, s verify.CheckStep) (verify.Checked, error) {
	if err := b.fails["check"]; err != nil {
		return verify.Checked{}, err
	}
	return b.Store.Check(ctx, s)
}

func (b *brokenStore) Redeem(ctx context.Context, to verify.Subject, proof, id verify.ID) (bool, error) {
	if err := b.fails["redeem"]; err != nil {
		return false, err
	}
	return b.Store.Redeem(ctx, to, proof, id)
}

// A silentStore gives zero answers to Check.
type silentStore struct{ verify.Store }

func (silentStore) Check(context.Context, verify.CheckStep) (verify.Checked, error) {
	return verify.Checked{}, nil
}
