package verify

import (
	"slices"
	"time"

	"github.com/notifykit/notify/middleware"
)

// CounterSlots is in how many steps a window of a [Counter] slides.
const CounterSlots = 6

// A Counter counts answers against a [Limit] in a size that does not grow with
// them: at most CounterSlots+1 numbers for each window. Its methods are the rules of
// [CheckStep.Answers]. They change no array that they were given.
//
// An answer counts for at least Per, so that no span of Per holds more than Count,
// and for at most a sixth longer. In a window with a Zone it counts until the next
// minute, hour or day begins there.
type Counter []Count

// A Count is the answers of one step of a window.
type Count struct {
	Window int   `json:"w"`     // which of the limit's windows, from 0
	Until  int64 `json:"until"` // when they stop counting, in microseconds since 1970
	N      int   `json:"n"`
}

// Wait returns how long until every window has room for one more answer; zero: now.
func (c Counter) Wait(now time.Time, windows []middleware.Window) time.Duration {
	var wait time.Duration
	for i, w := range windows {
		if w.Count <= 0 {
			wait = max(wait, w.Per) // New refuses such a window; nothing may pass for it here
			continue
		}
		left := 0
		for _, one := range c {
			if one.Window == i && one.Until > now.UnixMicro() {
				left += one.N
			}
		}
		for _, one := range c { // the first to end comes first
			if left < w.Count {
				break
			}
			if one.Window == i && one.Until > now.UnixMicro() {
				left -= one.N
				wait = max(wait, time.UnixMicro(one.Until).Sub(now))
			}
		}
	}
	return wait
}

// Add returns c with one more answer, without those that count no longer. The
// caller must have called Wait.
func (c Counter) Add(now time.Time, windows []middleware.Window) Counter {
	next := make(Counter, 0, len(c)+len(windows))
	for _, one := range c {
		if one.Until > now.UnixMicro() {
			next = append(next, one)
		}
	}
	for i, w := range windows {
		until := counterEnd(now, w).UnixMicro()
		at := slices.IndexFunc(next, func(one Count) bool { return one.Window == i && one.Until == until })
		if at < 0 {
			at = len(next)
			next = append(next, Count{Window: i, Until: until})
		}
		next[at].N++
	}
	return next
}

// Until returns when c says nothing any more. A Store may forget it then.
func (c Counter) Until() (last time.Time) {
	for _, one := range c {
		last = latest(last, time.UnixMicro(one.Until))
	}
	return last
}

// counterEnd returns when an answer of now stops counting.
func counterEnd(now time.Time, w middleware.Window) time.Time {
	if w.Zone != nil {
		return lapse(w, now)
	}
	step := max(1, w.Per.Microseconds()/CounterSlots)
	return time.UnixMicro((now.UnixMicro()/step + CounterSlots + 1) * step)
}

// Judge does a [CheckStep] on what is stored: the record of its subject and, in the
// order of s.Answers, their counters, of which it returns the next ones. If a limit
// refuses, nothing changes and the answer is Limited. A step that was done before
// is not counted again.
func Judge(now time.Time, r Record, counters []Counter, s CheckStep) (Record, []Counter, Checked) {
	if r = r.at(now); !r.knows(s.ID) {
		var wait time.Duration
		next := make([]Counter, len(s.Answers))
		for i, l := range s.Answers {
			wait = max(wait, counters[i].Wait(now, l.Windows))
			next[i] = counters[i].Add(now, l.Windows)
		}
		if wait > 0 {
			return r, counters, Checked{Verdict: Limited, RetryAfter: wait}
		}
		counters = next
	}
	r, checked := r.Check(now, s)
	return r, counters, checked
}

func (r Record) knows(id ID) bool {
	return r.Winner == id && !r.WinnerUntil.IsZero() || slices.Contains(r.Failed, id)
}
