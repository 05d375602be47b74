package delivery_test

import (
	"context"
	"testing"
	"time"

	notify "github.com/notifykit/notify"
	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A Client records what its layers refuse, what failed, and what was accepted.
func TestConfig_Delivery(t *testing.T) {
	tracker := open(t, delivery.Options{})
	down := sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
		return sms.Receipt{}, &sms.Error{Provider: "a", Reason: sms.Unauthorized, Outcome: sms.Rejected, Code: "401"}
	})
	up := sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
		return sms.Receipt{Provider: "b", ID: "id-" + m.Key, To: m.To}, nil
	})
	client, err := notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{"a": {Sender: down}, "b": {Sender: up}},
		Limits:    notify.Limits{PerNumber: []middleware.Window{{Count: 1, Per: time.Hour}}},
		Redirect:  ben,
		Delivery:  tracker,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, m := range []sms.Message{{Key: "sent", To: ann, Body: "hello"}, {Key: "limited", To: ann, Body: "hello"}, {Key: "invalid", To: "12", Body: "hello"}} {
		_, _ = client.Send(t.Context(), m)
	}
	s := status(t, tracker, "sent")
	if s.State != sms.StateAccepted || s.ID != "id-sent" || s.Kind != sms.Notification || len(s.Attempts) != 2 || s.Attempts[0].Code != "401" {
		t.Errorf("%+v", s)
	}
	if s.To != ben.String() {
		t.Errorf("to %s: the vendor was given another number", s.To)
	}
	if s := status(t, tracker, "limited"); s.Outcome != sms.Rejected || s.Reason != sms.RecipientLimited {
		t.Errorf("%+v", s)
	}
	if s := status(t, tracker, "invalid"); s.Outcome != sms.Rejected || s.Reason != sms.InvalidNumber || s.To != "" {
		t.Errorf("%+v", s)
	}
}

// What Find finds is recorded too.
func TestConfig_Delivery_find(t *testing.T) {
	tracker := open(t, delivery.Options{})
	client, err := notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Sender: finder{}}}, FindFor: -1, Delivery: tracker})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	m := sms.Message{Key: "k", To: ann, Body: "hello"}
	_, _ = client.Send(t.Context(), m)
	if s := status(t, tracker, "k"); s.Outcome != sms.Unknown {
		t.Errorf("%+v", s)
	}
	if _, err := client.Find(t.Context(), m, time.Now()); err != nil {
		t.Fatal(err)
	}
	if s := status(t, tracker, "k"); s.Outcome != sms.Accepted || s.ID != "found" {
		t.Errorf("%+v", s)
	}
}

type finder struct{}

func (finder) Send(context.Context, sms.Message) (sms.Receipt, error) {
	return sms.Receipt{}, &sms.Error{Provider: "a", Reason: sms.Unavailable, Outcome: sms.Unknown}
}

func (finder) Ask(_ context.Context, q sms.Question) (sms.Receipt, error) {
	return sms.Receipt{Provider: "a", Key: q.Key, ID: "found", To: q.To}, nil
}
