package outbox_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/sms"
)

// paced is a vendor with a pace of our own before it.
func paced(t *testing.T, v *vendor, perSecond float64) sms.Sender {
	t.Helper()
	pace, err := middleware.NewPace(middleware.PaceOptions{Name: "vendor", PerSecond: perSecond})
	if err != nil {
		t.Fatal(err)
	}
	return sms.Chain(v, middleware.Validate(registry(t)), pace.Middleware)
}

// No worker is held while messages wait for our own pace: two workers send what other vendors
// take, and codes, while hundreds wait. Waiting is no try.
func TestTurn_holdsNoWorker(t *testing.T) {
	inWorld(t, func(w *world) {
		slow, free := &vendor{}, &vendor{}
		behind := paced(w.T, slow, 20)
		b, _ := w.box(sms.SenderFunc(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if m.Template == "sale" {
				return free.Send(ctx, m)
			}
			return behind.Send(ctx, m)
		}), func(o *outbox.Options) {
			o.Workers = 2
			o.Classes, o.Class = []outbox.Class{{Name: "all"}}, func(sms.Message, sms.Kind) string { return "all" }
		})
		began := time.Now()
		for i := range 300 {
			w.enqueue(b, shipped(fmt.Sprint("n", i)))
		}
		w.later(2 * time.Second)
		w.enqueue(b, sale("free"))
		w.later(100 * time.Millisecond)
		w.state(b, "free", outbox.Accepted)
		w.enqueue(b, login("code"))
		w.later(200 * time.Millisecond)
		w.state(b, "code", outbox.Accepted)
		w.later(14 * time.Second)
		for i := range 300 {
			st := w.status(b, fmt.Sprint("n", i))
			if st.State != outbox.Accepted || len(st.Story) != 1 {
				t.Fatalf("n%d is %v after %v, story %+v", i, st.State, time.Since(began), st.Story)
			}
		}
		times := slow.when()
		if took := times[len(times)-1].Sub(began); took < 14*time.Second || took > 17*time.Second || len(times) != 301 {
			t.Errorf("%d calls in %v, want 301 in about 15s", len(times), took)
		}
		for i := range times[22:] {
			if times[i+22].Sub(times[i]) < time.Second {
				t.Fatalf("more than 22 calls in one second, from %v on", times[i].Sub(began))
			}
		}
	})
}

// A message that waits for its turn is not given up: its time begins with the first call.
func TestTurn_isNoTry(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{}
		b, _ := w.box(paced(w.T, v, 1.0/2400), func(o *outbox.Options) {
			o.GiveUpAfter = map[sms.Kind]time.Duration{sms.Notification: time.Hour}
		})
		w.enqueue(b, shipped("1"), shipped("2"), shipped("3"), shipped("4"))
		w.later(3 * time.Hour)
		for _, key := range []string{"1", "2", "3", "4"} {
			w.state(b, key, outbox.Accepted)
		}
		if v.count() != 4 {
			t.Errorf("%d calls", v.count())
		}
	})
}
