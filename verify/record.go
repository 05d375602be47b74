package verify

import (
	"crypto/subtle"
	"slices"
	"time"
)

// A Record is what a Store keeps for one Subject, and its methods are the rules
// of the steps: pure functions of the record, the Store's time and the step. The
// zero Record is that of a subject nobody has asked for.
//
// Failures are counted for the subject, not for a code: a new code does not
// reset them. A right answer, and LockFor without a failure, end the count;
// nothing else does.
type Record struct {
	Nonce   ID        `json:"nonce"`
	Key     uint64    `json:"key"`
	Tag     Tag       `json:"tag"`
	Renew   time.Time `json:"renew,omitzero"`   // after it Begin makes a new code
	Expires time.Time `json:"expires,omitzero"` // zero: there is no code
	Used    bool      `json:"used,omitempty"`   // consumed, or dead after too many failures
	Keep    time.Time `json:"keep,omitzero"`    // until then an expired code is told from none

	Failed     []ID      `json:"failed,omitempty"` // the steps that failed, in order
	CountUntil time.Time `json:"count_until,omitzero"`

	Winner      ID        `json:"winner,omitzero"` // the step that was right, until WinnerUntil
	WinnerUntil time.Time `json:"winner_until,omitzero"`
}

// Until tells when r says nothing any more. A Store may forget it then.
func (r Record) Until() time.Time { return latest(latest(r.Keep, r.CountUntil), r.WinnerUntil) }

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// at gives r as of now, without what is over.
func (r Record) at(now time.Time) Record {
	if !now.Before(r.CountUntil) {
		r.Failed, r.CountUntil = nil, time.Time{}
	}
	if !now.Before(r.WinnerUntil) {
		r.Winner, r.WinnerUntil = ID{}, time.Time{}
	}
	if !now.Before(r.Keep) {
		r = Record{Failed: r.Failed, CountUntil: r.CountUntil, Winner: r.Winner, WinnerUntil: r.WinnerUntil}
	}
	return r
}

// Begin answers Locked for a subject with s.Max failures. Where a code lives
// that nobody has used, at least a third of its lifetime is left and s does not
// say Replace, that one counts further, for as long as it had. Else s's own code
// counts from now on, and the failures stay counted.
func (r Record) Begin(now time.Time, s BeginStep) (Record, Begun) {
	r = r.at(now)
	again := r.Nonce == s.Nonce && !r.Expires.IsZero()
	if !again && len(r.Failed) >= s.Max {
		return r, Begun{Locked: true, RetryAfter: r.CountUntil.Sub(now)}
	}
	stands := !r.Expires.IsZero() && !r.Used && !s.Replace && !now.After(r.Renew)
	if !again && !stands {
		r.Nonce, r.Key, r.Tag, r.Used = s.Nonce, s.Key, s.Tag, false
		r.Expires = now.Add(s.TTL)
		r.Renew = r.Expires.Add(-s.TTL / 3)
		r.Keep = r.Expires.Add(s.TTL)
	}
	return r, Begun{Nonce: r.Nonce, Key: r.Key, Tag: r.Tag, ExpiresIn: max(0, r.Expires.Sub(now))}
}

// Check judges an answer. In this order: the step that was right before is right
// again; a locked subject is TooMany; no code, or a used one, is NotFound; past
// its lifetime it is Expired; a code of a key that s has no tag of is UnknownKey;
// the code's tag is Right, which consumes the code and ends the count; anything
// else is counted, and is TooMany where that makes it s.Max.
func (r Record) Check(now time.Time, s CheckStep) (Record, Checked) {
	r = r.at(now)
	if r.Winner == s.ID && !r.WinnerUntil.IsZero() {
		return r, Checked{Verdict: Right, Again: true}
	}
	if i := slices.Index(r.Failed, s.ID); i >= 0 {
		c := r.failure(now, i+1, s.Max)
		c.Again = true
		return r, c
	}
	if len(r.Failed) >= s.Max {
		return r, Checked{Verdict: TooMany, RetryAfter: r.CountUntil.Sub(now)}
	}
	if r.Expires.IsZero() || r.Used {
		return r, Checked{Verdict: NotFound}
	}
	if !now.Before(r.Expires) {
		return r, Checked{Verdict: Expired}
	}
	i := slices.IndexFunc(s.Tags, func(t KeyTag) bool { return t.Key == r.Key })
	if i < 0 {
		return r, Checked{Verdict: UnknownKey}
	}
	if subtle.ConstantTimeCompare(s.Tags[i].Tag[:], r.Tag[:]) == 1 {
		r.Used, r.Failed, r.CountUntil = true, nil, time.Time{}
		r.Winner, r.WinnerUntil = s.ID, now.Add(RepeatFor)
		return r, Checked{Verdict: Right}
	}
	r.Failed = append(slices.Clip(r.Failed), s.ID) // clipped: r is a value, and its array may be another's
	r.CountUntil = now.Add(s.LockFor)
	r.Used = len(r.Failed) >= s.Max
	return r, r.failure(now, len(r.Failed), s.Max)
}

// failure is what the n-th failure is answered with.
func (r Record) failure(now time.Time, n, most int) Checked {
	if n >= most {
		return Checked{Verdict: TooMany, RetryAfter: r.CountUntil.Sub(now)}
	}
	return Checked{Verdict: Wrong, Left: most - n}
}

// A ProofRecord is a proof that waits to be redeemed, kept under its Subject and
// the proof's ID. That it is there is the proof: a Store that has forgotten it
// lets nobody in. The zero ProofRecord is none.
type ProofRecord struct {
	Until    time.Time `json:"until,omitzero"`
	Redeemer ID        `json:"redeemer"` // the step that took it, zero: none yet
}

// NewProof is the record that a right answer leaves for a step that asks for a
// proof.
func NewProof(now time.Time, s CheckStep) ProofRecord {
	return ProofRecord{Until: now.Add(s.ProofFor)}
}

// Redeem takes the proof for id, and tells whether id has it.
func (p ProofRecord) Redeem(now time.Time, id ID) (ProofRecord, bool) {
	if !now.Before(p.Until) {
		return ProofRecord{}, false
	}
	if p.Redeemer == (ID{}) {
		return ProofRecord{Until: now.Add(RepeatFor), Redeemer: id}, true
	}
	return p, p.Redeemer == id
}
