package verify

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/notifykit/notify/sms"
)

// Check tells whether a.Code is the code that waits for a.To and a.Purpose: nil
// once, and then it is used. Of any number of right answers at once exactly one
// is told so. Blanks and dashes in the code are passed over.
//
// A *CheckError means that it was judged: ErrWrong, with what is Left;
// ErrTooMany from the answer that makes it MaxAttempts on, for LockFor, and for
// an address or range that has given Limits.Answers or Limits.AnswersRange; ErrExpired; ErrNotFound where no code
// waits. Any other error is an *sms.Error that is Rejected: nobody could look,
// and the person may type the same again.
func (v *Verifier) Check(ctx context.Context, a Attempt) error {
	_, err := v.judge(ctx, a, false, false)
	return err
}

// Prove does as Check does and gives a proof, to be redeemed once within
// ProofFor: for what is confirmed on one page and done on a later one.
func (v *Verifier) Prove(ctx context.Context, a Attempt) (Proof, error) {
	return v.judge(ctx, a, true, false)
}

// judge does what Check and Prove say. For a decoy no code is right.
func (v *Verifier) judge(ctx context.Context, a Attempt, prove, decoy bool) (Proof, error) {
	s, err := readSubject(a.To, a.Purpose)
	if err != nil {
		return Proof{}, err
	}
	ip, err := readIP(a.IP)
	if err != nil {
		return Proof{}, err
	}
	secret, answers := newID(), v.answers(s.To, ip, decoy)
	var checked Checked
	for _, s := range writings(s, a.To) {
		checked, err = v.check(ctx, v.checkStep(s, a.Code, secret, answers, prove, decoy), a)
		if err != nil || checked.Verdict != NotFound {
			break
		}
		answers = nil // they are counted
	}
	if err != nil {
		return Proof{}, storeFault(ctx, "checking the code", err)
	}
	if err := verdictError(checked); err != nil {
		return Proof{}, err
	}
	if !prove {
		return Proof{}, nil
	}
	return Proof{To: a.To, Purpose: s.Purpose, Token: v.keys[0].token(secret)}, nil
}

// writings are the subjects under which a code or a proof for to may be stored: s and,
// by versions that did not know Number.Subject, the number as it was typed. A code is
// looked for under the second only if there is none under the first.
func writings(s Subject, to sms.Number) []Subject {
	if to == s.To {
		return []Subject{s}
	}
	return []Subject{s, {To: to, Purpose: s.Purpose}}
}

func (v *Verifier) checkStep(s Subject, code string, secret ID, answers []Limit, prove, decoy bool) CheckStep {
	step := CheckStep{Subject: s, ID: newID(), Tags: v.tagsOf(s, code), Max: v.o.MaxAttempts, LockFor: v.o.LockFor, Answers: answers}
	if decoy {
		for i := range step.Tags {
			step.Tags[i].Tag = noCode()
		}
	}
	if prove {
		step.Proof, step.ProofFor = v.keys[0].proofID(s, secret), v.o.ProofFor
	}
	return step
}

func (v *Verifier) check(ctx context.Context, step CheckStep, a Attempt) (Checked, error) {
	if v.tally == nil {
		return v.o.Store.Check(ctx, step)
	}
	return v.checkWatched(ctx, step, a)
}

// answers lists the limits that an answer counts against. The range comes first in
// Of, so that both are kept at the same place.
func (v *Verifier) answers(to sms.Number, ip netip.Addr, decoy bool) (limits []Limit) {
	if _, test := v.testNumber(to); test && !decoy || !ip.IsValid() {
		return nil
	}
	host, network := networks(ip)
	if w := v.o.Limits.Answers; len(w) > 0 {
		limits = append(limits, Limit{Scope: ScopeAnswers, Of: network + " " + host, Windows: w})
	}
	if w := v.o.Limits.AnswersRange; len(w) > 0 {
		limits = append(limits, Limit{Scope: ScopeAnswersRange, Of: network, Windows: w})
	}
	return limits
}

// tagsOf returns the tag of an answer under each key, for codes of each number of
// digits: some may be of before Options.Digits was changed.
func (v *Verifier) tagsOf(s Subject, code string) []KeyTag {
	code = typed(code)
	tags := make([]KeyTag, 0, len(v.keys)*(maxDigits-minDigits+1))
	for _, k := range v.keys {
		tag := k.tagOf(s, code)
		for _, id := range k.ids[minDigits:] {
			tags = append(tags, KeyTag{Key: id, Tag: tag})
		}
	}
	return tags
}

func verdictError(c Checked) error {
	switch c.Verdict {
	case Right:
		return nil
	case Wrong:
		return &CheckError{Err: ErrWrong, Left: c.Left}
	case TooMany, Limited:
		return &CheckError{Err: ErrTooMany, RetryAfter: c.RetryAfter}
	case NotFound:
		return &CheckError{Err: ErrNotFound}
	case Expired:
		return &CheckError{Err: ErrExpired}
	case UnknownKey:
		return refusal(sms.Internal, ErrKey)
	}
	return refusal(sms.Internal, fmt.Errorf("verify: checking the code: the store answered %v", c.Verdict))
}

// Redeem takes a proof: nil once, else a *CheckError of ErrNotFound, or an
// *sms.Error where nobody could look, after which the same proof may be redeemed
// again. The Token is good only with the number and the purpose that it was made
// for, so take these from where the program keeps them, not from the request.
//
// Call it last in a transaction, before the commit: what fails earlier then
// leaves the proof, and the form can be sent again without another message.
func (v *Verifier) Redeem(ctx context.Context, p Proof) error {
	s, err := readSubject(p.To, p.Purpose)
	key, secret, ok := readToken(p.Token)
	if err != nil || !ok {
		return &CheckError{Err: errProof}
	}
	for _, k := range v.keys {
		if k.own != key {
			continue
		}
		for _, s := range writings(s, p.To) {
			redeemed, err := v.o.Store.Redeem(ctx, s, k.proofID(s, secret), newID())
			switch {
			case err != nil:
				return storeFault(ctx, "redeeming the proof", err)
			case redeemed:
				return nil
			}
		}
		break
	}
	return &CheckError{Err: errProof}
}
