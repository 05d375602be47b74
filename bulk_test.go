package notify_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// numbered gives n messages, and counts how many were read and whether the source
// was told to stop.
type numbered struct {
	n             int
	read, stopped atomic.Int64
	before        func(i int) // nil: nothing
	fail          func(i int) error
}

func (s *numbered) all() iter.Seq2[sms.Message, error] {
	return func(yield func(sms.Message, error) bool) {
		params := sms.Params{}
		for i := range s.n {
			if s.before != nil {
				s.before(i)
			}
			params["n"] = fmt.Sprint(i) // the same map again and again
			m := sms.Message{To: numberOf(i), Template: "n", Params: params, Key: fmt.Sprint(i)}
			s.read.Add(1)
			var err error
			if s.fail != nil {
				err = s.fail(i)
			}
			if !yield(m, err) {
				s.stopped.Add(1)
				return
			}
		}
	}
}

func numberOf(i int) sms.Number { return sms.Number(fmt.Sprintf("+86138%08d", i)) }

func bulkClient(t *testing.T, v *vendor) *notify.Client {
	return open(t, notify.Config{Templates: []sms.Template{{Name: "n", Kind: sms.Notification, Text: "${n}"}}}, v)
}

func TestClient_SendAll(t *testing.T) {
	t.Run("sends each message once and yields each result", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(func(ctx context.Context, m sms.Message) error {
				if m.To == numberOf(7) {
					return v.refuse(sms.RecipientBlocked)(ctx, m)
				}
				return slowly(time.Second)(ctx, m)
			})
			client := bulkClient(t, v)
			defer client.Close()
			s := &numbered{n: 1000, fail: func(i int) error {
				if i%100 == 50 {
					return errRow
				}
				return nil
			}}
			seen := map[string]int{}
			outcomes := map[sms.Reason]int{}
			began := time.Now()
			for m, r := range client.SendAll(t.Context(), s.all(), notify.BulkOptions{Concurrency: 10}) {
				seen[m.Key]++
				outcomes[sms.ReasonOf(r.Err)]++
				if r.Err == nil && (r.Receipt.Key != m.Key || m.Params["n"] != m.Key) {
					t.Fatalf("message %s: receipt of %s, params of %s", m.Key, r.Receipt.Key, m.Params["n"])
				}
				if errors.Is(r.Err, errRow) && sms.OutcomeOf(r.Err) != sms.Rejected {
					t.Errorf("a row that could not be read is %v", sms.OutcomeOf(r.Err))
				}
			}
			if len(seen) != 1000 || outcomes[""] != 989 || outcomes[sms.RecipientBlocked] != 1 || outcomes[sms.Internal] != 10 || v.count() != 990 {
				t.Errorf("%d messages, %v, %d calls", len(seen), outcomes, v.count())
			}
			if took := time.Since(began); took != 99*time.Second {
				t.Errorf("989 messages of 1 s, 10 at a time, took %v", took)
			}
		})
	})

	t.Run("reads nothing before the range and holds no more than Concurrency", func(t *testing.T) {
		for concurrency, want := range map[int]int64{1: 1, 5: 5, 0: 64, -1: 64} {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor("a")
				v.set(slowly(time.Hour))
				client := bulkClient(t, v)
				defer client.Close()
				s := &numbered{n: 1000}
				ctx, cancel := context.WithCancel(t.Context())
				results := client.SendAll(ctx, s.all(), notify.BulkOptions{Concurrency: concurrency})
				synctest.Wait()
				if s.read.Load() != 0 || v.count() != 0 {
					t.Fatal("it began before the range")
				}
				time.AfterFunc(time.Minute, func() {
					if s.read.Load() != want || int64(v.count()) != want {
						t.Errorf("Concurrency %d: %d read, %d in flight", concurrency, s.read.Load(), v.count())
					}
					cancel()
				})
				for range results {
				}
			})
		}
	})

	t.Run("holds no more than Concurrency for a slow loop either", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			client := bulkClient(t, v)
			defer client.Close()
			s := &numbered{n: 100}
			n := int64(0)
			for range client.SendAll(t.Context(), s.all(), notify.BulkOptions{Concurrency: 4}) {
				n++
				time.Sleep(time.Minute)
				if ahead := s.read.Load() - n; ahead > 4 {
					t.Fatalf("%d messages are read and not yielded", ahead)
				}
			}
			if n != 100 {
				t.Errorf("%d results", n)
			}
		})
	})

	t.Run("yields results while the source is waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client := bulkClient(t, newVendor("a"))
			defer client.Close()
			s := &numbered{n: 3, before: func(i int) { time.Sleep(time.Duration(i) * time.Hour) }}
			began := time.Now()
			var at []time.Duration
			for range client.SendAll(t.Context(), s.all(), notify.BulkOptions{}) {
				at = append(at, time.Since(began))
			}
			if fmt.Sprint(at) != "[0s 1h0m0s 3h0m0s]" {
				t.Errorf("yielded at %v", at)
			}
		})
	})

	t.Run("ranges once", func(t *testing.T) {
		v := newVendor("a")
		client := bulkClient(t, v)
		defer client.Close()
		results := client.SendAll(t.Context(), (&numbered{n: 3}).all(), notify.BulkOptions{})
		for range results {
		}
		n := 0
		for m, r := range results {
			n++
			if !errors.Is(r.Err, notify.ErrUsed) || sms.OutcomeOf(r.Err) != sms.Rejected || m.To != "" {
				t.Errorf("%v %v", m, r.Err)
			}
		}
		if n != 1 || v.count() != 3 {
			t.Errorf("%d results, %d calls", n, v.count())
		}
	})

	t.Run("when the context ends, yields every message that was read and reads no more", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(slowly(time.Minute))
			client := bulkClient(t, v)
			defer client.Close()
			s := &numbered{n: 1000}
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()
			outcomes := map[sms.Outcome]int{}
			for _, r := range client.SendAll(ctx, s.all(), notify.BulkOptions{Concurrency: 8, Late: func(sms.Message, notify.Result) { t.Error("late") }}) {
				outcomes[sms.OutcomeOf(r.Err)]++
				if r.Err != nil && sms.ReasonOf(r.Err) != sms.Canceled {
					t.Error(r.Err)
				}
			}
			if s.read.Load() != 16 || outcomes[sms.Accepted] != 8 || outcomes[sms.Unknown] != 8 || v.count() != 16 || s.stopped.Load() != 1 {
				t.Errorf("%d read, %v, %d calls, source stopped %d times", s.read.Load(), outcomes, v.count(), s.stopped.Load())
			}
		})
	})

	t.Run("when the context has ended before, reads nothing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		client := bulkClient(t, newVendor("a"))
		defer client.Close()
		s := &numbered{n: 10}
		for m := range client.SendAll(ctx, s.all(), notify.BulkOptions{}) {
			t.Error(m)
		}
		if s.read.Load() != 0 {
			t.Errorf("%d read", s.read.Load())
		}
	})

	t.Run("a message that the source gives after the context's end is yielded, unsent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			client := bulkClient(t, v)
			defer client.Close()
			ctx, cancel := context.WithCancel(t.Context())
			s := &numbered{n: 10, before: func(i int) {
				if i == 2 {
					cancel()
				}
			}}
			outcomes := map[sms.Outcome]int{}
			for _, r := range client.SendAll(ctx, s.all(), notify.BulkOptions{}) {
				outcomes[sms.OutcomeOf(r.Err)]++
			}
			if s.read.Load() != 3 || outcomes[sms.Accepted]+outcomes[sms.Rejected] != 3 || outcomes[sms.Rejected] < 1 || outcomes[sms.Accepted] != v.count() {
				t.Errorf("%d read, %v, %d calls", s.read.Load(), outcomes, v.count())
			}
		})
	})

	t.Run("when the loop is left, waits for those in flight and gives them to Late", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(func(ctx context.Context, m sms.Message) error {
				if m.To == numberOf(0) {
					return slowly(time.Millisecond)(ctx, m) // until the source has come to its sleep
				}
				return slowly(time.Minute)(ctx, m)
			})
			client := bulkClient(t, v)
			defer client.Close()
			s := &numbered{n: 1000, before: func(i int) {
				if i == 6 {
					time.Sleep(time.Second) // being read when the loop is left
				}
			}}
			began := time.Now()
			late := map[sms.Outcome]int{}
			yielded := 0
			for range client.SendAll(t.Context(), s.all(), notify.BulkOptions{Concurrency: 8, Late: func(m sms.Message, r notify.Result) {
				late[sms.OutcomeOf(r.Err)]++
			}}) {
				yielded++
				break
			}
			if took := time.Since(began); took != time.Minute {
				t.Errorf("the loop ended after %v", took)
			}
			if yielded != 1 || s.read.Load() != 7 || v.count() != 6 || late[sms.Accepted] != 5 || late[sms.Rejected] != 1 || late[sms.Unknown] != 0 {
				t.Errorf("%d yielded, %d read, %d calls, late %v", yielded, s.read.Load(), v.count(), late)
			}
		})
	})

	for name, leave := range map[string]func(){
		"a panic":  func() { panic("the loop's own") },
		"a Goexit": runtime.Goexit,
	} {
		t.Run(name+" of the loop leaks nothing", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // which fails where a goroutine is left
				v := newVendor("a")
				v.set(func(ctx context.Context, m sms.Message) error {
					return slowly(time.Duration(len(m.Key))*time.Second)(ctx, m)
				})
				client := bulkClient(t, v)
				s := &numbered{n: 1000}
				late, unsent := 0, 0 // unsent: being read when the loop was left
				done := make(chan any)
				go func() {
					defer func() { done <- recover() }()
					for range client.SendAll(t.Context(), s.all(), notify.BulkOptions{Concurrency: 32, Late: func(_ sms.Message, r notify.Result) {
						late++
						if sms.OutcomeOf(r.Err) == sms.Rejected {
							unsent++
						}
					}}) {
						leave()
					}
				}()
				if got := <-done; (name == "a panic") != (got == "the loop's own") {
					t.Errorf("recovered %v", got)
				}
				if read := int(s.read.Load()); late != read-1 || v.count()+unsent != read || unsent > 1 {
					t.Errorf("%d late of %d read, %d of them unsent, %d calls", late, read, unsent, v.count())
				}
				client.Close()
			})
		})
	}

	t.Run("a panic of the source or of a Send goes on in the loop, after all has ended", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(func(ctx context.Context, m sms.Message) error {
				if m.To == numberOf(3) {
					panic("of a Send")
				}
				return slowly(time.Second)(ctx, m)
			})
			client := bulkClient(t, v)
			for _, c := range []struct {
				want string
				s    *numbered
			}{
				{"of a Send", &numbered{n: 100}},
				{"of the source", &numbered{n: 3, before: func(i int) {
					if i == 2 {
						panic("of the source")
					}
				}}},
			} {
				func() {
					defer func() {
						if got := recover(); got != c.want {
							t.Errorf("recovered %v, want %v", got, c.want)
						}
					}()
					for range client.SendAll(t.Context(), c.s.all(), notify.BulkOptions{Concurrency: 4}) {
					}
				}()
			}
			client.Close() // waits for ever where a call was lost
		})
	})

	t.Run("after Close every message is told", func(t *testing.T) {
		client := bulkClient(t, newVendor("a"))
		client.Close()
		n := 0
		for _, r := range client.SendAll(t.Context(), (&numbered{n: 20}).all(), notify.BulkOptions{Concurrency: 2}) {
			if n++; !errors.Is(r.Err, notify.ErrClosed) {
				t.Error(r.Err)
			}
		}
		if n != 20 {
			t.Errorf("%d results", n)
		}
	})

	t.Run("of no source is empty", func(t *testing.T) {
		client := bulkClient(t, newVendor("a"))
		defer client.Close()
		for m := range client.SendAll(t.Context(), nil, notify.BulkOptions{}) {
			t.Error(m)
		}
	})

	t.Run("a fault of the source keeps its reason", func(t *testing.T) {
		client := bulkClient(t, newVendor("a"))
		defer client.Close()
		_, badNumber := sms.ParseNumber("not a number", "CN")
		for given, want := range map[error]sms.Reason{badNumber: sms.InvalidNumber, sms.Expired: sms.Expired, context.Canceled: sms.Canceled, errRow: sms.Internal} {
			s := &numbered{n: 1, fail: func(int) error { return given }}
			for _, r := range client.SendAll(t.Context(), s.all(), notify.BulkOptions{}) {
				if sms.ReasonOf(r.Err) != want || sms.OutcomeOf(r.Err) != sms.Rejected || !errors.Is(r.Err, given) {
					t.Errorf("%v became %v", given, r.Err)
				}
				if given == badNumber && r.Err != given {
					t.Errorf("what is an error of a Sender already became %v", r.Err)
				}
			}
		}
	})
}

var errRow = errors.New("row 50 cannot be read")
