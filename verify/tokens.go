package verify

import (
	"time"

	"github.com/notifykit/notify/middleware"
)

// A Token is one use of a Limit.
type Token struct {
	ID ID        `json:"id"`
	At time.Time `json:"at"`
}

// Tokens are what has been taken of one Limit, the oldest first, and the rules
// of Take and Return. The methods change no array that they were given.
type Tokens []Token

// Wait tells how long until one more token may be taken of every window; zero:
// now, or it was taken under this id within RepeatFor. A window without a Zone
// holds in any span of its length: a token counts for exactly Per. One with a
// Zone counts anew with each minute, hour or day there.
func (ts Tokens) Wait(now time.Time, windows []middleware.Window, id ID) time.Duration {
	if ts.holds(now, id) {
		return 0
	}
	var wait time.Duration
	for _, w := range windows {
		if w.Count <= 0 {
			wait = max(wait, w.Per) // a window of none; New refuses it, and nothing may pass for it here
			continue
		}
		if len(ts) >= w.Count {
			wait = max(wait, lapse(w, ts[len(ts)-w.Count].At).Sub(now))
		}
	}
	return wait
}

// Take gives ts with one more token, without those that no window counts any
// more. The caller has asked Wait.
func (ts Tokens) Take(now time.Time, windows []middleware.Window, id ID) Tokens {
	return ts[:len(ts):len(ts)].take(now, windows, id)
}

// take is Take for who owns the array: an address range has hundreds of tokens,
// which are not copied for each one more.
func (ts Tokens) take(now time.Time, windows []middleware.Window, id ID) Tokens {
	if ts.holds(now, id) {
		return ts
	}
	return append(ts.Live(now, windows), Token{ID: id, At: now})
}

// Live gives those tokens that a window still counts, or that are within
// RepeatFor.
func (ts Tokens) Live(now time.Time, windows []middleware.Window) Tokens {
	for len(ts) > 0 && !now.Before(until(ts[0], windows)) {
		ts = ts[1:]
	}
	return ts
}

// Return gives ts without the token of id.
func (ts Tokens) Return(id ID) Tokens {
	for i := len(ts) - 1; i >= 0; i-- {
		if ts[i].ID == id {
			return append(append(make(Tokens, 0, len(ts)-1), ts[:i]...), ts[i+1:]...)
		}
	}
	return ts
}

// Until tells when ts says nothing any more. A Store may forget it then.
func (ts Tokens) Until(windows []middleware.Window) time.Time {
	if len(ts) == 0 {
		return time.Time{}
	}
	return until(ts[len(ts)-1], windows)
}

func (ts Tokens) holds(now time.Time, id ID) bool {
	for i := len(ts) - 1; i >= 0 && now.Sub(ts[i].At) < RepeatFor; i-- {
		if ts[i].ID == id {
			return true
		}
	}
	return false
}

func until(t Token, windows []middleware.Window) time.Time {
	last := t.At.Add(RepeatFor)
	for _, w := range windows {
		last = latest(last, lapse(w, t.At))
	}
	return last
}

// lapse tells when a token that was taken at a time is counted no longer.
func lapse(w middleware.Window, at time.Time) time.Time {
	if w.Zone == nil {
		return at.Add(w.Per)
	}
	there := at.In(w.Zone)
	within := time.Duration(there.Second())*time.Second + time.Duration(there.Nanosecond())
	switch w.Per {
	case time.Minute:
		return at.Add(time.Minute - within)
	case time.Hour:
		return at.Add(time.Hour - within - time.Duration(there.Minute())*time.Minute)
	}
	year, month, day := there.Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, w.Zone)
}
