package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/sms"
)

// A call that stays unknown and that the vendor never took is not sent for ever.
func TestUnknown_comesToAnEnd(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &knowing{vendor: &vendor{answer: always(unknown())}, find: never}
		b, _ := w.box(v)
		w.enqueue(b, shipped("k"))
		w.later(100 * time.Hour)
		w.state(b, "k", outbox.Dead)
		if n := v.count(); n > 1500 || v.when()[n-1].Sub(v.when()[0]) > 25*time.Hour {
			t.Errorf("%d calls, the last after %v", n, v.when()[n-1].Sub(v.when()[0]))
		}
	})
}

// A limit of ours says when to try again: the message waits until then, which is no
// try and no outage. The vendor's limit is final.
func TestOwnLimit_isWaitedFor(t *testing.T) {
	for _, reason := range []sms.Reason{sms.RecipientLimited, sms.Paced, sms.OverBudget} {
		t.Run(string(reason), func(t *testing.T) {
			inWorld(t, func(w *world) {
				ours := &sms.Error{Reason: reason, Outcome: sms.Rejected, RetryAfter: 7 * time.Minute}
				v := &vendor{answer: first(6, ours)}
				b, _ := w.box(v, func(o *outbox.Options) { o.OutageAfter = 2 })
				w.enqueue(b, shipped("k"))
				w.state(b, "k", outbox.Queued)
				w.later(time.Hour)
				st := w.status(b, "k")
				if st.State != outbox.Accepted || st.Tries != 1 {
					t.Errorf("it is %v after %d tries: %v", st.State, st.Tries, st.Err)
				}
				for i := 1; i < 7; i++ {
					if wait := v.when()[i].Sub(v.when()[i-1]); wait < 7*time.Minute || wait > 8*time.Minute {
						t.Errorf("asked again after %v", wait)
					}
				}
				if strings.Contains(w.log.String(), "pauses") {
					t.Error("our own limit counts as an outage")
				}
			})
		})
	}
	t.Run("a turn", func(t *testing.T) {
		inWorld(t, func(w *world) {
			var turns []time.Time
			v := &vendor{answer: func(ctx context.Context, n int, _ sms.Message) error {
				turn, ok := sms.TurnOf(ctx)
				if turns = append(turns, turn); !ok {
					t.Error("the call waits in the pace")
				}
				if n < 3 {
					return &sms.Error{Reason: sms.Canceled, Outcome: sms.Rejected, Err: sms.ErrTurn, RetryAfter: 10 * time.Second}
				}
				return nil
			}}
			b, _ := w.box(v)
			began := time.Now()
			w.enqueue(b, shipped("k"))
			w.later(time.Minute)
			st := w.status(b, "k")
			if st.State != outbox.Accepted || st.Tries != 1 || len(st.Story) != 1 {
				t.Errorf("it is %v after %d tries: %+v", st.State, st.Tries, st.Story)
			}
			if !turns[0].IsZero() || !turns[1].Equal(began.Add(10*time.Second)) || !turns[2].Equal(began.Add(20*time.Second)) {
				t.Errorf("its turns are %v", turns)
			}
		})
	})
	t.Run("a vendor's", func(t *testing.T) {
		inWorld(t, func(w *world) {
			b, _ := w.box(&vendor{answer: always(rejected(sms.RecipientLimited))})
			w.enqueue(b, shipped("k"))
			w.state(b, "k", outbox.Rejected)
		})
	})
}

// While versions change, a process gets messages that only another can read.
func TestRolling_whatAnotherProcessReads(t *testing.T) {
	secret := func(i byte) []byte { return append([]byte(strings.Repeat("secret", 6)), i) }
	for _, c := range []struct {
		name         string
		writer, late func(*outbox.Options)
		message      func(string) sms.Message
		longest      time.Duration
	}{
		{"a template it does not know", nil, func(o *outbox.Options) { o.Templates = nil }, shipped, time.Minute},
		{"a template of a code", nil, func(o *outbox.Options) { o.Templates = nil }, login, 10 * time.Second},
		{"a key it does not have", func(o *outbox.Options) { o.Keys = [][]byte{secret(1)} }, nil, shipped, time.Minute},
		{"a code under a key it does not have", func(o *outbox.Options) { o.Keys = [][]byte{secret(1)} }, nil, login, 10 * time.Second},
		{"plain, where that is refused", nil, func(o *outbox.Options) { o.Keys, o.RefusePlain = [][]byte{secret(1)}, true }, shipped, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				change := func(f func(*outbox.Options)) func(*outbox.Options) {
					if f == nil {
						return func(*outbox.Options) {}
					}
					return f
				}
				writer, _ := w.idle(&vendor{}, change(c.writer))
				for i := range 100 {
					w.enqueue(writer, c.message(fmt.Sprint("k", i)))
				}
				v := &vendor{}
				late, _ := w.box(v, change(c.late))
				w.later(2 * time.Minute)
				counts, err := late.Count(w.Context())
				if err != nil || counts.States[outbox.Queued] != 100 || v.count() != 0 {
					t.Fatalf("after two minutes: %v, %v, %d calls", counts.States, err, v.count())
				}
				if strings.Contains(w.log.String(), "pauses") {
					t.Error("what cannot be read counts as an outage")
				}
				knows, _ := w.box(v, change(c.writer))
				// Both processes are handed messages, by chance.
				rest, least := 12*time.Hour, int64(100)
				if c.longest < time.Minute { // codes, which expire meanwhile
					rest, least = 10*c.longest, 30
				}
				w.later(rest)
				counts, err = knows.Count(w.Context())
				if err != nil || counts.States[outbox.Accepted] < least {
					t.Errorf("beside a process that reads it: %v, %v", counts.States, err)
				}
			})
		})
	}
}

// OpenKeys open what is stored and seal nothing.
func TestOpenKeys(t *testing.T) {
	inWorld(t, func(w *world) {
		old, young := []byte(strings.Repeat("old key ", 8)), []byte(strings.Repeat("young key ", 8))
		first, _ := w.idle(&vendor{}, func(o *outbox.Options) { o.Keys = [][]byte{young} })
		w.enqueue(first, shipped("sealed"))
		v := &vendor{}
		second, e := w.box(v, func(o *outbox.Options) { o.Keys, o.OpenKeys = [][]byte{old}, [][]byte{young} })
		w.state(second, "sealed", outbox.Accepted)
		third, _ := w.idle(v, func(o *outbox.Options) { o.Keys = [][]byte{young} })
		later := shipped("later")
		if err := second.EnqueueAt(w.Context(), time.Now().Add(time.Hour), later); err != nil {
			t.Fatal(err)
		}
		if st := w.status(third, "later"); st.To != "" {
			t.Errorf("it is sealed under the key that only opens: %+v", st)
		}
		if r, err := e.Last(w.Context(), "later"); err != nil || strings.Contains(string(r.Data), "Ann") {
			t.Errorf("it is not sealed: %v", err)
		}
	})
}

// After a crash another configuration asks: what it does not find may have been sent
// in another form.
func TestMark_anotherConfiguration(t *testing.T) {
	for _, c := range []struct {
		name     string
		mine     string
		find     func(int, sms.Message, time.Time) (sms.Receipt, error)
		state    outbox.State
		newCalls int
	}{
		{"the same, never taken", "one", never, outbox.Accepted, 1},
		{"another, never taken", "two", never, outbox.Held, 0},
		{"another, found", "two", taken, outbox.Accepted, 0},
		{"none, never taken", "", never, outbox.Held, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.crashedWith(func(o *outbox.Options) { o.Mark = "one" }, shipped("k"))
				v := &knowing{vendor: &vendor{}, find: c.find}
				b, _ := w.box(v, func(o *outbox.Options) { o.Mark = c.mine })
				w.later(time.Hour)
				st := w.status(b, "k")
				if st.State != c.state || v.count() != c.newCalls {
					t.Errorf("it is %v after %d calls: %+v", st.State, v.count(), st.Story)
				}
			})
		})
	}
}

// Two messages with one text go to one number, both are in doubt, and the vendor has
// one of them: one is accepted by it, and the other is not.
func TestSameText_oneAtTheVendor(t *testing.T) {
	inWorld(t, func(w *world) {
		w.crashed(shipped("a"), shipped("b"))
		v := &knowing{vendor: &vendor{}, find: taken}
		b, _ := w.box(v)
		w.later(time.Hour)
		counts, err := b.Count(w.Context())
		if err != nil || counts.States[outbox.Accepted] != 1 || counts.States[outbox.Held] != 1 {
			t.Errorf("%v, %v", counts.States, err)
		}
		if v.count() != 0 {
			t.Errorf("%d calls", v.count())
		}
	})
}

// A vendor that is asked by content is told which of its messages are others'.
func TestSameText_owned(t *testing.T) {
	inWorld(t, func(w *world) {
		first, _ := w.box(&vendor{})
		w.enqueue(first, shipped("a"))
		w.state(first, "a", outbox.Accepted)
		if err := first.Close(w.Context()); err != nil {
			t.Fatal(err)
		}
		w.crashed(shipped("b"))
		v := &asking{vendor: &vendor{}}
		v.ask = func(ctx context.Context, q sms.Question) (sms.Receipt, error) {
			owned, err := q.Owned(ctx, "vendor", []string{"id of a", "id of nobody"})
			if err != nil || len(owned) != 1 || owned[0] != "id of a" {
				t.Errorf("owned are %v, %v", owned, err)
			}
			if age := time.Since(q.Until); age < time.Minute || q.Since.After(q.Until) || time.Since(q.Since) < 2*time.Minute {
				t.Errorf("it may have left from %v to %v before", time.Since(q.Since), age)
			}
			return sms.Receipt{}, sms.ErrNotFound
		}
		b, _ := w.box(v)
		w.later(time.Hour)
		w.state(b, "b", outbox.Accepted)
	})
}

// asking is a vendor that is asked with the whole question.
type asking struct {
	*vendor
	ask func(ctx context.Context, q sms.Question) (sms.Receipt, error)
}

func (a *asking) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) { return a.ask(ctx, q) }

// The store's clock differs from the program's, or is set while a message waits to be
// asked about: nothing is asked too early, late or twice.
func TestClock(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(fmt.Sprint("ahead by ", ahead), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.disk.SetClock(ahead)
				began := time.Now()
				w.crashed(shipped("k"))
				v := &knowing{vendor: &vendor{}, find: taken}
				b, _ := w.box(v)
				w.enqueue(b, login("code"))
				w.state(b, "code", outbox.Accepted)
				w.later(3 * time.Minute)
				w.state(b, "k", outbox.Accepted)
				if asked := v.asks[0].Sub(began); asked < 2*time.Minute || asked > 2*time.Minute+5*time.Second {
					t.Errorf("asked after %v", asked)
				}
			})
		})
	}
	t.Run("set forward while it waits", func(t *testing.T) {
		inWorld(t, func(w *world) {
			began := time.Now()
			w.crashed(shipped("k"))
			v := &knowing{vendor: &vendor{}, find: taken}
			b, _ := w.box(v)
			w.later(time.Second)
			w.disk.SetClock(time.Hour)
			w.later(5 * time.Minute)
			w.state(b, "k", outbox.Accepted)
			if asked := v.asks[0].Sub(began); asked < 2*time.Minute {
				t.Errorf("asked after %v", asked)
			}
		})
	})
	t.Run("set back while no process lived", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.crashed(shipped("k"))
			w.disk.SetClock(-time.Hour)
			began := time.Now()
			v := &asking{vendor: &vendor{}}
			v.ask = func(_ context.Context, q sms.Question) (sms.Receipt, error) {
				if !q.Since.Before(began) {
					t.Errorf("the listing is read from %v after the call on", q.Since.Sub(began))
				}
				return sms.Receipt{Provider: "vendor", ID: "found"}, nil
			}
			b, _ := w.box(v)
			w.later(3 * time.Hour)
			w.state(b, "k", outbox.Accepted)
		})
	})
}

// Hooks: the end of a message, what the program knows by itself, and a report.
func TestHooks(t *testing.T) {
	inWorld(t, func(w *world) {
		var mu sync.Mutex
		ended := map[string]outbox.State{}
		v := &vendor{answer: func(_ context.Context, _ int, m sms.Message) error {
			switch m.Key {
			case "rejected":
				return rejected(sms.InvalidNumber)
			case "held", "known", "reported":
				return unknown()
			}
			return nil
		}}
		b, _ := w.box(&asking{v, func(context.Context, sms.Question) (sms.Receipt, error) { return sms.Receipt{}, sms.ErrUndecided }}, func(o *outbox.Options) {
			o.OnEnd = func(_ context.Context, s outbox.Status) {
				mu.Lock()
				defer mu.Unlock()
				ended[s.Key] = s.State
				if strings.Contains(fmt.Sprint(s), string(to)) {
					t.Errorf("it shows the number: %v", s)
				}
				panic("a hook that fails")
			}
			o.Known = func(_ context.Context, q sms.Question) (sms.Receipt, error) {
				if q.Key == "known" {
					return sms.Receipt{Provider: "vendor", ID: "by a report"}, nil
				}
				return sms.Receipt{}, errors.New("nothing is known")
			}
		})
		w.enqueue(b, shipped("sent"), shipped("rejected"), shipped("held"), shipped("known"), shipped("reported"))
		w.later(time.Second)
		if err := b.Resolve(w.Context(), "reported", sms.Receipt{Provider: "vendor", ID: "7"}); err != nil {
			t.Error(err)
		}
		if st := w.status(b, "reported"); st.State != outbox.Accepted || st.Receipt.ID != "7" {
			t.Errorf("it is %v: %+v", st.State, st.Receipt)
		}
		w.later(time.Hour)
		mu.Lock()
		got := fmt.Sprint(ended)
		mu.Unlock()
		if want := fmt.Sprint(map[string]outbox.State{"sent": outbox.Accepted, "rejected": outbox.Rejected, "held": outbox.Held, "known": outbox.Accepted}); got != want {
			t.Errorf("ended are %v, want %v", got, want)
		}
		if err := b.Resolve(w.Context(), "held", sms.Receipt{Provider: "vendor", ID: "8"}); err != nil {
			t.Error(err)
		}
		w.state(b, "held", outbox.Accepted)
		if err := b.Resolve(w.Context(), "sent", sms.Receipt{}); !errors.Is(err, outbox.ErrState) {
			t.Errorf("what is known already: %v", err)
		}
	})
}
