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
// The engines, and their order, have to be the same in every process for as long
// as a record is kept; to add one, let the old ones run empty first.
//
// While one of them fails, messages whose keys lie on it get its error, and the
// others go on; a Take answers an error only where none of them works. Classes
// keep their order over all of them, but for what comes at the same moment. Close
// closes them all. Shard without engines panics.
func Shard(engines ...Engine) Engine {
	if len(engines) == 0 {
		panic("outbox: Shard needs an engine")
	}
	return &shard{engines: slices.Clone(engines)}
}

type shard struct {
	engines []Engine
	mu      sync.Mutex
	next    int // where a Take looks first
}

var _ Peeker = (*shard)(nil)

// of gives the place of a key's engine.
func (s *shard) of(key string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum64() % uint64(len(s.engines)))
}

// spread runs do for each engine that has some of n items, side by side, and puts
// the answers where the items were.
func (s *shard) spread(n int, key func(i int) string, do func(e Engine, items []int) []error) []error {
	items := make([][]int, len(s.engines))
	for i := range n {
		at := s.of(key(i))
		items[at] = append(items[at], i)
	}
	answers := make([]error, n)
	var all sync.WaitGroup
	for at, mine := range items {
		if len(mine) == 0 {
			continue
		}
		all.Go(func() {
			for j, err := range do(s.engines[at], mine) {
				answers[mine[j]] = err
			}
		})
	}
	all.Wait()
	return answers
}

func (s *shard) Put(ctx context.Context, entries []Entry) []error {
	return s.spread(len(entries), func(i int) string { return entries[i].Key }, func(e Engine, items []int) []error {
		mine := make([]Entry, len(items))
		for j, i := range items {
			mine[j] = entries[i]
		}
		return e.Put(ctx, mine)
	})
}

func (s *shard) Settle(ctx context.Context, ends []End) []error {
	return s.spread(len(ends), func(i int) string { return ends[i].Lease.Key }, func(e Engine, items []int) []error {
		mine := make([]End, len(items))
		for j, i := range items {
			mine[j] = ends[i]
		}
		return e.Settle(ctx, mine)
	})
}

func (s *shard) Last(ctx context.Context, key string) (Record, error) {
	return s.engines[s.of(key)].Last(ctx, key)
}

func (s *shard) Change(ctx context.Context, key string, from []State, to Record) error {
	return s.engines[s.of(key)].Change(ctx, key, from, to)
}

// A sight is what an engine has to hand out, as a Peek has told.
type sight struct {
	at    int // of the engine
	class int // its place among those asked for
	err   error
}

// blindly is how long an engine is waited for that cannot tell without claiming,
// or that another may have emptied.
const blindly = 50 * time.Millisecond

// look starts a Peek at every engine. It ends with ctx.
func (s *shard) look(ctx context.Context, classes []string, all *sync.WaitGroup) <-chan sight {
	seen := make(chan sight, len(s.engines))
	for at, e := range s.engines {
		all.Go(func() {
			p, ok := e.(Peeker)
			if !ok {
				seen <- sight{at: at, class: len(classes) - 1}
				return
			}
			class, err := p.Peek(ctx, classes)
			seen <- sight{at, max(0, slices.Index(classes, class)), err}
		})
	}
	return seen
}

// first gives what is to be taken from next, best class first: what is seen within
// a moment after the first sight. Where no engine is left that works, it gives an
// error.
func (s *shard) first(ctx context.Context, seen <-chan sight) (got []sight, err error) {
	var faults []error
	var over <-chan time.Time // after the first sight
	for len(got)+len(faults) < len(s.engines) {
		select {
		case one := <-seen:
			if one.err != nil {
				faults = append(faults, one.err)
				continue
			}
			if got = append(got, one); over == nil {
				over = time.After(grace)
			}
		case <-over:
			return s.order(got), nil
		case <-ctx.Done():
			if len(got) == 0 {
				return nil, ctx.Err()
			}
			return s.order(got), nil
		}
	}
	if len(got) == 0 {
		return nil, errors.Join(faults...)
	}
	return s.order(got), nil
}

// order puts the best class first, and of one class another engine each time.
func (s *shard) order(got []sight) []sight {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	turn := func(at int) int { return (at + s.next) % len(s.engines) }
	slices.SortFunc(got, func(a, b sight) int {
		if a.class != b.class {
			return a.class - b.class
		}
		return turn(a.at) - turn(b.at)
	})
	return got
}

// grace is how long the others are waited for after one engine has told that it
// has something: so long may what is more urgent elsewhere be passed over.
const grace = time.Millisecond

// Take goes in rounds, each of which takes the most urgent class of each engine.
func (s *shard) Take(ctx context.Context, classes []string, n int) (leases []Lease, err error) {
	for len(leases) < n {
		look, cancel := ctx, context.CancelFunc(func() {})
		if len(leases) > 0 {
			look, cancel = context.WithTimeout(ctx, grace)
		}
		sights, err := s.sights(look, classes)
		cancel()
		if err != nil {
			if len(leases) > 0 {
				return leases, nil
			}
			return nil, err
		}
		var faults []error
		for _, one := range sights {
			if len(leases) == n {
				break
			}
			some, err := s.takeFrom(ctx, one, classes, n-len(leases))
			if err != nil {
				faults = append(faults, err)
			}
			leases = append(leases, some...)
		}
		if len(leases) == 0 && len(faults) == len(s.engines) {
			return nil, errors.Join(faults...)
		}
	}
	return leases, nil
}

// sights waits until some engine has something.
func (s *shard) sights(ctx context.Context, classes []string) ([]sight, error) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	return s.first(ctx, s.look(ctx, classes, &all))
}

// takeFrom takes from an engine what was seen, and what is more urgent.
func (s *shard) takeFrom(ctx context.Context, one sight, classes []string, n int) ([]Lease, error) {
	bounded, cancel := context.WithTimeout(ctx, blindly)
	defer cancel()
	leases, err := s.engines[one.at].Take(bounded, classes[:one.class+1], n)
	if err != nil && bounded.Err() != nil && !errors.Is(err, ErrClosed) {
		return leases, nil // another was quicker, or the caller has left
	}
	return leases, err
}

func (s *shard) Peek(ctx context.Context, classes []string) (string, error) {
	for {
		sights, err := s.sights(ctx, classes)
		if err != nil {
			return "", err
		}
		for _, one := range sights {
			if _, ok := s.engines[one.at].(Peeker); ok {
				return classes[one.class], nil
			}
		}
		select { // none of those seen can tell
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(blindly):
		}
	}
}

func (s *shard) List(ctx context.Context, state State, after string, n int) ([]Record, error) {
	var all []Record
	for _, e := range s.engines {
		some, err := e.List(ctx, state, after, n)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b Record) int { return strings.Compare(a.Key, b.Key) })
	return all[:min(max(n, 0), len(all))], nil
}

func (s *shard) Count(ctx context.Context) (Counts, error) {
	sum := Counts{States: map[State]int64{}, Classes: map[string]ClassCount{}}
	for _, e := range s.engines {
		c, err := e.Count(ctx)
		if err != nil {
			return Counts{}, err
		}
		for state, n := range c.States {
			sum.States[state] += n
		}
		for name, of := range c.Classes {
			to := sum.Classes[name]
			to.Ready, to.Later, to.Sending = to.Ready+of.Ready, to.Later+of.Later, to.Sending+of.Sending
			if !of.Oldest.IsZero() && (to.Oldest.IsZero() || of.Oldest.Before(to.Oldest)) {
				to.Oldest = of.Oldest
			}
			sum.Classes[name] = to
		}
	}
	return sum, nil
}

func (s *shard) Close() error {
	var faults []error
	for _, e := range s.engines {
		faults = append(faults, e.Close())
	}
	return errors.Join(faults...)
}
