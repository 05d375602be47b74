package verifytest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/notifykit/notify/verify"
)

// randomSteps does random steps on the Store and on a model of the pure rules,
// and compares every answer, up to the first that differs. Durations are such that
// no answer hangs on what the steps take by themselves: everything happens in
// steps of 20 seconds, and no rule asks whether something is just not yet over at
// a multiple of them.
func randomSteps(b *bench, seed uint64) (ok bool) {
	m := &model{
		bench: b, seed: seed, random: rand.New(rand.NewPCG(seed, 1)),
		records: map[verify.Subject]verify.Record{}, proofs: map[proof]verify.ProofRecord{}, tokens: map[string]verify.Tokens{},
	}
	for range 100 {
		if m.differs {
			return false
		}
		switch m.random.IntN(10) {
		case 0, 1:
			m.begin()
		case 2, 3, 4:
			m.check()
		case 5:
			m.redeem()
		case 6, 7:
			m.take()
		case 8:
			m.giveBack()
		case 9:
			m.pass()
		}
		m.steps++
	}
	return !m.differs
}

// randomTTL is a lifetime whose last third begins between two steps of time.
const randomTTL = 195 * time.Second

// A model is what a Store should do.
type model struct {
	*bench
	seed    uint64
	steps   int
	differs bool
	random  *rand.Rand
	records map[verify.Subject]verify.Record
	proofs  map[proof]verify.ProofRecord
	tokens  map[string]verify.Tokens

	begins  []verify.BeginStep
	checks  []verify.CheckStep
	redeems []redeemStep
	takes   []takeStep
	asked   []proof
	won     []proof
}

type redeemStep struct {
	proof
	id verify.ID
}

type takeStep struct {
	id     verify.ID
	limits []verify.Limit
	at     time.Time
}

// A proof is what a step has asked for, whether it got it or not.
type proof struct {
	of verify.Subject
	id verify.ID
}

// subject is one of four, of this seed alone.
func (m *model) subject() verify.Subject {
	return verify.Subject{To: number(int(m.seed)*2 + m.random.IntN(2)), Purpose: []string{"", "login"}[m.random.IntN(2)]}
}

// again tells whether the last step of a kind is to be done again.
func (m *model) again() bool { return m.random.IntN(4) == 0 }

func (m *model) wrong(step string, got, want any) {
	m.Helper()
	m.differs = true
	m.broken("with seed %d, at step %d, %s answered %+v; it should be %+v", m.seed, m.steps, step, got, want)
}

func (m *model) begin() {
	step := verify.BeginStep{
		Subject: m.subject(), Nonce: m.id(), Key: keyID + uint64(m.random.IntN(2)), Tag: tagOf(m.code()),
		TTL: randomTTL, LockFor: lockFor, Max: maxFailures, Replace: m.random.IntN(5) == 0,
	}
	if len(m.begins) > 0 && m.again() {
		step = m.begins[len(m.begins)-1]
	}
	m.begins = append(m.begins, step)
	next, want := m.records[step.Subject].Begin(m.now(), step)
	m.records[step.Subject] = next
	got := m.beginAgain(step)
	if got.Locked != want.Locked || got.Nonce != want.Nonce || got.Key != want.Key || got.Tag != want.Tag ||
		!m.about(got.ExpiresIn, want.ExpiresIn) || !m.about(got.RetryAfter, want.RetryAfter) {
		m.wrong("Begin", got, want)
	}
}

func (m *model) code() string { return fmt.Sprint(m.random.IntN(3)) }

func (m *model) check() {
	step := m.proveStep(m.subject(), m.code())
	if m.random.IntN(2) == 0 {
		step.Proof = verify.ID{}
	}
	if len(m.checks) > 0 && m.again() {
		step = m.checks[m.random.IntN(len(m.checks))]
	}
	m.checks = append(m.checks, step)
	now := m.now()
	next, want := m.records[step.Subject].Check(now, step)
	m.records[step.Subject] = next
	if step.Proof != (verify.ID{}) {
		p := proof{step.Subject, step.Proof}
		m.asked = append(m.asked, p)
		if want.Verdict == verify.Right && !want.Again {
			m.proofs[p] = verify.NewProof(now, step)
			m.won = append(m.won, p)
		}
	}
	got := m.checkAgain(step)
	if got.Verdict != want.Verdict || got.Left != want.Left || got.Again != want.Again || !m.about(got.RetryAfter, want.RetryAfter) {
		m.wrong("Check", got, want)
	}
}

func (m *model) redeem() {
	if len(m.asked) == 0 {
		return
	}
	step := redeemStep{proof: m.asked[m.random.IntN(len(m.asked))], id: m.id()}
	if len(m.won) > 0 && m.random.IntN(2) == 0 {
		step.proof = m.won[len(m.won)-1]
	}
	if m.random.IntN(4) == 0 {
		step.of = m.subject()
	}
	if len(m.redeems) > 0 && m.again() {
		step = m.redeems[m.random.IntN(len(m.redeems))]
	}
	m.redeems = append(m.redeems, step)
	next, want := m.proofs[step.proof].Redeem(m.now(), step.id)
	m.proofs[step.proof] = next
	if got := m.bench.redeem(step.of, step.proof.id, step.id); got != want {
		m.wrong("Redeem", got, want)
	}
}

func (m *model) take() {
	limits := []verify.Limit{
		limit("number", fmt.Sprintf("%d %d", m.seed, m.random.IntN(2)), per(2, 2*time.Minute), per(3, 9*time.Minute)),
		limit("all", fmt.Sprint(m.seed), per(4, 5*time.Minute)),
	}
	step := takeStep{id: m.id(), limits: limits[m.random.IntN(2):], at: m.now()}
	// Repeated only while it is known by its ID: later it is another step.
	if len(m.takes) > 0 && m.again() && m.now().Sub(m.takes[len(m.takes)-1].at) < verify.RepeatFor {
		step = m.takes[len(m.takes)-1]
	}
	m.takes = append(m.takes, step)
	now := m.now()
	refused, want := -1, time.Duration(0)
	for i, l := range step.limits {
		if wait := m.tokens[l.Scope+l.Of].Wait(now, l.Windows, step.id); wait > want {
			refused, want = i, wait
		}
	}
	if want == 0 {
		for _, l := range step.limits {
			m.tokens[l.Scope+l.Of] = m.tokens[l.Scope+l.Of].Take(now, l.Windows, step.id)
		}
	}
	if i, wait := m.bench.take(step.id, step.limits...); i != refused || !m.about(wait, want) {
		m.wrong("Take", []any{i, wait}, []any{refused, want})
	}
}

func (m *model) giveBack() {
	if len(m.takes) == 0 {
		return
	}
	step := m.takes[m.random.IntN(len(m.takes))]
	for _, l := range step.limits {
		m.tokens[l.Scope+l.Of] = m.tokens[l.Scope+l.Of].Return(step.id)
	}
	m.bench.giveBack(step.id, step.limits...)
}

func (m *model) pass() { m.advance(time.Duration(1+m.random.IntN(12)) * 20 * time.Second) }
