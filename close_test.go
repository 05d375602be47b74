package notify_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func TestClient_Close(t *testing.T) {
	t.Run("is final", func(t *testing.T) {
		v := newVendor("a")
		client := open(t, notify.Config{}, v)
		for range 2 {
			if err := client.Close(); err != nil {
				t.Fatal(err)
			}
		}
		_, err := client.Send(t.Context(), body())
		if !errors.Is(err, notify.ErrClosed) || !errors.Is(err, sms.ErrClosed) || sms.OutcomeOf(err) != sms.Rejected || sms.AsError(err).Key == "" {
			t.Errorf("Send after Close: %v", err)
		}
		if _, err := client.Find(t.Context(), body(), time.Now()); !errors.Is(err, sms.ErrUndecided) || !errors.Is(err, notify.ErrClosed) {
			t.Errorf("Find after Close: %v", err)
		}
		if v.closed != 1 || v.count() != 0 {
			t.Errorf("the provider was closed %d times, and called %d times", v.closed, v.count())
		}
	})

	t.Run("leaves a Sender made in Go open, and closes what drivers made though another fails", func(t *testing.T) {
		given, made := newVendor("given"), newVendor("made")
		failing := sms.Driver{Name: "failing", Open: func(sms.DriverConfig) (sms.Sender, error) { return failingCloser{}, nil }}
		client, err := notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{
			"given": {Sender: given}, "made": {Driver: "made"}, "zz": {Driver: "failing"},
		}}, made.driver(), failing)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Close(); !errors.Is(err, errFailing) {
			t.Errorf("Close: %v", err)
		}
		if err := client.Close(); !errors.Is(err, errFailing) {
			t.Errorf("the second Close: %v", err)
		}
		if given.closed != 0 || made.closed != 1 {
			t.Errorf("given closed %d times, made %d times", given.closed, made.closed)
		}
	})

	t.Run("ends a wait between tries at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(v.refuse(sms.Unavailable))
			client := open(t, notify.Config{Retry: middleware.RetryOptions{MinDelay: time.Hour, MaxDelay: time.Hour, MaxElapsed: 9 * time.Hour}}, v)
			err := closeDuring(t, client)
			if sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != sms.Unavailable || !errors.Is(err, notify.ErrClosed) || errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			if v.count() != 1 {
				t.Errorf("%d calls", v.count())
			}
		})
	})

	t.Run("ends a wait before the first try at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			slow := middleware.RateLimit(middleware.NewLimiter(middleware.Window{Count: 1, Per: time.Hour}), middleware.RateLimitOptions{MaxWait: 2 * time.Hour})
			client := open(t, notify.Config{Middleware: []sms.Middleware{slow}}, v)
			if _, err := client.Send(t.Context(), body()); err != nil {
				t.Fatal(err)
			}
			err := closeDuring(t, client)
			if sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != sms.Internal || !errors.Is(err, notify.ErrClosed) || errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		})
	})

	t.Run("lets a call in flight end, and starts no other after it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(func(ctx context.Context, m sms.Message) error {
				select {
				case <-time.After(time.Second):
					return v.refuse(sms.Unavailable)(ctx, m)
				case <-ctx.Done():
					return &sms.Error{Provider: "a", Reason: sms.Canceled, Err: ctx.Err()}
				}
			})
			spare := newVendor("b")
			client := open(t, notify.Config{}, v, spare)
			began := time.Now()
			err := closeDuring(t, client)
			if took := time.Since(began); took != time.Second {
				t.Errorf("Close took %v of a call of 1 s", took)
			}
			if sms.ReasonOf(err) != sms.Unavailable || !errors.Is(err, notify.ErrClosed) {
				t.Errorf("%v", err)
			}
			if v.count() != 1 || spare.count() != 0 || v.closed != 1 {
				t.Errorf("%d and %d calls, closed %d times", v.count(), spare.count(), v.closed)
			}
		})
	})

	t.Run("goes on to no other vendor", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b := newVendor("a"), newVendor("b")
			a.set(func(ctx context.Context, m sms.Message) error {
				time.Sleep(time.Second)
				return a.refuse(sms.AccountBlocked)(ctx, m)
			})
			err := closeDuring(t, open(t, notify.Config{}, a, b))
			if sms.ReasonOf(err) != sms.AccountBlocked || !errors.Is(err, notify.ErrClosed) || b.count() != 0 {
				t.Errorf("%v, %d calls of the second vendor", err, b.count())
			}
		})
	})

	t.Run("leaves the caller's own end to a call in flight behind a middleware that makes a context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(slowly(time.Hour))
			derive := func(next sms.Sender) sms.Sender {
				return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
					ctx, cancel := context.WithCancel(ctx)
					defer cancel()
					return next.Send(ctx, m)
				})
			}
			client := open(t, notify.Config{Middleware: []sms.Middleware{derive}}, v)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(2*time.Second, cancel)
			done := make(chan error, 1)
			began := time.Now()
			go func() {
				_, err := client.Send(ctx, body())
				done <- err
			}()
			synctest.Wait()
			client.Close()
			if err := <-done; time.Since(began) != 2*time.Second || sms.ReasonOf(err) != sms.Canceled || !errors.Is(err, context.Canceled) {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
		})
	})

	t.Run("lets a call in flight end behind a middleware that makes a context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(slowly(time.Second))
			client := open(t, notify.Config{Middleware: []sms.Middleware{withValue, middleware.Timeout(time.Minute)}}, v)
			if err := closeDuring(t, client); err != nil {
				t.Errorf("%v", err)
			}
		})
	})

	t.Run("by many at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(slowly(time.Second))
			client := open(t, notify.Config{}, v)
			var sends, closes sync.WaitGroup
			for range 20 {
				sends.Go(func() { _, _ = client.Send(t.Context(), body()) })
			}
			synctest.Wait()
			for range 20 {
				closes.Go(func() {
					if err := client.Close(); err != nil || v.count() != 20 {
						t.Errorf("%v, %d calls", err, v.count())
					}
				})
			}
			closes.Wait()
			sends.Wait()
			if v.closed != 1 {
				t.Errorf("the provider was closed %d times", v.closed)
			}
		})
	})
}

// closeDuring closes the client while a Send is under way, and gives what the
// Send came to.
func closeDuring(t *testing.T, client *notify.Client) error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := client.Send(t.Context(), body())
		done <- err
	}()
	synctest.Wait()
	began := time.Now()
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("Close took %v", took)
	}
	return <-done
}

// slowly accepts after d, and obeys the context.
func slowly(d time.Duration) func(context.Context, sms.Message) error {
	return func(ctx context.Context, _ sms.Message) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return &sms.Error{Reason: sms.Canceled, Err: ctx.Err()}
		}
	}
}

type keyOfValue struct{}

func withValue(next sms.Sender) sms.Sender {
	return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		return next.Send(context.WithValue(ctx, keyOfValue{}, "trace"), m)
	})
}

var errFailing = errors.New("cannot close")

type failingCloser struct{}

func (failingCloser) Send(context.Context, sms.Message) (sms.Receipt, error) {
	return sms.Receipt{}, nil
}
func (failingCloser) Close() error { return errFailing }

// What a middleware does to the context reaches the provider: its values, its
// deadline and its end.
func TestClient_context_of_a_middleware_reaches_the_provider(t *testing.T) {
	for name, c := range map[string]struct {
		around func(context.Context) (context.Context, context.CancelFunc)
		took   time.Duration
	}{
		"a deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, time.Second},
		"an end": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(2*time.Second, cancel)
			return ctx, cancel
		}, 2 * time.Second},
		"the caller's end": {context.WithCancel, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor("a")
				v.set(func(ctx context.Context, m sms.Message) error {
					if ctx.Value(keyOfValue{}) != "trace" {
						t.Error("the value of the context is lost")
					}
					return slowly(time.Hour)(ctx, m)
				})
				mw := func(next sms.Sender) sms.Sender {
					return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
						ctx, cancel := c.around(ctx)
						defer cancel()
						return next.Send(ctx, m)
					})
				}
				client := open(t, notify.Config{Middleware: []sms.Middleware{mw, withValue}}, v)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(3*time.Second, cancel)
				began := time.Now()
				_, err := client.Send(ctx, body())
				if took := time.Since(began); took != c.took || sms.ReasonOf(err) != sms.Canceled {
					t.Errorf("after %v: %v", took, err)
				}
				client.Close()
			})
		})
	}
}
