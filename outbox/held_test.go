package outbox_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/sms"
)

// Of a held class nothing is taken: no message is tried, none is given up however long it
// is held, and other classes go on. It goes on by itself when it is released.
func TestHeld(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{}
		var held atomic.Bool
		held.Store(true)
		b, _ := w.box(v, func(o *outbox.Options) {
			o.Held = func(class string) bool { return class == "promotion" && held.Load() }
		})
		w.enqueue(b, sale("held"), shipped("free"))
		w.later(72 * time.Hour) // longer than Options.GiveUpAfter
		w.state(b, "free", outbox.Accepted)
		if st := w.status(b, "held"); st.State != outbox.Queued || st.Tries != 0 || len(st.Story) != 0 {
			t.Errorf("held: %+v", st)
		}
		held.Store(false)
		w.later(2 * time.Second)
		w.state(b, "held", outbox.Accepted)
		if v.count() != 2 {
			t.Errorf("%d calls, want 2", v.count())
		}
	})
}

// While every class is held, the store is not asked.
func TestHeld_asksNoStore(t *testing.T) {
	inWorld(t, func(w *world) {
		e := &looked{Engine: w.disk.Open()}
		b, _ := w.box(&vendor{}, func(o *outbox.Options) { o.Engine, o.Held = e, func(string) bool { return true } })
		w.enqueue(b, sale("1"), login("2"))
		w.later(time.Minute)
		if n := e.looks.Load(); n != 0 {
			t.Errorf("%d looks while all is held", n)
		}
	})
}

// While a class has all its workers at work and a backlog behind them, the loop waits: it
// looks for nothing that it could not hand out.
func TestFullClass_waits(t *testing.T) {
	inWorld(t, func(w *world) {
		release := make(chan struct{})
		e := &looked{Engine: w.disk.Open()}
		b, _ := w.box(sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
			<-release
			return sms.Receipt{Provider: "vendor"}, nil
		}), func(o *outbox.Options) {
			o.Engine, o.Workers, o.SendTimeout = e, 8, time.Hour
		})
		for i := range 100 {
			w.enqueue(b, sale(fmt.Sprint(i)))
		}
		w.later(time.Second)
		before := e.looks.Load()
		w.later(time.Minute)
		if n := e.looks.Load() - before; n > 10 {
			t.Errorf("%d looks in a minute of a full class", n)
		}
		close(release)
		w.later(time.Second)
		w.state(b, "99", outbox.Accepted)
	})
}

// A looked Engine counts what a loop asks of it.
type looked struct {
	outbox.Engine
	looks atomic.Int64
}

func (l *looked) Exchange(ctx context.Context, ends []outbox.End, wants []outbox.Want, n int) ([]outbox.Lease, []error, error) {
	l.looks.Add(1)
	return l.Engine.Exchange(ctx, ends, wants, n)
}

func (l *looked) Await(ctx context.Context, classes []string) error {
	l.looks.Add(1)
	return l.Engine.Await(ctx, classes)
}
