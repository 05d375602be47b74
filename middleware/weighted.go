package middleware

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/notifykit/notify/sms"
)

// A Share is one of the Senders of a [Weighted].
type Share struct {
	// Name is how SetWeight finds it: the configured name of the provider.
	Name string
	// Weight is its part of the messages, in proportion to the others'. Zero or
	// less: none.
	Weight int
	// Sender is a provider, or a Failover that begins with it.
	Sender sms.Sender
	// State is what the Sender's breaker does now ([Stater]). Nil: it counts as
	// closed.
	State func() State
}

// A Weighted sends each message to one of several Senders, by weights that may
// change while it runs. The choice is smooth: of weights 5, 1, 1 the first has
// five of any seven messages in a row, never five at once.
//
// A Share whose State is open is passed over without a wait, as long as
// another with a weight is not. It tries one Sender only. For the others to be
// tried after it, make each Share a [Failover] that begins with another vendor.
type Weighted struct {
	senders []sms.Sender
	states  []func() State
	index   map[string]int

	mu      sync.Mutex
	weights []int
	credit  []int // what each is owed; the greatest is next
}

// NewWeighted makes a Weighted. Every share needs a name of its own and a Sender;
// all that is wrong comes in one error.
func NewWeighted(shares ...Share) (*Weighted, error) {
	w := &Weighted{index: map[string]int{}, credit: make([]int, len(shares))}
	var faults []error
	for i, s := range shares {
		if s.Sender == nil {
			faults = append(faults, fmt.Errorf("share %d (%q) has no Sender", i+1, s.Name))
		}
		if _, twice := w.index[s.Name]; twice || s.Name == "" {
			faults = append(faults, fmt.Errorf("share %d: its name %q is empty or taken", i+1, s.Name))
		}
		w.index[s.Name] = i
		w.senders = append(w.senders, s.Sender)
		w.states = append(w.states, s.State)
		w.weights = append(w.weights, bounded(s.Weight))
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("middleware: weighted: %w", errors.Join(faults...))
	}
	return w, nil
}

// bounded keeps sums of weights far from overflowing.
func bounded(weight int) int { return min(max(weight, 0), 1_000_000) }

// SetWeight changes the weight of the share called name, from the next message
// on. It tells whether there is one.
func (w *Weighted) SetWeight(name string, weight int) bool {
	i, ok := w.index[name]
	if !ok {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.weights[i] = bounded(weight)
	clear(w.credit) // what was owed was owed by other weights
	return true
}

// Weight tells the weight of the share called name; zero where there is none.
func (w *Weighted) Weight(name string) int {
	i, ok := w.index[name]
	if !ok {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.weights[i]
}

// Send sends m by the Sender whose turn it is. With no weight above zero every
// message is Unsupported.
func (w *Weighted) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	i := w.choose(w.open())
	if i < 0 {
		return sms.Receipt{}, sms.Refuse(m, sms.Unsupported, errors.New("no sender has a weight above 0"))
	}
	return w.senders[i].Send(ctx, m)
}

// open marks the Senders whose breaker is open, the first 64 of them. No lock is
// held: a breaker that is asked may have a change of state to tell.
func (w *Weighted) open() (mask uint64) {
	for i, state := range w.states[:min(len(w.states), 64)] {
		if state != nil && state() == StateOpen {
			mask |= 1 << i
		}
	}
	return mask
}

// choose gives the place of the next Sender: each that may be chosen is credited
// with its weight, and the one chosen pays for all. It is -1 where none has one.
func (w *Weighted) choose(open uint64) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := w.turn(open); i >= 0 {
		return i
	}
	return w.turn(0)
}

func (w *Weighted) turn(without uint64) int {
	best, total := -1, 0
	for i, weight := range w.weights {
		if weight == 0 || i < 64 && without&(1<<i) != 0 {
			continue
		}
		total += weight
		w.credit[i] += weight
		if best < 0 || w.credit[i] > w.credit[best] {
			best = i
		}
	}
	if best >= 0 {
		w.credit[best] -= total
	}
	return best
}
