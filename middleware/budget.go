package middleware

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// A BudgetLimit is how many segments, which are what vendors bill, may be spent
// in one hour or day of the clock.
type BudgetLimit struct {
	// Name is told in errors and by Spent.
	Name string
	// Segments is how many.
	Segments int
	// Per is an hour or a day (24 hours).
	Per time.Duration
	// Zone is whose clock it is. Nil: UTC.
	Zone *time.Location
	// Regions and Kinds are what is counted, an unset kind being Notification.
	// Empty: all.
	Regions []string
	Kinds   []sms.Kind
}

func (l BudgetLimit) validate() error {
	switch {
	case l.Segments < 1:
		return fmt.Errorf("limit %q: segments is %d: it is at least 1", l.Name, l.Segments)
	case l.Per != time.Hour && l.Per != day:
		return fmt.Errorf("limit %q: per is %v: it is an hour or 24 hours", l.Name, l.Per)
	}
	return nil
}

func (l BudgetLimit) counts(m sms.Message) bool {
	return (len(l.Regions) == 0 || slices.Contains(l.Regions, m.To.Region())) &&
		(len(l.Kinds) == 0 || slices.Contains(l.Kinds, effective(m.Kind)))
}

// A Budget keeps what is spent within limits. It refuses before a message is
// sent and counts after, when the vendor has told the segments: what is on its
// way at the moment a limit is reached still goes out. It counts per process, and
// begins at zero with it.
type Budget struct {
	mu      sync.Mutex
	limits  []spending
	stopped string // why; empty: it is not
}

// A spending is a limit and what was spent of it in its present hour or day.
type spending struct {
	BudgetLimit
	until time.Time
	spent int
}

// NewBudget makes a Budget. With no limits only Stop holds messages back. Every
// fault of the limits comes in one error.
func NewBudget(limits ...BudgetLimit) (*Budget, error) {
	b := &Budget{}
	var faults []error
	for _, l := range limits {
		faults = append(faults, l.validate())
		if l.Zone == nil {
			l.Zone = time.UTC
		}
		l.Regions, l.Kinds = slices.Clone(l.Regions), slices.Clone(l.Kinds)
		b.limits = append(b.limits, spending{BudgetLimit: l})
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("middleware: budget: %w", err)
	}
	return b, nil
}

// Stop refuses every message from now on, and tells why in their errors, until
// Resume. An empty why is "stopped".
func (b *Budget) Stop(why string) {
	if why == "" {
		why = "stopped"
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = why
}

// Resume ends a Stop.
func (b *Budget) Resume() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = ""
}

// Spent tells the segments spent of each limit in its present hour or day, in the
// order of NewBudget.
func (b *Budget) Spent() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn(time.Now())
	spent := make([]int, len(b.limits))
	for i := range b.limits {
		spent[i] = b.limits[i].spent
	}
	return spent
}

// Middleware puts the budget around next. Its refusals are Throttled, Rejected,
// without a provider, with RetryAfter where a limit is reached and not where it
// was stopped. An accepted message counts its segments, at least one; one whose
// outcome is Unknown counts one, because it may have been billed. Put it outside
// of Failover, which would else go around it.
func (b *Budget) Middleware(next sms.Sender) sms.Sender {
	return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		if err := b.check(m); err != nil {
			return sms.Receipt{}, err
		}
		receipt, err := next.Send(ctx, m)
		if sms.OutcomeOf(err) != sms.Rejected {
			b.spend(m, max(receipt.Segments, 1))
		}
		return receipt, err
	})
}

func (b *Budget) check(m sms.Message) error {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	e := &sms.Error{Reason: sms.Throttled, Outcome: sms.Rejected, Key: m.Key, Kind: m.Kind}
	if b.stopped != "" {
		e.Err = fmt.Errorf("all messages are stopped: %s", b.stopped)
		return e
	}
	b.turn(now)
	for _, l := range b.limits {
		if l.spent >= l.Segments && l.counts(m) {
			e.RetryAfter = max(e.RetryAfter, l.until.Sub(now))
			e.Err = fmt.Errorf("the budget %q of %d segments per %v is spent", l.Name, l.Segments, l.Per)
		}
	}
	if e.Err != nil {
		return e
	}
	return nil
}

func (b *Budget) spend(m sms.Message, segments int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn(time.Now())
	for i := range b.limits {
		if l := &b.limits[i]; l.counts(m) {
			l.spent += segments
		}
	}
}

// turn begins the hours and days that have begun.
func (b *Budget) turn(now time.Time) {
	for i := range b.limits {
		if l := &b.limits[i]; !now.Before(l.until) {
			_, l.until = Window{Per: l.Per, Zone: l.Zone}.period(now)
			l.spent = 0
		}
	}
}
