package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func TestClient_Send_fills_in_the_key(t *testing.T) {
	v := newVendor("a")
	client := open(t, notify.Config{}, v)
	defer client.Close()
	receipt, err := client.Send(t.Context(), body())
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Key == "" || receipt.Key != v.calls[0].Key {
		t.Errorf("the receipt tells key %q, the vendor got %q", receipt.Key, v.calls[0].Key)
	}
	v.set(func(context.Context, sms.Message) error {
		return &sms.Error{Provider: "a", Reason: sms.InvalidNumber, Outcome: sms.Rejected} // a vendor that forgets the key
	})
	_, err = client.Send(t.Context(), body())
	if e := sms.AsError(err); e.Key == "" || e.Key != v.calls[1].Key || e.Key == receipt.Key {
		t.Errorf("the error tells key %q, the vendor got %q, the message before had %q", e.Key, v.calls[1].Key, receipt.Key)
	}
	m := body()
	m.Key = "order-17"
	if _, err = client.Send(t.Context(), m); sms.AsError(err).Key != "order-17" || v.calls[2].Key != "order-17" {
		t.Errorf("the caller's own key is not kept: %v", err)
	}
}

func TestClient_Send_after_the_context_has_ended(t *testing.T) {
	v := newVendor("a")
	client := open(t, notify.Config{}, v)
	defer client.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.Send(ctx, body())
	if sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != sms.Canceled || !errors.Is(err, context.Canceled) || v.count() != 0 {
		t.Errorf("%v, %d calls", err, v.count())
	}
}

// Whoever sends through a Client whose error no layer has classified gets an
// *sms.Error that says so.
func TestClient_Send_makes_an_error_of_every_error(t *testing.T) {
	v := newVendor("a")
	v.set(func(context.Context, sms.Message) error { return errors.New("plain") })
	client := open(t, notify.Config{}, v)
	defer client.Close()
	_, err := client.Send(t.Context(), body())
	e, ok := errors.AsType[*sms.Error](err)
	if !ok || e.Outcome != sms.Unknown || e.Key == "" {
		t.Errorf("%#v", err)
	}
}

// One vendor is down, then both, then one is back: messages go out again without
// a restart, and the first vendor is really tried first.
func TestClient_one_vendor_down_and_back(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newVendor("a"), newVendor("b")
		client := open(t, notify.Config{Breaker: middleware.BreakerOptions{Failures: 3, OpenFor: 30 * time.Second}, Retry: middleware.RetryOptions{Attempts: 1}}, a, b)
		defer client.Close()
		send := func() string {
			r, err := client.Send(t.Context(), body())
			if err != nil {
				return sms.ReasonOf(err).Error()
			}
			return r.Provider
		}
		for range 5 {
			if by := send(); by != "a" {
				t.Fatalf("the first vendor is not tried first: %s", by)
			}
		}
		a.set(a.refuse(sms.Unavailable))
		for range 10 {
			if by := send(); by != "b" {
				t.Fatalf("with a down: %s", by)
			}
		}
		if a.count() != 5+3 {
			t.Errorf("a was called %d times: the breaker opens after 3 failures", a.count())
		}
		b.set(b.refuse(sms.Unavailable))
		for range 10 {
			if by := send(); by != "unavailable" {
				t.Fatalf("with both down: %s", by)
			}
		}
		b.set(nil)
		time.Sleep(31 * time.Second)
		if by := send(); by != "b" {
			t.Fatalf("with b back: %s", by)
		}
		a.set(nil)
		time.Sleep(31 * time.Second)
		if by := send(); by != "a" {
			t.Fatalf("with a back: %s", by)
		}
	})
}

// A vendor takes a message and its answer is lost: the message is not sent a
// second time, unless it is a code, and the outcome is Unknown.
func TestClient_answer_lost(t *testing.T) {
	for _, kind := range []sms.Kind{0, sms.Verification, sms.Notification, sms.Promotion} {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newVendor("a"), newVendor("b")
				a.set(a.lose())
				client := open(t, notify.Config{}, a, b)
				defer client.Close()
				m := body()
				m.Kind = kind
				_, err := client.Send(t.Context(), m)
				want, calls := sms.Unknown, "1 and 0"
				if kind == sms.Verification {
					want, calls = sms.Accepted, "3 and 1"
				}
				if got := fmt.Sprintf("%d and %d", a.count(), b.count()); sms.OutcomeOf(err) != want || got != calls {
					t.Errorf("%v (%v), %s calls", sms.OutcomeOf(err), err, got)
				}
			})
		})
	}
}

// A thousand wrong numbers open no breaker and reach no second vendor; nor is
// one who has opted out tried anywhere else.
func TestClient_faults_of_messages_are_no_vendors_fault(t *testing.T) {
	for _, reason := range []sms.Reason{sms.InvalidNumber, sms.RecipientBlocked} {
		a, b := newVendor("a"), newVendor("b")
		a.set(a.refuse(reason))
		client := open(t, notify.Config{}, a, b)
		for range 1000 {
			if _, err := client.Send(t.Context(), body()); sms.ReasonOf(err) != reason {
				t.Fatal(err)
			}
		}
		a.set(nil)
		if _, err := client.Send(t.Context(), body()); err != nil || a.count() != 1001 || b.count() != 0 {
			t.Errorf("%v: %v, %d and %d calls", reason, err, a.count(), b.count())
		}
		client.Close()
	}
}

func TestClient_limits(t *testing.T) {
	t.Run("per number, exactly, and a refused message gives its token back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(v.refuse(sms.ContentRejected))
			client := open(t, notify.Config{Limits: notify.Limits{PerNumber: []middleware.Window{{Count: 2, Per: time.Hour}}}}, v)
			defer client.Close()
			for range 10 {
				if _, err := client.Send(t.Context(), body()); sms.ReasonOf(err) != sms.ContentRejected {
					t.Fatalf("refused messages use up the limit: %v", err)
				}
			}
			v.set(nil)
			var accepted, limited int
			var wg sync.WaitGroup
			results := make(chan error, 50)
			for range 50 {
				wg.Go(func() {
					_, err := client.Send(t.Context(), body())
					results <- err
				})
			}
			wg.Wait()
			for range 50 {
				switch err := <-results; sms.ReasonOf(err) {
				case "":
					accepted++
				case sms.RecipientLimited:
					limited++
					if e := sms.AsError(err); e.RetryAfter <= 0 || e.Outcome != sms.Rejected {
						t.Errorf("%#v", e)
					}
				}
			}
			if accepted != 2 || limited != 48 {
				t.Errorf("%d accepted and %d limited of 50", accepted, limited)
			}
			other := body()
			other.To = "+8613900000000"
			if _, err := client.Send(t.Context(), other); err != nil {
				t.Errorf("another number: %v", err)
			}
			time.Sleep(time.Hour + time.Second)
			if _, err := client.Send(t.Context(), body()); err != nil {
				t.Errorf("an hour later: %v", err)
			}
		})
	})

	t.Run("per provider: a message waits for its turn, and goes on to the next one by overflow or as a code", func(t *testing.T) {
		for name, test := range map[string]struct {
			overflow  bool
			kind      sms.Kind
			providers []string
			calls     string
			took      time.Duration
		}{
			"waits":                     {false, sms.Notification, []string{"a", "b"}, "4 and 0", 30 * time.Second},
			"overflows":                 {true, sms.Notification, []string{"a", "b"}, "1 and 3", 0},
			"a code":                    {false, sms.Verification, []string{"a", "b"}, "1 and 3", 0},
			"a code without a next one": {false, sms.Verification, []string{"a"}, "4 and 0", 30 * time.Second},
			"overflow at the last":      {true, sms.Notification, []string{"b", "a"}, "0 and 4", 0},
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := newVendor("a"), newVendor("b")
					client := open(t, notify.Config{Limits: notify.Limits{PerProvider: map[string]float64{"a": 0.1}},
						Routes: []notify.Route{{Providers: test.providers, Overflow: test.overflow}}}, a, b)
					defer client.Close()
					began, m := time.Now(), body()
					m.Kind = test.kind
					for range 4 {
						if _, err := client.Send(t.Context(), m); err != nil {
							t.Fatal(err)
						}
					}
					if got := fmt.Sprintf("%d and %d", a.count(), b.count()); got != test.calls || time.Since(began) != test.took {
						t.Errorf("%s calls in %v", got, time.Since(began))
					}
				})
			})
		}
	})

	t.Run("per provider: an end of the Client ends the wait", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newVendor("a")
			client := open(t, notify.Config{Limits: notify.Limits{PerProvider: map[string]float64{"a": 0.001}}}, a)
			if _, err := client.Send(t.Context(), body()); err != nil {
				t.Fatal(err)
			}
			if p, _ := client.Provider("a"); p.State().Wait < 900*time.Second {
				t.Errorf("the next message waits %v", p.State().Wait)
			}
			if err := closeDuring(t, client); sms.OutcomeOf(err) != sms.Rejected || !errors.Is(err, notify.ErrClosed) || a.count() != 1 {
				t.Errorf("%v, %d calls", err, a.count())
			}
		})
	})
}

// The user's middleware sees each message once, valid, with its kind and key, and
// not one that is over a limit.
func TestClient_place_of_the_users_middleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a")
		v.set(v.refuse(sms.Unavailable))
		var seen []string
		watch := func(name string) sms.Middleware {
			return func(next sms.Sender) sms.Sender {
				return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
					r, err := next.Send(ctx, m)
					seen = append(seen, fmt.Sprint(name, " ", m.Kind, " ", m.Key != "", " ", len(sms.AsError(err).Attempts)))
					return r, err
				})
			}
		}
		client := open(t, notify.Config{
			Templates:  []sms.Template{{Name: "code", Kind: sms.Verification, Text: "${code}"}},
			Middleware: []sms.Middleware{watch("first"), nil, watch("second")},
			Limits:     notify.Limits{PerNumber: []middleware.Window{{Count: 1, Per: time.Hour}}},
			Breaker:    middleware.BreakerOptions{Failures: 100},
		}, v)
		defer client.Close()
		good := sms.Message{To: to, Template: "code", Params: sms.Params{"code": "1234"}}
		_, _ = client.Send(t.Context(), sms.Message{To: to, Template: "code"}) // no value
		_, _ = client.Send(t.Context(), sms.Message{To: "13800000000,13900000000", Body: "x"})
		_, _ = client.Send(t.Context(), good) // gives its token back
		v.set(v.lose())
		_, _ = client.Send(t.Context(), good) // keeps it
		_, _ = client.Send(t.Context(), good) // over the limit
		want := "second verification true 3; first verification true 3; second verification true 3; first verification true 3"
		if got := strings.Join(seen, "; "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// A Sender made in Go has no timeout that is known: it gets one.
func TestClient_Timeout_of_a_Sender_made_in_Go(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor("a")
		v.set(slowly(time.Hour))
		client, err := notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Sender: v, Timeout: 3 * time.Second}}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = client.Send(t.Context(), body())
		if took := time.Since(began); took != 3*time.Second || sms.ReasonOf(err) != sms.Unavailable || sms.OutcomeOf(err) != sms.Unknown {
			t.Errorf("after %v: %v", took, err)
		}
		client.Close()
	})
}

// Whatever goes wrong, under no verb does an error show the number, the code or
// the body.
func TestClient_errors_show_no_number_and_no_value(t *testing.T) {
	v := newVendor("a")
	client := open(t, notify.Config{
		Templates: []sms.Template{{Name: "code", Kind: sms.Verification, Text: "Your code is ${code}."}},
		Routes:    []notify.Route{{Regions: []string{"CN"}, Providers: []string{"a"}, AllowUnbound: true}},
		Limits:    notify.Limits{PerNumber: []middleware.Window{{Count: 1, Per: time.Hour}}},
		Retry:     middleware.RetryOptions{Attempts: 1},
	}, v)
	const code, text = "73519264", "a body that nobody else reads"
	send := func(to sms.Number, m sms.Message) error {
		m.To = to
		_, err := client.Send(t.Context(), m)
		return err
	}
	good := sms.Message{Template: "code", Params: sms.Params{"code": code}}
	errs := map[string]error{
		"no route":           send("+15005550006", good),
		"no route, body":     send("+15005550006", sms.Message{Body: text}),
		"a bad number":       send("13800000000,13900000000", good),
		"a bad value":        send(to, sms.Message{Template: "code", Params: sms.Params{"code": code + "!"}}),
		"an unknown value":   send(to, sms.Message{Template: "code", Params: sms.Params{"code": code, "name": code}}),
		"both":               send(to, sms.Message{Template: "code", Body: text, Params: sms.Params{"code": code}}),
		"accepted, no error": send(to, good),
		"over the limit":     send(to, good),
	}
	v.set(v.refuse(sms.Unavailable))
	errs["refused"] = send("+8613912345678", good)
	client.Close()
	errs["closed"] = send(to, good)
	for name, err := range errs {
		if (err == nil) != (name == "accepted, no error") {
			t.Errorf("%s: %v", name, err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			shown := fmt.Sprintf(verb, err)
			for _, secret := range []string{code, text, "13800000000", "13900000000", "13912345678", "15005550006"} {
				if strings.Contains(shown, secret) {
					t.Errorf("%s, %s: %s", name, verb, shown)
				}
			}
		}
	}
}

func TestClient_allocations_of_the_way(t *testing.T) {
	v := newVendor("a")
	quick := sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
		return sms.Receipt{Provider: "a", Key: m.Key}, nil
	})
	driver := v.driver()
	driver.Open = func(sms.DriverConfig) (sms.Sender, error) { return quick, nil }
	cancelable, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, c := range []struct {
		name   string
		config notify.ProviderConfig
		limits notify.Limits
		most   float64
	}{
		// The call, and the context that Shutdown can end: two.
		{"a provider of a driver", notify.ProviderConfig{Driver: "a"}, notify.Limits{}, 3},
		{"with limits", notify.ProviderConfig{Driver: "a"}, notify.Limits{
			PerNumber:   []middleware.Window{{Count: 1 << 20, Per: time.Hour}},
			PerProvider: map[string]float64{"a": 1e9},
		}, 3},
		// Timeout adds a context with a timer: four, and three that link the two contexts.
		{"a Sender with a time-out", notify.ProviderConfig{Sender: quick}, notify.Limits{}, 10},
	} {
		for name, ctx := range map[string]context.Context{"no end": context.Background(), "an end": cancelable} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				client, err := notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{"a": c.config}, Limits: c.limits}, driver)
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				m := body()
				m.Key = "order-17"
				if n := testing.AllocsPerRun(100, func() {
					if _, err := client.Send(ctx, m); err != nil {
						t.Fatal(err)
					}
				}); n > c.most {
					t.Errorf("%v allocations for a message, want at most %v", n, c.most)
				}
			})
		}
	}
}
