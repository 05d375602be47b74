package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Rate is so many in a span of time: "5/hour".
type Rate struct {
	Count int
	Per   time.Duration
}

// spans are the units of time that a rate is written with.
var spans = [...]struct {
	names []string
	span  time.Duration
}{
	{[]string{"s", "second"}, time.Second},
	{[]string{"m", "minute"}, time.Minute},
	{[]string{"h", "hour"}, time.Hour},
	{[]string{"d", "day"}, 24 * time.Hour},
}

// UnmarshalText reads "100/s", "5/hour", "10/day" or "3/10m".
func (r *Rate) UnmarshalText(text []byte) error {
	wrong := func(why string) error {
		return fmt.Errorf("%s %s: write 100/s, 1/minute, 5/hour, 10/day or 3/10m", quote(string(text)), why)
	}
	count, unit, found := strings.Cut(string(text), "/")
	if !found {
		return wrong("is no rate")
	}
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil {
		return wrong("does not begin with a whole number")
	}
	if n < 1 {
		return wrong("allows nothing")
	}
	per, ok := spanOf(strings.TrimSpace(unit))
	if !ok {
		return wrong("has no span of time that is known")
	}
	*r = Rate{Count: n, Per: per}
	return nil
}

func spanOf(unit string) (time.Duration, bool) {
	for _, s := range spans {
		if slices.Contains(s.names, unit) {
			return s.span, true
		}
	}
	d, err := time.ParseDuration(unit)
	return d, err == nil && d > 0
}
