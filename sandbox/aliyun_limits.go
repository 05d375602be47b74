package sandbox

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// aliyunLimits counts what each number has had, by the vendor's defaults: of
// codes, for one signature, 1 a minute, 5 an hour and 10 a day; of all else, for
// one signature and template, 50 a day. Minutes and hours are those of the clock,
// a day is 24 hours.
type aliyunLimits struct {
	mu   sync.Mutex
	sent map[aliyunLimitKey][]time.Time // at most as many as a day allows
}

type aliyunLimitKey struct{ to, signature, template string }

// maxLimitKeys bounds the memory; past it the counts of days gone by are dropped,
// and then those of anyone.
const maxLimitKeys = 100_000

func newAliyunLimits() *aliyunLimits {
	return &aliyunLimits{sent: map[aliyunLimitKey][]time.Time{}}
}

// take counts every part, or none where one is over a limit.
func (l *aliyunLimits) take(t *aliyunTemplate, parts []aliyunPart, now time.Time) *aliyunRefusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.makeRoom(len(parts), now)
	counted := make(map[aliyunLimitKey][]time.Time, len(parts))
	for _, p := range parts {
		key := aliyunLimitKey{to: string(p.to), signature: p.signature, template: t.Code}
		if t.Kind == sms.Verification {
			key.template = "" // all code templates of a signature count together
		}
		times, ok := counted[key]
		if !ok {
			times = slices.DeleteFunc(slices.Clone(l.sent[key]), func(at time.Time) bool { return now.Sub(at) >= 24*time.Hour })
		}
		if refusal := overLimit(t.Kind, times, now); refusal != nil {
			return refusal
		}
		counted[key] = append(times, now)
	}
	maps.Copy(l.sent, counted)
	return nil
}

func overLimit(kind sms.Kind, times []time.Time, now time.Time) *aliyunRefusal {
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

// makeRoom sweeps seldom: when it has to, it leaves a quarter of the room free.
func (l *aliyunLimits) makeRoom(n int, now time.Time) {
	if len(l.sent)+n <= maxLimitKeys {
		return
	}
	maps.DeleteFunc(l.sent, func(_ aliyunLimitKey, times []time.Time) bool {
		return now.Sub(times[len(times)-1]) >= 24*time.Hour
	})
	for key := range l.sent {
		if len(l.sent) <= maxLimitKeys*3/4 {
			return
		}
		delete(l.sent, key)
	}
}
