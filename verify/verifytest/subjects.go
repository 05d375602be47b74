package verifytest

import (
	"context"
	"errors"
	"time"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// What a version that did not know sms.Number.Subject stored for oldTo, under the number
// as it was typed. If these change, the codes and proofs that wait in users' stores are
// void.
const (
	oldTo      = sms.Number("+541123456789")
	oldSubject = sms.Number("+5491123456789")
	oldKey     = "the key of a version of before ."
	oldKeyID   = 5843927918029735134
	oldCode    = "279428" // of purpose "login"
	oldTag     = "963983b6f8b18fceabc12876feaaab11ab841ef621e9e7d9533533e4f574314c"
	payCode    = "327695" // of purpose "pay"
	payTag     = "fae0bed9ac50045ca654812ff31f97c428e69fd1be696fd0353756c4f22f17d5"
	proofTag   = "281a5619eb327ab36b178c09af7d2bfee5716e85961031d7e63e914aa8d53e04" // of purpose "proof"
	oldProof   = "3a0a70eb238ea3c52ef061c25978dcc2"
	oldToken   = "AcKMP6zpdnZhIHNlY3JldCBvZiBwcm9v"
)

func subjectChecks() []check {
	return []check{{"a number in two writings", "what was stored under the number as it was typed still counts after the update", func(b *bench) {
		v, sent := b.verifier()
		check := func(to sms.Number, purpose, code string, want error) {
			b.Helper()
			if err := v.Check(b.Context(), verify.Attempt{To: to, Purpose: purpose, Code: code}); !errors.Is(err, want) {
				b.broken("for purpose %q the answer is %v; it should be %v", purpose, err, want)
			}
		}

		b.storeOld("login", oldTag)
		check(oldTo, "login", "000000", verify.ErrWrong)
		check(oldTo, "login", oldCode, nil)

		b.storeOld("pay", payTag)
		if _, err := v.Start(b.Context(), verify.Request{To: oldTo, Purpose: "pay"}); err != nil {
			b.Fatalf("Start: %v", err)
		}
		if sent.To != oldTo {
			b.broken("a code was not sent to the number as it was typed")
		}
		check(oldTo, "pay", payCode, verify.ErrWrong) // the new code is the one that counts
		check(oldSubject, "pay", sent.Params["code"], nil)

		step := b.checkStep(verify.Subject{To: oldTo, Purpose: "proof"}, "")
		old := b.storeOld("proof", proofTag)
		step.Tags, step.ProofFor = []verify.KeyTag{{Key: old.Key, Tag: old.Tag}}, proofFor
		if err := step.Proof.UnmarshalText([]byte(oldProof)); err != nil {
			b.Fatalf("%v", err)
		}
		b.checkAgain(step)
		proof := verify.Proof{To: oldTo, Purpose: "proof", Token: oldToken}
		if err := v.Redeem(b.Context(), proof); err != nil {
			b.broken("redeeming a proof is %v", err)
		}
	}}}
}

// storeOld stores a code of oldTo.
func (b *bench) storeOld(purpose, tag string) verify.BeginStep {
	b.Helper()
	step := b.beginStep(verify.Subject{To: oldTo, Purpose: purpose}, "")
	step.Key = oldKeyID
	copy(step.Nonce[:], "a nonce of a code")
	if err := step.Tag.UnmarshalText([]byte(tag)); err != nil {
		b.Fatalf("%v", err)
	}
	b.beginAgain(step)
	return step
}

// verifier returns a Verifier over the Store, and the last message that it sent.
func (b *bench) verifier() (*verify.Verifier, *sms.Message) {
	b.Helper()
	var sent sms.Message
	v, err := verify.New(verify.Options{
		Store: b.store, Key: []byte(oldKey), Template: "login-code", TTL: ttl, Cooldown: time.Second, MaxAttempts: maxFailures,
		Sender: sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
			sent = m
			return sms.Receipt{ID: "1"}, nil
		}),
	})
	if err != nil {
		b.Fatalf("%v", err)
	}
	return v, &sent
}
