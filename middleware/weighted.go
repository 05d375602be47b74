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
	// Name identifies the Share for SetWeight and Weight. Use the configured name of
	// the provider.
	Name string
	// Weight is its part of the messages, in proportion to the weights of the others.
	// Zero or less means no messages.
	Weight int
	// Sender is a provider, or a Failover that begins with it.
	Sender sms.Sender
	// State returns the state of the Sender's breaker ([Stater]). If State is nil, the
	// breaker counts as closed.
	State func() State
}

// A Weighted sends each message to one of several Senders, by weights that may
// change while it runs. It spreads the messages evenly: with the weights 5, 1 and 1,
// the first Sender has five of any seven messages, but not five in a row.
//
// A Share whose State is open is skipped if another Share with a weight is not open.
// Weighted tries one Sender only. To try the others after it, make each Share a
// [Failover] that begins with another vendor.
type Weighted struct {
	senders []sms.Sender
	states  []func() State
	index   map[string]int

	mu      sync.Mutex
	weights []int
	credit  []int // the greatest is next
}

// NewWeighted returns a Weighted. Every Share needs a name of its own and a Sender.
// The error lists all faults.
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

// bounded limits a weight, so that sums of weights do not overflow.
func bounded(weight int) int { return min(max(weight, 0), 1_000_000) }

// SetWeight changes the weight of the Share called name, from the next message on. It
// reports whether that Share exists.
func (w *Weighted) SetWeight(name string, weight int) bool {
	i, ok := w.index[name]
	if !ok {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.weights[i] = bounded(weight)
	clear(w.credit) // it was made with other weights
	return true
}

// Weight returns the weight of the Share called name. It returns zero if there is no
// such Share.
func (w *Weighted) Weight(name string) int {
	i, ok := w.index[name]
	if !ok {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.weights[i]
}

// Send sends m by the next Sender. If no weight is above zero, it refuses m as
// Unsupported.
func (w *Weighted) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	i := w.choose(w.open())
	if i < 0 {
		return sms.Receipt{}, sms.Refuse(m, sms.Unsupported, errors.New("no sender has a weight above 0"))
	}
	return w.senders[i].Send(ctx, m)
}

// open returns a mask of the Senders whose breaker is open. It looks at the first 64
// only. The caller must not hold the lock, because State may call OnChange.
func (w *Weighted) open() (mask uint64) {
	for i, state := range w.states[:min(len(w.states), 64)] {
		if state != nil && state() == StateOpen {
			mask |= 1 << i
		}
	}
	return mask
}

// choose returns the index of the next Sender, or -1 if none has a weight. It skips
// those in the mask open if another is left.
func (w *Weighted) choose(open uint64) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := w.next(open); i >= 0 {
		return i
	}
	return w.next(0)
}

// next adds to each Sender's credit its weight, and takes the sum of the weights from
// the one with the most credit, whose index it returns.
func (w *Weighted) next(without uint64) int {
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
