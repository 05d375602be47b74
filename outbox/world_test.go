package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
	"github.com/notifykit/notify/sms"
)

const (
	to   = sms.Number("+8613800138000")
	code = "482913"
)

func registry(t testing.TB) *sms.Registry {
	t.Helper()
	r, err := sms.NewRegistry(
		sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."},
		sms.Template{Name: "shipped", Kind: sms.Notification, Text: "${name}, order ${order} is on its way."},
		sms.Template{Name: "sale", Kind: sms.Promotion, Text: "Everything must go."},
		sms.Template{Name: "abroad", Kind: sms.International, Text: "Hello."},
	)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func login(key string) sms.Message {
	return sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": code}, Key: key}
}

func shipped(key string) sms.Message {
	return sms.Message{To: to, Template: "shipped", Params: sms.Params{"name": "Ann Smith", "order": "4711-0815"}, Key: key}
}

func sale(key string) sms.Message { return sms.Message{To: to, Template: "sale", Key: key} }

// A vendor is the Sender of a test. Answer and find are asked for each call; a nil
// one accepts, and cannot be asked.
type vendor struct {
	mu     sync.Mutex
	calls  []sms.Message
	times  []time.Time
	answer func(ctx context.Context, n int, m sms.Message) error // n counts from 1
}

func (v *vendor) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	v.mu.Lock()
	v.calls = append(v.calls, m.Clone())
	v.times = append(v.times, time.Now())
	n, answer := len(v.calls), v.answer
	v.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, n, m); err != nil {
			return sms.Receipt{}, err
		}
	}
	return sms.Receipt{Provider: "vendor", Key: m.Key, ID: "id of " + m.Key, Segments: 1}, nil
}

// when gives the times of the calls so far, in order.
func (v *vendor) when() []time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.times)
}

// keys gives the keys of the calls so far, in order.
func (v *vendor) keys() (keys []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, m := range v.calls {
		keys = append(keys, m.Key)
	}
	return keys
}

func (v *vendor) count() int { return len(v.keys()) }

// A knowing vendor can be asked.
type knowing struct {
	*vendor
	find func(n int, m sms.Message, since time.Time) (sms.Receipt, error)
	asks []time.Time
}

func (k *knowing) Ask(_ context.Context, q sms.Question) (sms.Receipt, error) {
	k.mu.Lock()
	k.asks = append(k.asks, time.Now())
	n := len(k.asks)
	k.mu.Unlock()
	return k.find(n, q.Message, q.Since)
}

func rejected(r sms.Reason) error {
	return &sms.Error{Provider: "vendor", Code: "42", Message: "no", Reason: r, Outcome: sms.Rejected}
}

func unknown() error {
	return &sms.Error{Provider: "vendor", Reason: sms.Unavailable, Outcome: sms.Unknown, Err: errors.New("no answer")}
}

// always answers err to every call.
func always(err error) func(context.Context, int, sms.Message) error {
	return func(context.Context, int, sms.Message) error { return err }
}

// first answers err to the first n calls.
func first(n int, err error) func(context.Context, int, sms.Message) error {
	return func(_ context.Context, i int, _ sms.Message) error {
		if i <= n {
			return err
		}
		return nil
	}
}

// A world is a Disk with processes on it, in a bubble.
type world struct {
	*testing.T
	disk *outboxtest.Disk
	log  bytes.Buffer
}

func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(&world{T: t, disk: outboxtest.NewDisk()}) })
}

// box makes an Outbox in a process of its own, and starts it.
func (w *world) box(s sms.Sender, change ...func(*outbox.Options)) (*outbox.Outbox, *outboxtest.Memory) {
	w.Helper()
	b, e := w.idle(s, change...)
	if err := b.Start(w.Context()); err != nil {
		w.Fatal(err)
	}
	return b, e
}

// idle makes an Outbox that is not started.
func (w *world) idle(s sms.Sender, change ...func(*outbox.Options)) (*outbox.Outbox, *outboxtest.Memory) {
	w.Helper()
	e := w.disk.Open()
	o := outbox.Options{Engine: e, Sender: s, Templates: registry(w), Logger: slog.New(slog.NewTextHandler(&w.log, nil))}
	for _, c := range change {
		c(&o)
	}
	b, err := outbox.New(o)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil && w.Context().Err() == nil {
			w.Errorf("Close: %v", err)
		}
		e.Close()
	})
	return b, e
}

func (w *world) enqueue(b *outbox.Outbox, messages ...sms.Message) {
	w.Helper()
	if err := b.Enqueue(w.Context(), messages...); err != nil {
		w.Fatal(err)
	}
}

// status waits until all is quiet and gives the status of key.
func (w *world) status(b *outbox.Outbox, key string) outbox.Status {
	w.Helper()
	synctest.Wait()
	st, err := b.Status(w.Context(), key)
	if err != nil {
		w.Fatal(err)
	}
	return st
}

func (w *world) state(b *outbox.Outbox, key string, want outbox.State) {
	w.Helper()
	if st := w.status(b, key); st.State != want {
		w.Fatalf("%s is %v, want %v: %v, story %+v", key, st.State, want, st.Err, st.Story)
	}
}

// later lets the clock go on.
func (w *world) later(d time.Duration) {
	time.Sleep(d) // the bubble's clock
	synctest.Wait()
}
