package delivery_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/sms"
)

// told gathers what OnChange is called with.
type told struct {
	mu   sync.Mutex
	all  []string
	fail func(c delivery.Change) error
}

func (l *told) onChange(_ context.Context, c delivery.Change) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		if err := l.fail(c); err != nil {
			return err
		}
	}
	l.all = append(l.all, c.Key+" "+c.Before.String()+" "+c.State.String())
	return nil
}

func (l *told) list() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

func settle() {
	time.Sleep(time.Second) // of the bubble
	synctest.Wait()
}

func TestOnChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log told
		store := delivery.NewMemoryStore(1000)
		tracker := open(t, delivery.Options{Store: store, Secret: secret, OnChange: log.onChange})
		second := open(t, delivery.Options{Store: store, Secret: secret, OnChange: log.onChange})
		for _, one := range []*delivery.Tracker{tracker, second} {
			if err := one.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		report(t, second, sms.Report{Provider: "twilio", ID: "2", State: sms.StateSent}) // before the answer
		settle()
		note(t, tracker, "a", ann, "twilio", "1")
		settle()
		report(t, second, sms.Report{Provider: "twilio", ID: "1", State: sms.StateSent})
		report(t, second, sms.Report{Provider: "twilio", ID: "1", State: sms.StateUndelivered})
		settle()
		report(t, second, sms.Report{Provider: "twilio", ID: "1", State: sms.StateSent})
		report(t, second, sms.Report{Provider: "twilio", ID: "1", State: sms.StateUndelivered})
		settle()
		note(t, tracker, "b", ben, "twilio", "2")
		settle()
		tracker.Note(t.Context(), sms.Message{Key: "refused", To: ann}, sms.Receipt{}, &sms.Error{Reason: sms.InvalidNumber, Outcome: sms.Rejected})
		settle()
		for _, one := range []*delivery.Tracker{tracker, second} {
			if err := one.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if want := []string{"a unknown accepted", "a accepted undelivered", "b unknown sent"}; !slices.Equal(log.list(), want) {
			t.Errorf("%q, want %q", log.list(), want)
		}
	})
}

// A failure and a panic delay the message that they are about, and no other.
func TestOnChange_fails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := 0
		log := told{fail: func(c delivery.Change) error {
			if c.Key != "a" || failures == 3 {
				return nil
			}
			if failures++; failures == 2 {
				panic("at the second call")
			}
			return errors.New("the order's database is down")
		}}
		tracker := open(t, delivery.Options{OnChange: log.onChange})
		if err := tracker.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		note(t, tracker, "a", ann, "twilio", "1")
		note(t, tracker, "b", ann, "twilio", "2")
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		if want := []string{"b unknown accepted"}; !slices.Equal(log.list(), want) {
			t.Errorf("%q, want %q", log.list(), want)
		}
		report(t, tracker, sms.Report{Provider: "twilio", ID: "1", State: sms.StateDelivered})
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []string{"b unknown accepted", "a unknown delivered"}; !slices.Equal(log.list(), want) || failures != 3 {
			t.Errorf("%q, want %q; %d failures", log.list(), want, failures)
		}
		if err := tracker.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
