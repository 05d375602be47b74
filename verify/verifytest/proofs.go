package verifytest

import (
	"time"

	"github.com/notifykit/notify/verify"
)

func proofChecks() []check {
	return []check{
		{"a proof", "a proof is redeemed once", func(b *bench) {
			proof := b.prove(ann, "1")
			if !b.redeem(ann, proof, b.id()) {
				b.broken("it was not redeemed at all")
			}
			if b.redeem(ann, proof, b.id()) {
				b.broken("it was redeemed twice")
			}
		}},
		{"a redeem done again", "a Redeem done again with the same ID answers the same", func(b *bench) {
			proof, id := b.prove(ann, "1"), b.id()
			b.redeem(ann, proof, id)
			if !b.redeem(ann, proof, id) {
				b.broken("the second answer is no")
			}
		}},
		{"a proof's lifetime", "a proof may be redeemed for ProofFor, and no longer", func(b *bench) {
			proof := b.prove(ann, "1")
			b.advance(proofFor - 20*time.Second)
			if !b.redeem(ann, proof, b.id()) {
				b.broken("it was not redeemed 20 seconds before its end")
			}
			proof = b.prove(ann, "2")
			b.advance(proofFor)
			if b.redeem(ann, proof, b.id()) {
				b.broken("it was redeemed at its end")
			}
		}},
		{"another's proof", "a proof is good for its number and purpose alone", func(b *bench) {
			proof := b.prove(ann, "1")
			if b.redeem(ben, proof, b.id()) || b.redeem(pay, proof, b.id()) || b.redeem(ann, b.id(), b.id()) {
				b.broken("it was redeemed for another, or another was redeemed")
			}
			if !b.redeem(ann, proof, b.id()) {
				b.broken("and then not for its own")
			}
		}},
		{"no proof", "only a right answer leaves a proof, and only one that asks for it", func(b *bench) {
			b.begin(ann, "1")
			step := b.proveStep(ann, "wrong")
			b.checkAgain(step)
			if b.redeem(ann, step.Proof, b.id()) {
				b.broken("a wrong answer left one")
			}
			b.check(ann, "1")
			if b.redeem(ann, verify.ID{}, b.id()) {
				b.broken("an answer that asked for none left one")
			}
		}},
		{"a proof taken, and its step done again", "a right step done again makes no second proof", func(b *bench) {
			b.begin(ann, "1")
			step := b.proveStep(ann, "1")
			b.checkAgain(step)
			b.redeem(ann, step.Proof, b.id())
			b.checkAgain(step)
			if b.redeem(ann, step.Proof, b.id()) {
				b.broken("the proof was there again")
			}
		}},
		{"a proof and a new code", "a proof stands until it is redeemed, whatever codes come after it", func(b *bench) {
			first := b.prove(ann, "1")
			second := b.prove(ann, "2")
			if !b.redeem(ann, first, b.id()) || !b.redeem(ann, second, b.id()) {
				b.broken("one of two was lost")
			}
		}},
		{"redeeming at once", "of any number of redeemers at once exactly one has the proof", func(b *bench) {
			proof := b.prove(ann, "1")
			n := atOnce(20, func(i int) bool {
				ok, err := b.store.Redeem(b.Context(), ann, proof, idOf(^uint64(0), uint64(i)))
				if err != nil {
					b.Errorf("Redeem: %v", err)
				}
				return ok
			})
			if n != 1 {
				b.broken("%d of 20 have it", n)
			}
		}},
	}
}

func (b *bench) proveStep(s verify.Subject, code string) verify.CheckStep {
	step := b.checkStep(s, code)
	step.Proof, step.ProofFor = b.id(), proofFor
	return step
}

// prove gives a proof that waits.
func (b *bench) prove(s verify.Subject, code string) verify.ID {
	b.Helper()
	b.begin(s, code)
	step := b.proveStep(s, code)
	if c := b.checkAgain(step); c.Verdict != verify.Right {
		b.Fatalf("the right answer is %v", c.Verdict)
	}
	return step.Proof
}
