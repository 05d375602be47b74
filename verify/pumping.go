package verify

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/notifykit/notify/sms"
)

// Pumping is the defence against numbers that are asked for because somebody
// earns by each message: nobody types those codes back. It watches the share of
// codes that are never typed back, per prefix of numbers (all but the last four
// digits), region, and IP range, and acts where one is over its budget. The zero
// value watches nothing.
//
// Codes still on their way count as not typed back: the floors of the budgets
// are the room for them. Observe for a week, and set the floors by what OnPressure
// tells, before anything is refused. Options.Regions comes first and costs
// nothing.
type Pumping struct {
	// Mode is what is done with a request that would go over a budget.
	Mode PumpingMode
	// Budgets hold all at once. Defaults to DefaultBudgets.
	Budgets []Budget
	// OnPressure is told of every request that goes over a budget, before it is
	// refused or sent. It is called by the request's goroutine, with no lock held.
	OnPressure func(context.Context, Pressure)
	// Challenge is asked with ModeChallenge: nil lets the request through. It finds
	// what the person has solved in ctx, where the program's own handler has put it.
	Challenge func(ctx context.Context, r Request, p Pressure) error
}

// A PumpingMode is what is done with a request that goes over a budget.
type PumpingMode int

// The modes.
const (
	ModeObserve   PumpingMode = iota // it is sent; OnPressure is told
	ModeChallenge                    // it is sent where Challenge lets it through, else ErrChallenge
	ModeBlock                        // it is refused: a *LimitError of ScopePumping
)

// A Budget bounds the codes that were not typed back within a sliding span: they
// may be Share of those sent, and in any case as many as the floor of the scope.
type Budget struct {
	Per   time.Duration
	Share float64
	// Prefix, Range and Region are the floors; zero leaves the scope out.
	Prefix, Range, Region int
}

// DefaultBudgets returns the budgets that hold where none are given: half of the
// codes of an hour, and of a day, may stay without an answer.
func DefaultBudgets() []Budget {
	return []Budget{
		{Per: time.Hour, Share: 0.5, Prefix: 20, Range: 30, Region: 500},
		{Per: 24 * time.Hour, Share: 0.5, Prefix: 60, Range: 100, Region: 3000},
	}
}

// A Pressure is a budget that a request goes over.
type Pressure struct {
	Scope   string // "prefix", "range" or "region"
	Of      string // the prefix, which lacks four digits; the IP range; the region
	Per     time.Duration
	Share       // before the request
	Allowed int // codes that may be without an answer
}

// The scopes of a Tally's cells.
const (
	ScopePrefix = "prefix"
	ScopeRegion = "region"
)

func (p Pumping) on() bool { return p.Mode != ModeObserve || p.OnPressure != nil }

func (p Pumping) withDefaults() Pumping {
	if p.Budgets == nil {
		p.Budgets = DefaultBudgets()
	}
	p.Budgets = slices.Clone(p.Budgets)
	return p
}

func (p Pumping) validate(s Store, fault func(string, ...any)) {
	if p.Mode < ModeObserve || p.Mode > ModeBlock {
		fault("Pumping.Mode is %d: it is ModeObserve, ModeChallenge or ModeBlock", int(p.Mode))
	}
	if p.Mode == ModeChallenge && p.Challenge == nil {
		fault("Pumping.Challenge is nil: ModeChallenge needs it")
	}
	if _, ok := s.(Tally); p.on() && s != nil && !ok {
		fault("Pumping needs a Store that is a Tally, and %T is none", s)
	}
	for i, b := range p.Budgets {
		if b.Per < time.Minute || b.Per > 7*24*time.Hour {
			fault("Pumping.Budgets[%d]: Per is %v: it may be a minute to 7 days", i, b.Per)
		}
		if !(b.Share >= 0 && b.Share <= 1) {
			fault("Pumping.Budgets[%d]: Share is %v: it may be 0 to 1", i, b.Share)
		}
		if b.Prefix < 0 || b.Range < 0 || b.Region < 0 {
			fault("Pumping.Budgets[%d]: a floor is negative: zero leaves its scope out", i)
		}
	}
}

// A watched cell is a Cell with the budget that holds there.
type watched struct {
	Cell
	share float64
	floor int
}

// allowed gives how many of sent codes may be without an answer.
func (w watched) allowed(sent int) int { return max(w.floor, int(w.share*float64(sent))) }

func (v *Verifier) watch(to sms.Number, ip netip.Addr) (all []watched, cells []Cell) {
	network := ""
	if ip.IsValid() {
		_, network = networks(ip)
	}
	for _, b := range v.o.Pumping.Budgets {
		for _, c := range [...]watched{
			{Cell{ScopePrefix, string(to[:len(to)-4]), b.Per}, b.Share, b.Prefix},
			{Cell{ScopeRange, network, b.Per}, b.Share, b.Range},
			{Cell{ScopeRegion, to.Region(), b.Per}, b.Share, b.Region},
		} {
			if c.floor > 0 && c.Of != "" {
				all, cells = append(all, c), append(cells, c.Cell)
			}
		}
	}
	return all, cells
}

// takeWatched is take with the budgets looked at.
func (v *Verifier) takeWatched(ctx context.Context, q request, t taking) (taking, error) {
	all, cells := v.watch(q.To, q.ip)
	refused, wait, shares, err := v.tally.TakeSent(ctx, t.id, t.limits, cells)
	if err := v.taken(ctx, t, refused, wait, err); err != nil {
		return t, err
	}
	t.cells = cells
	for i, w := range all {
		if i >= len(shares) {
			break
		}
		open, allowed := shares[i].Sent+1-shares[i].Verified, w.allowed(shares[i].Sent+1)
		if open <= allowed {
			continue
		}
		p := Pressure{Scope: w.Scope, Of: w.Of, Per: w.Per, Share: shares[i], Allowed: allowed}
		if err := v.press(ctx, q, p); err != nil {
			v.giveBack(ctx, t, true)
			return t, err
		}
		if v.o.Pumping.Mode != ModeObserve {
			break // one challenge is enough
		}
	}
	return t, nil
}

// press does what the mode says of a request over a budget.
func (v *Verifier) press(ctx context.Context, q request, p Pressure) error {
	if v.o.Pumping.OnPressure != nil {
		v.o.Pumping.OnPressure(ctx, p)
	}
	switch v.o.Pumping.Mode {
	case ModeChallenge:
		if v.o.Pumping.Challenge(ctx, q.asked, p) != nil {
			return refusal(sms.RecipientLimited, ErrChallenge)
		}
	case ModeBlock:
		return &LimitError{Scope: ScopePumping, RetryAfter: p.Per / SlotsPerSpan}
	}
	return nil
}

func (v *Verifier) checkWatched(ctx context.Context, step CheckStep, a Attempt) (Checked, error) {
	to := step.To.Subject()
	if _, test := v.testNumber(to); test {
		return v.o.Store.Check(ctx, step)
	}
	ip, err := readIP(a.IP)
	if err != nil {
		return Checked{}, err
	}
	_, cells := v.watch(to, ip)
	return v.tally.CheckVerified(ctx, step, cells)
}
