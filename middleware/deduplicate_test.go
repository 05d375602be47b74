package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func deduplicated(v sms.Sender) sms.Sender {
	return sms.Chain(v, middleware.Deduplicate(middleware.NewMemoryStore(0), time.Hour))
}

func TestDeduplicate_oneAfterTheOther(t *testing.T) {
	tests := []struct {
		name   string
		answer error
		calls  int // for three messages of one key
		want   string
	}{
		{"accepted: its receipt again", nil, 1, "a accepted"},
		{"rejected: sent again", no("a", sms.Unavailable), 2, "a accepted"},
		{"unknown: its error again", &sms.Error{Provider: "a", Reason: sms.Unavailable, Code: "500", Kind: sms.Notification}, 1, "a unavailable?"},
		{"unclassified: unknown", errors.New("what"), 1, " internal?"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := refusals("a", test.answer)
			s := deduplicated(v)
			var r sms.Receipt
			var err error
			for range 3 {
				r, err = s.Send(t.Context(), message)
			}
			if got := told(t, r, err); got != test.want || v.calls() != test.calls {
				t.Errorf("%q after %d calls, want %q after %d", got, v.calls(), test.want, test.calls)
			}
			if err == nil && (r.ID != "id" || r.Key != "k") {
				t.Errorf("the receipt is %+v", r)
			}
		})
	}
}

func TestDeduplicate_window(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a")
		s := deduplicated(v)
		_, _ = s.Send(t.Context(), message)
		time.Sleep(time.Hour - time.Nanosecond)
		_, _ = s.Send(t.Context(), message)
		if v.calls() != 1 {
			t.Errorf("within the hour: %d calls", v.calls())
		}
		time.Sleep(time.Nanosecond)
		_, _ = s.Send(t.Context(), message)
		if v.calls() != 2 {
			t.Errorf("after the hour: %d calls", v.calls())
		}
	})
}

func TestDeduplicate_content(t *testing.T) {
	base := sms.Message{To: inland, Template: "t", Params: sms.Params{"a": "b", "c": "d"}, Key: "k"}
	change := func(f func(*sms.Message)) sms.Message {
		m := base.Clone()
		f(&m)
		return m
	}
	tests := []struct {
		name string
		m    sms.Message
		same bool
	}{
		{"the same", base.Clone(), true},
		{"the template's kind told", change(func(m *sms.Message) { m.Kind = sms.Verification }), true},
		{"other tags", change(func(m *sms.Message) { m.Tags = map[string]string{"x": "y"} }), true},
		{"another expiry", change(func(m *sms.Message) { m.Expires = time.Now().Add(time.Hour) }), true},
		{"another number", change(func(m *sms.Message) { m.To = abroad }), false},
		{"another template", change(func(m *sms.Message) { m.Template = "u" }), false},
		{"another value", change(func(m *sms.Message) { m.Params["a"] = "e" }), false},
		{"values run together", change(func(m *sms.Message) { m.Params = sms.Params{"a": "bc", "": "d"} }), false},
		{"another sender", change(func(m *sms.Message) { m.From = "acme" }), false},
		{"a body", change(func(m *sms.Message) { m.Template, m.Params, m.Body = "", nil, "t" }), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := newVendor("a")
			s := deduplicated(v)
			_, _ = s.Send(t.Context(), base)
			_, err := s.Send(t.Context(), test.m)
			if v.calls() != 1 {
				t.Fatalf("%d calls", v.calls())
			}
			if test.same != (err == nil) {
				t.Errorf("got %v", err)
			}
			if !test.same {
				wantReason(t, err, sms.InvalidMessage, sms.Rejected)
				if !errors.Is(err, middleware.ErrKeyTaken) {
					t.Errorf("ErrKeyTaken is not found in %v", err)
				}
			}
		})
	}
}

func TestDeduplicate_withoutAKey(t *testing.T) {
	v := newVendor("a")
	s := deduplicated(v)
	m := message
	m.Key = ""
	for range 2 {
		_, _ = s.Send(t.Context(), m)
	}
	if v.calls() != 2 {
		t.Errorf("%d calls, want both", v.calls())
	}
}

// Duplicates that come meanwhile wait for the first and share what came of it.
func TestDeduplicate_atOnce(t *testing.T) {
	for name, answer := range map[string]error{"accepted": nil, "rejected": no("a", sms.InvalidNumber), "unknown": maybe("a", sms.Unavailable)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor("a", step{takes: time.Second, err: answer})
				s := deduplicated(v)
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						r, err := s.Send(t.Context(), message)
						if err != answer || err == nil && r.ID != "id" {
							t.Errorf("got %v, %v", r, err)
						}
					})
				}
				synctest.Wait()
				other := message
				other.To = abroad
				_, err := s.Send(t.Context(), other)
				wantReason(t, err, sms.InvalidMessage, sms.Rejected)
				wg.Wait()
				if v.calls() != 1 {
					t.Errorf("%d calls", v.calls())
				}
			})
		})
	}
}

func TestDeduplicate_callersWhoLeave(t *testing.T) {
	t.Run("the first, before anything left: the next is sent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a", step{takes: time.Hour})
			s := deduplicated(v)
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := s.Send(ctx, message)
				wantReason(t, err, sms.Canceled, sms.Rejected)
			})
			synctest.Wait()
			wg.Go(func() {
				if r, err := s.Send(t.Context(), message); err != nil || r.Provider != "a" {
					t.Errorf("the second: %v, %v", r, err)
				}
			})
			synctest.Wait()
			cancel()
			wg.Wait()
			if v.calls() != 2 {
				t.Errorf("%d calls, want 2", v.calls())
			}
		})
	})
	t.Run("the first, in flight: nobody is sent again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a", step{takes: time.Hour, left: true})
			s := deduplicated(v)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := s.Send(ctx, message)
			wantReason(t, err, sms.Canceled, sms.Unknown)
			_, err = s.Send(t.Context(), message)
			if sms.OutcomeOf(err) != sms.Unknown || v.calls() != 1 {
				t.Errorf("the second: %v after %d calls", err, v.calls())
			}
		})
	})
	t.Run("one who waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a", step{takes: time.Minute})
			s := deduplicated(v)
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = s.Send(t.Context(), message) })
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := s.Send(ctx, message)
			wantReason(t, err, sms.Canceled, sms.Unknown) // the first may well be sent
			wg.Wait()
		})
	})
}

// Two processes are two middleware over one Store.
func TestDeduplicate_betweenProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := middleware.NewMemoryStore(0)
		here, there := newVendor("a", step{takes: 3 * time.Second}), newVendor("a", step{takes: time.Hour})
		one := sms.Chain(here, middleware.Deduplicate(store, 0))
		other := sms.Chain(there, middleware.Deduplicate(store, 0))
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = one.Send(t.Context(), message) })
		synctest.Wait()
		if r, err := other.Send(t.Context(), message); err != nil || r.ID != "id" {
			t.Errorf("got %v, %v; want the other's receipt", r, err)
		}
		wg.Wait()

		dead := message
		dead.Key = "of a process that died"
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		here.plan = []step{{takes: time.Hour, left: true}}
		wg.Go(func() { _, _ = one.Send(ctx, dead) })
		synctest.Wait()
		began := time.Now()
		_, err := other.Send(t.Context(), dead)
		wantReason(t, err, sms.Internal, sms.Unknown)
		if took := time.Since(began); took < 30*time.Second || took > 31*time.Second {
			t.Errorf("it waited %v", took)
		}
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_, err = other.Send(short, dead)
		wantReason(t, err, sms.Canceled, sms.Unknown)
		cancel()
		wg.Wait()
		if there.calls() != 0 {
			t.Errorf("the other process sent %d times", there.calls())
		}
	})
}

func TestDeduplicate_senderThatEnds(t *testing.T) {
	for _, how := range []string{"panic", "runtime.Goexit"} {
		t.Run(how, func(t *testing.T) {
			calls := 0
			s := deduplicated(sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
				calls++
				if how == "panic" {
					panic("broken")
				}
				runtime.Goexit()
				return sms.Receipt{}, nil
			}))
			var wg sync.WaitGroup
			wg.Add(1)
			go func() {
				defer wg.Done()
				defer func() { _ = recover() }()
				_, _ = s.Send(t.Context(), message)
			}()
			wg.Wait()
			_, err := s.Send(t.Context(), message)
			wantReason(t, err, sms.Internal, sms.Unknown)
			if calls != 1 {
				t.Errorf("%d calls", calls)
			}
		})
	}
}

// unreliable is a Store of which steps fail.
type unreliable struct {
	middleware.Store
	claim, free error
}

func (u unreliable) Claim(ctx context.Context, c middleware.Claim, ttl time.Duration) (middleware.Claimed, error) {
	if u.claim != nil {
		return middleware.Claimed{}, u.claim
	}
	return u.Store.Claim(ctx, c, ttl)
}

func (u unreliable) Free(ctx context.Context, key string, id [16]byte) error {
	if u.free != nil {
		return u.free
	}
	return u.Store.Free(ctx, key, id)
}

func TestDeduplicate_faultsOfOurs(t *testing.T) {
	v := newVendor("a")
	_, err := sms.Chain(v, middleware.Deduplicate(unreliable{claim: errors.New("connection refused")}, 0)).Send(t.Context(), message)
	wantReason(t, err, sms.Internal, sms.Rejected)
	if v.calls() != 0 || sms.AsError(err).Provider != "" {
		t.Errorf("%d calls, provider %q", v.calls(), sms.AsError(err).Provider)
	}
	inMemory := sms.Chain(v, middleware.Deduplicate(nil, 0))
	for range 2 {
		if _, err := inMemory.Send(t.Context(), message); err != nil || v.calls() != 1 {
			t.Errorf("without a store: %d calls, %v", v.calls(), err)
		}
	}
	_, err = sms.Chain(refusals("a", no("a", sms.InvalidNumber)),
		middleware.Deduplicate(unreliable{Store: middleware.NewMemoryStore(0), free: errors.New("connection reset")}, 0)).Send(t.Context(), message)
	wantReason(t, err, sms.InvalidNumber, sms.Rejected)
	if !strings.Contains(err.Error(), "connection reset") {
		t.Errorf("%v does not tell that the key was not freed", err)
	}
}

// A message costs few allocations, its entry, its record and its answer included.
func TestDeduplicate_allocations(t *testing.T) {
	store := middleware.NewMemoryStore(0)
	s := sms.Chain(accepting, middleware.Deduplicate(store, time.Hour))
	bare := testing.AllocsPerRun(1000, func() { _, _ = accepting.Send(t.Context(), message) })
	keys := make([]string, 1001)
	for i := range keys {
		keys[i] = fmt.Sprint("key ", i)
	}
	next := 0
	m := message
	got := testing.AllocsPerRun(1000, func() {
		m.Key = keys[next]
		next++
		if _, err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%v allocations a message", got-bare)
	if got-bare > 8 {
		t.Errorf("%v allocations a message, want at most 8", got-bare)
	}
	if store.Len() != 1001 {
		t.Errorf("%d keys are stored", store.Len())
	}
}
