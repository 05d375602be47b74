package outboxtest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
)

// mutants breaks each rule once. The name says which, and found is a part of the
// name of the check that has to find it.
var mutants = []struct {
	name, found string
	mutant      func() mutant
}{
	{"loses the last byte of the data", "comes back whole", func() mutant {
		return mutant{take: leases(func(l *outbox.Lease) { l.Data = l.Data[:max(len(l.Data)-1, 0)] })}
	}},
	{"takes keys in any letters", "comes back whole", func() mutant {
		return mutant{last: func(m *outboxtest.Memory, ctx context.Context, key string) (outbox.Record, error) {
			r, err := m.Last(ctx, key)
			if err != nil {
				return m.Last(ctx, strings.ToLower(key))
			}
			return r, err
		}, put: entries(func(e *outbox.Entry) { e.Key = strings.ToLower(e.Key) })}
	}},
	{"does not compare hashes", "the same key", func() mutant { return mutant{put: entries(func(e *outbox.Entry) { e.Hash = "" })} }},
	{"forgets a key at its end", "the same key", func() mutant {
		ended := map[string]bool{}
		return mutant{settle: func(m *outboxtest.Memory, ctx context.Context, ends []outbox.End) []error {
			for _, e := range ends {
				ended[e.Lease.Key] = true
			}
			return settle(m, ctx, ends)
		}, put: func(m *outboxtest.Memory, ctx context.Context, all []outbox.Entry) []error {
			if len(all) == 1 && ended[all[0].Key] {
				return []error{nil}
			}
			return m.Put(ctx, all)
		}}
	}},
	{"refuses the whole batch for one fault", "a fault refuses no other", func() mutant {
		return mutant{put: func(m *outboxtest.Memory, ctx context.Context, all []outbox.Entry) []error {
			for _, e := range all {
				if _, err := m.Last(ctx, e.Key); err == nil {
					return slices.Repeat([]error{outbox.ErrKeyTaken}, len(all))
				}
			}
			return m.Put(ctx, all)
		}}
	}},
	{"lets the last of one key in a call win", "the same key in one call", func() mutant {
		return mutant{put: func(m *outboxtest.Memory, ctx context.Context, all []outbox.Entry) []error {
			answers := m.Put(ctx, all)
			if len(all) > 1 && all[0].Key == all[1].Key {
				answers[1] = nil
			}
			return answers
		}}
	}},
	{"stores although the context has ended", "put with a context", func() mutant {
		return mutant{put: func(m *outboxtest.Memory, ctx context.Context, all []outbox.Entry) []error {
			answers := m.Put(context.WithoutCancel(ctx), all)
			if ctx.Err() != nil {
				return slices.Repeat([]error{ctx.Err()}, len(all))
			}
			return answers
		}}
	}},
	{"lets two puts of a key pass", "many puts at once", func() mutant {
		return mutant{put: func(m *outboxtest.Memory, ctx context.Context, all []outbox.Entry) []error {
			if _, err := m.Last(ctx, all[0].Key); err != nil {
				time.Sleep(time.Nanosecond) // in a bubble: until everybody has looked
				m.Put(ctx, all)
				return make([]error, len(all))
			}
			return m.Put(ctx, all)
		}}
	}},
	{"does not care for the order of classes", "order of classes", func() mutant {
		return mutant{take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			return take(m, ctx, slices.SortedFunc(slices.Values(wants), func(a, b outbox.Want) int { return strings.Compare(a.Class, b.Class) }), n)
		}}
	}},
	{"gives classes that were not asked for", "order of classes", func() mutant {
		return mutant{take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			return take(m, ctx, append(slices.Clone(wants), outbox.Want{Class: "d", N: n}), n)
		}}
	}},
	{"gives one more than asked for", "order of classes", func() mutant {
		return mutant{take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			return take(m, ctx, more(wants), n+1)
		}}
	}},
	{"gives the newest first", "order in a class", func() mutant {
		return mutant{take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			l, err := take(m, ctx, wants, n)
			slices.Reverse(l)
			return l, err
		}}
	}},
	{"does not wait for the time", "not before it is due", func() mutant {
		return mutant{put: entries(func(e *outbox.Entry) { e.Wait = 0 })}
	}},
	{"does not wait for one", "await waits", func() mutant {
		return mutant{await: func(*outboxtest.Memory, context.Context, []string) error { return nil }, take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			l, err := take(m, ctx, wants, n)
			if len(l) == 0 && err == nil {
				err = context.DeadlineExceeded
			}
			return l, err
		}}
	}},
	{"takes after the context's end", "a context that has ended", func() mutant {
		return mutant{take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			if ctx.Err() == nil {
				return take(m, ctx, wants, n)
			}
			_, _ = take(m, context.WithoutCancel(ctx), wants, n)
			return nil, ctx.Err()
		}}
	}},
	{"hands out twice", "handed out once", func() mutant {
		var mu sync.Mutex
		var first outbox.Lease
		return mutant{take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			l, err := take(m, ctx, wants, n)
			mu.Lock()
			defer mu.Unlock()
			if first.Key == "" && len(l) > 0 {
				first = l[0]
			} else if len(l) > 0 {
				l[0] = first
			}
			return l, err
		}}
	}},
	{"hears only its own puts", "a put wakes another", func() mutant {
		var mu sync.Mutex
		has := map[*outboxtest.Memory]bool{}
		return mutant{put: func(m *outboxtest.Memory, ctx context.Context, all []outbox.Entry) []error {
			mu.Lock()
			has[m] = true
			mu.Unlock()
			return m.Put(ctx, all)
		}, take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			mu.Lock()
			heard := has[m]
			mu.Unlock()
			if !heard {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return take(m, ctx, wants, n)
		}}
	}},
	{"does not renew its lease", "two engines on one store", func() mutant {
		return mutant{take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			m.Pause()
			return take(m, ctx, wants, n)
		}}
	}},
	{"does not show a hand-out", "a hand-out shows", func() mutant {
		return mutant{last: func(m *outboxtest.Memory, ctx context.Context, key string) (outbox.Record, error) {
			r, err := m.Last(ctx, key)
			if r.State == outbox.Sending {
				r.State = outbox.Queued
			}
			return r, err
		}}
	}},
	{"keeps the message after its end", "every end", func() mutant {
		return mutant{last: func(m *outboxtest.Memory, ctx context.Context, key string) (outbox.Record, error) {
			r, err := m.Last(ctx, key)
			if r.State.Ended() {
				r.Data = []byte("kept")
			}
			return r, err
		}}
	}},
	{"drops the message of what is held", "every end", func() mutant {
		return mutant{last: func(m *outboxtest.Memory, ctx context.Context, key string) (outbox.Record, error) {
			r, err := m.Last(ctx, key)
			if r.State == outbox.Held {
				r.Data = nil
			}
			return r, err
		}}
	}},
	{"loses stories", "every end", func() mutant { return mutant{settle: ends(func(e *outbox.End) { e.Story = nil })} }},
	{"calls every end taken", "an end ends", func() mutant {
		return mutant{settle: func(m *outboxtest.Memory, ctx context.Context, all []outbox.End) []error {
			settle(m, ctx, all)
			return make([]error, len(all))
		}}
	}},
	{"puts back at once", "put back", func() mutant {
		return mutant{settle: ends(func(e *outbox.End) {
			if e.State == outbox.Queued {
				e.Wait = 0
			}
		})}
	}},
	{"counts no tries", "put back", func() mutant { return mutant{settle: ends(func(e *outbox.End) { e.Tries = 0 })} }},
	{"calls what was put back never handed out", "put back", func() mutant {
		return mutant{take: leases(func(l *outbox.Lease) {
			if l.Last.State == outbox.Queued {
				l.Last = outbox.Record{}
			}
		})}
	}},
	{"does not compare the hand-out of a code", "put back a code", func() mutant {
		last := map[string]outbox.Lease{}
		return mutant{take: leases(func(l *outbox.Lease) {
			if l.Repeat {
				last[l.Key] = *l
			}
		}), settle: ends(func(e *outbox.End) {
			if l, ok := last[e.Lease.Key]; ok {
				e.Lease = l
			}
			if e.State == outbox.Accepted { // an end that would not count
				e.State = outbox.Queued
			}
		})}
	}},
	{"puts back the unknown as known", "put back unknown", func() mutant {
		return mutant{settle: ends(func(e *outbox.End) {
			if e.State == outbox.Sending {
				e.State = outbox.Queued
			}
		})}
	}},
	{"gives one answer for all ends", "many ends at once", func() mutant {
		return mutant{settle: func(m *outboxtest.Memory, ctx context.Context, all []outbox.End) []error {
			answers := settle(m, ctx, all)
			return slices.Repeat(answers[:1], len(all))
		}}
	}},
	{"does not compare the state", "cancel", func() mutant {
		return mutant{change: func(m *outboxtest.Memory, ctx context.Context, was outbox.Record, to outbox.Change) error {
			if is, err := m.Last(ctx, was.Key); err == nil {
				was.State = is.State
			}
			return m.Change(ctx, was, to)
		}}
	}},
	{"does not compare the revision", "change against a try", func() mutant {
		return mutant{change: func(m *outboxtest.Memory, ctx context.Context, was outbox.Record, to outbox.Change) error {
			if is, err := m.Last(ctx, was.Key); err == nil {
				was.Revision = is.Revision
			}
			return m.Change(ctx, was, to)
		}}
	}},
	{"calls a missing key a wrong state", "cancel", func() mutant {
		return mutant{change: func(m *outboxtest.Memory, ctx context.Context, was outbox.Record, to outbox.Change) error {
			if err := m.Change(ctx, was, to); err != nil {
				return outbox.ErrState
			}
			return nil
		}}
	}},
	{"sends the dead again at once", "dead, again", func() mutant {
		return mutant{change: func(m *outboxtest.Memory, ctx context.Context, was outbox.Record, to outbox.Change) error {
			to.Wait = 0
			return m.Change(ctx, was, to)
		}}
	}},
	{"cancels what is taken", "change against take", func() mutant {
		return mutant{change: func(m *outboxtest.Memory, ctx context.Context, was outbox.Record, to outbox.Change) error {
			if err := m.Change(ctx, was, to); !errors.Is(err, outbox.ErrNotFound) {
				return nil
			}
			return outbox.ErrNotFound
		}}
	}},
	{"lists from a key, not after it", "list", func() mutant {
		return mutant{list: func(m *outboxtest.Memory, ctx context.Context, s outbox.State, after string, n int) ([]outbox.Record, error) {
			if r, err := m.Last(ctx, after); err == nil && r.State == s {
				rest, err := m.List(ctx, s, after, n-1)
				return append([]outbox.Record{r}, rest...), err
			}
			return m.List(ctx, s, after, n)
		}}
	}},
	{"lists no more than three", "list", func() mutant {
		return mutant{list: func(m *outboxtest.Memory, ctx context.Context, s outbox.State, after string, n int) ([]outbox.Record, error) {
			return m.List(ctx, s, after, min(n, 3))
		}}
	}},
	{"counts what is due later as ready", "count", func() mutant {
		return mutant{count: func(m *outboxtest.Memory, ctx context.Context) (outbox.Counts, error) {
			c, err := m.Count(ctx)
			for name, of := range c.Classes {
				of.Ready, of.Later = of.Ready+of.Later, 0
				c.Classes[name] = of
			}
			return c, err
		}}
	}},
	{"forgets everything in a crash", "put, then a crash", func() mutant {
		gone := false
		return mutant{kill: func(m *outboxtest.Memory) { gone = true; m.Kill() }, take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			if gone {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return take(m, ctx, wants, n)
		}}
	}},
	{"marks what it has not handed out", "handed out, then a crash", func() mutant {
		gone := false
		return mutant{kill: func(m *outboxtest.Memory) { gone = true; m.Kill() }, take: leases(func(l *outbox.Lease) {
			if gone {
				l.Last.State = outbox.Sending
			}
		})}
	}},
	{"has no mark on disk", "handed out, then a crash", func() mutant {
		return mutant{take: leases(func(l *outbox.Lease) { l.Last.State = 0 })}
	}},
	{"does not hand out codes again", "a code, then a crash", func() mutant {
		return mutant{kill: func(m *outboxtest.Memory) {
			// the hand-outs stay with an owner that seems to live
		}}
	}},
	{"loses ends in a crash", "ended, then a crash", func() mutant {
		gone := false
		return mutant{kill: func(m *outboxtest.Memory) { gone = true; m.Kill() }, last: func(m *outboxtest.Memory, ctx context.Context, key string) (outbox.Record, error) {
			r, err := m.Last(ctx, key)
			if gone && r.State.Ended() {
				r.State = outbox.Queued
			}
			return r, err
		}}
	}},
	{"forgets in a crash what was put back", "put back, then a crash", func() mutant {
		gone := false
		return mutant{kill: func(m *outboxtest.Memory) { gone = true; m.Kill() }, take: leases(func(l *outbox.Lease) {
			if gone {
				l.Last = outbox.Record{}
			}
		})}
	}},
	{"does not end a take at Close", "close wakes", func() mutant {
		return mutant{close: func(*outboxtest.Memory) error { return nil }}
	}},
	{"tells the last hand-out of an unknown outcome, not the first", "crashed twice", func() mutant {
		return mutant{take: leases(func(l *outbox.Lease) {
			if l.Last.State == outbox.Sending {
				l.Last.At = l.Last.At.Add(time.Nanosecond)
			}
		})}
	}},
	{"takes from the living when another dies", "a crash beside", func() mutant {
		var all []*outboxtest.Memory
		return mutant{kill: func(m *outboxtest.Memory) {
			for _, other := range all {
				other.Kill()
			}
			m.Kill()
		}, put: func(m *outboxtest.Memory, ctx context.Context, es []outbox.Entry) []error {
			all = append(all, m)
			return m.Put(ctx, es)
		}}
	}},
	{"forgets keys in a crash", "keys after a crash", func() mutant {
		gone := false
		return mutant{kill: func(m *outboxtest.Memory) { gone = true; m.Kill() }, put: func(m *outboxtest.Memory, ctx context.Context, es []outbox.Entry) []error {
			if gone {
				return make([]error, len(es))
			}
			return m.Put(ctx, es)
		}}
	}},
	{"claims more of a class than wanted", "ends and claims in one", func() mutant {
		return mutant{take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			return take(m, ctx, more(wants), n)
		}}
	}},
	{"waits for one in an exchange", "exchange does not wait", func() mutant {
		return mutant{take: func(m *outboxtest.Memory, ctx context.Context, wants []outbox.Want, n int) ([]outbox.Lease, error) {
			l, err := take(m, ctx, wants, n)
			if len(l) == 0 && err == nil {
				<-ctx.Done()
				err = ctx.Err()
			}
			return l, err
		}}
	}},
	{"does not know an end again", "an end given again", func() mutant {
		seen := map[int64]bool{}
		return mutant{settle: func(m *outboxtest.Memory, ctx context.Context, all []outbox.End) []error {
			if n := all[0].Lease.Number; seen[n] {
				return slices.Repeat([]error{outbox.ErrState}, len(all))
			} else {
				seen[n] = true
			}
			return settle(m, ctx, all)
		}}
	}},
	{"counts the age from the last wait", "ages", func() mutant {
		return mutant{take: leases(func(l *outbox.Lease) {
			if l.Last.State == outbox.Queued {
				l.Last.Age = l.Last.Now.Sub(l.Last.At)
			}
		})}
	}},
	{"does not look at rivals", "a rival", func() mutant { return mutant{settle: ends(func(e *outbox.End) { e.Rivals = nil })} }},
	{"looks for rivals before it records", "rivals at once", func() mutant {
		return mutant{settle: func(m *outboxtest.Memory, ctx context.Context, all []outbox.End) []error {
			if owned, err := m.Owned(ctx, all[0].Lease.Key, all[0].Rivals); err == nil && len(owned) > 0 {
				return slices.Repeat([]error{outbox.ErrRival}, len(all))
			}
			time.Sleep(time.Nanosecond) // in a bubble: until the other has looked
			all = slices.Clone(all)
			all[0].Rivals = nil
			return settle(m, ctx, all)
		}}
	}},
	{"owns its own receipt", "owned", func() mutant {
		return mutant{owned: func(m *outboxtest.Memory, ctx context.Context, _ string, receipts []uint64) ([]uint64, error) {
			return m.Owned(ctx, "", receipts)
		}}
	}},
	{"has no marks", "marks", func() mutant { return mutant{take: leases(func(l *outbox.Lease) { l.Last.Mark = "" })} }},
	{"never takes over from a paused owner", "a lease that lapses", func() mutant { return mutant{pause: func(*outboxtest.Memory) {}} }},
	{"does not let a late end in", "a late end replaces the held", func() mutant {
		return mutant{settle: func(m *outboxtest.Memory, ctx context.Context, all []outbox.End) []error {
			if r, err := m.Last(ctx, all[0].Lease.Key); err == nil && r.State == outbox.Held {
				return slices.Repeat([]error{outbox.ErrState}, len(all))
			}
			return settle(m, ctx, all)
		}}
	}},
	{"lets a late end replace a decision", "held that was decided", func() mutant {
		return mutant{settle: func(m *outboxtest.Memory, ctx context.Context, all []outbox.End) []error {
			if r, err := m.Last(ctx, all[0].Lease.Key); err == nil && r.State == outbox.Canceled {
				return make([]error, len(all))
			}
			return settle(m, ctx, all)
		}}
	}},
	{"lets a late end replace any end", "a late end against another end", func() mutant {
		return mutant{settle: func(m *outboxtest.Memory, ctx context.Context, all []outbox.End) []error {
			if r, err := m.Last(ctx, all[0].Lease.Key); err == nil && r.State == outbox.Rejected {
				return make([]error, len(all))
			}
			return settle(m, ctx, all)
		}}
	}},
	{"lets any late end in while another finds out", "a late acceptance", func() mutant {
		return mutant{settle: func(m *outboxtest.Memory, ctx context.Context, all []outbox.End) []error {
			answers := settle(m, ctx, all)
			if all[0].State == outbox.Queued || all[0].State == outbox.Dead {
				answers[0] = nil
			}
			return answers
		}}
	}},
	{"answers after Close", "after close", func() mutant {
		return mutant{list: func(m *outboxtest.Memory, ctx context.Context, s outbox.State, after string, n int) ([]outbox.Record, error) {
			l, err := m.List(ctx, s, after, n)
			if errors.Is(err, outbox.ErrClosed) {
				err = nil
			}
			return l, err
		}}
	}},
	{"keeps what it had after Close", "close gives up", func() mutant {
		return mutant{close: func(*outboxtest.Memory) error { return nil }}
	}},
}

// leases changes what Take gives.

// more asks for one more of each class.
func more(wants []outbox.Want) []outbox.Want {
	wants = slices.Clone(wants)
	for i := range wants {
		wants[i].N++
	}
	return wants
}
