package aliyun

import (
	"time"

	"github.com/notifykit/notify/sms"
)

// takeLimits counts every part, or none if one is over a limit. The limits are
// the vendor's for new accounts: of codes, for one signature, 1 a minute, 5 an
// hour and 10 a day to one number; of all else, for one signature and template,
// 50 a day. Minutes and hours are those of the clock. A day is 24 hours.
func (v *vendor) takeLimits(t *template, parts []part, now time.Time) *failure {
	keys := make([]string, len(parts))
	for i, p := range parts {
		keys[i] = string(p.to) + "\x00" + p.signature + "\x00"
		if t.Kind != sms.Verification { // all code templates of a signature count together
			keys[i] += t.Code
		}
	}
	var refused *failure
	v.counts.Take(now, keys, func(_ int, earlier []time.Time) bool {
		refused = overLimit(t.Kind, earlier, now)
		return refused == nil
	})
	return refused
}

func overLimit(kind sms.Kind, times []time.Time, now time.Time) *failure {
	within := func(span time.Duration) (n int) {
		for _, at := range times {
			if at.In(china).Truncate(span).Equal(now.In(china).Truncate(span)) {
				n++
			}
		}
		return n
	}
	const code = "isv.BUSINESS_LIMIT_CONTROL"
	switch {
	case kind != sms.Verification && len(times) >= 50:
		return refuse(code, "触发天级流控Permits:50")
	case kind != sms.Verification:
		return nil
	case within(time.Minute) >= 1:
		return refuse(code, "触发分钟级流控Permits:1")
	case within(time.Hour) >= 5:
		return refuse(code, "触发小时级流控Permits:5")
	case len(times) >= 10:
		return refuse(code, "触发天级流控Permits:10")
	}
	return nil
}
