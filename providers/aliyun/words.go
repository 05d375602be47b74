package aliyun

import (
	"strings"
	"time"
)

const (
	businessLimit   = "isv.BUSINESS_LIMIT_CONTROL"
	blackKeyControl = "isv.BLACK_KEY_CONTROL_LIMIT"
	dayLimit        = "isv.DAY_LIMIT_CONTROL"
	monthLimit      = "isv.MONTH_LIMIT_CONTROL"
)

const day = 24 * time.Hour

// china is the zone of the vendor's days. Nobody changes it.
var china = time.FixedZone("UTC+8", 8*60*60)

// retryAfter tells how long a limit lasts; zero where the vendor does not say.
// The vendor's minutes and hours are those of the clock in China, its day is 24
// hours from the send (document 44335), so the whole window is the time after
// which it is certainly over.
func retryAfter(code, words string, now time.Time) time.Duration {
	switch code {
	case businessLimit:
		return window(words)
	case "VALVE:M_MC":
		return time.Minute
	case "VALVE:H_MC":
		return time.Hour
	case "VALVE:D_MC", "MOBILE_SEND_LIMIT":
		return day
	case dayLimit:
		return untilNext(now, 0, 1)
	case monthLimit:
		return untilNext(now, 1, 0)
	}
	return 0
}

// window reads the level that a frequency limit names: "触发分钟级流控Permits:1",
// or the same in English. Where several are named the longest counts.
func window(words string) time.Duration {
	words = strings.ToLower(words)
	for _, level := range [...]struct {
		chinese, english string
		lasts            time.Duration
	}{
		{"天级", "day", day},
		{"小时级", "hour", time.Hour},
		{"分钟级", "minute", time.Minute},
	} {
		if strings.Contains(words, level.chinese) || strings.Contains(words, level.english) {
			return level.lasts
		}
	}
	return 0
}

// untilNext gives the time until the next day, or month, begins in China.
func untilNext(now time.Time, months, days int) time.Duration {
	y, m, d := now.In(china).Date()
	if months > 0 {
		d = 1
	}
	return time.Date(y, m+time.Month(months), d+days, 0, 0, 0, 0, china).Sub(now)
}

// saysContent tells whether isv.BLACK_KEY_CONTROL_LIMIT is meant as until 2020, a
// banned word in a variable, and not as today, a blocked number. Words that name
// a number are never taken for the older meaning.
func saysContent(words string) bool {
	words = strings.ToLower(words)
	has := func(any ...string) bool {
		for _, w := range any {
			if strings.Contains(words, w) {
				return true
			}
		}
		return false
	}
	return has("变量", "内容", "关键字", "关键词", "敏感", "违禁", "variable", "content", "keyword", "sensitive") &&
		!has("号码", "手机", "number", "phone", "recipient")
}
