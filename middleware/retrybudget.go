package middleware

import (
	"errors"
	"sync"
	"time"
)

// errBudgetSpent is the cause if only the budget forbids another attempt.
var errBudgetSpent = errors.New("the budget of retries is spent, so that retries do not overload the vendor")

const (
	budgetSpan  = 10 * time.Second
	budgetSlots = 10
)

// A retryBudget counts the first tries and the retries of the last 10 s, in slots
// of a second. Retries are counted when they are decided on, before their wait.
type retryBudget struct {
	share float64 // negative: no bound
	floor int

	mu      sync.Mutex // guards what follows
	slots   [budgetSlots]budgetSlot
	current int64 // the number of the newest slot
	total   budgetSlot
}

type budgetSlot struct{ firsts, retries int }

// first counts a first try at now.
func (b *retryBudget) first(now time.Duration) {
	if b.share < 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slot(now).firsts++
	b.total.firsts++
}

// another counts a retry at now if there may be one more, and reports whether there may.
func (b *retryBudget) another(now time.Duration) bool {
	if b.share < 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.slot(now)
	if b.total.retries >= b.floor && float64(b.total.retries+1) > b.share*float64(b.total.firsts) {
		return false
	}
	s.retries++
	b.total.retries++
	return true
}

// slot returns the slot of now, and clears those whose time is over. A caller that read the
// clock just before another one counts in the other's slot.
func (b *retryBudget) slot(now time.Duration) *budgetSlot {
	number := int64(now / (budgetSpan / budgetSlots))
	if passed := number - b.current; passed >= budgetSlots || passed <= -budgetSlots {
		b.slots, b.total, b.current = [budgetSlots]budgetSlot{}, budgetSlot{}, number
	}
	for b.current < number {
		b.current++
		old := b.at(b.current)
		b.total.firsts -= old.firsts
		b.total.retries -= old.retries
		*old = budgetSlot{}
	}
	return b.at(b.current)
}

func (b *retryBudget) at(number int64) *budgetSlot {
	return &b.slots[(number%budgetSlots+budgetSlots)%budgetSlots]
}
