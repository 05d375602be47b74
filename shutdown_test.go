package notify_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// shutDown shuts the client down while a Send is under way, and returns what both came
// to and how long they took.
func shutDown(t *testing.T, client *notify.Client, within time.Duration) (sendTook, took time.Duration, sent, shut error) {
	t.Helper()
	done := make(chan error, 1)
	var ended time.Time
	go func() {
		_, err := client.Send(t.Context(), body())
		ended = time.Now()
		done <- err
	}()
	synctest.Wait()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	shut = client.Shutdown(ctx)
	took = time.Since(began)
	sent = <-done
	return ended.Sub(began), took, sent, shut
}

func TestClient_Shutdown(t *testing.T) {
	hanging := func() *vendor { v := newVendor("a"); v.set(slowly(time.Hour)); return v }

	t.Run("waits for calls that have left until its context ends, then ends them", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := hanging()
			client := open(t, notify.Config{Middleware: []sms.Middleware{withValue}}, v)
			_, took, sent, shut := shutDown(t, client, 5*time.Second)
			if shut != context.DeadlineExceeded || took != 5*time.Second {
				t.Errorf("Shutdown: %v after %v", shut, took)
			}
			if sms.OutcomeOf(sent) != sms.Unknown || !errors.Is(sent, notify.ErrClosed) || sms.ReasonOf(sent) != sms.Internal {
				t.Errorf("Send: %v", sent)
			}
			if v.closed != 1 {
				t.Errorf("the provider was closed %d times", v.closed)
			}
			if err := client.Shutdown(t.Context()); err != nil {
				t.Errorf("the second Shutdown: %v", err)
			}
		})
	})

	t.Run("returns nil as soon as calls have ended", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(slowly(time.Second))
			_, took, sent, shut := shutDown(t, open(t, notify.Config{}, v), time.Minute)
			if sent != nil || shut != nil || took != time.Second {
				t.Errorf("%v, %v after %v", sent, shut, took)
			}
		})
	})

	t.Run("ends a wait at once, whatever time it has", func(t *testing.T) {
		for name, c := range map[string]notify.Config{
			"between two tries":     {Retry: middleware.RetryOptions{MinDelay: time.Hour, MaxDelay: time.Hour, MaxElapsed: 9 * time.Hour}},
			"between two questions": {FindFor: time.Hour},
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := &asked{vendor: newVendor("a")}
					a.set(a.refuse(sms.Unavailable))
					if c.FindFor > 0 {
						a.set(a.lose())
					}
					config := c
					config.Providers = map[string]notify.ProviderConfig{"a": {Sender: a}}
					client, err := notify.New(config)
					if err != nil {
						t.Fatal(err)
					}
					sendTook, took, sent, shut := shutDown(t, client, time.Hour)
					if shut != nil || took != 0 || sendTook != 0 || !errors.Is(sent, notify.ErrClosed) || errors.Is(sent, context.Canceled) {
						t.Errorf("Shutdown: %v after %v; Send: %v after %v", shut, took, sent, sendTook)
					}
					if unknown := sms.OutcomeOf(sent) == sms.Unknown; unknown != (c.FindFor > 0) || a.count() != 1 {
						t.Errorf("%v, %d calls", sent, a.count())
					}
				})
			})
		}
	})

	t.Run("leaves a Sender that ignores its context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor("a")
			v.set(func(context.Context, sms.Message) error { time.Sleep(time.Minute); return nil })
			client := open(t, notify.Config{}, v)
			sendTook, took, sent, shut := shutDown(t, client, 5*time.Second)
			if shut != context.DeadlineExceeded || took > 10*time.Second || sent != nil || sendTook != time.Minute {
				t.Errorf("Shutdown: %v after %v; Send: %v after %v", shut, took, sent, sendTook)
			}
			if err := client.Close(); err != nil || v.closed != 1 {
				t.Errorf("then: %v, closed %d times", err, v.closed)
			}
		})
	})

	t.Run("ends a question that is under way", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := &asked{vendor: newVendor("a"), hang: true}
			client, err := notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Sender: a}}})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() {
				m := body()
				m.Key = "k"
				_, err := client.Find(t.Context(), m, time.Now())
				done <- err
			}()
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := client.Shutdown(ctx); err != context.DeadlineExceeded {
				t.Errorf("Shutdown: %v", err)
			}
			if err := <-done; !errors.Is(err, sms.ErrUndecided) {
				t.Errorf("Find: %v", err)
			}
		})
	})
}

// asked is a vendor that can be asked, and cannot decide.
type asked struct {
	*vendor
	hang bool
}

func (a *asked) Ask(ctx context.Context, _ sms.Question) (sms.Receipt, error) {
	if a.hang {
		<-ctx.Done()
	}
	return sms.Receipt{}, sms.ErrUndecided
}
