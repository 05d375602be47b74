package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/sms"
)

func TestEnqueue_sends(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{}
		b, _ := w.box(v)
		w.enqueue(b, login("k1"), shipped("k2"))
		st := w.status(b, "k1")
		if st.State != outbox.Accepted || st.Receipt.ID != "id of k1" || st.Receipt.Provider != "vendor" || st.Err != nil || st.Tries != 1 || st.Class != "verification" || st.Kind != sms.Verification {
			t.Errorf("the status is %+v", st)
		}
		if st.To != "+86138****8000" || st.Template != "login-code" {
			t.Errorf("it is about %q by %q", st.To, st.Template)
		}
		w.state(b, "k2", outbox.Accepted)
		if m := v.calls[slices.Index(v.keys(), "k2")]; m.Params["name"] != "Ann Smith" || m.To != to {
			t.Errorf("another message was sent: %v", m)
		}
	})
}

func TestEnqueue_faults(t *testing.T) {
	inWorld(t, func(w *world) {
		b, _ := w.box(&vendor{})
		w.enqueue(b, login("taken"))
		other := login("taken")
		other.Params = sms.Params{"code": "111111"}
		expired := shipped("expired")
		expired.Expires = time.Now()
		err := b.Enqueue(w.Context(), login("good1"), login(""), other, expired, sms.Message{To: to, Template: "none", Key: "none"}, sms.Message{To: "13800138000", Template: "sale", Key: "number"}, shipped("good2"))
		refused, ok := errors.AsType[*outbox.EnqueueError](err)
		if !ok {
			t.Fatalf("the error is %v", err)
		}
		want := []struct {
			index int
			key   string
			is    error
		}{{1, "", sms.InvalidMessage}, {2, "taken", outbox.ErrKeyTaken}, {3, "expired", sms.Expired}, {4, "none", sms.InvalidMessage}, {5, "number", sms.InvalidNumber}}
		if len(refused.Faults) != len(want) {
			t.Fatalf("%d faults: %v", len(refused.Faults), err)
		}
		for i, f := range refused.Faults {
			if f.Index != want[i].index || f.Key != want[i].key || !errors.Is(f, want[i].is) || !errors.Is(err, want[i].is) {
				t.Errorf("fault %d is %v", i, f)
			}
		}
		for _, secret := range []string{code, "111111", "13800138000"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells %s", secret)
			}
		}
		w.state(b, "good1", outbox.Accepted)
		w.state(b, "good2", outbox.Accepted)
		if _, err := b.Status(w.Context(), "none"); !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("a message that was refused is stored: %v", err)
		}
	})
}

func TestEnqueue_sameKey(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{}
		b, _ := w.box(v)
		m := shipped("k")
		same := shipped("k")
		same.Tags, same.Expires, same.Kind = map[string]string{"a": "b"}, time.Now().Add(time.Hour), sms.Notification
		w.enqueue(b, m, same, m)
		w.enqueue(b, same)
		w.state(b, "k", outbox.Accepted)
		w.enqueue(b, m)
		if err := b.EnqueueAt(w.Context(), time.Now().Add(time.Hour), m); err != nil {
			t.Errorf("the same at another time: %v", err)
		}
		w.later(2 * time.Hour)
		if n := v.count(); n != 1 {
			t.Errorf("%d calls for one key", n)
		}
	})
}

func TestEnqueueAt(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{}
		b, _ := w.box(v)
		at := time.Now().Add(time.Hour)
		if err := b.EnqueueAt(w.Context(), at, shipped("k")); err != nil {
			t.Fatal(err)
		}
		w.later(time.Hour - time.Second)
		w.state(b, "k", outbox.Queued)
		w.later(time.Second)
		w.state(b, "k", outbox.Accepted)
		if !v.when()[0].Equal(at) {
			t.Errorf("sent at %v", v.when()[0])
		}
		dies := shipped("dies")
		dies.Expires = at.Add(time.Hour)
		if err := b.EnqueueAt(w.Context(), dies.Expires, dies); !errors.Is(err, sms.Expired) {
			t.Errorf("a message that expires before it is due: %v", err)
		}
	})
}

func TestClasses_codesGoFirst(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{answer: func(context.Context, int, sms.Message) error { time.Sleep(10 * time.Millisecond); return nil }}
		b, _ := w.idle(v, func(o *outbox.Options) { o.Workers = 4 })
		for i := range 400 {
			w.enqueue(b, sale(fmt.Sprint("sale ", i)))
		}
		w.enqueue(b, shipped("order"))
		if err := b.Start(w.Context()); err != nil {
			t.Fatal(err)
		}
		w.later(55 * time.Millisecond)
		if keys := v.keys(); slices.Index(keys, "order") >= 4 { // the first four begin at once
			t.Errorf("a notification waits behind promotions: %v", keys)
		}
		asked := time.Now()
		w.enqueue(b, login("code"))
		w.later(time.Second)
		took := v.when()[slices.Index(v.keys(), "code")].Sub(asked)
		if took > time.Millisecond {
			t.Errorf("a code left after %v, behind promotions that fill their workers", took)
		}
	})
}

func TestClasses_nothingIsClaimedThatNoWorkerCanBegin(t *testing.T) {
	inWorld(t, func(w *world) {
		hold := make(chan struct{})
		v := &vendor{answer: func(ctx context.Context, _ int, _ sms.Message) error { <-hold; return nil }}
		b, _ := w.box(v, func(o *outbox.Options) { o.Workers = 8 })
		for i := range 50 {
			w.enqueue(b, sale(fmt.Sprint("sale ", i)), shipped(fmt.Sprint("order ", i)), login(fmt.Sprint("code ", i)))
		}
		synctest.Wait()
		c, err := b.Count(w.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c.States[outbox.Sending] != 8 || v.count() != 8 {
			t.Errorf("%d are claimed and %d begun with 8 workers", c.States[outbox.Sending], v.count())
		}
		close(hold)
	})
}

func TestAttempts_untilAccepted(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{answer: first(3, rejected(sms.Unavailable))}
		b, _ := w.box(v)
		w.enqueue(b, shipped("k"))
		st := w.status(b, "k")
		if st.State != outbox.Queued || !errors.Is(st.Err, sms.Unavailable) || sms.OutcomeOf(st.Err) != sms.Rejected || st.Tries != 1 {
			t.Errorf("after the first try: %+v", st)
		}
		w.later(time.Minute)
		if st = w.status(b, "k"); st.State != outbox.Accepted || st.Tries != 4 || len(st.Story) != 4 {
			t.Errorf("in the end: %+v", st)
		}
		for i := 1; i < 4; i++ {
			wait, longest := v.when()[i].Sub(v.when()[i-1]), time.Second<<(i-1)
			if wait < longest/2 || wait > longest {
				t.Errorf("try %d came after %v", i+1, wait)
			}
		}
	})
}

func TestAttempts_ends(t *testing.T) {
	several := func(reasons ...sms.Reason) error {
		var tries []sms.Attempt
		for _, r := range reasons {
			tries = append(tries, sms.Attempt{Provider: "vendor", Err: rejected(r)})
		}
		return sms.SumAttempts(tries)
	}
	for _, c := range []struct {
		name  string
		err   error
		state outbox.State
		after time.Duration // when it has ended
		calls int
	}{
		{"invalid number", rejected(sms.InvalidNumber), outbox.Rejected, 0, 1},
		{"recipient blocked", rejected(sms.RecipientBlocked), outbox.Rejected, 0, 1},
		{"recipient limited", rejected(sms.RecipientLimited), outbox.Rejected, 0, 1},
		{"expired on the way", rejected(sms.Expired), outbox.Expired, 0, 1},
		{"no vendor has the template", rejected(sms.TemplateRejected), outbox.Dead, 0, 1},
		{"no vendor serves the country", rejected(sms.Unsupported), outbox.Dead, 0, 1},
		{"one is blocked by the recipient, one is down", several(sms.Unavailable, sms.RecipientBlocked), outbox.Rejected, 0, 1},
		{"down for a day", rejected(sms.Unavailable), outbox.Dead, 25 * time.Hour, 0},
		{"the account blocked for a day", rejected(sms.AccountBlocked), outbox.Dead, 25 * time.Hour, 0},
		{"a store of ours down for a day", rejected(sms.Internal), outbox.Dead, 25 * time.Hour, 0},
		{"one does not serve it, one is down for a day", several(sms.Unsupported, sms.Unavailable), outbox.Dead, 25 * time.Hour, 0},
		{"an error that nobody has classified", errors.New("oops"), outbox.Held, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				v := &vendor{answer: always(c.err)}
				b, _ := w.box(v)
				w.enqueue(b, shipped("k"))
				w.later(c.after)
				w.state(b, "k", c.state)
				if c.calls > 0 && v.count() != c.calls || c.calls == 0 && v.count() < 20 {
					t.Errorf("%d calls", v.count())
				}
				st := w.status(b, "k")
				if c.state != outbox.Held && sms.OutcomeOf(st.Err) != sms.Rejected {
					t.Errorf("its outcome is %v", sms.OutcomeOf(st.Err))
				}
				if c.state == outbox.Held && sms.OutcomeOf(st.Err) != sms.Unknown {
					t.Errorf("what is held has outcome %v", sms.OutcomeOf(st.Err))
				}
				if len(st.Story) > 20 {
					t.Errorf("a story of %d tries", len(st.Story))
				}
			})
		})
	}
}

func TestAttempts_retryAfter(t *testing.T) {
	inWorld(t, func(w *world) {
		e := rejected(sms.Throttled).(*sms.Error)
		e.RetryAfter = 7 * time.Minute
		v := &vendor{answer: first(1, e)}
		b, _ := w.box(v)
		w.enqueue(b, shipped("k"))
		w.later(8 * time.Minute)
		if wait := v.when()[1].Sub(v.when()[0]); wait != 7*time.Minute {
			t.Errorf("tried again after %v", wait)
		}
	})
}

func TestCode_isOfUseForMinutes(t *testing.T) {
	t.Run("tried while it lives", func(t *testing.T) {
		inWorld(t, func(w *world) {
			v := &vendor{answer: always(unknown())}
			b, _ := w.box(v)
			w.enqueue(b, login("k"))
			w.later(10 * time.Minute)
			st := w.status(b, "k")
			if st.State != outbox.Expired || sms.OutcomeOf(st.Err) != sms.Unknown {
				t.Errorf("it is %v, outcome %v", st.State, sms.OutcomeOf(st.Err))
			}
			if n := v.count(); n < 10 || v.when()[n-1].Sub(v.when()[0]) > 5*time.Minute {
				t.Errorf("%d calls, the last after %v", n, v.when()[n-1].Sub(v.when()[0]))
			}
		})
	})
	t.Run("never sent late", func(t *testing.T) {
		inWorld(t, func(w *world) {
			v := &vendor{}
			b, _ := w.idle(v)
			w.enqueue(b, login("k"), shipped("order"))
			w.later(6 * time.Minute)
			if err := b.Start(w.Context()); err != nil {
				t.Fatal(err)
			}
			w.state(b, "k", outbox.Expired)
			w.state(b, "order", outbox.Accepted)
			if keys := v.keys(); !slices.Equal(keys, []string{"order"}) {
				t.Errorf("sent: %v", keys)
			}
		})
	})
}

func TestExpires(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{answer: always(rejected(sms.Unavailable))}
		b, _ := w.box(v, func(o *outbox.Options) { o.OutageAfter = 1000 }) // see TestExpires_inAnOutage
		m := shipped("k")
		m.Expires = time.Now().Add(time.Minute)
		w.enqueue(b, m)
		w.later(time.Minute)
		st := w.status(b, "k")
		if st.State != outbox.Expired || !errors.Is(st.Err, sms.Expired) || sms.OutcomeOf(st.Err) != sms.Rejected || !st.At.Equal(m.Expires) {
			t.Errorf("it is %v at %v: %v", st.State, st.At, st.Err)
		}
		for _, at := range v.when() {
			if !at.Before(m.Expires) {
				t.Errorf("tried at %v", at)
			}
		}
	})
}

// What expires while its class pauses is ended after the pause, and never tried.
func TestExpires_inAnOutage(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{answer: always(rejected(sms.Unavailable))}
		b, _ := w.box(v, func(o *outbox.Options) { o.OutageAfter, o.OutageMin, o.OutageMax = 1, 2*time.Minute, 2*time.Minute })
		m := shipped("k")
		m.Expires = time.Now().Add(time.Minute)
		w.enqueue(b, m)
		w.later(2*time.Minute - time.Second)
		if st := w.status(b, "k"); st.State != outbox.Queued {
			t.Errorf("in the pause it is %v", st.State)
		}
		w.later(2 * time.Second)
		if st := w.status(b, "k"); st.State != outbox.Expired || !errors.Is(st.Err, sms.Expired) || v.count() != 1 {
			t.Errorf("after the pause it is %v after %d calls: %v", st.State, v.count(), st.Err)
		}
	})
}

func TestOutage_pausesItsClass(t *testing.T) {
	inWorld(t, func(w *world) {
		var down atomic.Bool
		down.Store(true)
		v := &vendor{answer: func(_ context.Context, _ int, m sms.Message) error {
			if down.Load() && m.Template == "sale" {
				return rejected(sms.Unavailable)
			}
			return nil
		}}
		b, _ := w.box(v, func(o *outbox.Options) { o.Workers = 8 })
		for i := range 1000 {
			w.enqueue(b, sale(fmt.Sprint("sale ", i)))
		}
		w.later(10 * time.Minute)
		if n := v.count(); n > 60 {
			t.Errorf("%d calls in an outage of ten minutes, 1000 waiting", n)
		}
		w.enqueue(b, login("code"))
		w.state(b, "code", outbox.Accepted)
		down.Store(false)
		w.later(time.Minute)
		c, err := b.Count(w.Context())
		if err != nil || c.States[outbox.Accepted] < 950 {
			t.Errorf("a minute after the outage %v are accepted, %v", c.States, err)
		}
	})
}

func TestLimiter_holdsTheRate(t *testing.T) {
	inWorld(t, func(w *world) {
		l := &counting{Limiter: middleware.NewLimiter(middleware.Window{Count: 10, Per: time.Second})}
		v := &vendor{}
		limit := func(o *outbox.Options) { o.Limiter = l }
		b, _ := w.box(v, limit)
		w.box(v, limit) // a second process, sharing the limit
		for i := range 300 {
			w.enqueue(b, sale(fmt.Sprint("sale ", i)))
		}
		w.later(10 * time.Second)
		n := v.count()
		for i := 10; i < n; i++ {
			if between := v.when()[i].Sub(v.when()[i-10]); between < time.Second {
				t.Fatalf("calls %d to %d came within %v", i-10, i, between)
			}
		}
		if n < 90 {
			t.Errorf("%d calls in ten seconds at ten a second", n)
		}
		if takes := int(l.takes.Load()); takes > 4*n {
			t.Errorf("%d takes for %d calls: it spins on refusals", takes, n)
		}
		asked := time.Now()
		w.enqueue(b, login("code"))
		w.later(3 * time.Second)
		if i := slices.Index(v.keys(), "code"); i < 0 || v.when()[i].Sub(asked) > 1100*time.Millisecond {
			t.Error("a code waits behind promotions for the rate")
		}
	})
}

type counting struct {
	middleware.Limiter
	takes atomic.Int64
}

func (c *counting) Take(ctx context.Context, key string) (middleware.Token, error) {
	c.takes.Add(1)
	return c.Limiter.Take(ctx, key)
}

func TestCancel(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{}
		b, _ := w.box(v)
		if err := b.EnqueueAt(w.Context(), time.Now().Add(time.Hour), shipped("k")); err != nil {
			t.Fatal(err)
		}
		if err := b.Cancel(w.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		st := w.status(b, "k")
		if st.State != outbox.Canceled || st.Err != nil || st.To != "+86138****8000" {
			t.Errorf("it is %+v", st)
		}
		if err := b.Cancel(w.Context(), "k"); !errors.Is(err, outbox.ErrState) {
			t.Errorf("again: %v", err)
		}
		if err := b.Cancel(w.Context(), "nobody"); !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("one that does not exist: %v", err)
		}
		w.later(2 * time.Hour)
		if v.count() != 0 {
			t.Error("it was sent")
		}
	})
}

func TestDeadAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{answer: first(2, rejected(sms.TemplateRejected))}
		b, _ := w.box(v)
		w.enqueue(b, shipped("k"), shipped("other"))
		synctest.Wait()
		list, err := b.List(w.Context(), outbox.Dead, "", 10)
		if err != nil || len(list) != 2 || list[0].Key != "k" || list[0].To != "+86138****8000" || !errors.Is(list[0].Err, sms.TemplateRejected) {
			t.Fatalf("the dead are %+v, %v", list, err)
		}
		w.later(48 * time.Hour)
		if err := b.Retry(w.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		w.state(b, "k", outbox.Accepted)
		if err := b.Drop(w.Context(), "other"); err != nil {
			t.Fatal(err)
		}
		w.state(b, "other", outbox.Canceled)
		if err := b.Retry(w.Context(), "k"); !errors.Is(err, outbox.ErrState) {
			t.Errorf("what is accepted, again: %v", err)
		}
	})
}

func TestWatch(t *testing.T) {
	inWorld(t, func(w *world) {
		b, _ := w.idle(&vendor{})
		w.enqueue(b, sale("k"))
		n := 0
		began := time.Now()
		for c, err := range b.Watch(w.Context()) {
			if err != nil || c.States[outbox.Queued] != 1 || c.Classes["promotion"].Ready != 1 {
				t.Errorf("it tells %+v, %v", c, err)
			}
			if n++; n == 3 {
				break
			}
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("three counts took %v", took)
		}
	})
}
