package middleware

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// A BudgetLimit is how many segments may be spent in one hour or day of the clock. Vendors
// bill segments.
type BudgetLimit struct {
	// Name is the limit's name in errors and in a BudgetStore.
	Name string `yaml:",name"`
	// Segments is how many.
	Segments int `yaml:"segments,rate" default:"needed" doc:"so many an hour or a day of the clock: '10000/day'"`
	// Per is an hour or a day (24 hours).
	Per time.Duration `yaml:"-"`
	// Zone is the clock's time zone. Nil: UTC.
	Zone *time.Location `yaml:"zone" default:"UTC" doc:"whose clock: 'Asia/Shanghai'"`
	// Regions and Kinds are what is counted. Empty: all.
	Regions []string   `yaml:"regions" default:"all" doc:"a list of regions that are counted"`
	Kinds   []sms.Kind `yaml:"kinds" default:"all" doc:"a list of kinds that are counted"`
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
		(len(l.Kinds) == 0 || slices.Contains(l.Kinds, m.Kind.OrDefault()))
}

// A Budget keeps spending within limits. Before a message is sent it takes one segment
// from every limit that counts the message, or refuses it. When the vendor has reported
// the number of segments, it takes the rest. So no more messages are sent than a limit has
// segments, but the last ones may exceed it by their further segments.
//
// All methods may be called by any number of goroutines.
type Budget struct {
	store   BudgetStore
	mu      sync.Mutex
	limits  []present
	stopped string // why; empty: it is not
}

// present is a limit and its present hour or day.
type present struct {
	limit BudgetLimit
	count BudgetCount
}

// NewBudget returns a Budget that counts in this process, from zero. Without limits only
// Stop holds messages back. Its error lists everything that is wrong with the limits.
func NewBudget(limits ...BudgetLimit) (*Budget, error) {
	return NewSharedBudget(NewMemoryBudgetStore(), limits...)
}

// NewSharedBudget returns a Budget that counts in store, together with all others of that
// store whose limits have the same names. Each limit needs a name of its own. The hours
// and days are those of each process's clock. Its error lists everything that is wrong.
func NewSharedBudget(store BudgetStore, limits ...BudgetLimit) (*Budget, error) {
	b := &Budget{store: store}
	var faults []error
	if store == nil {
		faults = append(faults, errors.New("there is no store: nil was given"))
	}
	names := map[string]bool{}
	for _, l := range limits {
		faults = append(faults, l.validate())
		if names[l.Name] {
			faults = append(faults, fmt.Errorf("limit %q: there are two of this name: each is counted by its own", l.Name))
		}
		names[l.Name] = true
		if l.Zone == nil {
			l.Zone = time.UTC
		}
		l.Regions, l.Kinds = slices.Clone(l.Regions), slices.Clone(l.Kinds)
		b.limits = append(b.limits, present{limit: l})
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("middleware: budget: %w", err)
	}
	return b, nil
}

// Stop refuses every message of this process from now on until Resume. Their errors hold
// why. An empty why is "stopped".
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

// Spent returns the segments spent of each limit in its present hour or day, in the order
// of NewBudget.
func (b *Budget) Spent(ctx context.Context) ([]int, error) {
	now := time.Now()
	b.mu.Lock()
	counts := b.counts(now, func(BudgetLimit) bool { return true })
	b.mu.Unlock()
	if len(counts) == 0 {
		return nil, nil
	}
	return b.store.Spend(ctx, spend(0, unlimited(counts)))
}

// Middleware puts the budget around next. Its refusals are OverBudget, Rejected,
// without a provider. RetryAfter is set if a limit is reached, and not after Stop. An
// accepted message counts its segments, at least one. One whose outcome is Unknown counts
// one, because it may have been billed. One that was Rejected counts none. Put it outside
// Failover.
//
// If the store fails before the send, the message is Internal, Rejected. If it fails after
// the send, one segment stays counted.
func (b *Budget) Middleware(next sms.Sender) sms.Sender {
	return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		counts, err := b.take(ctx, m)
		if err != nil {
			return sms.Receipt{}, err
		}
		receipt, err := next.Send(ctx, m)
		more := max(receipt.Segments, 1) - 1
		if sms.OutcomeOf(err) == sms.Rejected {
			more = -1
		}
		b.settle(ctx, more, counts)
		return receipt, err
	})
}

// take takes a segment from every limit that counts m, or returns why not.
func (b *Budget) take(ctx context.Context, m sms.Message) ([]BudgetCount, error) {
	now := time.Now()
	refusal := func(r sms.Reason, after time.Duration, cause error) error {
		e := sms.Refuse(m, r, cause)
		e.RetryAfter = after
		return e
	}
	b.mu.Lock()
	stopped, counts := b.stopped, b.counts(now, func(l BudgetLimit) bool { return l.counts(m) })
	b.mu.Unlock()
	switch {
	case stopped != "":
		return nil, refusal(sms.OverBudget, 0, fmt.Errorf("all messages are stopped: %s", stopped))
	case len(counts) == 0:
		return nil, nil
	}
	before, err := b.store.Spend(ctx, spend(1, counts))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, refuse(m, ctx.Err())
	case err != nil:
		return nil, refusal(sms.Internal, 0, fmt.Errorf("the budget cannot be counted: %w", err))
	case len(before) != len(counts):
		return nil, refusal(sms.Internal, 0, fmt.Errorf("the budget cannot be counted: the store has answered %d counts of %d", len(before), len(counts)))
	}
	var after time.Duration
	var cause error
	for i, c := range counts {
		if before[i] >= c.Limit {
			after = max(after, c.Until.Sub(now))
			cause = fmt.Errorf("the budget %q of %d segments is spent", c.Name, c.Limit)
		}
	}
	if cause != nil {
		return nil, refusal(sms.OverBudget, after, cause)
	}
	return counts, nil
}

// settle counts what the send has spent beyond the one segment that was taken, even if the
// caller has left. A failure of the store is dropped, because the caller needs the result
// of the message instead.
func (b *Budget) settle(ctx context.Context, more int, counts []BudgetCount) {
	if more == 0 || len(counts) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_, _ = b.store.Spend(ctx, spend(more, unlimited(counts)))
}

// unlimited sets the limits of counts to none, in place.
func unlimited(counts []BudgetCount) []BudgetCount {
	for i := range counts {
		counts[i].Limit = 0
	}
	return counts
}

// counts returns the present hour or day of those limits. b.mu is held.
func (b *Budget) counts(now time.Time, which func(BudgetLimit) bool) []BudgetCount {
	var counts []BudgetCount
	for i := range b.limits {
		p := &b.limits[i]
		if !which(p.limit) {
			continue
		}
		if !now.Before(p.count.Until) || now.Before(p.count.From) {
			from, until := Window{Per: p.limit.Per, Zone: p.limit.Zone}.period(now)
			p.count = BudgetCount{Name: p.limit.Name, From: from, Until: until, Limit: p.limit.Segments}
		}
		counts = append(counts, p.count)
	}
	return counts
}

func spend(segments int, counts []BudgetCount) Spend {
	s := Spend{Segments: segments, Counts: counts}
	_, _ = rand.Read(s.ID[:]) // never fails
	return s
}
