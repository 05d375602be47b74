package middleware

import (
	"errors"
	"fmt"
	"time"
)

// A Window is a limit of Count in a span of time.
type Window struct {
	// Count is the most in a span.
	Count int
	// Per is the length of the span. With a Zone it must be a minute, an hour or a day
	// (24 hours).
	Per time.Duration
	// Zone makes the spans the minutes, hours or days of the clock in that zone. Some
	// vendors count so, such as Aliyun in UTC+8. If it is nil, there are never more than
	// Count in any span of Per.
	Zone *time.Location
}

const day = 24 * time.Hour

// Validate returns an error if w is not a valid limit.
func (w Window) Validate() error {
	switch {
	case w.Count < 1:
		return fmt.Errorf("count is %d: it is at least 1", w.Count)
	case w.Per <= 0:
		return fmt.Errorf("per is %v: it is longer than 0", w.Per)
	case w.Per > longestWindow:
		return fmt.Errorf("per is %v: it is at most %v", w.Per, longestWindow)
	case w.Zone != nil && w.Per != time.Minute && w.Per != time.Hour && w.Per != day:
		return fmt.Errorf("per is %v: in a zone it is a minute, an hour or 24 hours", w.Per)
	}
	return nil
}

const longestWindow = 20 * 365 * day // far below what an int64 holds in nanoseconds

// String returns "5 per 1h0m0s", followed by the zone if there is one.
func (w Window) String() string {
	if w.Zone != nil {
		return fmt.Sprintf("%d per %v in %v", w.Count, w.Per, w.Zone)
	}
	return fmt.Sprintf("%d per %v", w.Count, w.Per)
}

// period returns the clock's span in w.Zone that holds now.
func (w Window) period(now time.Time) (from, to time.Time) {
	local := now.In(w.Zone)
	if w.Per == day {
		y, m, d := local.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, w.Zone), time.Date(y, m, d+1, 0, 0, 0, 0, w.Zone)
	}
	// By the offset at now: if clocks go back, the hour that comes twice is two hours.
	_, offset := local.Zone()
	shift := time.Duration(offset) * time.Second
	from = now.Round(0).UTC().Add(shift).Truncate(w.Per).Add(-shift)
	return from, from.Add(w.Per)
}

// checkWindows returns all faults of windows in one error.
func checkWindows(windows []Window) error {
	var faults []error
	if len(windows) == 0 {
		faults = append(faults, errors.New("there is no window: a limiter needs one"))
	}
	for i, w := range windows {
		if err := w.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("window %d: %w", i+1, err))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return internal("the limiter's windows: %w", errors.Join(faults...))
}
