// Package redislua holds the scripts of hard windows, which redisstore and
// redislimit share, and how a script is told of windows. It links no client.
//
// It is support code for the stores of this project. It is public because some of
// them are modules of their own. Its API may change in any release. Programs use
// redisstore or redislimit.
package redislua

import (
	_ "embed"
	"strconv"
	"time"

	"github.com/notifykit/notify/middleware"
)

var (
	//go:embed clock.lua
	clock string
	//go:embed take.lua
	take string
	//go:embed give.lua
	give string
)

// Take takes one token of each key, or none; Give gives back. Their arguments
// begin with how far the clock is ahead, which is for tests, and the ID. Take's
// fourth is 1 to ask only.
func Take() string { return Script(take) }

// Give is the other.
func Give() string { return Script(give) }

// Script puts before a script what every one begins with: now, in microseconds,
// str, which writes such a number without loss, and expire.
func Script(text string) string { return clock + text }

// Micros writes a duration in microseconds, never shorter.
func Micros(d time.Duration) string {
	us := d.Microseconds()
	if d > 0 && d%time.Microsecond != 0 {
		us++
	}
	return strconv.FormatInt(us, 10)
}

// Duration reads microseconds as a script answers them.
func Duration(v any) time.Duration {
	text, _ := v.(string)
	us, _ := strconv.ParseInt(text, 10, 64)
	return time.Duration(us) * time.Microsecond
}

// Windows are the windows of one key as Take reads them.
func Windows(now time.Time, windows []middleware.Window) []any {
	args := []any{len(windows)}
	for _, w := range windows {
		bounds := boundaries(now, w)
		args = append(args, w.Count, Micros(w.Per), len(bounds))
		for _, b := range bounds {
			args = append(args, strconv.FormatInt(b.UnixMicro(), 10))
		}
	}
	return args
}

// boundaries are where the spans of a window in a zone begin, around now: facts
// of the calendar, which the server cannot look up, and on which clocks that
// differ agree.
func boundaries(now time.Time, w middleware.Window) (all []time.Time) {
	if w.Zone == nil {
		return nil
	}
	local := now.In(w.Zone)
	for n := -2; n <= 2; n++ {
		switch w.Per {
		case time.Minute, time.Hour:
			within := time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
			if w.Per == time.Hour {
				within += time.Duration(local.Minute()) * time.Minute
			}
			all = append(all, local.Add(-within).Add(time.Duration(n)*w.Per))
		default:
			y, m, d := local.Date()
			all = append(all, time.Date(y, m, d+n, 0, 0, 0, 0, w.Zone))
		}
	}
	return all
}
