package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/sms"
)

// never is an answer of the Finder's: certainly not taken.
func never(int, sms.Message, time.Time) (sms.Receipt, error) {
	return sms.Receipt{}, sms.ErrNotFound
}

func undecided(int, sms.Message, time.Time) (sms.Receipt, error) {
	return sms.Receipt{}, fmt.Errorf("%w: listing fails", sms.ErrUndecided)
}

func taken(_ int, m sms.Message, _ time.Time) (sms.Receipt, error) {
	return sms.Receipt{Provider: "vendor", Key: m.Key, ID: "found"}, nil
}

// crashed leaves messages in the middle of a call whose process is gone.
func (w *world) crashed(messages ...sms.Message) {
	w.Helper()
	w.crashedWith(func(*outbox.Options) {}, messages...)
}

func (w *world) crashedWith(change func(*outbox.Options), messages ...sms.Message) {
	w.Helper()
	v := &vendor{answer: func(ctx context.Context, _ int, _ sms.Message) error { <-ctx.Done(); return ctx.Err() }}
	e := w.disk.Open()
	o := outbox.Options{Engine: e, Sender: v, Templates: registry(w)}
	change(&o)
	b, err := outbox.New(o)
	if err != nil {
		w.Fatal(err)
	}
	if err := b.Start(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.enqueue(b, messages...)
	synctest.Wait()
	if v.count() != len(messages) {
		w.Fatalf("%d calls are under way", v.count())
	}
	e.Kill()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = b.Close(ended) // the process is gone, and records nothing
}

func TestCrash_code(t *testing.T) {
	inWorld(t, func(w *world) {
		w.crashed(login("k"))
		v := &vendor{}
		b, _ := w.box(v)
		w.state(b, "k", outbox.Accepted)
		if v.count() != 1 {
			t.Errorf("%d calls", v.count())
		}
	})
}

func TestCrash_asksTheVendor(t *testing.T) {
	for _, c := range []struct {
		name  string
		find  func(int, sms.Message, time.Time) (sms.Receipt, error)
		state outbox.State
		sent  int
	}{
		{"which has it", taken, outbox.Accepted, 0},
		{"which never took it", never, outbox.Accepted, 1},
		{"which cannot tell", undecided, outbox.Held, 0},
		{"which says both", func(int, sms.Message, time.Time) (sms.Receipt, error) {
			return sms.Receipt{}, errors.Join(sms.ErrNotFound, sms.ErrUndecided)
		}, outbox.Held, 0},
		{"which answers something else", func(int, sms.Message, time.Time) (sms.Receipt, error) {
			return sms.Receipt{}, errors.New("oops")
		}, outbox.Held, 0},
		{"which panics", func(int, sms.Message, time.Time) (sms.Receipt, error) { panic("oops") }, outbox.Held, 0},
		{"which can tell later", func(n int, m sms.Message, since time.Time) (sms.Receipt, error) {
			if n < 4 {
				return undecided(n, m, since)
			}
			return never(n, m, since)
		}, outbox.Accepted, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				began := time.Now()
				w.crashed(shipped("k"))
				v := &knowing{vendor: &vendor{}, find: c.find}
				b, _ := w.box(v)
				w.state(b, "k", outbox.Sending)
				if err := b.Cancel(w.Context(), "k"); !errors.Is(err, outbox.ErrState) {
					t.Errorf("what may have been sent is canceled: %v", err)
				}
				w.later(time.Hour)
				st := w.status(b, "k")
				if st.State != c.state || v.count() != c.sent {
					t.Errorf("it is %v after %d calls: %v", st.State, v.count(), st.Story)
				}
				if first := v.asks[0].Sub(began); first < 2*time.Minute {
					t.Errorf("asked %v after the hand-out: the call may have lasted a minute, and listings lag for one", first)
				}
				if c.state == outbox.Held && sms.OutcomeOf(st.Err) != sms.Unknown {
					t.Errorf("what is held has outcome %v", sms.OutcomeOf(st.Err))
				}
			})
		})
	}
}

func TestCrash_nobodyCanTell(t *testing.T) {
	for _, c := range []struct {
		policy outbox.UnknownPolicy
		state  outbox.State
		sent   int
	}{{0, outbox.Held, 0}, {outbox.Hold, outbox.Held, 0}, {outbox.SendAgain, outbox.Accepted, 1}} {
		t.Run(fmt.Sprint("policy ", c.policy), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.crashed(shipped("k"), sale("other"))
				v := &vendor{}
				b, _ := w.box(v, func(o *outbox.Options) {
					o.OnUnknown = map[sms.Kind]outbox.UnknownPolicy{sms.Notification: c.policy}
				})
				w.later(time.Minute)
				w.state(b, "k", c.state)
				w.state(b, "other", outbox.Held)
				if v.count() != c.sent {
					t.Errorf("%d calls", v.count())
				}
			})
		})
	}
}

func TestCrash_aCodeThatMayNotGoTwice(t *testing.T) {
	inWorld(t, func(w *world) {
		hold := func(o *outbox.Options) {
			o.OnUnknown = map[sms.Kind]outbox.UnknownPolicy{sms.Verification: outbox.Hold}
		}
		v := &vendor{answer: always(unknown())}
		b, _ := w.box(v, hold)
		w.enqueue(b, login("k"))
		w.later(time.Minute)
		w.state(b, "k", outbox.Held)
		if v.count() != 1 {
			t.Errorf("%d calls", v.count())
		}
	})
}

func TestUnknown_afterACall(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &knowing{vendor: &vendor{answer: first(1, unknown())}, find: func(n int, m sms.Message, since time.Time) (sms.Receipt, error) {
			if n == 1 {
				return sms.Receipt{}, sms.ErrNotFound
			}
			return taken(n, m, since)
		}}
		b, _ := w.box(v)
		w.enqueue(b, shipped("k"))
		w.state(b, "k", outbox.Sending)
		w.later(sms.FindAfter)
		st := w.status(b, "k")
		if st.State != outbox.Accepted || v.count() != 2 || len(v.asks) != 1 {
			t.Errorf("it is %v after %d calls and %d questions", st.State, v.count(), len(v.asks))
		}
	})
}

func TestUnknown_aPanic(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{answer: func(context.Context, int, sms.Message) error { panic("code " + code) }}
		b, _ := w.box(v)
		w.enqueue(b, shipped("k"))
		w.state(b, "k", outbox.Held)
		if strings.Contains(w.log.String(), code) {
			t.Error("the log tells what the panic said")
		}
	})
}

func TestHeld_aPersonDecides(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{answer: first(3, unknown())}
		b, _ := w.box(v)
		w.enqueue(b, shipped("a"), shipped("b"), shipped("c"))
		w.later(time.Minute)
		for key, decide := range map[string]func(context.Context, string) error{"a": b.Retry, "b": b.MarkSent, "c": b.Drop} {
			w.state(b, key, outbox.Held)
			if err := decide(w.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		w.state(b, "a", outbox.Accepted)
		w.state(b, "b", outbox.Accepted)
		w.state(b, "c", outbox.Canceled)
		if keys := v.keys(); len(keys) != 4 || keys[3] != "a" {
			t.Errorf("calls: %v", keys)
		}
		if st := w.status(b, "c"); sms.OutcomeOf(st.Err) != sms.Unknown {
			t.Errorf("what was held and dropped has outcome %v", sms.OutcomeOf(st.Err))
		}
		if err := b.MarkSent(w.Context(), "c"); !errors.Is(err, outbox.ErrState) {
			t.Errorf("a second decision: %v", err)
		}
	})
}

func TestPaused_beyondItsLease(t *testing.T) {
	inWorld(t, func(w *world) {
		wake := make(chan struct{})
		slow := &vendor{answer: func(context.Context, int, sms.Message) error { <-wake; return nil }}
		b, e := w.box(slow, func(o *outbox.Options) { o.SendTimeout = time.Hour })
		w.enqueue(b, shipped("k"))
		synctest.Wait()
		e.Pause()
		other, _ := w.box(&vendor{})
		w.later(11 * time.Second)
		w.state(other, "k", outbox.Held)
		e.Resume()
		close(wake)
		w.state(other, "k", outbox.Accepted)
	})
}

func TestTwoProcesses_disjoint(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{answer: func(context.Context, int, sms.Message) error { time.Sleep(time.Millisecond); return nil }}
		b, _ := w.box(v)
		for range 3 {
			w.box(v)
		}
		for i := range 300 {
			w.enqueue(b, shipped(fmt.Sprint(i)))
		}
		w.later(time.Second)
		keys := v.keys()
		slices.Sort(keys)
		if n := len(slices.Compact(keys)); n != 300 || v.count() != 300 {
			t.Errorf("%d calls for %d messages", v.count(), n)
		}
	})
}

func TestClose_waitsForSends(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{answer: func(context.Context, int, sms.Message) error { time.Sleep(20 * time.Second); return nil }}
		b, _ := w.box(v, func(o *outbox.Options) {
			o.Workers = 2
			o.Classes = []outbox.Class{{Name: "verification"}, {Name: "notification", Workers: 2}}
		})
		w.enqueue(b, shipped("a"), shipped("b"), shipped("c"))
		synctest.Wait()
		began := time.Now()
		if err := b.Close(w.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("Close took %v", took)
		}
		if err := b.Enqueue(w.Context(), shipped("d")); !errors.Is(err, outbox.ErrClosed) {
			t.Errorf("Enqueue after Close: %v", err)
		}
		if err := b.Start(w.Context()); !errors.Is(err, outbox.ErrClosed) {
			t.Errorf("Start after Close: %v", err)
		}
		if err := b.Close(w.Context()); err != nil {
			t.Errorf("Close again: %v", err)
		}
		after, _ := w.idle(v)
		w.state(after, "a", outbox.Accepted)
		w.state(after, "c", outbox.Queued)
	})
}

func TestClose_cutsSends(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{answer: func(ctx context.Context, _ int, _ sms.Message) error { <-ctx.Done(); return ctx.Err() }}
		e := w.disk.Open()
		b, err := outbox.New(outbox.Options{Engine: e, Sender: v, Templates: registry(t)})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Start(w.Context()); err != nil {
			t.Fatal(err)
		}
		w.enqueue(b, shipped("order"), login("code"))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := b.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("Close took %v", took)
		}
		e.Close()
		again := &vendor{}
		after, _ := w.box(again)
		w.later(time.Minute)
		w.state(after, "code", outbox.Accepted)
		w.state(after, "order", outbox.Held)
		if again.count() != 1 {
			t.Errorf("%d calls", again.count())
		}
	})
}

func TestStore_failsForAWhile(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{}
		broken := &failing{}
		b, _ := w.idle(v, func(o *outbox.Options) { broken.Engine, o.Engine = o.Engine, broken })
		if err := b.Start(w.Context()); err != nil {
			t.Fatal(err)
		}
		w.enqueue(b, shipped("before"))
		synctest.Wait()
		broken.fail(true)
		if err := b.Enqueue(w.Context(), shipped("during")); err == nil {
			t.Error("Enqueue acknowledges what is not stored")
		} else if _, fault := errors.AsType[*outbox.EnqueueError](err); fault {
			t.Errorf("a store that fails is told as the message's fault: %v", err)
		}
		w.later(time.Minute)
		broken.fail(false)
		w.enqueue(b, shipped("during"))
		w.later(10 * time.Second)
		w.state(b, "during", outbox.Accepted)
		if v.count() != 2 {
			t.Errorf("%d calls", v.count())
		}
	})
}

// An end that cannot be recorded is recorded later, and the message is not sent
// again in between.
func TestStore_failsWhileAMessageIsSent(t *testing.T) {
	inWorld(t, func(w *world) {
		broken := &failing{}
		v := &vendor{answer: func(context.Context, int, sms.Message) error { broken.fail(true); return nil }}
		b, _ := w.idle(v, func(o *outbox.Options) { broken.Engine, o.Engine = o.Engine, broken })
		if err := b.Start(w.Context()); err != nil {
			t.Fatal(err)
		}
		w.enqueue(b, shipped("k"))
		w.later(time.Minute)
		broken.fail(false)
		w.later(10 * time.Second)
		w.state(b, "k", outbox.Accepted)
		if v.count() != 1 {
			t.Errorf("%d calls", v.count())
		}
	})
}
