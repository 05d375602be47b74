// Package cuttest lets a Verifier work over connections that are cut in the
// middle of a request, or before its answer, and holds it to what no fault may
// do: let a wrong code in, let a right one be used twice, or lock its own user out.
package cuttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// Run signs people in over store, whose connections go through proxy. Matches are
// texts of the requests that are cut. So many faults at least have to be seen; a
// client that repeats what was cut hides them.
func Run(t *testing.T, store verify.Store, proxy *servertest.Proxy, faultsAtLeast int, matches ...string) {
	t.Helper()
	registry, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."})
	if err != nil {
		t.Fatal(err)
	}
	f, err := fake.New(fake.Options{Templates: registry})
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify.New(verify.Options{Sender: f, Store: store, Key: []byte("0123456789abcdefghijklmnopqrstuv"), Template: "login-code",
		Cooldown: -1, Limits: verify.Limits{Number: emptyWindows, IP: emptyWindows, Range: emptyWindows, Answers: emptyWindows}})
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	chance := rand.New(rand.NewPCG(seed, 1))
	faults, in := 0, 0
	arm := func() {
		proxy.Next(servertest.Cut{Match: matches[chance.IntN(len(matches))], Answer: chance.IntN(2) == 0, Skip: chance.IntN(2)})
	}
	for i := range 60 {
		to := sms.Number(fmt.Sprintf("+8613900%06d", i))
		arm()
		for {
			if _, err := v.Start(t.Context(), verify.Request{To: to, Purpose: "login"}); err == nil {
				break
			}
			faults++
		}
		code := f.Code(to)
		wrong := fmt.Sprintf("%06d", (atoi(code)+1)%1_000_000)
		check := func(code string) error {
			arm()
			err := v.Check(t.Context(), verify.Attempt{To: to, Purpose: "login", Code: code})
			if _, ours := errors.AsType[*verify.CheckError](err); err != nil && !ours {
				faults++
			}
			return err
		}
		if err := check(wrong); err == nil {
			t.Fatalf("seed %d: a wrong code lets in", seed)
		}
		used := false
		for tries := 0; ; tries++ {
			err := check(code)
			if err == nil {
				used = true
				break
			}
			if errors.Is(err, verify.ErrTooMany) {
				t.Fatalf("seed %d: after %d tries with the right code its own user is locked out", seed, tries)
			}
			if errors.Is(err, verify.ErrNotFound) || errors.Is(err, verify.ErrWrong) || tries > 20 {
				break // it was used by the answer that was lost: the user asks for another
			}
		}
		if used {
			in++
		}
		proxy.Disarm()
		if err := v.Check(t.Context(), verify.Attempt{To: to, Purpose: "login", Code: code}); err == nil {
			t.Fatalf("seed %d: a code is used twice", seed)
		}
		if _, err := v.Start(t.Context(), verify.Request{To: to, Purpose: "login"}); err != nil {
			t.Fatalf("seed %d: after the faults its own user gets no code: %v", seed, err)
		}
		if err := v.Check(t.Context(), verify.Attempt{To: to, Purpose: "login", Code: f.Code(to)}); err != nil {
			t.Fatalf("seed %d: after the faults its own user does not get in: %v", seed, err)
		}
	}
	if faults < faultsAtLeast || in == 0 {
		t.Errorf("seed %d: %d faults, %d got in at once: this test shows little", seed, faults, in)
	}
	t.Logf("%d faults; %d of 60 got in with the first code", faults, in)
}

// emptyWindows is no limit.
var emptyWindows = []middleware.Window{}

func atoi(s string) (n int) {
	_, _ = fmt.Sscan(s, &n)
	return n
}
