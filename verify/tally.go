package verify

import (
	"context"
	"time"
)

// A Tally is an optional part of a Store: it keeps how many codes were sent and
// how many were typed back, for [Pumping]. Each method does a step of the Store
// and counts in the same trip.
//
// Counts are for judging shares, not for billing: a step that a client repeats
// may be counted twice. A Tally that is full counts no new cells.
type Tally interface {
	Store
	// TakeSent does Take and, where the tokens were taken, counts one code sent in
	// every cell. It gives the share of each cell as it was before.
	TakeSent(ctx context.Context, id ID, limits []Limit, cells []Cell) (refused int, wait time.Duration, shares []Share, err error)
	// ReturnSent does Return and takes one code sent off every cell.
	ReturnSent(ctx context.Context, id ID, limits []Limit, cells []Cell) error
	// CheckVerified does Check and, where the answer is Right for the first time,
	// counts one code typed back in every cell.
	CheckVerified(ctx context.Context, s CheckStep, cells []Cell) (Checked, error)
}

// A Cell is what shares are kept of: a prefix of numbers, a region, an IP range,
// over a sliding span of time.
type Cell struct {
	Scope, Of string
	Per       time.Duration
}

// A Share is how many codes were sent and how many of them were typed back.
type Share struct{ Sent, Verified int }

// SlotsPerSpan is in how many steps a Cell's span slides.
const SlotsPerSpan = 12

// A Slot is what was counted in one step of a Cell's span.
type Slot struct {
	N              int64 // the step, counted from 1970
	Sent, Verified int
}

// Slots are the counts of a Cell, the oldest first, and the rules of a Tally.
type Slots []Slot

// Sum adds up what is within the span.
func (s Slots) Sum(now time.Time, per time.Duration) (sum Share) {
	for _, slot := range s.live(now, per) {
		sum.Sent += slot.Sent
		sum.Verified += slot.Verified
	}
	return sum
}

// Add counts at now, without what has left the span. A negative sent is taken
// off the newest step that has as much.
func (s Slots) Add(now time.Time, per time.Duration, sent, verified int) Slots {
	live := s.live(now, per)
	next := append(make(Slots, 0, len(live)+1), live...)
	if sent < 0 {
		for i := len(next) - 1; i >= 0; i-- {
			if next[i].Sent >= -sent {
				next[i].Sent += sent
				break
			}
		}
		return next
	}
	n := slotOf(now, per)
	if len(next) == 0 || next[len(next)-1].N < n {
		next = append(next, Slot{N: n})
	}
	last := &next[len(next)-1]
	last.Sent += sent
	last.Verified += verified
	return next
}

// Until tells when s says nothing any more.
func (s Slots) Until(per time.Duration) time.Time {
	if len(s) == 0 {
		return time.Time{}
	}
	return time.Unix(0, (s[len(s)-1].N+SlotsPerSpan)*step(per))
}

func (s Slots) live(now time.Time, per time.Duration) Slots {
	oldest := slotOf(now, per) - SlotsPerSpan
	for len(s) > 0 && s[0].N <= oldest {
		s = s[1:]
	}
	return s
}

func slotOf(now time.Time, per time.Duration) int64 { return now.UnixNano() / step(per) }

func step(per time.Duration) int64 { return max(1, int64(per)/SlotsPerSpan) }
