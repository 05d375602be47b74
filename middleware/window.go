package middleware

import (
	"errors"
	"fmt"
	"time"
)

// A Window is a hard limit: so many in a span of time, and not one more.
type Window struct {
	// Count is how many.
	Count int
	// Per is the span. With a Zone it is a minute, an hour or a day (24 hours).
	Per time.Duration
	// Zone nil: never more than Count in any span of Per. Else the spans are the
	// clock's minutes, hours or days there, as some vendors count: Aliyun in UTC+8.
	Zone *time.Location
}

const day = 24 * time.Hour

// Validate tells what is wrong with w.
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

// String says "5 per 1h0m0s", and names the zone.
func (w Window) String() string {
	if w.Zone != nil {
		return fmt.Sprintf("%d per %v in %v", w.Count, w.Per, w.Zone)
	}
	return fmt.Sprintf("%d per %v", w.Count, w.Per)
}

// period gives the clock's span in w.Zone that holds now.
func (w Window) period(now time.Time) (from, to time.Time) {
	local := now.In(w.Zone)
	if w.Per == day {
		y, m, d := local.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, w.Zone), time.Date(y, m, d+1, 0, 0, 0, 0, w.Zone)
	}
	// By the offset in force: where clocks go back, the hour that comes twice is
	// two hours.
	_, offset := local.Zone()
	shift := time.Duration(offset) * time.Second
	from = now.Round(0).UTC().Add(shift).Truncate(w.Per).Add(-shift)
	return from, from.Add(w.Per)
}

// checkWindows names every fault of windows in one error.
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
