package outbox

import "time"

// An outage is what is known of the vendors of one class. While they fail, the
// class pauses, and after the pause one message tries; so an outage costs a few
// tries, not one of every message that waits. Under the dispatcher's lock.
type outage struct {
	failures int           // in a row
	pause    time.Duration // the last one
	until    time.Time     // zero: there is no outage
}

// room gives how many messages may be taken where there is room for so many and
// busy are under way, and when that changes by itself.
func (o *outage) room(now time.Time, room, busy int) (int, time.Time) {
	switch {
	case o.until.IsZero():
		return room, time.Time{}
	case now.Before(o.until):
		return 0, o.until
	}
	return min(room, 1-busy), time.Time{}
}

// came takes the result of a call in, and returns how long the class pauses.
func (o *outage) came(now time.Time, r result, options Options) time.Duration {
	switch {
	case r.answered:
		*o = outage{}
	case r.blame && !now.Before(o.until):
		o.failures++
		if o.until.IsZero() && o.failures < options.OutageAfter {
			break
		}
		o.pause = min(max(2*o.pause, options.OutageMin), options.OutageMax)
		o.until = now.Add(max(o.pause, min(r.after, options.OutageMax)))
	}
	return max(0, o.until.Sub(now))
}
