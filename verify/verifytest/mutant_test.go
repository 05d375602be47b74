package verifytest_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/verify"
)

// A mutant is a Store by the pure rules, each of which can be broken.
type mutant struct {
	mu      sync.Mutex
	records map[verify.Subject]verify.Record
	proofs  map[any]verify.ProofRecord
	tokens  map[string]verify.Tokens
	cells   map[verify.Cell]verify.Slots
	answers map[string]verify.Counter
	rules   rules
	clock   func() time.Time
}

type rules struct {
	subject  func(verify.Subject) verify.Subject // the key of a record
	begin    func(verify.Record, time.Time, verify.BeginStep) (verify.Record, verify.Begun)
	check    func(verify.Record, time.Time, verify.CheckStep) (verify.Record, verify.Checked)
	proofKey func(verify.Subject, verify.ID) any
	stores   func(verify.CheckStep, verify.Checked) bool // whether a step leaves a proof
	newProof func(time.Time, verify.CheckStep) verify.ProofRecord
	redeem   func(verify.ProofRecord, time.Time, verify.ID) (verify.ProofRecord, bool)
	limitKey func(verify.Limit) string
	wait     func(verify.Tokens, time.Time, verify.Limit, verify.ID) time.Duration
	take     func(verify.Tokens, time.Time, verify.Limit, verify.ID) verify.Tokens
	giveBack func(verify.Tokens, verify.ID) verify.Tokens
	pick     func(waits []time.Duration) int         // the limit that refuses
	partly   bool                                    // takes of the limits before the one that refuses
	racy     string                                  // the step that reads and writes without a lock between
	deaf     bool                                    // does not look at the context
	answer   func(verify.CheckStep) verify.CheckStep // what is counted as an answer
	answered func(verify.Checked) bool               // whether an answer is counted
	halfway  bool                                    // counts an answer against the limits that have room
	shared   bool                                    // answers are tokens too
	counts   func(c verify.Checked) bool
	refused  bool // counts as sent what was refused
	keeps    bool // counts as sent what was given back
	endless  bool // a tally that forgets nothing
}

func newMutant(change func(*rules)) *mutant {
	m := &mutant{
		records: map[verify.Subject]verify.Record{}, proofs: map[any]verify.ProofRecord{},
		tokens: map[string]verify.Tokens{}, cells: map[verify.Cell]verify.Slots{}, answers: map[string]verify.Counter{},
		clock: time.Now,
		rules: rules{
			subject:  func(s verify.Subject) verify.Subject { return s },
			begin:    verify.Record.Begin,
			check:    verify.Record.Check,
			proofKey: func(s verify.Subject, id verify.ID) any { return [2]any{s, id} },
			stores: func(s verify.CheckStep, c verify.Checked) bool {
				return c.Verdict == verify.Right && !c.Again && s.Proof != (verify.ID{})
			},
			newProof: verify.NewProof,
			redeem:   verify.ProofRecord.Redeem,
			limitKey: func(l verify.Limit) string { return l.Scope + " " + l.Of },
			wait: func(ts verify.Tokens, now time.Time, l verify.Limit, id verify.ID) time.Duration {
				return ts.Wait(now, l.Windows, id)
			},
			take: func(ts verify.Tokens, now time.Time, l verify.Limit, id verify.ID) verify.Tokens {
				return ts.Take(now, l.Windows, id)
			},
			giveBack: verify.Tokens.Return,
			answer:   func(s verify.CheckStep) verify.CheckStep { return s },
			answered: func(verify.Checked) bool { return true },
			pick:     func(waits []time.Duration) int { return slices.Index(waits, slices.Max(waits)) },
			counts:   func(c verify.Checked) bool { return c.Verdict == verify.Right && !c.Again },
		},
	}
	change(&m.rules)
	return m
}

// pause lets others in between reading and writing.
func (m *mutant) pause(step string) {
	if m.rules.racy == step {
		m.mu.Unlock()
		time.Sleep(time.Nanosecond) // in a bubble: until everybody has read
		m.mu.Lock()
	}
}

func (m *mutant) enter(ctx context.Context) error {
	m.mu.Lock()
	if m.rules.deaf {
		return nil
	}
	return ctx.Err()
}

func (m *mutant) Take(ctx context.Context, id verify.ID, limits []verify.Limit) (int, time.Duration, error) {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil || len(limits) == 0 {
		return -1, 0, err
	}
	waits := make([]time.Duration, len(limits))
	before := make([]verify.Tokens, len(limits))
	for i, l := range limits {
		before[i] = m.tokens[m.rules.limitKey(l)]
		waits[i] = m.rules.wait(before[i], m.clock(), l, id)
	}
	m.pause("take")
	refused := m.rules.pick(waits)
	if waits[refused] == 0 {
		refused = len(limits)
	} else if !m.rules.partly {
		return refused, waits[refused], nil
	}
	for i, l := range limits[:refused] {
		m.tokens[m.rules.limitKey(l)] = m.rules.take(before[i], m.clock(), l, id)
	}
	if refused < len(limits) {
		return refused, waits[refused], nil
	}
	return -1, 0, nil
}

func (m *mutant) Return(ctx context.Context, id verify.ID, limits []verify.Limit) error {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	for _, l := range limits {
		m.tokens[m.rules.limitKey(l)] = m.rules.giveBack(m.tokens[m.rules.limitKey(l)], id)
	}
	return nil
}

func (m *mutant) Begin(ctx context.Context, s verify.BeginStep) (verify.Begun, error) {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return verify.Begun{}, err
	}
	next, begun := m.rules.begin(m.records[m.rules.subject(s.Subject)], m.clock(), s)
	m.records[m.rules.subject(s.Subject)] = next
	return begun, nil
}

func (m *mutant) Check(ctx context.Context, s verify.CheckStep) (verify.Checked, error) {
	return m.CheckVerified(ctx, s, nil)
}

func (m *mutant) Redeem(ctx context.Context, to verify.Subject, proof, id verify.ID) (bool, error) {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return false, err
	}
	before := m.proofs[m.rules.proofKey(to, proof)]
	m.pause("redeem")
	next, ok := m.rules.redeem(before, m.clock(), id)
	m.proofs[m.rules.proofKey(to, proof)] = next
	return ok, nil
}

func (m *mutant) TakeSent(ctx context.Context, id verify.ID, limits []verify.Limit, cells []verify.Cell) (int, time.Duration, []verify.Share, error) {
	refused, wait, err := m.Take(ctx, id, limits)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil || wait > 0 && !m.rules.refused {
		return refused, wait, nil, err
	}
	shares := make([]verify.Share, len(cells))
	for i, c := range cells {
		shares[i] = m.cells[c].Sum(m.now(), c.Per)
		m.cells[c] = m.cells[c].Add(m.now(), c.Per, 1, 0)
	}
	return refused, wait, shares, nil
}

func (m *mutant) now() time.Time {
	if m.rules.endless {
		return time.Unix(1, 0)
	}
	return m.clock()
}

func (m *mutant) ReturnSent(ctx context.Context, id verify.ID, limits []verify.Limit, cells []verify.Cell) error {
	if err := m.Return(ctx, id, limits); err != nil || m.rules.keeps {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range cells {
		m.cells[c] = m.cells[c].Add(m.now(), c.Per, -1, 0)
	}
	return nil
}

func (m *mutant) CheckVerified(ctx context.Context, s verify.CheckStep, cells []verify.Cell) (verify.Checked, error) {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return verify.Checked{}, err
	}
	before := m.records[m.rules.subject(s.Subject)]
	if c := m.countAnswer(before, m.rules.answer(s)); c.Verdict == verify.Limited {
		return c, nil
	}
	if _, c := m.rules.check(before, m.clock(), s); c.Verdict == verify.Right {
		m.pause("right")
	} else {
		m.pause("wrong")
	}
	next, checked := m.rules.check(before, m.clock(), s)
	m.records[m.rules.subject(s.Subject)] = next
	if m.rules.stores(s, checked) {
		m.proofs[m.rules.proofKey(s.Subject, s.Proof)] = m.rules.newProof(m.clock(), s)
	}
	if m.rules.counts(checked) {
		for _, c := range cells {
			m.cells[c] = m.cells[c].Add(m.now(), c.Per, 0, 1)
		}
	}
	return checked, nil
}

func (m *mutant) countAnswer(before verify.Record, s verify.CheckStep) verify.Checked {
	counters := make([]verify.Counter, len(s.Answers))
	for i, l := range s.Answers {
		counters[i] = m.answers[m.rules.limitKey(l)]
	}
	if len(s.Answers) > 0 {
		m.pause("answer")
	}
	_, next, c := verify.Judge(m.clock(), before, counters, s)
	for i, l := range s.Answers {
		switch key := m.rules.limitKey(l); {
		case c.Verdict == verify.Limited && m.rules.halfway && counters[i].Wait(m.clock(), l.Windows) == 0:
			m.answers[key] = counters[i].Add(m.clock(), l.Windows)
		case c.Verdict == verify.Limited:
		case m.rules.answered(c):
			m.answers[key] = next[i]
			if m.rules.shared {
				m.tokens[key] = m.tokens[key].Take(m.clock(), l.Windows, s.ID)
			}
		}
	}
	return c
}
