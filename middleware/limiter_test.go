package middleware_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// rule is the limit said plainly: which of these takes does a window count at
// this time.
func counts(w middleware.Window, taken, now time.Time) bool {
	if w.Zone == nil {
		return now.Sub(taken) < w.Per
	}
	form := map[time.Duration]string{time.Minute: "2006-01-02 15:04 -0700", time.Hour: "2006-01-02 15 -0700", 24 * time.Hour: "2006-01-02"}[w.Per]
	return taken.In(w.Zone).Format(form) == now.In(w.Zone).Format(form)
}

// plain is a limiter that keeps every take for ever and asks the rule.
type plain struct {
	windows []middleware.Window
	takes   map[string][]middleware.Token
}

func (p *plain) free(key string, now time.Time) bool {
	for _, w := range p.windows {
		n := 0
		for _, t := range p.takes[key] {
			if counts(w, t.At, now) {
				n++
			}
		}
		if n >= w.Count {
			return false
		}
	}
	return true
}

// The limiter and the plain one agree on every take, wait and return of a long
// random run, for numbers and for other keys.
func TestLimiter_agreesWithThePlainRule(t *testing.T) {
	china := time.FixedZone("UTC+8", 8*3600)
	nepal := time.FixedZone("UTC+5:45", 5*3600+45*60)
	tests := []struct {
		name    string
		windows []middleware.Window
	}{
		{"one a minute", []middleware.Window{{Count: 1, Per: time.Minute}}},
		{"one a minute, five an hour, ten a day", []middleware.Window{{Count: 1, Per: time.Minute}, {Count: 5, Per: time.Hour}, {Count: 10, Per: 24 * time.Hour}}},
		{"many a minute, few a day", []middleware.Window{{Count: 9, Per: time.Minute}, {Count: 4, Per: 24 * time.Hour}}},
		{"clock minute, hour and day", []middleware.Window{{Count: 1, Per: time.Minute, Zone: china}, {Count: 3, Per: time.Hour, Zone: nepal}, {Count: 7, Per: 24 * time.Hour, Zone: china}}},
		{"both ways together", []middleware.Window{{Count: 2, Per: time.Hour}, {Count: 5, Per: 24 * time.Hour, Zone: china}}},
		{"more than a block holds", []middleware.Window{{Count: 70, Per: time.Hour}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { agree(t, test.windows) })
		})
	}
}

func agree(t *testing.T, windows []middleware.Window) {
	random := rand.New(rand.NewPCG(1, 2))
	l := middleware.NewLimiter(windows...)
	model := &plain{windows: windows, takes: map[string][]middleware.Token{}}
	keys := []string{"", "tenant", "+86138", "13800000000", "+0123456"}
	for i := range 40 {
		keys = append(keys, fmt.Sprintf("+8613800000%03d", i))
	}
	steps := []time.Duration{0, time.Millisecond, time.Second, 7 * time.Second, time.Minute, 11 * time.Minute}
	var gone []middleware.Token
	for i := range 6000 {
		time.Sleep(steps[random.IntN(len(steps))])
		key := keys[min(random.IntN(len(keys)), random.IntN(len(keys)))] // some more often
		now := time.Now()
		token, err := l.Take(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		free := model.free(key, now)
		if got := token.Wait == 0; got != free {
			t.Fatalf("step %d, key %q: passed %v, want %v", i, key, got, free)
		}
		if token.Wait == 0 {
			model.takes[key] = append(model.takes[key], token)
		} else if model.free(key, now.Add(token.Wait-1)) || !model.free(key, now.Add(token.Wait)) {
			t.Fatalf("step %d, key %q: the wait of %v is not when there is room", i, key, token.Wait)
		}
		if held := model.takes[key]; len(held) > 0 && random.IntN(4) == 0 {
			at := len(held) - 1 - random.IntN(min(len(held), 5))
			gone = append(gone, held[at])
			_ = l.Return(t.Context(), held[at])
			model.takes[key] = slices.Delete(held, at, at+1)
		}
		if len(gone) > 0 && random.IntN(4) == 0 { // given back twice: nothing more
			_ = l.Return(t.Context(), gone[random.IntN(len(gone))])
		}
	}
}

// TestLimiter_exactlyKOfN: of N at once exactly K pass.
func TestLimiter_exactlyKOfN(t *testing.T) {
	for _, key := range []string{"+8613800000000", "tenant"} {
		l := middleware.NewLimiter(middleware.Window{Count: 17, Per: time.Hour}, middleware.Window{Count: 30, Per: 24 * time.Hour})
		var passed atomic.Int64
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				if token, err := l.Take(t.Context(), key); err == nil && token.Wait == 0 {
					passed.Add(1)
				}
			})
		}
		wg.Wait()
		if passed.Load() != 17 {
			t.Errorf("key %q: %d passed, want 17", key, passed.Load())
		}
	}
}

// A bucket of 5 an hour lets 9 through in its first hour; this one does not.
func TestLimiter_isHard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := middleware.NewLimiter(middleware.Window{Count: 5, Per: time.Hour})
		passed := 0
		for range 60 {
			if token, _ := l.Take(t.Context(), "+8613800000000"); token.Wait == 0 {
				passed++
			}
			time.Sleep(time.Minute)
		}
		if passed != 5 {
			t.Errorf("%d passed in an hour, want 5", passed)
		}
	})
}

func TestLimiter_mergesNoKeys(t *testing.T) {
	l := middleware.NewLimiter(middleware.Window{Count: 1, Per: time.Hour})
	seen := 0
	for i := range 200_000 {
		token, err := l.Take(t.Context(), fmt.Sprintf("+86138%08d", i))
		if err != nil || token.Wait > 0 {
			t.Fatalf("number %d has taken another's token: %v, %v", i, token.Wait, err)
		}
		seen++
	}
	for _, key := range []string{"8613800000000", "+08613800000000", "+8613800000000 ", "+861380000000０", "+", "++1", "+12345678901234567890"} {
		if token, err := l.Take(t.Context(), key); err != nil || token.Wait > 0 {
			t.Errorf("key %q has taken another's token: %v, %v", key, token.Wait, err)
		}
		seen++
	}
	if l.Len() != seen {
		t.Errorf("%d keys, want %d", l.Len(), seen)
	}
	for _, i := range []int{0, 99_999, 199_999} {
		if token, _ := l.Take(t.Context(), fmt.Sprintf("+86138%08d", i)); token.Wait == 0 {
			t.Errorf("number %d was forgotten", i)
		}
	}
}

func TestLimiter_forgetsIdleKeys(t *testing.T) {
	for _, form := range []string{"+86138%08d", "tenant-%d"} {
		synctest.Test(t, func(t *testing.T) {
			l := middleware.NewLimiter(middleware.Window{Count: 3, Per: time.Minute})
			const hour = 30_000
			for i := range hour {
				if _, err := l.Take(t.Context(), fmt.Sprintf(form, i)); err != nil {
					t.Fatal(err)
				}
			}
			full := l.Len()
			time.Sleep(time.Hour)
			for i := range hour { // others come by
				if _, err := l.Take(t.Context(), fmt.Sprintf(form, 1_000_000+i)); err != nil {
					t.Fatal(err)
				}
			}
			if full != hour || l.Len() > hour*3/2 {
				t.Errorf("%d keys, then %d after as many others, want at most %d", full, l.Len(), hour*3/2)
			}
		})
	}
}

// A token given back leaves no trace.
func TestLimiter_returnedTokensLeaveNothing(t *testing.T) {
	l := middleware.NewLimiter(middleware.Window{Count: 5, Per: time.Hour})
	var tokens []middleware.Token
	for i := range 5000 {
		for range 5 {
			token, err := l.Take(t.Context(), fmt.Sprintf("+86138%08d", i))
			if err != nil || token.Wait > 0 {
				t.Fatal(token, err)
			}
			tokens = append(tokens, token)
		}
	}
	rand.Shuffle(len(tokens), func(i, j int) { tokens[i], tokens[j] = tokens[j], tokens[i] })
	for _, token := range tokens {
		if err := l.Return(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if l.Len() != 0 {
		t.Errorf("%d keys are left", l.Len())
	}
}

// A million numbers with three takes each need at most 160 MB. A map is the least
// full just after it has grown, which the counts of numbers go through.
func TestLimiter_memory(t *testing.T) {
	counts := []int{20_000, 24_000, 30_000, 36_000}
	if os.Getenv("NOTIFY_LONG") == "1" {
		counts = []int{600_000, 700_000, 850_000, 1_000_000, 1_200_000}
	}
	for _, numbers := range counts {
		keys := numbersFrom(0, numbers)
		before := heap()
		l := middleware.NewLimiter(middleware.Window{Count: 5, Per: time.Hour}, middleware.Window{Count: 10, Per: 24 * time.Hour})
		for takes := 1; takes <= 5; takes++ {
			for _, key := range keys {
				if token, err := l.Take(t.Context(), key); err != nil || token.Wait > 0 {
					t.Fatal(token, err)
				}
			}
			each := (heap() - before) / float64(numbers)
			t.Logf("%d takes of each of %d numbers: %.0f bytes a number", takes, numbers, each)
			if takes == 3 && each > 160 {
				t.Errorf("%d takes of each of %d numbers: %.0f bytes a number, want at most 160", takes, numbers, each)
			}
		}
		runtime.KeepAlive(l)
		runtime.KeepAlive(keys)
	}
}

func numbersFrom(first, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("+86138%08d", first+i)
	}
	return keys
}

func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkLimiter takes for one of a million numbers, each of which has taken
// before.
func BenchmarkLimiter(b *testing.B) {
	const numbers = 1_000_000
	keys := numbersFrom(0, numbers)
	before := heap()
	l := middleware.NewLimiter(middleware.Window{Count: 1, Per: time.Minute}, middleware.Window{Count: 5, Per: time.Hour}, middleware.Window{Count: 10, Per: 24 * time.Hour})
	for _, key := range keys {
		if _, err := l.Take(b.Context(), key); err != nil {
			b.Fatal(err)
		}
	}
	each := (heap() - before) / numbers
	next := 0
	for b.Loop() {
		token, err := l.Take(b.Context(), keys[next])
		if err != nil || token.Wait < 0 {
			b.Fatal(err)
		}
		next = (next + 7_919) % numbers
	}
	b.ReportMetric(each, "B/number")
}

func TestLimiter_maskedNumber(t *testing.T) {
	l := middleware.NewLimiter(middleware.Window{Count: 1, Per: time.Hour})
	_, err := l.Take(t.Context(), sms.Number("+8613800000000").String())
	wantReason(t, err, sms.Internal, sms.Rejected)
	if !strings.Contains(err.Error(), "E164") {
		t.Errorf("%v does not tell the way out", err)
	}
}

func TestWindow(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip("no time zones here: ", err)
	}
	tests := []struct {
		name        string
		at          string
		per         time.Duration
		room        time.Duration // until there is room again
		description string
	}{
		{"a minute", "2026-05-01T10:00:20+02:00", time.Minute, 40 * time.Second, "1 per 1m0s in Europe/Paris"},
		{"an hour", "2026-05-01T10:00:20+02:00", time.Hour, 59*time.Minute + 40*time.Second, "1 per 1h0m0s in Europe/Paris"},
		{"a day", "2026-05-01T10:00:00+02:00", 24 * time.Hour, 14 * time.Hour, "1 per 24h0m0s in Europe/Paris"},
		{"the day of 23 hours", "2026-03-29T00:00:00+01:00", 24 * time.Hour, 23 * time.Hour, "1 per 24h0m0s in Europe/Paris"},
		{"the day of 25 hours", "2026-10-25T00:00:00+02:00", 24 * time.Hour, 25 * time.Hour, "1 per 24h0m0s in Europe/Paris"},
		{"the hour that comes twice, first", "2026-10-25T02:30:00+02:00", time.Hour, 30 * time.Minute, "1 per 1h0m0s in Europe/Paris"},
		{"the hour that comes twice, again", "2026-10-25T02:30:00+01:00", time.Hour, 30 * time.Minute, "1 per 1h0m0s in Europe/Paris"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at, err := time.Parse(time.RFC3339, test.at)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Until(at))
				w := middleware.Window{Count: 1, Per: test.per, Zone: paris}
				l := middleware.NewLimiter(w)
				if token, err := l.Take(t.Context(), "k"); err != nil || token.Wait != 0 {
					t.Fatal(token, err)
				}
				if token, _ := l.Take(t.Context(), "k"); token.Wait != test.room {
					t.Errorf("the wait is %v, want %v", token.Wait, test.room)
				}
				if got := w.String(); got != test.description {
					t.Errorf("it reads %q", got)
				}
			})
		})
	}
}

func TestWindow_Validate(t *testing.T) {
	tests := []struct {
		name   string
		window middleware.Window
		want   string
	}{
		{"good", middleware.Window{Count: 1, Per: time.Minute}, ""},
		{"good in a zone", middleware.Window{Count: 1, Per: 24 * time.Hour, Zone: time.UTC}, ""},
		{"no count", middleware.Window{Per: time.Minute}, "count is 0"},
		{"no time", middleware.Window{Count: 1}, "per is 0s"},
		{"longer than stamps reach", middleware.Window{Count: 1, Per: 30 * 365 * 24 * time.Hour}, "at most"},
		{"a week in a zone", middleware.Window{Count: 1, Per: 7 * 24 * time.Hour, Zone: time.UTC}, "a minute, an hour or 24 hours"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.window.Validate()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// A faulty window is reported by the constructor, and by those that are given the limiter.
func TestNewMemoryLimiter_faults(t *testing.T) {
	bad := []middleware.Window{{Count: 0, Per: time.Hour}, {Count: 1, Per: time.Hour}, {Count: 1, Per: 0}}
	l, err := middleware.NewMemoryLimiter(bad...)
	if l != nil || err == nil || !strings.Contains(err.Error(), "window 1: count is 0") || !strings.Contains(err.Error(), "window 3: per is 0s") {
		t.Errorf("%v, %v", l, err)
	}
	if l, err := middleware.NewMemoryLimiter(); l != nil || err == nil {
		t.Errorf("no window: %v, %v", l, err)
	}
	if err := middleware.LimiterErr(middleware.NewLimiter(bad...)); err == nil {
		t.Error("LimiterErr reports nothing")
	}
	l, err = middleware.NewMemoryLimiter(bad[1])
	if err != nil || l.Err() != nil || middleware.LimiterErr(l) != nil {
		t.Errorf("a good one: %v", err)
	}
	if _, err := middleware.NewSharedBudget(nil); err == nil || !strings.Contains(err.Error(), "no store") {
		t.Errorf("a Budget without a store: %v", err)
	}
}
