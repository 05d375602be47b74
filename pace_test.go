package notify_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// The figures of a campaign through the Client: our own pace sends nothing to another vendor
// and refuses nothing.
func TestClient_pace(t *testing.T) {
	for _, c := range []struct {
		name         string
		perSecond    float64
		rows         int
		providers    []string
		overflow     bool
		kind         sms.Kind
		down         int // calls to a from this one on are refused
		a, b         int
		atLeast, end time.Duration
	}{
		{"two vendors", 60, 900, []string{"a", "b"}, false, sms.Notification, 0, 900, 0, 14 * time.Second, 16 * time.Second},
		{"one vendor", 20, 1000, []string{"a"}, false, sms.Notification, 0, 1000, 0, 48 * time.Second, 51 * time.Second},
		{"overflow", 60, 900, []string{"a", "b"}, true, sms.Notification, 0, 36, 864, 0, time.Second},
		{"codes", 60, 900, []string{"a", "b"}, false, sms.Verification, 0, 36, 864, 0, time.Second},
		{"codes with one vendor", 60, 900, []string{"a"}, false, sms.Verification, 0, 900, 0, 14 * time.Second, 16 * time.Second},
		{"the vendor fails meanwhile", 2, 200, []string{"a", "b"}, false, sms.Notification, 4, 8, 197, 0, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newVendor("a"), newVendor("b")
				var at []time.Time
				a.answer = func(context.Context, sms.Message) error {
					a.mu.Lock()
					defer a.mu.Unlock()
					at = append(at, time.Now())
					if c.down > 0 && len(a.calls) >= c.down {
						return sms.Refuse(sms.Message{}, sms.Unavailable, nil)
					}
					return nil
				}
				client := open(t, notify.Config{
					Limits:  notify.Limits{PerProvider: map[string]float64{"a": c.perSecond}},
					Routes:  []notify.Route{{Providers: c.providers, Overflow: c.overflow}},
					Breaker: middleware.BreakerOptions{OpenFor: time.Hour},
					Retry:   middleware.RetryOptions{Attempts: 1},
				}, a, b)
				defer client.Close()
				began, refused := time.Now(), 0
				for _, r := range client.SendAll(t.Context(), rows(c.rows, c.kind), notify.BulkOptions{}) {
					if r.Err != nil {
						refused++
						t.Log(r.Err)
					}
				}
				if a.count() > c.a || c.down == 0 && a.count() < c.a-1 || b.count() < c.b || b.count() > c.b+1 || refused != 0 {
					t.Errorf("%d by a, %d by b and %d refused, want %d, %d and none", a.count(), b.count(), refused, c.a, c.b)
				}
				if took := time.Since(began); took < c.atLeast || took > c.end {
					t.Errorf("it took %v, want %v to %v", took, c.atLeast, c.end)
				}
				slices.SortFunc(at, time.Time.Compare)
				for i, from := 0, 0; i < len(at); i++ {
					for at[i].Sub(at[from]) >= time.Second {
						from++
					}
					if n := i - from + 1; float64(n) > c.perSecond*1.1 && n > 3 {
						t.Fatalf("one second holds %d calls", n)
					}
				}
			})
		})
	}
}

// A code leaves within 200 ms, however many notices wait.
func TestClient_codesGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newVendor("a")
		client := open(t, notify.Config{Limits: notify.Limits{PerProvider: map[string]float64{"a": 20}}}, a)
		defer client.Close()
		ctx, cancel := context.WithCancel(t.Context())
		for m := range rows(2000, sms.Notification) {
			go func() { _, _ = client.Send(ctx, m) }()
		}
		time.Sleep(time.Second)
		began := time.Now()
		m := body()
		m.Kind = sms.Verification
		if _, err := client.Send(ctx, m); err != nil || time.Since(began) > 200*time.Millisecond {
			t.Errorf("it took %v, %v", time.Since(began), err)
		}
		cancel()
		synctest.Wait()
	})
}

// rows are n messages of a kind, each to a number of its own.
func rows(n int, kind sms.Kind) iter.Seq2[sms.Message, error] {
	return func(yield func(sms.Message, error) bool) {
		for i := range n {
			m := sms.Message{To: sms.Number(fmt.Sprintf("+861390000%04d", i)), Body: "x", Kind: kind}
			if !yield(m, nil) {
				return
			}
		}
	}
}
