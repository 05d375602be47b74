package outboxtest_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
)

// A mutant is an Engine that breaks one rule. What is nil is as it should be.
type mutant struct {
	*outboxtest.Memory
	put    func(m *outboxtest.Memory, ctx context.Context, entries []outbox.Entry) []error
	take   func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error)
	settle func(m *outboxtest.Memory, ctx context.Context, ends []outbox.End) []error
	last   func(m *outboxtest.Memory, ctx context.Context, key string) (outbox.Record, error)
	change func(m *outboxtest.Memory, ctx context.Context, was outbox.Record, to outbox.Change) error
	list   func(m *outboxtest.Memory, ctx context.Context, s outbox.State, after string, n int) ([]outbox.Record, error)
	count  func(m *outboxtest.Memory, ctx context.Context) (outbox.Counts, error)
	await  func(m *outboxtest.Memory, ctx context.Context, classes []string) error
	owned  func(m *outboxtest.Memory, ctx context.Context, key string, receipts []uint64) ([]uint64, error)
	close  func(m *outboxtest.Memory) error
	kill   func(m *outboxtest.Memory)
	pause  func(m *outboxtest.Memory)
}

func (m mutant) Put(ctx context.Context, entries []outbox.Entry) []error {
	if m.put != nil {
		return m.put(m.Memory, ctx, entries)
	}
	return m.Memory.Put(ctx, entries)
}

// Exchange is a settle and a take, each as the mutant has it.
func (m mutant) Exchange(ctx context.Context, ends []outbox.End, wants []outbox.Want, n int) (leases []outbox.Lease, answers []error, err error) {
	if len(ends) > 0 {
		if m.settle == nil {
			m.settle = settle
		}
		if answers = m.settle(m.Memory, ctx, ends); answers == nil {
			return nil, nil, outbox.ErrClosed
		}
	}
	if n == 0 {
		return nil, answers, nil
	}
	if m.take == nil {
		m.take = take
	}
	leases, err = m.take(m.Memory, ctx, wants, n)
	return leases, answers, err
}

// settle records ends as a Memory does; nil: it is closed.
func settle(m *outboxtest.Memory, ctx context.Context, ends []outbox.End) []error {
	_, answers, _ := m.Exchange(ctx, ends, nil, 0)
	return answers
}

// take claims as a Memory does.
func take(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
	leases, _, err := m.Exchange(ctx, nil, wants, n)
	return leases, err
}

func (m mutant) Await(ctx context.Context, classes []string) error {
	if m.await != nil {
		return m.await(m.Memory, ctx, classes)
	}
	return m.Memory.Await(ctx, classes)
}

func (m mutant) Owned(ctx context.Context, key string, receipts []uint64) ([]uint64, error) {
	if m.owned != nil {
		return m.owned(m.Memory, ctx, key, receipts)
	}
	return m.Memory.Owned(ctx, key, receipts)
}

func (m mutant) Last(ctx context.Context, key string) (outbox.Record, error) {
	if m.last != nil {
		return m.last(m.Memory, ctx, key)
	}
	return m.Memory.Last(ctx, key)
}

func (m mutant) Change(ctx context.Context, was outbox.Record, to outbox.Change) error {
	if m.change != nil {
		return m.change(m.Memory, ctx, was, to)
	}
	return m.Memory.Change(ctx, was, to)
}

func (m mutant) List(ctx context.Context, s outbox.State, after string, n int) ([]outbox.Record, error) {
	if m.list != nil {
		return m.list(m.Memory, ctx, s, after, n)
	}
	return m.Memory.List(ctx, s, after, n)
}

func (m mutant) Count(ctx context.Context) (outbox.Counts, error) {
	if m.count != nil {
		return m.count(m.Memory, ctx)
	}
	return m.Memory.Count(ctx)
}

func (m mutant) Close() error {
	if m.close != nil {
		return m.close(m.Memory)
	}
	return m.Memory.Close()
}

func leases(change func(*outbox.Lease)) func(*outboxtest.Memory, context.Context, []outbox.Want, int) ([]outbox.Lease, error) {
	return func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
		l, err := take(m, ctx, wants, n)
		for i := range l {
			change(&l[i])
		}
		return l, err
	}
}

func entries(change func(*outbox.Entry)) func(*outboxtest.Memory, context.Context, []outbox.Entry) []error {
	return func(m *outboxtest.Memory, ctx context.Context, all []outbox.Entry) []error {
		all = slices.Clone(all)
		for i := range all {
			change(&all[i])
		}
		return m.Put(ctx, all)
	}
}

func ends(change func(*outbox.End)) func(*outboxtest.Memory, context.Context, []outbox.End) []error {
	return func(m *outboxtest.Memory, ctx context.Context, all []outbox.End) []error {
		all = slices.Clone(all)
		for i := range all {
			change(&all[i])
		}
		return settle(m, ctx, all)
	}
}

// harnessOf opens one mutant after another on one Disk.
func harnessOf(like func() mutant) outboxtest.Harness {
	return outboxtest.Harness{Bubble: true, New: func(testing.TB) outboxtest.Store {
		d, m := outboxtest.NewDisk(), like()
		var mu sync.Mutex
		memories := map[outbox.Engine]*outboxtest.Memory{}
		of := func(e outbox.Engine) *outboxtest.Memory {
			mu.Lock()
			defer mu.Unlock()
			return memories[e]
		}
		act := func(own func(*outboxtest.Memory), usual func(*outboxtest.Memory)) func(outbox.Engine) {
			return func(e outbox.Engine) {
				if own != nil {
					own(of(e))
					return
				}
				usual(of(e))
			}
		}
		return outboxtest.Store{
			Open: func() outbox.Engine {
				one := m
				one.Memory = d.Open()
				e := &one
				mu.Lock()
				defer mu.Unlock()
				memories[e] = one.Memory
				return e
			},
			Kill:  act(m.kill, (*outboxtest.Memory).Kill),
			Pause: act(m.pause, (*outboxtest.Memory).Pause),
		}
	}}
}

// A recorder is the test that a check reports to.
type recorder struct {
	ctx    context.Context
	mu     sync.Mutex
	faults []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// outcome runs one check on a harness and gives what it reports.
func outcome(t *testing.T, h outboxtest.Harness, name string) (faults []string) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := &recorder{ctx: ctx}
		var wg sync.WaitGroup
		wg.Go(func() { outboxtest.RunCheck(name, r, h, h.New(t)) })
		wg.Wait()
		cancel() // whoever still waits in the bubble ends
		faults = r.faults
	})
	return faults
}

func TestEachBrokenRuleIsFound(t *testing.T) {
	found := map[string]bool{}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			checked := false
			for _, name := range outboxtest.Checks() {
				if !strings.Contains(name, m.found) {
					continue
				}
				faults := outcome(t, harnessOf(m.mutant), name)
				checked = true
				if len(faults) > 0 {
					found[name] = true
					if !strings.Contains(faults[0], "the rule is: ") {
						t.Errorf("%q does not say the rule: %s", name, faults[0])
					}
					return
				}
			}
			t.Errorf("the check %q does not find it (there is one: %v)", m.found, checked)
		})
	}
	for _, name := range outboxtest.Checks() {
		if !found[name] {
			t.Errorf("no mutant breaks the rule of %q", name)
		}
	}
}
