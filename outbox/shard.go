package outbox

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"
)

// Shard spreads messages over several engines, for what one database does not
// carry. A key is the unit: it always lies on the same engine, and nothing crosses.
// The engines, and their order, must be the same in every process for as long as a
// record is kept; to add one, let the old ones run empty first.
//
// An Outbox takes from each engine by itself: while one of them fails, messages
// whose keys lie on it get its error, and the others go on. Close closes them all.
// Shard without engines panics.
func Shard(engines ...Engine) Engine {
	if len(engines) == 0 {
		panic("outbox: Shard needs an engine")
	}
	return &shard{engines: slices.Clone(engines)}
}

type shard struct{ engines []Engine }

// parts are the engines that an Outbox takes from, each by a loop of its own.
func parts(e Engine) []Engine {
	if s, ok := e.(*shard); ok {
		return s.engines
	}
	return []Engine{e}
}

// of returns the place of a key's engine.
func (s *shard) of(key string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum64() % uint64(len(s.engines)))
}

func (s *shard) engine(key string) Engine { return s.engines[s.of(key)] }

// spread runs do for each engine that has some of items, side by side, and puts the
// answers where the items were.
func spread[T any](s *shard, items []T, key func(T) string, do func(e Engine, some []T) []error) []error {
	places := make([][]int, len(s.engines))
	for i, item := range items {
		at := s.of(key(item))
		places[at] = append(places[at], i)
	}
	answers := make([]error, len(items))
	var all sync.WaitGroup
	for at, mine := range places {
		if len(mine) == 0 {
			continue
		}
		all.Go(func() {
			some := make([]T, len(mine))
			for j, i := range mine {
				some[j] = items[i]
			}
			for j, err := range do(s.engines[at], some) {
				answers[mine[j]] = err
			}
		})
	}
	all.Wait()
	return answers
}

func (s *shard) Put(ctx context.Context, entries []Entry) []error {
	return spread(s, entries, func(e Entry) string { return e.Key }, func(e Engine, some []Entry) []error { return e.Put(ctx, some) })
}

// Exchange records the ends of each engine, and claims of each class from one engine
// after another. An Outbox does not call it.
func (s *shard) Exchange(ctx context.Context, ends []End, wants []Want, n int) (leases []Lease, answers []error, err error) {
	answers = spread(s, ends, func(e End) string { return e.Lease.Key }, func(e Engine, some []End) []error {
		_, answers, err := e.Exchange(ctx, some, nil, 0)
		if err != nil {
			return slices.Repeat([]error{err}, len(some))
		}
		return answers
	})
	if err := failed(answers); err != nil {
		return nil, nil, err
	}
	faults, tried := []error{}, 0
	for _, w := range wants {
		for _, e := range s.engines {
			if w.N = min(w.N, n-len(leases)); w.N <= 0 {
				break
			}
			tried++
			some, _, err := e.Exchange(ctx, nil, []Want{w}, w.N)
			if err != nil {
				faults = append(faults, err)
			}
			leases, w.N = append(leases, some...), w.N-len(some)
		}
	}
	if tried > 0 && len(faults) == tried && len(ends) == 0 {
		return nil, nil, errors.Join(faults...)
	}
	return leases, answers, nil
}

// failed returns the error of ends none of which an engine has answered.
func failed(answers []error) error {
	for _, err := range answers {
		if err == nil || errors.Is(err, ErrState) || errors.Is(err, ErrRival) {
			return nil
		}
	}
	return errors.Join(answers...)
}

// Await waits for each engine, and returns when one of them has something. An engine
// that fails is not waited for while another works.
func (s *shard) Await(ctx context.Context, classes []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	came := make(chan error, len(s.engines))
	for _, e := range s.engines {
		go func() { came <- e.Await(ctx, classes) }()
	}
	var faults []error
	for range s.engines {
		err := <-came
		if err == nil {
			cancel()
		}
		faults = append(faults, err)
	}
	if slices.Contains(faults, nil) {
		return nil
	}
	return errors.Join(faults...)
}

func (s *shard) Wake(ctx context.Context) error {
	return s.each(func(e Engine) error { return e.Wake(ctx) })
}

func (s *shard) Holds(l Lease) bool { return s.engine(l.Key).Holds(l) }

func (s *shard) SetMark(ctx context.Context, mark string) error {
	return s.each(func(e Engine) error { return e.SetMark(ctx, mark) })
}

func (s *shard) each(do func(Engine) error) error {
	var faults []error
	for _, e := range s.engines {
		faults = append(faults, do(e))
	}
	return errors.Join(faults...)
}

func (s *shard) Last(ctx context.Context, key string) (Record, error) {
	return s.engine(key).Last(ctx, key)
}

func (s *shard) Change(ctx context.Context, was Record, to Change) error {
	return s.engine(was.Key).Change(ctx, was, to)
}

func (s *shard) Owned(ctx context.Context, key string, receipts []uint64) (all []uint64, err error) {
	err = s.each(func(e Engine) error {
		some, err := e.Owned(ctx, key, receipts)
		all = append(all, some...)
		return err
	})
	return all, err
}

func (s *shard) List(ctx context.Context, state State, after string, n int) (all []Record, err error) {
	err = s.each(func(e Engine) error {
		some, err := e.List(ctx, state, after, n)
		all = append(all, some...)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b Record) int { return strings.Compare(a.Key, b.Key) })
	return all[:min(max(n, 0), len(all))], nil
}

func (s *shard) Count(ctx context.Context) (Counts, error) {
	sum := Counts{States: map[State]int64{}, Classes: map[string]ClassCount{}}
	err := s.each(func(e Engine) error {
		c, err := e.Count(ctx)
		for state, n := range c.States {
			sum.States[state] += n
		}
		for name, of := range c.Classes {
			to := sum.Classes[name]
			to.Ready, to.Later, to.Sending = to.Ready+of.Ready, to.Later+of.Later, to.Sending+of.Sending
			to.Oldest = earliest(to.Oldest, of.Oldest)
			sum.Classes[name] = to
		}
		return err
	})
	if err != nil {
		return Counts{}, err
	}
	return sum, nil
}

// earliest is the earlier of two times, of which one that is zero does not count.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (s *shard) Close() error { return s.each(Engine.Close) }
