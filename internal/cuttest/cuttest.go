// Package cuttest lets a Verifier work over connections that are cut in the
// middle of a request, or before its answer, and holds it to what no fault may
// do: let a wrong code in, let a right one or a proof be used twice, let more
// through than a limit allows, or lock its own user out.
package cuttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// A Subject is a Store behind a proxy.
type Subject struct {
	Store verify.Store
	Proxy *servertest.Proxy
	// Matches are texts of the requests that are cut.
	Matches []string
	// Repeats tells that the store or its client does again what was cut, so that
	// hardly any cut is seen; else most are.
	Repeats bool
}

const (
	people   = 60
	mostCode = 3 // codes for a number, in the part of the limits
)

// Run tries s, each promise in a subtest of its own.
func Run(t *testing.T, s Subject) {
	t.Run("codes", func(t *testing.T) { newWorld(t, s, noWindows).codes() })
	t.Run("proofs", func(t *testing.T) { newWorld(t, s, noWindows).proofs() })
	t.Run("limits", func(t *testing.T) {
		newWorld(t, s, []middleware.Window{{Count: mostCode, Per: time.Hour}}).limits()
	})
}

var noWindows = []middleware.Window{}

type world struct {
	Subject
	t      *testing.T
	v      *verify.Verifier
	vendor *fake.Provider
	chance *rand.Rand
	area   int // the first digits of this part's numbers
	faults int // steps of which nobody knew
	cuts   int // before
}

func newWorld(t *testing.T, s Subject, number []middleware.Window) *world {
	t.Helper()
	registry, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."})
	if err != nil {
		t.Fatal(err)
	}
	vendor, err := fake.New(fake.Options{Templates: registry})
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify.New(verify.Options{Sender: vendor, Store: s.Store, Key: []byte("0123456789abcdefghijklmnopqrstuv"), Template: "login-code",
		Cooldown: -1, Limits: verify.Limits{Number: number, IP: noWindows, Range: noWindows, Answers: noWindows}})
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w := &world{Subject: s, t: t, v: v, vendor: vendor, chance: rand.New(rand.NewPCG(seed, 1)), area: int(seed % 1000), cuts: s.Proxy.Cuts()}
	t.Cleanup(w.enough)
	return w
}

// enough tells whether so much was cut that the part shows something.
func (w *world) enough() {
	cuts := w.Proxy.Cuts() - w.cuts
	w.t.Logf("%d connections cut, %d faults seen", cuts, w.faults)
	if cuts < people/3 || !w.Repeats && w.faults < people/6 {
		w.t.Errorf("%d connections cut and %d faults seen: this shows little", cuts, w.faults)
	}
}

func (w *world) number(i int) sms.Number { return sms.Number(fmt.Sprintf("+86139%03d%05d", w.area, i)) }

// arm has one of the next requests cut.
func (w *world) arm() {
	w.Proxy.Next(servertest.Cut{Match: w.Matches[w.chance.IntN(len(w.Matches))], Answer: w.chance.IntN(2) == 0, Skip: w.chance.IntN(2)})
}

// fault counts an error that is nobody's verdict.
func (w *world) fault(err error) bool {
	if _, judged := errors.AsType[*verify.CheckError](err); err == nil || judged {
		return false
	}
	if _, limited := errors.AsType[*verify.LimitError](err); limited || sms.ReasonOf(err) == sms.Unavailable {
		return false
	}
	w.faults++
	return true
}

// start asks for a code until there is one, and gives it.
func (w *world) start(to sms.Number) (code string) {
	w.t.Helper()
	for range 20 {
		w.arm()
		_, err := w.v.Start(w.t.Context(), verify.Request{To: to, Purpose: "login"})
		if err == nil {
			return w.vendor.Code(to)
		}
		if !w.fault(err) {
			w.t.Fatal(err)
		}
	}
	w.t.Fatal("twenty times no code")
	return ""
}

func (w *world) attempt(to sms.Number, code string) verify.Attempt {
	return verify.Attempt{To: to, Purpose: "login", Code: code}
}

// again types the right code until it is judged, and tells whether it let in.
// Where it did not, an answer that was lost has used it.
func (w *world) again(check func() error) bool {
	w.t.Helper()
	for range 20 {
		w.arm()
		err := check()
		switch {
		case err == nil:
			return true
		case errors.Is(err, verify.ErrTooMany):
			w.t.Fatal("by the right code its own user is locked out")
		case !w.fault(err):
			return false
		}
	}
	w.t.Fatal("twenty times no verdict")
	return false
}

func (w *world) codes() {
	t, in := w.t, 0
	for i := range people {
		to := w.number(i)
		code := w.start(to)
		w.arm()
		if err := w.v.Check(t.Context(), w.attempt(to, other(code))); err == nil {
			t.Fatal("a wrong code lets in")
		} else {
			w.fault(err)
		}
		if w.again(func() error { return w.v.Check(t.Context(), w.attempt(to, code)) }) {
			in++
		}
		w.Proxy.Disarm()
		if err := w.v.Check(t.Context(), w.attempt(to, code)); err == nil {
			t.Fatal("a code is used twice")
		}
		w.welcome(to)
	}
	w.mostGotIn(in)
}

// mostGotIn holds a store that repeats to letting everybody in with the first code.
func (w *world) mostGotIn(in int) {
	w.t.Helper()
	if in == 0 || w.Repeats && in != people {
		w.t.Errorf("%d of %d got in at once", in, people)
	}
}

// welcome lets a user in, after all faults.
func (w *world) welcome(to sms.Number) {
	w.t.Helper()
	if _, err := w.v.Start(w.t.Context(), verify.Request{To: to, Purpose: "login"}); err != nil {
		w.t.Fatalf("after the faults its own user gets no code: %v", err)
	}
	if err := w.v.Check(w.t.Context(), w.attempt(to, w.vendor.Code(to))); err != nil {
		w.t.Fatalf("after the faults its own user does not get in: %v", err)
	}
}

func (w *world) proofs() {
	t, in := w.t, 0
	for i := range people {
		to, stranger := w.number(i), w.number(people+i)
		code := w.start(to)
		var proof verify.Proof
		if !w.again(func() (err error) { proof, err = w.v.Prove(t.Context(), w.attempt(to, code)); return err }) {
			continue // the proof was in the answer that was lost: nobody has it
		}
		stolen := proof
		stolen.To = stranger
		w.arm()
		if err := w.v.Redeem(t.Context(), stolen); err == nil {
			t.Fatal("a proof of one number is good for another")
		} else {
			w.fault(err)
		}
		if w.again(func() error { return w.v.Redeem(t.Context(), proof) }) {
			in++
		}
		w.Proxy.Disarm()
		if err := w.v.Redeem(t.Context(), proof); !errors.Is(err, verify.ErrNotFound) {
			t.Fatalf("a proof is redeemed twice: %v", err)
		}
		w.welcome(to)
	}
	w.mostGotIn(in)
}

// errAway is the vendor's.
var errAway = sms.Refuse(sms.Message{}, sms.Unavailable, errors.New("the vendor is away"))

// limits asks for more codes than there may be. A fault may cost its user a code
// of the hour, as a refusal whose giving back was cut may; neither gives one more.
func (w *world) limits() {
	t := w.t
	for i := range people {
		to, least, before := w.number(i), mostCode, w.faults
		if i%2 == 0 {
			w.vendor.FailNumber(to, errAway)
			w.arm()
			if err := w.ask(to); err == nil {
				t.Fatal("the vendor was away, and it was sent")
			}
			w.vendor.FailNumber(to, nil)
			if !w.Repeats {
				least--
			}
		}
		sent := 0
		for range 3 * mostCode {
			w.arm()
			if w.ask(to) == nil {
				sent++
			}
		}
		w.Proxy.Disarm()
		err := w.ask(to)
		for ; err == nil; err = w.ask(to) {
			sent++
		}
		if limit, ok := errors.AsType[*verify.LimitError](err); !ok || limit.RetryAfter > time.Hour {
			t.Fatalf("over the limit: %v", err)
		}
		if faults := w.faults - before; sent+faults < least || sent > mostCode {
			t.Fatalf("%d codes went out, of %d, and %d faults were seen", sent, mostCode, faults)
		}
	}
}

func (w *world) ask(to sms.Number) error {
	_, err := w.v.Start(w.t.Context(), verify.Request{To: to, Purpose: "login"})
	w.fault(err)
	return err
}

// other is a code that is not this one.
func other(code string) string {
	if code[0] == '0' {
		return "1" + code[1:]
	}
	return "0" + code[1:]
}
